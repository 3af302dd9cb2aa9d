"""Daily portions of a round: each is put on release once, at or after its time of day."""

from datetime import datetime

from sqlalchemy import ForeignKey, PrimaryKeyConstraint, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.models import CampaignRound
from foundation.db import Base, UTCDateTime, db, rows_changed


class RoundPortion(Base):
    """One portion of a round's stock, counted from 1; ``released_at`` is set by the statement that releases it."""

    __tablename__ = "round_portion"
    __table_args__ = (PrimaryKeyConstraint("round_id", "number"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"))
    number: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def due(now: datetime) -> list[tuple[CampaignRound, int]]:
    """Return (round, number) of the portions whose time has come, of rounds that are on release."""
    statement = (
        select(CampaignRound, RoundPortion.number)
        .join(RoundPortion, RoundPortion.round_id == CampaignRound.id)
        .where(
            RoundPortion.released_at.is_(None),
            RoundPortion.due_at <= now,
            CampaignRound.status == "released",
            CampaignRound.closes_at > now,
        )
        .order_by(RoundPortion.due_at, CampaignRound.id, RoundPortion.number)
    )
    return [(a_round, number) for a_round, number in db.session.execute(statement)]


def take_turn(round_id: int, number: int, now: datetime) -> bool:
    """Mark a portion as released; return whether it was not before: of two jobs, one gets it."""
    mine = update(RoundPortion).where(
        RoundPortion.round_id == round_id, RoundPortion.number == number, RoundPortion.released_at.is_(None)
    )
    return bool(rows_changed(mine.values(released_at=now)))


def next_due(round_id: int, now: datetime) -> datetime | None:
    """Return when the next portion of a round comes, None where there is none to come."""
    return db.session.scalar(
        select(func.min(RoundPortion.due_at)).where(
            RoundPortion.round_id == round_id, RoundPortion.released_at.is_(None), RoundPortion.due_at > now
        )
    )
