"""The bureau's read side of what was settled: what is not settled yet, batches, statements, one redemption."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from campaigns.models import Campaign, FundSource
from campaigns.terms.price_check import TooDear
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import LARGEST_ROW_ID
from foundation.paging import Page, page_of
from identity.models import Account, Citizen
from ledger.accounts import Code
from ledger.models import Transfer
from merchants.errors import RedemptionUnknown
from merchants.hand_ins import not_held_back
from merchants.items import held_of
from merchants.models import Cashier, Merchant, Redemption, Refund, SoldItem, Till
from settlement.check_models import Dispute, StatementCheck
from settlement.checks import not_disputed
from settlement.errors import BatchUnknown, StatementUnknown
from settlement.models import SettlementBatch, Statement, StatementLine
from settlement.terms import settles_up_to
from voucher.models import Entitlement


@dataclass(frozen=True)
class Unsettled:
    """Redemptions of one campaign that stand, are on no statement and may be closed today; ``payable_fen`` is less what
    came back of them. ``up_to``: the last day that may be closed."""

    campaign: Campaign
    count: int
    payable_fen: int
    first_day: date
    last_day: date
    up_to: date


@dataclass(frozen=True)
class BatchLine:
    """A batch and the sums of its statements."""

    batch: SettlementBatch
    merchants: int
    redemptions: int
    bill_fen: int
    payable_fen: int


@dataclass(frozen=True)
class StatementRow:
    """A statement in its batch; ``by_source``: fund source id → fen."""

    statement: Statement
    merchant: Merchant
    by_source: Mapping[int, int]


@dataclass(frozen=True)
class RedemptionFacts:
    """One redemption with the people on both sides of it. ``holder_phone`` is shown masked. held: why its price is
    to be looked at, if it is."""

    redemption: Redemption
    till: str
    cashier: str
    holder_phone: str
    held: TooDear | None = None


def years() -> list[int]:
    """Return the years in which vouchers were claimed, latest first; this year if none was."""
    days = db.session.scalars(select(Transfer.bureau_day).where(Transfer.code == Code.CLAIM.value).distinct())
    return sorted({day.year for day in days}, reverse=True) or [bureau_day(clock.now()).year]


def unsettled() -> list[Unsettled]:
    """Return what could be closed today, by campaign: redemptions whose period is over by the campaign's cadence."""
    today = bureau_day(clock.now())
    standing = (
        Redemption.status != "voided",
        Redemption.payee == "merchant",
        Redemption.statement_id.is_(None),
        Redemption.bureau_day < today,
        not_held_back(),
        not_disputed(),
    )
    by_day = (Redemption.campaign_id, Redemption.bureau_day)
    rows = db.session.execute(
        select(*by_day, func.count(), func.sum(Redemption.discount_fen - Redemption.borne_fen))
        .where(*standing)
        .group_by(*by_day)
        .order_by(*by_day)
    ).all()
    # What came back of them is taken off when they are closed.
    back: dict[tuple[int, date], int] = {
        (key, day): int(fen)
        for key, day, fen in db.session.execute(
            select(*by_day, func.sum(Refund.discount_fen - Refund.borne_fen))
            .join(Refund, Refund.redemption_id == Redemption.id)
            .where(*standing, Refund.statement_id.is_(None), Refund.repaid_at.is_(None))
            .group_by(*by_day)
        )
    }
    named = db.session.scalars(select(Campaign).where(Campaign.id.in_({row[0] for row in rows})))
    campaigns = {campaign.id: campaign for campaign in named}
    up_to = {key: settles_up_to(campaign, today) for key, campaign in campaigns.items()}
    found: dict[int, Unsettled] = {}
    for key, day, count, fen in rows:
        last = up_to[key]
        if last is None or day > last:
            continue
        so_far = found.get(key, Unsettled(campaigns[key], 0, 0, day, day, last))
        payable_fen = so_far.payable_fen + int(fen) - back.get((key, day), 0)
        found[key] = replace(so_far, count=so_far.count + int(count), payable_fen=payable_fen, last_day=day)
    return list(found.values())


def batch_page(page: int, *, status: str = "") -> Page[BatchLine]:
    """Return a page of batches, newest first; ``status`` "" means every state."""
    statement = select(SettlementBatch).order_by(SettlementBatch.id.desc())
    if status:
        statement = statement.where(SettlementBatch.status == status)
    found: Page[SettlementBatch] = page_of(statement, page)
    sums = _batch_sums([batch.id for batch in found.rows])
    return Page([_line(batch, sums) for batch in found.rows], found.number, found.count, found.size)


def batch(batch_id: int) -> BatchLine:
    """Return one batch. Refuses BatchUnknown."""
    found = db.session.get(SettlementBatch, min(batch_id, LARGEST_ROW_ID))
    if found is None:
        raise BatchUnknown
    return _line(found, _batch_sums([found.id]))


def statement_page(batch_id: int, page: int) -> Page[StatementRow]:
    """Return a page of a batch's statements, the largest first."""
    found: Page[Any] = page_of(
        select(Statement, Merchant)
        .join(Merchant, Merchant.id == Statement.merchant_id)
        .where(Statement.batch_id == batch_id)
        .order_by(Statement.payable_fen.desc(), Statement.id),
        page,
    )
    by_source = _lines([statement.id for statement, _ in found.rows])
    rows = [StatementRow(statement, merchant, by_source[statement.id]) for statement, merchant in found.rows]
    return Page(rows, found.number, found.count, found.size)


def batch_sources(batch_id: int) -> list[tuple[FundSource, int]]:
    """Return what each fund source pays in a batch, in fen."""
    rows = db.session.execute(
        select(FundSource, func.sum(StatementLine.amount_fen))
        .join(StatementLine, StatementLine.fund_source_id == FundSource.id)
        .join(Statement, Statement.id == StatementLine.statement_id)
        .where(Statement.batch_id == batch_id)
        .group_by(FundSource.id)
        .order_by(FundSource.id)
    )
    return [(source, int(fen)) for source, fen in rows]


def statement(statement_id: int) -> StatementRow:
    """Return one statement. Refuses StatementUnknown."""
    found = db.session.get(Statement, min(statement_id, LARGEST_ROW_ID))
    if found is None:
        raise StatementUnknown
    return StatementRow(found, found.merchant, _lines([found.id])[found.id])


def redemptions_of_statement(statement_id: int, page: int) -> Page[Redemption]:
    """Return a page of the redemptions on a statement, oldest first; a rejected batch's statements have none."""
    mine = select(Redemption).where(Redemption.statement_id == statement_id)
    return page_of(mine.order_by(Redemption.redeemed_at, Redemption.id), page)


def refunds_of_statement(statement_id: int) -> Sequence[Refund]:
    """Return the refunds that a statement takes off, oldest first."""
    mine = select(Refund).where(Refund.statement_id == statement_id)
    return db.session.scalars(mine.order_by(Refund.refunded_at, Refund.id)).all()


def redemption(redemption_id: UUID) -> RedemptionFacts:
    """Return one redemption. Refuses RedemptionUnknown."""
    row = db.session.execute(
        select(Redemption, Till.name, Account.name, Citizen.phone, SoldItem)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .join(Citizen, Citizen.id == Entitlement.citizen_id)
        .outerjoin(Till, Till.id == Redemption.till_id)
        .outerjoin(Cashier, Cashier.id == Redemption.cashier_id)
        .outerjoin(Account, Account.id == Cashier.account_id)
        .outerjoin(SoldItem, SoldItem.redemption_id == Redemption.id)
        .where(Redemption.id == redemption_id)
    ).one_or_none()
    if row is None:
        raise RedemptionUnknown
    found, till, cashier, phone, sold = row
    return RedemptionFacts(found, till or "", cashier or "", phone or "", held_of(sold))


def _batch_sums(batch_ids: Sequence[int]) -> dict[int, tuple[int, int, int, int]]:
    rows = db.session.execute(
        select(
            Statement.batch_id,
            func.count(),
            func.sum(Statement.redemption_count),
            func.sum(Statement.bill_fen),
            func.sum(Statement.payable_fen),
        )
        .where(Statement.batch_id.in_(batch_ids))
        .group_by(Statement.batch_id)
    )
    return {key: (int(count), int(redemptions), int(bill), int(fen)) for key, count, redemptions, bill, fen in rows}


def _line(found: SettlementBatch, sums: Mapping[int, tuple[int, int, int, int]]) -> BatchLine:
    return BatchLine(found, *sums.get(found.id, (0, 0, 0, 0)))


def _lines(statement_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for line in db.session.scalars(select(StatementLine).where(StatementLine.statement_id.in_(statement_ids))):
        found[line.statement_id][line.fund_source_id] = line.amount_fen
    return found


def answers_of(batch_id: int) -> dict[str, int]:
    """Return state of the merchants' checks → how many statements of a batch; empty where nothing is asked."""
    rows = db.session.execute(
        select(StatementCheck.status, func.count())
        .join(Statement, Statement.id == StatementCheck.id)
        .where(Statement.batch_id == batch_id)
        .group_by(StatementCheck.status)
    )
    return {status: int(count) for status, count in rows}


def checks_of(statement_ids: Sequence[int]) -> dict[int, str]:
    """Return statement id → state of its merchant's check, of those that are asked."""
    rows = db.session.execute(
        select(StatementCheck.id, StatementCheck.status).where(StatementCheck.id.in_(statement_ids))
    )
    return dict(rows.all())


def open_disputes() -> int:
    """Return how many lines of statements wait for the bureau's decision."""
    return int(db.session.scalar(select(func.count()).where(Dispute.status == "open")) or 0)
