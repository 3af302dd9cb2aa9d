"""Checking: a merchant confirms its statement or disputes lines of it, within the days that the campaign gives.

It answers once. What it disputes is taken off the batch at once, so that the rest of it can be approved and paid; the
line is free for a later batch when the bureau has decided. Whoever changes what is on a batch locks the batch first.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.prepared import insert_rows
from foundation.states import Step
from merchants.models import Redemption
from merchants.refunds import deny
from settlement.check_models import Dispute, StatementCheck
from settlement.deductions import make_again
from settlement.errors import (
    CheckOver,
    DisputeDecided,
    DisputeReasonMissing,
    DisputeUnknown,
    LineDecided,
    LineNotOnStatement,
    NothingDisputed,
    ReasonMissing,
    StatementUnknown,
    StillChecking,
)
from settlement.models import SettlementBatch, Statement
from settlement.states import DISPUTE, STATEMENT_CHECK

_AT_ONCE = 500


def not_disputed() -> ColumnElement[bool]:
    """Return the condition that no dispute of a redemption waits for the bureau."""
    return ~exists().where(Dispute.redemption_id == Redemption.id, Dispute.status == "open")


def collect(batch: SettlementBatch, step: Step) -> None:
    """Ask the merchants of a batch to check their statements, where the batch gives them days to."""
    if batch.check_until is None:
        return
    ids = list(db.session.scalars(select(Statement.id).where(Statement.batch_id == batch.id).order_by(Statement.id)))
    insert_rows(StatementCheck, [{"id": each, "status": "collected", "ends_on": batch.check_until} for each in ids])
    STATEMENT_CHECK.record_created(ids, "collect", step)


def confirm(statement_id: int, merchant_id: int, *, by: str) -> None:
    """Confirm a statement for its merchant. Refuses StatementUnknown (also another merchant's), CheckOver."""
    _of_merchant(statement_id, merchant_id)
    now = clock.now()
    in_time = (StatementCheck.ends_on >= bureau_day(now),)
    if not STATEMENT_CHECK.apply(StatementCheck, [statement_id], "confirm", Step(by, now), only_if=in_time):
        raise CheckOver


def dispute(statement_id: int, merchant_id: int, reasons: Mapping[UUID, str], *, by: str) -> None:
    """Dispute lines of a statement, by redemption, each with its reason; the others are confirmed with that.

    Refuses StatementUnknown (also another merchant's), NothingDisputed, DisputeReasonMissing, CheckOver,
    LineNotOnStatement, LineDecided.
    """
    statement = _of_merchant(statement_id, merchant_id)
    told = {redemption_id: reason.strip() for redemption_id, reason in reasons.items()}
    if not told:
        raise NothingDisputed
    if any(not 2 <= len(reason) <= 100 for reason in told.values()):
        raise DisputeReasonMissing
    now = clock.now()
    step = Step(by, now)
    if not _lock(statement.batch_id):
        raise CheckOver
    in_time = (StatementCheck.ends_on >= bureau_day(now),)
    if not STATEMENT_CHECK.apply(StatementCheck, [statement_id], "dispute", step, only_if=in_time):
        raise CheckOver
    if db.session.scalar(select(func.count()).where(Dispute.redemption_id.in_(told))):
        raise LineDecided
    taken = db.session.scalars(
        update(Redemption)
        .where(Redemption.id.in_(told), Redemption.statement_id == statement_id)
        .values(statement_id=None)
        .returning(Redemption.id)
        .execution_options(synchronize_session=False)
    ).all()
    if len(taken) != len(told):
        raise LineNotOnStatement
    raised = [
        Dispute(
            redemption_id=redemption_id,
            statement_id=statement_id,
            status="open",
            reason=reason,
            raised_by=by,
            raised_at=now,
        )
        for redemption_id, reason in told.items()
    ]
    db.session.add_all(raised)
    db.session.flush()
    DISPUTE.record_created([each.id for each in raised], "raise", step)
    make_again(statement)


def decide(dispute_id: int, outcome: str, *, by: str, answer: str) -> None:
    """Decide a dispute: "keep" pays the line as it was recorded, "deny" takes its money back to the pool. Either way it
    comes on a later batch.

    Refuses ReasonMissing (an answer that is too short), DisputeUnknown, DisputeDecided.
    """
    answer = answer.strip()
    if not 2 <= len(answer) <= 100:
        raise ReasonMissing(field="answer")
    now = clock.now()
    step = Step(by, now, answer)
    stamps = {"answer": answer, "decided_by": by, "decided_at": now}
    if not DISPUTE.apply(Dispute, [dispute_id], outcome, step, also_set=stamps):
        if db.session.get(Dispute, dispute_id) is None:
            raise DisputeUnknown
        raise DisputeDecided
    db.session.expire_all()
    if outcome == "deny":
        deny(db.session.get_one(Dispute, dispute_id).redemption_id, step)


def lapse_due(*, actor: str, most: int = _AT_ONCE) -> int:
    """Record the silence of merchants whose days are over as confirmation; return how many there were."""
    now = clock.now()
    due = select(StatementCheck.id).where(
        StatementCheck.status == "collected", StatementCheck.ends_on < bureau_day(now)
    )
    return _lapse(list(db.session.scalars(due.order_by(StatementCheck.id).limit(most))), Step(actor, now))


def require_answers(batch: SettlementBatch, step: Step) -> None:
    """Go on only when every merchant of a batch has answered or its days are over, and record who was silent.

    Refuses StillChecking.
    """
    if batch.check_until is None:
        return
    _lock(batch.id)
    waiting = list(
        db.session.scalars(
            select(StatementCheck.id)
            .join(Statement, Statement.id == StatementCheck.id)
            .where(Statement.batch_id == batch.id, StatementCheck.status == "collected")
            .order_by(StatementCheck.id)
        )
    )
    if waiting and bureau_day(step.at) <= batch.check_until:
        raise StillChecking(count=len(waiting), day=batch.check_until)
    _lapse(waiting, step)


def drop(batch: SettlementBatch, step: Step) -> None:
    """End the checks of a batch that is sent back; open disputes stay open."""
    if batch.check_until is not None:
        ids = list(db.session.scalars(select(Statement.id).where(Statement.batch_id == batch.id)))
        STATEMENT_CHECK.apply(StatementCheck, ids, "drop", step)


def _lapse(ids: list[int], step: Step) -> int:
    over: tuple[ColumnElement[bool], ...] = (StatementCheck.ends_on < bureau_day(step.at),)
    return len(STATEMENT_CHECK.apply(StatementCheck, ids, "lapse", step, only_if=over))


def _of_merchant(statement_id: int, merchant_id: int) -> Statement:
    found = db.session.scalar(
        select(Statement)
        .where(Statement.id == statement_id, Statement.merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise StatementUnknown
    return found


def _lock(batch_id: int) -> bool:
    """Lock a batch, and return whether it still waits for approval."""
    locked = select(SettlementBatch.status).where(SettlementBatch.id == batch_id).with_for_update()
    return db.session.scalar(locked) == "closed"
