"""Jobs of the applications room. Each does what earlier runs left undone."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import select

from applications import endings, granting, messages, notices, repricing
from applications.models import Application
from applications.submission import promote
from foundation.db import db, transaction


def end_overdue() -> str:
    """Reject whose correction is overdue, and who still waits when the campaign is over."""
    actor = "job:end_overdue"
    return "{} corrections overdue, {} waiting applications lapsed".format(
        *(_all_of(operation, actor) for operation in (endings.reject_overdue, endings.lapse_waiting))
    )


def _all_of(operation: Callable[..., int], actor: str) -> int:
    """Do an operation, some at a time and each time in a transaction of its own, until nothing is left."""
    total = 0
    while True:
        with transaction():
            done = operation(actor=actor)
        if not done:
            return total
        total += done


def promote_waiting() -> str:
    """Give what money has come back to those who wait; a safety net, for endings do it themselves."""
    promoted = 0
    for round_id in _waiting_rounds():
        with transaction():
            promoted += promote(round_id, actor="job:promote_waiting")
    return f"{promoted} promoted"


def _waiting_rounds() -> Sequence[int]:
    with transaction():
        statement = select(Application.round_id).where(Application.status == "waiting").distinct()
        return sorted(db.session.scalars(statement))


def open_notices() -> str:
    """Put in public what has passed review."""
    with transaction():
        return f"{notices.open_due(actor='job:open_notices')} applications put in public"


def end_notices() -> str:
    """End public notices whose time is over, and approve what was in them, some at a time."""
    actor = "job:end_notices"
    with transaction():
        ended = notices.end_due(actor=actor)
    approved = 0
    while True:
        with transaction():
            ids = granting.due()
            done = granting.approve(ids, actor=actor)
        approved += done
        if not done:
            return f"{ended} notices ended, {approved} applications approved"


def raise_awards() -> str:
    """Price applications anew, some at a time, where an amendment has raised awards, and give the differences out."""
    actor, planned, settled = "job:raise_awards", 0, 0
    with transaction():
        raised = repricing.raised_releases()
    for each in raised:
        planned += _all_of(partial(repricing.plan, each), actor)
        settled += _all_of(partial(repricing.serve, each), actor)
    return f"{planned} applications looked at, {settled} top-ups settled"


def tell_applicants() -> str:
    """Send the texts that are waiting."""
    return f"{messages.send_due()} texts sent"
