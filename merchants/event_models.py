"""Who sells at promotional events, and what they report of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, PrimaryKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.event_models import PromotionalEvent
from foundation.db import Base, UTCDateTime
from merchants.models import Merchant


class EventParticipation(Base):
    """A merchant sells at an event."""

    __tablename__ = "event_participation"
    __table_args__ = (PrimaryKeyConstraint("event_id", "merchant_id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("promotional_event.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"), index=True)
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime)
    joined_by: Mapped[str] = mapped_column(String(60))

    merchant: Mapped[Merchant] = relationship()


class EventSales(Base):
    """What a merchant reports of one day at an event. It is never changed: the report of the same day with the highest
    number stands. It is the merchant's word; no figure of what subsidies drove contains it."""

    __tablename__ = "event_sales"
    __table_args__ = (
        UniqueConstraint("event_id", "merchant_id", "sales_day", "number"),
        CheckConstraint("number >= 1 AND deals >= 0 AND amount_fen >= 0", name="amounts"),
        CheckConstraint("(deals = 0) = (amount_fen = 0)", name="deals_have_amounts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("promotional_event.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"), index=True)
    sales_day: Mapped[date]
    #: 1 for the first report of that day, one more for each correction
    number: Mapped[int]
    deals: Mapped[int]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reported_by: Mapped[str] = mapped_column(String(60))

    event: Mapped[PromotionalEvent] = relationship()
    merchant: Mapped[Merchant] = relationship()
