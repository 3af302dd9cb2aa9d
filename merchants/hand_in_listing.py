"""The read side of evidence after sales: a store's list, the bureau's queue, and one sale with everything about it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import joinedload

from campaigns.catalog import offer_facts
from campaigns.models import Campaign
from campaigns.terms.evidence.after_sale import AfterSale
from evidence import files
from evidence.files import Kept
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import text_id
from foundation.money import format_yuan
from foundation.paging import Page, page_of
from merchants.hand_in_errors import HandInUnknown
from merchants.hand_in_models import HandIn, HandInDecision, HandInSuspicion
from merchants.hand_ins import HOLDER, OPEN, Waiting, waiting
from merchants.models import Merchant, Redemption, SoldItem, Store

#: tab of the store's list → its states
TABS: Mapping[str, tuple[str, ...]] = {
    "open": OPEN,
    "waiting": ("handed_in",),
    "accepted": ("accepted",),
    "over": ("rejected", "withdrawn"),
}


@dataclass(frozen=True)
class SaleLine:
    """A sale in a list. days_left: until it is due; below zero it is late. rules: what is suspicious."""

    hand_in: HandIn
    item: SoldItem
    redemption: Redemption
    store_name: str
    merchant_name: str
    days_left: int
    items: Collection[str]
    rules: Sequence[str] = ()


@dataclass(frozen=True)
class SaleFacts:
    """One sale with what was handed in, found and decided. by_slot: files by item."""

    line: SaleLine
    waiting: Waiting
    terms: AfterSale
    by_slot: Mapping[str, Sequence[Kept]]
    suspicions: Sequence[HandInSuspicion]
    decisions: Sequence[HandInDecision]


@dataclass(frozen=True)
class QueueFilter:
    """Which sales the bureau looks at; empty or None means any. look: "clean" or "suspicious", or a rule."""

    state: str = "handed_in"
    campaign_id: int | None = None
    look: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [HandIn.status == self.state] if self.state else []
        if self.campaign_id is not None:
            found.append(HandIn.campaign_id == self.campaign_id)
        suspicious = exists().where(HandInSuspicion.hand_in_id == HandIn.id)
        if self.look == "clean":
            found.append(~suspicious)
        elif self.look == "suspicious":
            found.append(suspicious)
        elif self.look:
            found.append(suspicious.where(HandInSuspicion.rule == self.look[:4]))
        return found


@dataclass(frozen=True)
class Standing:
    """How many sales of a campaign are in a state, and the subsidies in them."""

    campaign_id: int
    campaign_name: str
    state: str
    count: int
    fen: int


def sales_of_store(store_id: int, tab: str, page: int) -> Page[SaleLine]:
    """Return a page of a store's sales: what is due first comes first while it can be done, else the latest."""
    states = TABS.get(tab, OPEN)
    order = (HandIn.due_on, HandIn.id) if tab == "open" else (HandIn.id.desc(),)
    return _lines([HandIn.store_id == store_id, HandIn.status.in_(states)], order, page)


def counts_of_store(store_id: int) -> dict[str, int]:
    """Return tab → number of sales."""
    rows = db.session.execute(
        select(HandIn.status, func.count()).where(HandIn.store_id == store_id).group_by(HandIn.status)
    )
    by_state = {state: int(count) for state, count in rows}
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def queue(wanted: QueueFilter, page: int) -> Page[SaleLine]:
    """Return a page of sales, in the order in which they were handed in."""
    return _lines(wanted.conditions(), (HandIn.handed_in_at, HandIn.id), page)


def standings() -> list[Standing]:
    """Return what is awaited, waits, is accepted and is not paid, by campaign and state."""
    rows = db.session.execute(
        select(HandIn.campaign_id, Campaign.name, HandIn.status, func.count(), func.sum(Redemption.discount_fen))
        .join(Redemption, Redemption.id == HandIn.id)
        .join(Campaign, Campaign.id == HandIn.campaign_id)
        .group_by(HandIn.campaign_id, Campaign.name, HandIn.status)
        .order_by(HandIn.campaign_id)
    )
    return [Standing(key, name, state, int(count), int(fen)) for key, name, state, count, fen in rows]


def sale(hand_in_id: UUID, store_id: int | None = None) -> SaleFacts:
    """Return one sale; store_id: whose it must be. Refuses HandInUnknown."""
    known = waiting([hand_in_id], store_id).get(hand_in_id)
    if known is None:
        raise HandInUnknown
    [line] = _lines([HandIn.id == hand_in_id], (HandIn.id,), 1).rows
    by_slot: dict[str, list[Kept]] = defaultdict(list)
    for kept in files.files_of(HOLDER, text_id(hand_in_id)):
        by_slot[kept.slot].append(kept)
    suspicions = db.session.scalars(
        select(HandInSuspicion).where(HandInSuspicion.hand_in_id == hand_in_id).order_by(HandInSuspicion.rule)
    ).all()
    decisions = db.session.scalars(
        select(HandInDecision)
        .where(HandInDecision.hand_in_id == hand_in_id)
        .order_by(HandInDecision.decided_at, HandInDecision.id)
    ).all()
    return SaleFacts(line, known, known.terms, dict(by_slot), suspicions, decisions)


def typed_of(row: HandIn) -> dict[str, str]:
    """Return what is kept of a hand-in as a form has it."""
    days = ("invoice_on", "delivered_on", "old_collected_on")
    texts = (
        "invoice_number", "invoice_buyer", "delivery_county", "delivery_address", "old_category", "old_brand",
        "old_model", "old_collector", "old_dismantler", "old_certificate",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) or "" for name in texts},
        **{name: getattr(row, name).isoformat() if getattr(row, name) else "" for name in days},
        "invoice_fen": format_yuan(row.invoice_fen).replace(",", "") if row.invoice_fen else "",
        "old_weight": f"{row.old_weight_grams / 1000:g}" if row.old_weight_grams else "",
    }


def _lines(conditions: Sequence[ColumnElement[bool]], order: Sequence[object], page: int) -> Page[SaleLine]:
    found = page_of(
        select(HandIn, Redemption, SoldItem, Store.name, Merchant.name)
        .join(Redemption, Redemption.id == HandIn.id)
        .join(SoldItem, SoldItem.redemption_id == HandIn.id)
        .join(Store, Store.id == HandIn.store_id)
        .join(Merchant, Merchant.id == HandIn.merchant_id)
        .where(*conditions)
        .options(joinedload(HandIn.redemption))
        .order_by(*order),  # type: ignore[arg-type]
        page,
    )
    ids = [row[0].id for row in found.rows]
    rules: dict[UUID, list[str]] = defaultdict(list)
    for hand_in_id, rule in db.session.execute(
        select(HandInSuspicion.hand_in_id, HandInSuspicion.rule)
        .where(HandInSuspicion.hand_in_id.in_(ids))
        .order_by(HandInSuspicion.rule)
    ):
        rules[hand_in_id].append(rule)
    today = bureau_day(clock.now())
    lines = [
        SaleLine(
            hand_in=row,
            item=item,
            redemption=redemption,
            store_name=store,
            merchant_name=merchant,
            days_left=_days_left(row.due_on, today),
            items=list(offer_facts(row.offer_id).terms.evidence.deadlines),
            rules=rules[row.id],
        )
        for row, redemption, item, store, merchant in found.rows
    ]
    return Page(lines, found.number, found.count, found.size)


def _days_left(due_on: date, today: date) -> int:
    return (due_on - today).days
