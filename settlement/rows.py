"""Beneath a figure: the rows that add up to it.

Metrics of redemptions open to redemptions and, where they are net, to refunds; the number of claims to claims, metrics
of issuance and balances to the ledger's transfers. A ratio opens to the redemptions it is about.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, literal, select, union_all

from campaigns.models import Campaign, CampaignRound, FundSource, Offer, Release
from foundation import clock
from foundation.db import db
from foundation.paging import PAGE_SIZE, Page, page_of
from ledger.accounts import AccountKind, Code
from ledger.models import LedgerAccount, Transfer
from merchants.models import Merchant, Redemption, Refund, RefundPart, Store
from settlement.errors import QueryMalformed
from settlement.metrics import BALANCES
from settlement.parts import parts
from settlement.reports import Query
from voucher.models import ClaimBatch, Entitlement

#: metric → whether it counts voided redemptions: all of them, only them, or none
_OF_REDEMPTIONS = {
    "redeemed_count": "all",
    "redeemed_fen": "all",
    "voided_fen": "voided",
    "net_redeemed_fen": "standing",
    "driven_fen": "standing",
    "leverage_by_redeemed": "standing",
    "redemption_rate": "standing",
    "leverage_by_claimed": "standing",
}
#: metric → how refunds count in it
_OF_REFUNDS = {
    "refunded_fen": 1,
    "net_redeemed_fen": -1,
    "driven_fen": -1,
    "leverage_by_redeemed": -1,
    "redemption_rate": -1,
    "leverage_by_claimed": -1,
}
_TRANSFER_CODES: dict[str, tuple[Code, ...]] = {
    "budget_fen": (Code.FUND,),
    "released_fen": (Code.RELEASE,),
    "reserved_fen": (Code.RESERVE, Code.UNRESERVE, Code.CLAIM),
    "claimed_fen": (Code.CLAIM,),
    "expired_fen": (Code.EXPIRE,),
    "returned_fen": (Code.EXPIRE, Code.RECALL, Code.SPARE),
    "surplus_fen": (Code.FUND, Code.REDEEM, Code.VOID, Code.REFUND, Code.RECOVER, Code.REPAY, Code.RETURN),
    "owed_fen": (Code.REDEEM, Code.VOID, Code.REFUND, Code.RECOVER, Code.PAY),
    "paid_fen": (Code.PAY, Code.REPAY),
    "borne_fen": (Code.REDEEM, Code.VOID, Code.REFUND),
}
#: What lowers a balance.
_LOWERING: dict[str, tuple[Code, ...]] = {
    "reserved_fen": (Code.UNRESERVE, Code.CLAIM),
    "surplus_fen": (Code.REDEEM, Code.RETURN),
    "owed_fen": (Code.VOID, Code.REFUND, Code.RECOVER, Code.PAY),
    "paid_fen": (Code.REPAY,),
    "borne_fen": (Code.VOID, Code.REFUND),
}
#: The kinds of account between which a code moves money for some metric only.
_KINDS: dict[str, tuple[AccountKind, ...]] = {
    "reserved_fen": (AccountKind.RESERVED,),
    "owed_fen": (AccountKind.PAYABLE, AccountKind.DUE, AccountKind.CLEARED),
    "borne_fen": (AccountKind.BORNE,),
}
#: The account of a transfer that knows what a report filters by.
_AT_DEBIT = tuple(
    code.value
    for code in (Code.EXPIRE, Code.RECALL, Code.SPARE, Code.VOID, Code.PAY, Code.REFUND, Code.RECOVER, Code.REPAY)
)


@dataclass(frozen=True)
class RedemptionRow:
    """``counted_fen`` is how it counts in the metric: its bill or its discount, or one source's part of it; less than
    zero for a refund, whose moment is ``happened_at``."""

    id: UUID
    happened_at: datetime
    campaign_name: str
    offer_name: str
    merchant_name: str
    store_name: str
    bill_fen: int
    discount_fen: int
    counted_fen: int
    status: str
    reason: str | None


@dataclass(frozen=True)
class ClaimRow:
    """Vouchers of one offer that were granted together."""

    id: UUID
    claimed_at: datetime
    round_name: str
    offer_name: str
    count: int
    granted_fen: int


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
    if metric in _OF_REDEMPTIONS or metric in _OF_REFUNDS:
        return _redemptions(query, metric, page)
    if metric == "claimed_count":
        return _claims(query, page)
    if metric in _TRANSFER_CODES:
        return _transfers(query, metric, page)
    raise QueryMalformed(given=metric[:20], field="metric")


def _redemptions(query: Query, metric: str, page: int) -> RowsPage:
    """Return a page of redemptions and of refunds, each as it counts in the metric."""
    entries = []
    if metric in _OF_REDEMPTIONS:
        entries.append(_redeemed(query, metric))
    if metric in _OF_REFUNDS:
        entries.append(_refunded(query, metric))
    entry = union_all(*entries).subquery()
    count, total = _count(select(entry), entry.c.counted_fen)
    wanted = select(entry).order_by(entry.c.happened_at.desc(), entry.c.redemption_id, entry.c.counted_fen)
    found: Page[Any] = page_of(wanted, page, size=PAGE_SIZE, count=count)
    known = {
        row[0].id: row
        for row in db.session.execute(
            select(Redemption, Campaign.name, Offer.name, Merchant.name, Store.name)
            .join(Campaign, Campaign.id == Redemption.campaign_id)
            .join(Offer, Offer.id == Redemption.offer_id)
            .join(Merchant, Merchant.id == Redemption.merchant_id)
            .join(Store, Store.id == Redemption.store_id)
            .where(Redemption.id.in_([each.redemption_id for each in found.rows]))
        )
    }
    rows = []
    for each in found.rows:
        _, campaign, offer, merchant, store = known[each.redemption_id]
        rows.append(
            RedemptionRow(
                id=each.redemption_id,
                happened_at=each.happened_at,
                campaign_name=campaign,
                offer_name=offer,
                merchant_name=merchant,
                store_name=store,
                bill_fen=each.bill_fen,
                discount_fen=each.discount_fen,
                counted_fen=int(each.counted_fen),
                status=each.status,
                reason=each.reason,
            )
        )
    return RowsPage(rows, found.number, count, found.size, kind="redemptions", total_fen=total)


def _redeemed(query: Query, metric: str) -> Select[Any]:
    conditions = redeemed_within(query)
    which = _OF_REDEMPTIONS[metric]
    if which != "all":
        conditions.append(Redemption.status == "voided" if which == "voided" else Redemption.status != "voided")
    of_bills = metric == "driven_fen"
    amount: Any = Redemption.bill_fen if of_bills else Redemption.discount_fen
    status = case((Redemption.status == "voided", literal("voided")), else_=literal("redeemed"))
    base = select(
        Redemption.id.label("redemption_id"),
        Redemption.redeemed_at.label("happened_at"),
        Redemption.bill_fen.label("bill_fen"),
        Redemption.discount_fen.label("discount_fen"),
        status.label("status"),
        Redemption.void_reason.label("reason"),
    )
    if query.fund_source_id is not None:
        part = parts(*_period(Transfer.bureau_day, query))
        amount = part.c.bill_fen if of_bills else part.c.discount_fen
        conditions.append(part.c.fund_source_id == query.fund_source_id)
        base = base.join(part, part.c.redemption_id == Redemption.id)
    return _at_stores(base.add_columns(amount.label("counted_fen"))).where(*conditions)


def _refunded(query: Query, metric: str) -> Select[Any]:
    conditions = [*_places(query), *_period(Refund.bureau_day, query)]
    of_bills, sign = metric == "driven_fen", _OF_REFUNDS[metric]
    whole: Any = Refund
    base = select(
        Redemption.id.label("redemption_id"),
        Refund.refunded_at.label("happened_at"),
        (sign * Refund.bill_fen).label("bill_fen"),
        (sign * Refund.discount_fen).label("discount_fen"),
        literal("refund").label("status"),
        Refund.reason.label("reason"),
    ).join(Refund, Refund.redemption_id == Redemption.id)
    if query.fund_source_id is not None:
        whole = RefundPart
        conditions.append(RefundPart.fund_source_id == query.fund_source_id)
        base = base.join(RefundPart, RefundPart.refund_id == Refund.id)
    amount = whole.bill_fen if of_bills else whole.discount_fen
    return _at_stores(base.add_columns((sign * amount).label("counted_fen"))).where(*conditions)


def _at_stores(base: Select[Any]) -> Select[Any]:
    return base.join(Store, Store.id == Redemption.store_id).join(Merchant, Merchant.id == Redemption.merchant_id)


def redeemed_within(query: Query) -> list[Any]:
    """Return the conditions on Redemption, Store and Merchant under which a redemption is within a query's places and
    days."""
    return [*_places(query), *_period(Redemption.bureau_day, query)]


def _places(query: Query) -> list[Any]:
    wanted = (
        (Redemption.campaign_id, query.campaign_id),
        (Redemption.merchant_id, query.merchant_id),
        (Redemption.offer_id, query.offer_id),
        (Store.county, query.county),
        (Merchant.industry, query.industry),
    )
    return [column == value for column, value in wanted if value is not None]


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
    # What was applied for is worth what was awarded, each its own.
    granted = (
        select(func.coalesce(func.sum(Entitlement.face_value_fen), 0))
        .where(Entitlement.claim_batch_id == ClaimBatch.id)
        .scalar_subquery()
    )
    base = (
        select(ClaimBatch, CampaignRound.name, Offer.name, granted)
        .join(Release, Release.id == ClaimBatch.release_id)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(*conditions)
    )
    count, total = _count(base, granted)
    vouchers = _count(base, ClaimBatch.count)[1]
    newest_first = base.order_by(ClaimBatch.claimed_at.desc(), ClaimBatch.id)
    found: Page[Any] = page_of(newest_first, page, size=PAGE_SIZE, count=count)
    rows = [ClaimRow(b.id, b.claimed_at, a_round, offer, b.count, int(fen)) for b, a_round, offer, fen in found.rows]
    return RowsPage(rows, found.number, count, found.size, kind="claims", total_fen=total, vouchers=vouchers)


def _transfers(query: Query, metric: str, page: int) -> RowsPage:
    codes = _TRANSFER_CODES[metric]
    at_debit = (*_AT_DEBIT, Code.UNRESERVE.value, Code.CLAIM.value) if metric == "reserved_fen" else _AT_DEBIT
    side = case((Transfer.code.in_(at_debit), Transfer.debit_account_id), else_=Transfer.credit_account_id)
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
    if query.at_merchants:
        # What citizens are owed and paid belongs to no merchant.
        conditions.append(LedgerAccount.merchant_id.is_not(None))
    lowering = _LOWERING.get(metric, ())
    if metric in _KINDS:
        conditions.append(LedgerAccount.kind.in_([kind.value for kind in _KINDS[metric]]))
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
