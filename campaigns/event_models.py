"""Promotional events: car fairs, festivals and markets, and which campaigns belong to them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.states import EVENT
from foundation.db import Base, RowId, UTCDateTime


class PromotionalEvent(Base):
    """Something that happens on some days at some place. starts_on and ends_on are both days of it."""

    __tablename__ = "promotional_event"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{state}'" for state in EVENT.states) + ")", name="status"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        Index("ix_promotional_event_ends_on", "ends_on"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: a key of campaigns.events.KINDS
    kind: Mapped[str] = mapped_column(String(20))
    #: GB/T 2260; "" for the whole city
    county: Mapped[str] = mapped_column(String(6), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    about: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    announced_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def day_count(self) -> int:
        return (self.ends_on - self.starts_on).days + 1


class EventCampaign(Base):
    """A campaign belongs to an event: it is announced there, and the event on the campaign's way."""

    __tablename__ = "event_campaign"
    __table_args__ = (PrimaryKeyConstraint("event_id", "campaign_id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("promotional_event.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    added_by: Mapped[str] = mapped_column(String(60))
