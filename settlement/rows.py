"""Beneath a figure: the rows that add up to it.

Metrics of redemptions open to redemptions, the number of claims to claims, metrics of issuance and balances to the
ledger's transfers. A ratio opens to the redemptions it is about.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select

from campaigns.models import Campaign, CampaignRound, FundSource, Offer, Release
from foundation import clock
from foundation.db import db
from foundation.paging import PAGE_SIZE, Page, page_of
from ledger.accounts import Code
from ledger.models import LedgerAccount, Transfer
from merchants.models import Merchant, Redemption, Store
from settlement.errors import QueryMalformed
from settlement.metrics import BALANCES
from settlement.parts import parts
from settlement.reports import Query
from voucher.models import ClaimBatch

_REDEMPTION_STATES: dict[str, tuple[str, ...]] = {
    "redeemed_count": ("redeemed", "voided"),
    "redeemed_fen": ("redeemed", "voided"),
    "voided_fen": ("voided",),
    "net_redeemed_fen": ("redeemed",),
    "driven_fen": ("redeemed",),
    "leverage_by_redeemed": ("redeemed",),
    "redemption_rate": ("redeemed",),
    "leverage_by_claimed": ("redeemed",),
}
_TRANSFER_CODES: dict[str, tuple[Code, ...]] = {
    "budget_fen": (Code.FUND,),
    "released_fen": (Code.RELEASE,),
    "claimed_fen": (Code.CLAIM,),
    "expired_fen": (Code.EXPIRE,),
    "returned_fen": (Code.EXPIRE, Code.RECALL),
    "surplus_fen": (Code.FUND, Code.REDEEM, Code.VOID),
    "owed_fen": (Code.REDEEM, Code.VOID, Code.PAY),
    "paid_fen": (Code.PAY,),
}
#: The account of a transfer that knows what a report filters by.
_AT_DEBIT = (Code.EXPIRE.value, Code.RECALL.value, Code.VOID.value, Code.PAY.value)


@dataclass(frozen=True)
class RedemptionRow:
    """``counted_fen`` is how it counts in the metric: its bill or its discount, or one source's part of it."""

    id: UUID
    redeemed_at: datetime
    campaign_name: str
    offer_name: str
    merchant_name: str
    store_name: str
    bill_fen: int
    discount_fen: int
    counted_fen: int
    status: str
    void_reason: str | None


@dataclass(frozen=True)
class ClaimRow:
    """Vouchers of one offer that were granted together."""

    id: UUID
    claimed_at: datetime
    round_name: str
    offer_name: str
    count: int
    face_value_fen: int


@dataclass(frozen=True)
class TransferRow:
    """``signed_fen`` is how the transfer counts in the metric: minus what lowers it."""

    id: UUID
    posted_at: datetime
    bureau_day: date
    code: str
    source_name: str
    signed_fen: int
    document_kind: str
    document_id: str


@dataclass(frozen=True, kw_only=True)
class RowsPage(Page[RedemptionRow | ClaimRow | TransferRow]):
    """One page of rows of a kind: "redemptions", "claims" or "transfers". Of all pages together: ``total_fen`` of what
    the rows count in the metric, and ``vouchers`` where rows are of several."""

    kind: str
    total_fen: int
    vouchers: int = 0


def rows_of(query: Query, metric: str, *, page: int = 1) -> RowsPage:
    """Return the rows beneath a metric under the query's filters. Refuses QueryMalformed for an unknown metric."""
    if metric in _REDEMPTION_STATES:
        return _redemptions(query, metric, page)
    if metric == "claimed_count":
        return _claims(query, page)
    if metric in _TRANSFER_CODES:
        return _transfers(query, metric, page)
    raise QueryMalformed(given=metric[:20], field="metric")


def _redemptions(query: Query, metric: str, page: int) -> RowsPage:
    conditions: list[Any] = [Redemption.status.in_(_REDEMPTION_STATES[metric])]
    for column, wanted in (
        (Redemption.campaign_id, query.campaign_id),
        (Redemption.merchant_id, query.merchant_id),
        (Redemption.offer_id, query.offer_id),
        (Store.county, query.county),
        (Merchant.industry, query.industry),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    conditions += _period(Redemption.bureau_day, query)
    of_bills = metric == "driven_fen"
    amount: Any = Redemption.bill_fen if of_bills else Redemption.discount_fen
    base = select(Redemption, Campaign.name, Offer.name, Merchant.name, Store.name)
    if query.fund_source_id is not None:
        part = parts(*_period(Transfer.bureau_day, query))
        amount = part.c.bill_fen if of_bills else part.c.discount_fen
        conditions.append(part.c.fund_source_id == query.fund_source_id)
        base = base.join(part, part.c.redemption_id == Redemption.id)
    base = (
        base.add_columns(amount.label("counted_fen"))
        .join(Campaign, Campaign.id == Redemption.campaign_id)
        .join(Offer, Offer.id == Redemption.offer_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .join(Store, Store.id == Redemption.store_id)
        .where(*conditions)
    )
    count, total = _count(base, amount)
    newest_first = base.order_by(Redemption.redeemed_at.desc(), Redemption.id)
    found: Page[Any] = page_of(newest_first, page, size=PAGE_SIZE, count=count)
    rows = [
        RedemptionRow(
            id=r.id,
            redeemed_at=r.redeemed_at,
            campaign_name=campaign,
            offer_name=offer,
            merchant_name=merchant,
            store_name=store,
            bill_fen=r.bill_fen,
            discount_fen=r.discount_fen,
            counted_fen=int(counted_fen),
            status=r.status,
            void_reason=r.void_reason,
        )
        for r, campaign, offer, merchant, store, counted_fen in found.rows
    ]
    return RowsPage(rows, found.number, count, found.size, kind="redemptions", total_fen=total)


def _claims(query: Query, page: int) -> RowsPage:
    conditions: list[Any] = [
        column == wanted
        for column, wanted in (
            (Offer.campaign_id, query.campaign_id),
            (Offer.id, query.offer_id),
            (Offer.county, query.county),
            (Offer.industry, query.industry),
        )
        if wanted is not None
    ]
    if query.first_day:
        conditions.append(ClaimBatch.claimed_at >= clock.day_start(query.first_day))
    if query.last_day:
        conditions.append(ClaimBatch.claimed_at < clock.day_end(query.last_day))
    base = (
        select(ClaimBatch, CampaignRound.name, Offer.name, Offer.face_value_fen)
        .join(Release, Release.id == ClaimBatch.release_id)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(*conditions)
    )
    count, total = _count(base, ClaimBatch.count * Offer.face_value_fen)
    vouchers = _count(base, ClaimBatch.count)[1]
    newest_first = base.order_by(ClaimBatch.claimed_at.desc(), ClaimBatch.id)
    found: Page[Any] = page_of(newest_first, page, size=PAGE_SIZE, count=count)
    rows = [ClaimRow(b.id, b.claimed_at, a_round, offer, b.count, face) for b, a_round, offer, face in found.rows]
    return RowsPage(rows, found.number, count, found.size, kind="claims", total_fen=total, vouchers=vouchers)


def _transfers(query: Query, metric: str, page: int) -> RowsPage:
    codes = _TRANSFER_CODES[metric]
    side = case((Transfer.code.in_(_AT_DEBIT), Transfer.debit_account_id), else_=Transfer.credit_account_id)
    conditions: list[Any] = [Transfer.code.in_([code.value for code in codes])]
    for column, wanted in (
        (LedgerAccount.campaign_id, query.campaign_id),
        (LedgerAccount.fund_source_id, query.fund_source_id),
        (LedgerAccount.merchant_id, query.merchant_id),
        (LedgerAccount.offer_id, query.offer_id),
        (Offer.county, query.county),
        (Offer.industry, query.industry),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    lowering = {"surplus_fen": (Code.REDEEM,), "owed_fen": (Code.VOID, Code.PAY)}.get(metric, ())
    signed = case(
        (Transfer.code.in_([code.value for code in lowering]), -Transfer.amount_fen), else_=Transfer.amount_fen
    )
    # A balance is of now, whatever the report's period.
    if metric not in BALANCES:
        conditions += _period(Transfer.bureau_day, query)
    base = (
        select(Transfer, FundSource.name, signed.label("signed_fen"))
        .join(LedgerAccount, LedgerAccount.id == side)
        .join(FundSource, FundSource.id == LedgerAccount.fund_source_id)
        .outerjoin(Offer, Offer.id == LedgerAccount.offer_id)
        .where(*conditions)
    )
    count, total = _count(base, signed)
    newest_first = base.order_by(Transfer.posted_at.desc(), Transfer.id)
    found: Page[Any] = page_of(newest_first, page, size=PAGE_SIZE, count=count)
    rows = [
        TransferRow(t.id, t.posted_at, t.bureau_day, t.code, source, int(signed_fen), t.document_kind, t.document_id)
        for t, source, signed_fen in found.rows
    ]
    return RowsPage(rows, found.number, count, found.size, kind="transfers", total_fen=total)


def _period(day: Any, query: Query) -> list[Any]:
    conditions = []
    if query.first_day:
        conditions.append(day >= query.first_day)
    if query.last_day:
        conditions.append(day <= query.last_day)
    return conditions


def _count(base: Select[*tuple[Any, ...]], amount: Any) -> tuple[int, int]:
    count, total = db.session.execute(
        base.with_only_columns(func.count(), func.coalesce(func.sum(amount), 0), maintain_column_froms=True)
    ).one()
    return int(count), int(total)
