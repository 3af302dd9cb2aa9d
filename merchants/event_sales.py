"""Promotional events from the merchants' side: who takes part, and what they report of each day.

A report is never edited. A correction is a new report of the same day that says which one it corrects, so that of two
people who correct at once only one does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_

from campaigns import events
from campaigns.event_models import PromotionalEvent
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, upsert
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.money import check_amount_fen
from merchants.errors import (
    DealsMalformed,
    NotAtEvent,
    ReportedMeanwhile,
    SalesDayNotBegun,
    SalesDayOutside,
    SalesDisagree,
)
from merchants.event_models import EventParticipation, EventSales
from merchants.models import Merchant

MOST_DEALS = 1_000_000
#: Of one merchant on one day: a hundred times what one bill may be.
LARGEST_SALES_FEN = 100_000_000_000


@dataclass(frozen=True)
class SalesReport:
    """What one merchant sold on one day of an event. corrects: the number of the report that stands as the one who
    reports saw it, 0 where there is none."""

    event_id: int
    merchant_id: int
    day: date
    deals: int
    amount_fen: int
    corrects: int = 0


def join(event_id: int, merchant_ids: Collection[int], *, by: str) -> None:
    """Let merchants sell at an event; those that do already stay. Refuses EventUnknown, EventCancelled."""
    events.require_standing(event_id)
    now = clock.now()
    rows = [{"event_id": event_id, "merchant_id": one, "joined_at": now, "joined_by": by} for one in merchant_ids]
    if rows:
        db.session.execute(upsert(EventParticipation).values(rows).on_conflict_do_nothing())


def report(sales: SalesReport, *, by: str) -> UUID:
    """Keep one report, and return its id. Refuses what ``report_batch`` returns."""
    outcome = report_batch([sales], by=by)[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def report_batch(reports: Sequence[SalesReport], *, by: str) -> list[UUID | Refusal]:
    """Keep many reports; return for each its id, or why it was refused: EventUnknown, EventCancelled, NotAtEvent,
    SalesDayOutside, SalesDayNotBegun, DealsMalformed, AmountMalformed, AmountOutOfRange, SalesDisagree,
    ReportedMeanwhile."""
    now = clock.now()
    members = _members({one.event_id for one in reports})
    standing = {key: found.number for key, found in _standing_of(reports).items()}
    outcomes: list[UUID | Refusal] = []
    rows: list[dict[str, object]] = []
    for sales in reports:
        refusal = _why_not(sales, members, standing.get((sales.event_id, sales.merchant_id, sales.day), 0))
        if refusal is not None:
            outcomes.append(refusal)
            continue
        report_id = new_id()
        outcomes.append(report_id)
        rows.append(
            {
                "id": report_id,
                "event_id": sales.event_id,
                "merchant_id": sales.merchant_id,
                "sales_day": sales.day,
                "number": sales.corrects + 1,
                "deals": sales.deals,
                "amount_fen": sales.amount_fen,
                "reported_at": now,
                "reported_by": by,
            }
        )
    if rows:
        # The key has the last word: whoever reported in between has taken the number.
        kept = upsert(EventSales).values(rows).on_conflict_do_nothing().returning(EventSales.id)
        inserted = set(db.session.scalars(kept))
        outcomes = [ReportedMeanwhile() if isinstance(o, UUID) and o not in inserted else o for o in outcomes]
    return outcomes


def _why_not(sales: SalesReport, members: Mapping[int, Collection[int]], standing: int) -> Refusal | None:
    try:
        event = events.require_standing(sales.event_id)
        if sales.merchant_id not in members[sales.event_id]:
            raise NotAtEvent
        if not event.starts_on <= sales.day <= event.ends_on:
            raise SalesDayOutside(event=event.name, first=event.starts_on, last=event.ends_on)
        if sales.day > bureau_day(clock.now()):
            raise SalesDayNotBegun(day=sales.day)
        if not 0 <= sales.deals <= MOST_DEALS:
            raise DealsMalformed(most=f"{MOST_DEALS:,}")
        if sales.amount_fen:
            check_amount_fen(sales.amount_fen, field="amount", largest_fen=LARGEST_SALES_FEN)
        if bool(sales.deals) != bool(sales.amount_fen):
            raise SalesDisagree
        if sales.corrects != standing:
            raise ReportedMeanwhile
    except Refusal as refusal:
        return refusal
    return None


def _members(event_ids: Collection[int]) -> Mapping[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = db.session.execute(
        select(EventParticipation.event_id, EventParticipation.merchant_id).where(
            EventParticipation.event_id.in_(event_ids)
        )
    )
    for event_id, merchant_id in rows:
        found[event_id].add(merchant_id)
    return found


def _standing_of(reports: Iterable[SalesReport]) -> dict[tuple[int, int, date], EventSales]:
    return {
        (found.event_id, found.merchant_id, found.sales_day): found
        for found in standing_reports({sales.event_id for sales in reports})
    }


# --- what was reported ----------------------------------------------------------------------------------------


def standing_reports(
    event_ids: Collection[int], *, merchant_id: int | None = None, first_day: date | None = None,
    last_day: date | None = None,
) -> Sequence[EventSales]:  # fmt: skip
    """Return the reports that stand, of the days given: the last one of each merchant and day."""
    key = (EventSales.event_id, EventSales.merchant_id, EventSales.sales_day)
    last = select(*key, func.max(EventSales.number)).where(EventSales.event_id.in_(event_ids)).group_by(*key)
    statement = select(EventSales).where(tuple_(*key, EventSales.number).in_(last))
    if merchant_id is not None:
        statement = statement.where(EventSales.merchant_id == merchant_id)
    if first_day is not None:
        statement = statement.where(EventSales.sales_day >= first_day)
    if last_day is not None:
        statement = statement.where(EventSales.sales_day <= last_day)
    return db.session.scalars(statement.order_by(EventSales.sales_day, EventSales.merchant_id)).all()


def all_reports(event_id: int, merchant_id: int) -> Sequence[EventSales]:
    """Return everything that a merchant has reported of an event, corrections first."""
    return db.session.scalars(
        select(EventSales)
        .where(EventSales.event_id == event_id, EventSales.merchant_id == merchant_id)
        .order_by(EventSales.sales_day, EventSales.number.desc())
    ).all()


def merchants_at(event_id: int) -> list[Merchant]:
    """Return the merchants that sell at an event, by name."""
    return list(
        db.session.scalars(
            select(Merchant)
            .join(EventParticipation, EventParticipation.merchant_id == Merchant.id)
            .where(EventParticipation.event_id == event_id)
            .order_by(Merchant.name, Merchant.id)
        )
    )


def events_of_merchant(merchant_id: int) -> list[PromotionalEvent]:
    """Return the standing events at which a merchant sells, latest first."""
    return list(
        db.session.scalars(
            select(PromotionalEvent)
            .join(EventParticipation, EventParticipation.event_id == PromotionalEvent.id)
            .where(EventParticipation.merchant_id == merchant_id, PromotionalEvent.status == "announced")
            .order_by(PromotionalEvent.starts_on.desc())
        )
    )


def begun_days(event: PromotionalEvent) -> list[date]:
    """Return the days of an event that have begun: those that can be reported."""
    last = min(event.ends_on, bureau_day(clock.now()))
    return [event.starts_on + timedelta(days=n) for n in range((last - event.starts_on).days + 1)]
