"""Settling: close a period, have a second person approve it, pay it.

A batch takes every redemption up to its last day that no earlier batch has: the statement that claims a
redemption is the UPDATE that finds it unclaimed, so no redemption is settled twice. Its last day is one whose period is
over by the cadence of the campaign (``settlement/terms.py``).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from campaigns.models import Campaign
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_
from foundation.states import Step
from foundation.words import Words
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants.hand_ins import not_held_back
from merchants.models import Redemption, Refund
from settlement import checks
from settlement.deductions import make_lines, recoveries
from settlement.errors import (
    ApproverClosedIt,
    BatchNotInState,
    BatchUnknown,
    DayNotOver,
    NothingToSettle,
    PaymentReferenceMissing,
    PeriodNotOver,
    ReasonMissing,
)
from settlement.models import SettlementBatch, Statement, StatementLine
from settlement.states import BATCH
from settlement.terms import closing_day, terms_of

STATE_NAMES = {"closed": N_("待审批"), "approved": N_("已审批"), "rejected": N_("已退回"), "paid": N_("已拨付")}


def close_period(campaign_id: int, last_day: date, *, by: str) -> SettlementBatch:
    """Make a batch of statements, one per merchant, of everything redeemed up to ``last_day`` and not yet settled.

    Refuses DayNotOver (today and later: a redemption may still be voided), PeriodNotOver (the campaign's cadence does
    not close that day yet), NothingToSettle.
    """
    now = clock.now()
    today = bureau_day(now)
    if last_day >= today:
        raise DayNotOver(day=last_day.isoformat())
    campaign = db.session.get(Campaign, campaign_id)
    if campaign is None:
        raise NothingToSettle(day=last_day.isoformat())
    due_on, terms = closing_day(campaign, last_day), terms_of(campaign)
    if due_on > today:
        raise PeriodNotOver(day=last_day.isoformat(), cadence=terms.cadence.describe(), due=due_on.isoformat())
    unsettled = (
        Redemption.campaign_id == campaign_id,
        Redemption.bureau_day <= last_day,
        Redemption.status != "voided",
        Redemption.payee == "merchant",
        Redemption.statement_id.is_(None),
        not_held_back(),
        # Nobody disputes anything where merchants are not asked.
        *([checks.not_disputed()] if terms.check_days else []),
    )
    merchants = db.session.scalars(
        select(Redemption.merchant_id).where(*unsettled).distinct().order_by(Redemption.merchant_id)
    ).all()
    if not merchants:
        raise NothingToSettle(day=last_day.isoformat())
    batch = SettlementBatch(
        campaign_id=campaign_id,
        first_day=last_day,
        last_day=last_day,
        status="closed",
        closed_by=by,
        closed_at=now,
        check_until=terms.check_until(today),
        pay_by=terms.pay_by(today),
    )
    db.session.add(batch)
    db.session.flush()
    BATCH.record_created([batch.id], "close", Step(by, now))
    first_days = [day for merchant_id in merchants if (day := _make_statement(batch, merchant_id, unsettled))]
    if not first_days:
        # Somebody else closed the same period at the same time, and has everything.
        raise NothingToSettle(day=last_day.isoformat())
    batch.first_day = min(first_days)
    db.session.flush()
    make_lines(batch)
    checks.collect(batch, Step(by, now))
    return batch


def _make_statement(batch: SettlementBatch, merchant_id: int, unsettled: Sequence[Any]) -> date | None:
    """Make a merchant's statement of what is still unsettled; return its first day, or None if nothing was left."""
    statement = Statement(batch_id=batch.id, merchant_id=merchant_id, redemption_count=0, bill_fen=0, payable_fen=0)
    db.session.add(statement)
    db.session.flush()
    db.session.execute(
        update(Redemption)
        .where(*unsettled, Redemption.merchant_id == merchant_id)
        .values(statement_id=statement.id)
        .execution_options(synchronize_session=False)
    )
    count, bill_fen, first_day = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Redemption.bill_fen), 0), func.min(Redemption.bureau_day)).where(
            Redemption.statement_id == statement.id
        )
    ).one()
    if count == 0:
        db.session.delete(statement)
        return None
    statement.redemption_count, statement.bill_fen = int(count), int(bill_fen)
    first: date = first_day
    return first


def approve(batch_id: int, *, by: str) -> None:
    """Approve a closed batch; what is owed becomes cleared for payment, to the fen of each source.

    Refuses BatchUnknown, ApproverClosedIt, StillChecking (a merchant may still answer), BatchNotInState.
    """
    batch = _batch(batch_id)
    if batch.closed_by == by:
        raise ApproverClosedIt
    now = clock.now()
    checks.require_answers(batch, Step(by, now))
    _move(batch, "approve", Step(by, now), {"approved_by": by, "approved_at": now})
    post(_lines_of(batch, Code.CLEAR) + recoveries(batch), at=now)


def reject(batch_id: int, *, by: str, reason: str) -> None:
    """Send a closed batch back: its redemptions and refunds are free to be settled again. Who closed it may do
    this as well.

    Refuses BatchUnknown, BatchNotInState, ReasonMissing.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 100:
        raise ReasonMissing
    batch = _batch(batch_id)
    step = Step(by, clock.now(), reason)
    _move(batch, "reject", step, {})
    checks.drop(batch, step)
    statements = select(Statement.id).where(Statement.batch_id == batch_id)
    for model in (Redemption, Refund):
        db.session.execute(
            update(model)
            .where(model.statement_id.in_(statements))
            .values(statement_id=None)
            .execution_options(synchronize_session=False)
        )


def mark_paid(batch_id: int, *, by: str, payment_reference: str) -> None:
    """Record that an approved batch was paid. Refuses BatchUnknown, BatchNotInState, PaymentReferenceMissing."""
    payment_reference = payment_reference.strip()
    if not 2 <= len(payment_reference) <= 60:
        raise PaymentReferenceMissing
    batch = _batch(batch_id)
    now = clock.now()
    stamps = {"paid_by": by, "paid_at": now, "payment_reference": payment_reference}
    _move(batch, "pay", Step(by, now, payment_reference), stamps)
    post(_lines_of(batch, Code.PAY), at=now)


def _batch(batch_id: int) -> SettlementBatch:
    batch = db.session.get(SettlementBatch, batch_id, populate_existing=True)
    if batch is None:
        raise BatchUnknown
    return batch


def _move(batch: SettlementBatch, event: str, step: Step, stamps: dict[str, Any]) -> None:
    moved = BATCH.apply(SettlementBatch, [batch.id], event, step, also_set=stamps)
    if not moved:
        db.session.refresh(batch)
        raise BatchNotInState(state=Words(STATE_NAMES[batch.status]))
    db.session.expire(batch)


def _lines_of(batch: SettlementBatch, code: Code) -> list[Posting]:
    rows = db.session.execute(
        select(Statement.id, Statement.merchant_id, StatementLine.fund_source_id, StatementLine.amount_fen)
        .join(StatementLine, StatementLine.statement_id == Statement.id)
        .where(Statement.batch_id == batch.id)
        .order_by(Statement.id, StatementLine.fund_source_id)
    )
    postings = []
    for statement_id, merchant_id, source_id, fen in rows:
        cleared = accounts.cleared(batch.campaign_id, source_id, merchant_id=merchant_id)
        if code is Code.CLEAR:
            pair = (accounts.payable(batch.campaign_id, source_id, merchant_id=merchant_id), cleared)
        else:
            pair = (cleared, accounts.paid(batch.campaign_id, source_id, merchant_id=merchant_id))
        postings.append(Posting(code, *pair, fen, ("statement", str(statement_id))))
    return postings


def lines_of(batch_id: int) -> dict[int, list[StatementLine]]:
    """Return statement id → its lines."""
    found: dict[int, list[StatementLine]] = defaultdict(list)
    for line in db.session.scalars(
        select(StatementLine)
        .join(Statement, Statement.id == StatementLine.statement_id)
        .where(Statement.batch_id == batch_id)
        .order_by(StatementLine.statement_id, StatementLine.fund_source_id)
    ):
        found[line.statement_id].append(line)
    return dict(found)


def statements_of(batch_id: int) -> list[Statement]:
    """Return the statements of a batch, by merchant. Refuses BatchUnknown."""
    _batch(batch_id)
    return list(
        db.session.scalars(select(Statement).where(Statement.batch_id == batch_id).order_by(Statement.merchant_id))
    )


def batches() -> list[SettlementBatch]:
    """Return every batch, newest first."""
    return list(db.session.scalars(select(SettlementBatch).order_by(SettlementBatch.id.desc())))
