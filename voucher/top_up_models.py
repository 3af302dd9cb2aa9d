"""What a raised award table adds to an application that was priced before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime
from foundation.ids import text_id
from voucher.states import TOP_UP


class TopUp(Base):
    """The difference that one version's tables make to one application, once. Where the application was granted
    already, what it is granted more has the top-up's id."""

    __tablename__ = "top_up"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in TOP_UP.states) + ")", name="status"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("from_release_fen >= 0 AND from_release_fen <= amount_fen", name="from_release"),
        # Each version pays the difference it makes once, however often the job runs.
        UniqueConstraint("application_id", "campaign_version_id"),
        Index("ix_top_up_release_id_status", "release_id", "status"),
        Index("ix_top_up_campaign_version_id", "campaign_version_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: the application's, which is also its reservation's
    application_id: Mapped[UUID] = mapped_column(ForeignKey("reservation.id"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    #: the version that raised the table
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    #: expected while it waits, exact afterwards
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    #: how much of it was taken out of the money on release; the rest came from the pools
    from_release_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    status: Mapped[str] = mapped_column(String(20))
    owed_at: Mapped[datetime] = mapped_column(UTCDateTime)


def document(top_up_id: UUID) -> tuple[str, str]:
    """Return what the transfers that set a top-up aside stand on."""
    return ("top_up", text_id(top_up_id))
