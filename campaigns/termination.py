"""Early termination: a published campaign ends before its time. Two people decide it, with a reason that citizens read.

Its rounds close at once and what was not claimed goes back to the pool; what citizens hold stays theirs until its end.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from campaigns import rounds
from campaigns.catalog import planned_round
from campaigns.errors import (
    CampaignUnknown,
    DrawUnderWay,
    FourEyesNeeded,
    NoTermination,
    TerminationProposed,
    TerminationReasonMissing,
)
from campaigns.models import Campaign, CampaignRound
from foundation import clock
from foundation.db import Base, UTCDateTime, db, rows_changed, upsert
from foundation.states import Step


class Termination(Base):
    """That a campaign ends early: proposed by one person, in force once another has approved it."""

    __tablename__ = "termination"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(400))
    proposed_by: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def of_campaign(campaign_id: int) -> Termination | None:
    """Return the termination of a campaign, proposed or in force."""
    return db.session.get(Termination, campaign_id, populate_existing=True)


def propose(campaign_id: int, reason: str, *, by: str) -> None:
    """Propose that a published campaign ends now. Refuses CampaignUnknown (also one that is not published),
    TerminationReasonMissing, TerminationProposed (there is one already), DrawUnderWay."""
    campaign = db.session.get(Campaign, campaign_id)
    if campaign is None or campaign.version_id is None:
        raise CampaignUnknown
    reason = reason.strip()
    if not 4 <= len(reason) <= 400:
        raise TerminationReasonMissing
    _require_no_draw(campaign_id)
    row = {"campaign_id": campaign_id, "reason": reason, "proposed_by": by, "proposed_at": clock.now()}
    first = upsert(Termination).values(row).on_conflict_do_nothing().returning(Termination.campaign_id)
    if db.session.scalar(first) is None:
        raise TerminationProposed


def withdraw(campaign_id: int) -> None:
    """Take a proposal back. Refuses NoTermination where none waits."""
    waiting = delete(Termination).where(Termination.campaign_id == campaign_id, Termination.approved_by.is_(None))
    if not rows_changed(waiting):
        raise NoTermination


def approve(campaign_id: int, *, by: str) -> None:
    """End a campaign at once, by another person than proposed it: every round that is not closed closes.

    Refuses NoTermination (none waits), FourEyesNeeded, DrawUnderWay.
    """
    waiting = of_campaign(campaign_id)
    if waiting is None or waiting.approved_by is not None:
        raise NoTermination
    if waiting.proposed_by == by:
        raise FourEyesNeeded
    _require_no_draw(campaign_id)
    now = clock.now()
    approved = update(Termination).where(
        Termination.campaign_id == campaign_id, Termination.approved_by.is_(None), Termination.proposed_by != by
    )
    if not rows_changed(approved.values(approved_by=by, approved_at=now)):
        raise NoTermination
    rounds.close_all(campaign_id, Step(by, now, waiting.reason[:200]))


def is_terminated(campaign_id: int) -> bool:
    """Return whether a campaign has ended early."""
    found = of_campaign(campaign_id)
    return found is not None and found.approved_by is not None


def _require_no_draw(campaign_id: int) -> None:
    """A draw that people have entered is not broken off: its list stands, and its prizes are promised."""
    running = select(CampaignRound).where(CampaignRound.campaign_id == campaign_id, CampaignRound.status == "released")
    if any(planned_round(a_round).lottery for a_round in db.session.scalars(running)):
        raise DrawUnderWay
