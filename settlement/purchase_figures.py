"""What was paid for vouchers that are sold, beside the settlement and never in it.

A voucher that was bought is issued for its face and drives what it drives, as a free one; its price is other money, of
the source that the campaign file names. Read from the payments as they stand now: no kept figure of a day has any of
it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select

from campaigns.catalog import offer_facts
from campaigns.models import Campaign, Offer
from foundation.clock import day_end, day_start, local
from foundation.db import db
from foundation.errors import N_
from foundation.paging import Page, page_of
from foundation.words import Words
from ledger.naming import names
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from voucher.purchase_models import Payment, Purchase

NOT_DRIVEN = N_("售价款归活动文件写明的一方，与各方出资分开记账；不计入发放金额、核销金额和拉动消费")
ARRIVALS = {"bought": N_("购券"), "late": N_("迟到：订单已结束"), "twice": N_("重复：订单已付过款")}
STATES = {"kept": N_("已收"), "returning": N_("待退"), "returned": N_("已退")}


@dataclass(frozen=True)
class PurchaseFilter:
    """Which payments to look at; None means any. Both days are included: of arrival for what was bought, of the
    decision for what goes back."""

    campaign_id: int | None = None
    offer_id: int | None = None
    fund_source_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    state: str = ""
    arrival: str = ""
    reference: str = ""

    def within(self, moment: Any) -> ColumnElement[bool]:
        """Return the condition that a moment lies in the period."""
        conditions = [moment.is_not(None)]
        if self.first_day:
            conditions.append(moment >= day_start(self.first_day))
        if self.last_day:
            conditions.append(moment < day_end(self.last_day))
        return and_(*conditions)

    def offers(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the offer, but the source's."""
        found: list[ColumnElement[bool]] = []
        if self.campaign_id is not None:
            found.append(Offer.campaign_id == self.campaign_id)
        if self.offer_id is not None:
            found.append(Offer.id == self.offer_id)
        return found


@dataclass(frozen=True)
class Proceeds:
    """One offer. bought: paid for in the period; taken_back: of what was bought, whose price goes back, decided in the
    period; turned_away: too late or twice, in the period; returning: not back yet, as it stands now."""

    campaign_id: int
    campaign_name: str
    offer_id: int
    offer_name: str
    source_name: str
    bought_count: int
    bought_fen: int
    taken_back_count: int
    taken_back_fen: int
    turned_away_count: int
    turned_away_fen: int
    returning_count: int
    returning_fen: int

    @property
    def proceeds_fen(self) -> int:
        """What was bought less what goes back of it."""
        return self.bought_fen - self.taken_back_fen


def proceeds(wanted: PurchaseFilter) -> list[Proceeds]:
    """Return the figures of each offer of which anything was ever paid for, by campaign and offer."""
    bought = (Payment.arrival == "bought") & wanted.within(Payment.arrived_at)
    taken_back = (Payment.arrival == "bought") & wanted.within(Payment.taken_back_at)
    turned_away = (Payment.arrival != "bought") & wanted.within(Payment.arrived_at)
    columns = [
        column
        for condition in (bought, taken_back, turned_away, Payment.status == "returning")
        for column in (
            func.sum(case((condition, 1), else_=0)),
            func.sum(case((condition, Payment.amount_fen), else_=0)),
        )
    ]
    rows = db.session.execute(
        select(Campaign.id, Campaign.name, Offer.id, Offer.name, *columns)
        .select_from(Payment)
        .join(Purchase, Purchase.id == Payment.purchase_id)
        .join(Offer, Offer.id == Purchase.offer_id)
        .join(Campaign, Campaign.id == Offer.campaign_id)
        .where(*wanted.offers())
        .group_by(Campaign.id, Campaign.name, Offer.id, Offer.name)
        .order_by(Campaign.id, Offer.id)
    ).all()
    sources = {row[2]: offer_facts(row[2]).proceeds_source_id for row in rows}
    called = names("fund_source", sources.values())
    found = []
    for campaign_id, campaign_name, offer_id, offer_name, *sums in rows:
        source_id = sources[offer_id]
        if wanted.fund_source_id in (None, source_id):
            amounts = [int(value or 0) for value in sums]
            source_name = called.get(source_id or 0, "")
            found.append(Proceeds(campaign_id, campaign_name, offer_id, offer_name, source_name, *amounts))
    return found


@dataclass(frozen=True)
class PaymentRow:
    """One payment, as the bureau sees it: no name and no phone."""

    payment_id: UUID
    reference: str
    campaign_name: str
    offer_name: str
    amount_fen: int
    arrival: str
    state: str
    arrived_at: datetime
    returned_at: datetime | None
    problem: str


def _payments(wanted: PurchaseFilter) -> Any:
    conditions = [*wanted.offers(), wanted.within(Payment.arrived_at)]
    if wanted.state:
        conditions.append(Payment.status == wanted.state)
    if wanted.reference:
        conditions.append(Payment.reference == wanted.reference)
    if wanted.arrival:
        conditions.append(Payment.arrival == wanted.arrival)
    return (
        select(Payment, Campaign.name, Offer.name)
        .join(Purchase, Purchase.id == Payment.purchase_id)
        .join(Offer, Offer.id == Purchase.offer_id)
        .join(Campaign, Campaign.id == Offer.campaign_id)
        .where(*conditions)
        .order_by(Payment.arrived_at.desc(), Payment.id.desc())
    )


def _row(payment: Payment, campaign_name: str, offer_name: str) -> PaymentRow:
    return PaymentRow(
        payment.id,
        payment.reference,
        campaign_name,
        offer_name,
        payment.amount_fen,
        payment.arrival,
        payment.status,
        payment.arrived_at,
        payment.returned_at,
        payment.problem,
    )


def payments_page(wanted: PurchaseFilter, page: int) -> Page[PaymentRow]:
    """Return a page of payments, newest first."""
    found: Page[Any] = page_of(_payments(wanted), page)
    return Page([_row(*row) for row in found.rows], found.number, found.count, found.size)


def payments_sheet(wanted: PurchaseFilter) -> Sheet:
    """Return all payments as a sheet."""
    columns = [
        Column(Words(name), kind)
        for name, kind in (
            (N_("付款时间"), "text"),
            (N_("活动"), "text"),
            (N_("券种"), "text"),
            (N_("付款编号"), "digits"),
            (N_("金额"), "fen"),
            (N_("情况"), "text"),
            (N_("状态"), "text"),
            (N_("退付时间"), "text"),
            (N_("没有退成的原因"), "text"),
        )
    ]
    return Sheet(Words(N_("购券付款")), columns, _cells(wanted), [AMOUNTS_IN_YUAN, Words(NOT_DRIVEN)])


def _cells(wanted: PurchaseFilter) -> Iterable[list[Any]]:
    for payment, campaign_name, offer_name in db.session.execute(_payments(wanted)):
        row = _row(payment, campaign_name, offer_name)
        yield [
            _moment(row.arrived_at),
            row.campaign_name,
            row.offer_name,
            row.reference,
            row.amount_fen,
            Words(ARRIVALS[row.arrival]),
            Words(STATES[row.state]),
            _moment(row.returned_at),
            row.problem,
        ]


def _moment(moment: datetime | None) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M:%S}" if moment else ""
