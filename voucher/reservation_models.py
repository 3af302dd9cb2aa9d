"""What an application has set aside."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime
from foundation.ids import text_id
from voucher.states import RESERVATION


class Reservation(Base):
    """The stock and money of one application. Its id is the application's, and what it is granted has that id too."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in RESERVATION.states) + ")", name="status"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("ix_reservation_release_id_status", "release_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"), index=True)
    #: the firm that it counts for, None where it counts for the person
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    #: which tier of the price table, as awards name it; "" without one
    tier: Mapped[str] = mapped_column(String(10))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20))
    reserved_at: Mapped[datetime] = mapped_column(UTCDateTime)


def document(application_id: UUID) -> tuple[str, str]:
    """Return what the transfers of a reservation stand on."""
    return ("application", text_id(application_id))
