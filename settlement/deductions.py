"""Deductions: what came back after the day, taken off the merchant's statement.

A statement takes off every refund of its own redemptions, whose money has come back already, and of earlier ones as
many, oldest first, as what each source owes on it allows: a source is never paid with another's money, and a
statement never falls below zero. What does not fit waits for the next one, or is repaid (``claw_backs.py``).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, Uuid, cast, delete, func, select, update

from campaigns.models import FundSource
from foundation.db import db
from foundation.ids import text_id
from foundation.prepared import insert_rows
from ledger import accounts
from ledger.accounts import AccountKind, Code
from ledger.models import LedgerAccount, Transfer
from ledger.posting import Posting
from merchants.models import Redemption, Refund, RefundPart
from settlement.models import SettlementBatch, Statement, StatementLine

#: (statement id, fund source id) → fen
_Lines = dict[tuple[int, int], int]


def make_lines(batch: SettlementBatch) -> None:
    """Take refunds off the statements of a batch, and write who pays what of each."""
    _make_lines(
        batch,
        db.session.scalars(
            select(Statement).where(Statement.batch_id == batch.id).order_by(Statement.merchant_id)
        ).all(),
    )


def make_again(statement: Statement) -> None:
    """Count a statement of a batch that waits for approval anew, after redemptions were taken off it: its refunds are
    free, and it takes off those that what is left can bear."""
    db.session.execute(
        update(Refund)
        .where(Refund.statement_id == statement.id)
        .values(statement_id=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(delete(StatementLine).where(StatementLine.statement_id == statement.id))
    count, bill_fen = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Redemption.bill_fen), 0)).where(
            Redemption.statement_id == statement.id
        )
    ).one()
    statement.redemption_count, statement.bill_fen = int(count), int(bill_fen)
    statement.deduction_count, statement.deducted_fen = 0, 0
    _make_lines(statement.batch, [statement])


def _make_lines(batch: SettlementBatch, statements: Sequence[Statement]) -> None:
    mine = {statement.id for statement in statements}
    redeemed = _redeemed(batch).items()
    lines: _Lines = defaultdict(int, {key: fen for key, fen in redeemed if key[0] in mine})
    for statement in statements:
        _take_off(statement, lines, _own(statement), every=True)
        _take_off(statement, lines, _earlier(batch.campaign_id, statement), every=False)
    insert_rows(
        StatementLine,
        [
            {"statement_id": statement_id, "fund_source_id": source_id, "amount_fen": fen}
            for (statement_id, source_id), fen in lines.items()
            if fen
        ],
    )
    for statement in statements:
        statement.payable_fen = sum(fen for (statement_id, _), fen in lines.items() if statement_id == statement.id)
    db.session.flush()


def recoveries(batch: SettlementBatch) -> list[Posting]:
    """Return what an approved batch takes back of refunds that had not come back yet."""
    rows = db.session.execute(
        _owed_back()
        .join(Statement, Statement.id == Refund.statement_id)
        .where(Statement.batch_id == batch.id, Refund.recovery == "later")
    )
    return [
        Posting(
            Code.RECOVER,
            accounts.payable(batch.campaign_id, source_id, merchant_id=merchant_id),
            accounts.budget(batch.campaign_id, source_id),
            fen,
            ("refund", text_id(refund_id)),
        )
        for refund_id, merchant_id, source_id, fen in rows
    ]


def parts_owed_back(refund_ids: Iterable[UUID]) -> dict[UUID, dict[int, int]]:
    """Return refund → source → fen that the merchant has to return; its own share is nobody else's."""
    found: dict[UUID, dict[int, int]] = defaultdict(dict)
    for refund_id, _, source_id, fen in db.session.execute(_owed_back().where(Refund.id.in_(list(refund_ids)))):
        found[refund_id][source_id] = int(fen)
    return dict(found)


def _owed_back() -> Select[UUID, int, int, int]:
    return (
        select(Refund.id, Refund.merchant_id, RefundPart.fund_source_id, RefundPart.discount_fen)
        .join(RefundPart, RefundPart.refund_id == Refund.id)
        .join(FundSource, FundSource.id == RefundPart.fund_source_id)
        .where(FundSource.level != "merchant", RefundPart.discount_fen > 0)
        .order_by(Refund.id, RefundPart.fund_source_id)
    )


def _redeemed(batch: SettlementBatch) -> _Lines:
    """Return what each source owes for the redemptions of each statement, before refunds."""
    by_source = db.session.execute(
        select(Redemption.statement_id, LedgerAccount.fund_source_id, func.sum(Transfer.amount_fen))
        .select_from(Transfer)
        .join(Redemption, Redemption.id == cast(Transfer.document_id, Uuid))
        .join(Statement, Statement.id == Redemption.statement_id)
        .join(LedgerAccount, LedgerAccount.id == Transfer.credit_account_id)
        .where(
            Statement.batch_id == batch.id,
            Transfer.bureau_day.between(batch.first_day, batch.last_day),
            Transfer.code == Code.REDEEM.value,
            LedgerAccount.kind == AccountKind.PAYABLE.value,
        )
        .group_by(Redemption.statement_id, LedgerAccount.fund_source_id)
    )
    return defaultdict(
        int, {(statement_id, source_id): int(fen) for statement_id, source_id, fen in by_source if statement_id}
    )


def _own(statement: Statement) -> Sequence[UUID]:
    """Return the refunds of a statement's redemptions that came back at once."""
    return db.session.scalars(
        select(Refund.id)
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .where(
            Redemption.statement_id == statement.id,
            Refund.statement_id.is_(None),
            Refund.recovery == "at_once",
            Refund.discount_fen > Refund.borne_fen,
        )
        .order_by(Refund.refunded_at, Refund.id)
    ).all()


def _earlier(campaign_id: int, statement: Statement) -> Sequence[UUID]:
    """Return the merchant's refunds that still have to come back."""
    return db.session.scalars(
        select(Refund.id)
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .where(
            Redemption.payee == "merchant",
            Refund.campaign_id == campaign_id,
            Refund.merchant_id == statement.merchant_id,
            Refund.recovery == "later",
            Refund.statement_id.is_(None),
            Refund.repaid_at.is_(None),
        )
        .order_by(Refund.refunded_at, Refund.id)
    ).all()


def _take_off(statement: Statement, lines: _Lines, refund_ids: Sequence[UUID], *, every: bool) -> None:
    """Put refunds on a statement: ``every`` one, or those that its lines can bear."""
    by_refund = parts_owed_back(refund_ids)
    for refund_id in refund_ids:
        parts: Mapping[int, int] = by_refund.get(refund_id, {})
        if not every and any(lines[statement.id, source] < fen for source, fen in parts.items()):
            continue
        taken = db.session.scalar(
            update(Refund)
            .where(Refund.id == refund_id, Refund.statement_id.is_(None), Refund.repaid_at.is_(None))
            .values(statement_id=statement.id)
            .returning(Refund.id)
            .execution_options(synchronize_session=False)
        )
        if taken is None:
            continue
        for source, fen in parts.items():
            lines[statement.id, source] -= fen
        statement.deduction_count += 1
        statement.deducted_fen += sum(parts.values())
