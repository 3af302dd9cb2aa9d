"""The bureau's read side of what was settled: what is not settled yet, batches, statements, one redemption."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from settlement.errors import BatchUnknown, StatementUnknown
from settlement.models import SettlementBatch, Statement, StatementLine
from voucher.models import Entitlement


@dataclass(frozen=True)
class Unsettled:
    """Redemptions of one campaign that stand and are on no statement yet, up to yesterday; ``payable_fen`` is less
    what came back of them."""

    campaign: Campaign
    count: int
    payable_fen: int
    first_day: date
    last_day: date


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
    """Return what could be settled today, by campaign: redemptions up to yesterday."""
    rows = db.session.execute(
        select(
            Redemption.campaign_id,
            func.count(),
            func.sum(Redemption.discount_fen - Redemption.borne_fen),
            func.min(Redemption.bureau_day),
            func.max(Redemption.bureau_day),
        )
        .where(
            Redemption.status != "voided",
            Redemption.payee == "merchant",
            Redemption.statement_id.is_(None),
            Redemption.bureau_day < bureau_day(clock.now()),
            not_held_back(),
        )
        .group_by(Redemption.campaign_id)
        .order_by(Redemption.campaign_id)
    ).all()
    named = db.session.scalars(select(Campaign).where(Campaign.id.in_([row[0] for row in rows])))
    campaigns = {campaign.id: campaign for campaign in named}
    back = _to_take_off()
    return [
        Unsettled(campaigns[key], int(count), int(fen) - back.get(key, 0), first, last)
        for key, count, fen, first, last in rows
    ]


def _to_take_off() -> dict[int, int]:
    """Return campaign → fen of refunds of redemptions that are on no statement, up to yesterday."""
    rows = db.session.execute(
        select(Refund.campaign_id, func.sum(Refund.discount_fen - Refund.borne_fen))
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .where(
            Refund.statement_id.is_(None),
            Refund.repaid_at.is_(None),
            Redemption.payee == "merchant",
            Redemption.statement_id.is_(None),
            Redemption.bureau_day < bureau_day(clock.now()),
            not_held_back(),
        )
        .group_by(Refund.campaign_id)
    )
    return {campaign_id: int(fen) for campaign_id, fen in rows}


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
