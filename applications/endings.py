"""How an application ends without money: rejected, overdue, lapsed or withdrawn. What it held goes back in the same
transaction, and whoever waits next moves up."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from applications import messages
from applications.drafts import HOLDER, own
from applications.errors import CannotWithdraw
from applications.models import Application
from applications.states import APPLICATION, LIVE, RESERVED
from applications.submission import promote, take_turn
from campaigns.models import Campaign
from evidence import marks
from foundation import clock
from foundation.db import db
from foundation.states import Step
from voucher import elsewhere, reservations, top_ups


def end(application: Application, event: str, *, actor: str, reason: str = "") -> bool:
    """End one application by an event of its machine; return whether it was in a state that has it.

    Marks, stock and money are given back, the applicant is told, and the waiting list moves up.
    """
    take_turn(application.round_id)
    db.session.refresh(application)
    before, round_id = application.status, application.round_id
    step = Step(actor, clock.now(), reason, application.campaign_version_id)
    also_set: dict[str, Any] = {"claimed_by": None, "claimed_until": None, "correct_by": None, "correct_fields": []}
    if not APPLICATION.apply(Application, [application.id], event, step, also_set=also_set):
        return False
    if before in LIVE:
        marks.give_back(HOLDER, [application.id.hex])
        elsewhere.release("application", application.id)
    if before in RESERVED:
        reservations.give_back(application.id, actor=actor, reason=reason)
        top_ups.lapse_of(application.id, step)
    if event != "withdraw":
        messages.write(application.id, "rejected")
    db.session.expire_all()
    if before in RESERVED:
        promote(round_id, actor=actor)
    return True


def withdraw(application_id: UUID, citizen_id: UUID) -> None:
    """Take an application back before it is approved. Refuses ApplicationUnknown, CannotWithdraw."""
    application = own(application_id, citizen_id)
    if not end(application, "withdraw", actor=f"citizen:{citizen_id}"):
        raise CannotWithdraw


def reject_overdue(*, actor: str, limit: int = 100) -> int:
    """Reject whose correction did not come in time; return how many."""
    due = select(Application).where(Application.status == "correcting", Application.correct_by <= clock.now())
    return sum(end(each, "overdue", actor=actor, reason="correction_overdue") for each in _found(due, limit))


def lapse_waiting(*, actor: str, limit: int = 100) -> int:
    """Reject those who still wait when their campaign is over; return how many."""
    waiting = select(Application).where(Application.status == "waiting")
    over = waiting.join(Campaign, Campaign.id == Application.campaign_id).where(Campaign.ends_at <= clock.now())
    return sum(end(each, "lapse", actor=actor, reason="no_money_left") for each in _found(over, limit))


def _found(statement: Select[Application], limit: int) -> Sequence[Application]:
    ordered = statement.order_by(Application.round_id, Application.sequence).limit(limit)
    return list(db.session.scalars(ordered.execution_options(populate_existing=True)))
