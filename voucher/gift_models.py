"""The parts of gifts that were handed out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from foundation.crypto import EncryptedText
from foundation.db import Base, UTCDateTime


class HandedPart(Base):
    """One part of a gift that was handed out, as the campaign file had it then. It stands until its hand-out is
    voided; then it can be handed out again, in a row of its own."""

    __tablename__ = "handed_part"
    __table_args__ = (
        PrimaryKeyConstraint("redemption_id", "part"),
        CheckConstraint("part > 0 AND cost_fen > 0 AND advertised_fen > 0", name="amounts"),
        CheckConstraint("(number_kind = 'none') = (number IS NULL)", name="number"),
        CheckConstraint("(voided_at IS NULL) = (came_back IS NULL)", name="came_back"),
        # The last guard against handing out a part twice, under the statement that takes it.
        Index(
            "uq_handed_part_entitlement_id_part_live",
            "entitlement_id",
            "part",
            unique=True,
            sqlite_where=text("voided_at IS NULL"),
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    #: of a room above: the hand-out that it belongs to
    redemption_id: Mapped[UUID]
    #: its place in the tier's list, counted from 1
    part: Mapped[int]
    entitlement_id: Mapped[UUID] = mapped_column(ForeignKey("entitlement.id"))
    name: Mapped[str] = mapped_column(String(30))
    cost_fen: Mapped[int] = mapped_column(BigInteger)
    advertised_fen: Mapped[int] = mapped_column(BigInteger)
    #: a key of ``campaigns.terms.gifts.NUMBERS``
    number_kind: Mapped[str] = mapped_column(String(10))
    number: Mapped[str | None] = mapped_column(EncryptedText("handed_part.number"))
    place: Mapped[str] = mapped_column(String(120))
    handed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: how a voided part came back: a key of ``voucher.gifts.CAME_BACK``
    came_back: Mapped[str | None] = mapped_column(String(12))
