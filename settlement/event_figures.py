"""What merchants report of promotional events, in figures of their own.

Reported sales are the merchants' word and were driven by the event, not by a subsidy. They are told beside the
settlement's figures and never in them: no metric, and no kept figure of a day, contains any.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from campaigns import events
from campaigns.event_models import EventCampaign, PromotionalEvent
from campaigns.events import EventLine
from campaigns.places import county_name
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from merchants.event_models import EventSales
from merchants.event_sales import begun_days, merchants_at, standing_reports
from merchants.models import Merchant
from settlement.charts import FEN_PER_WAN, UNIT
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet

#: Said wherever these figures stand.
NOT_DRIVEN = N_("商户自行上报的活动销售额，不计入拉动消费")


@dataclass(frozen=True)
class EventFigures:
    """One event with what was reported of it. reported, due: days of merchants, of those that have begun."""

    line: EventLine
    deals: int
    amount_fen: int
    merchants: int
    reported: int
    due: int

    @property
    def missing(self) -> int:
        return self.due - self.reported


@dataclass(frozen=True)
class EventTotals:
    """What was reported of the events of a period. deals_by_unit: measure word → how many."""

    events: int
    deals_by_unit: dict[str, int]
    amount_fen: int


@dataclass(frozen=True)
class MerchantDays:
    """One merchant at an event: its standing report of each day that has begun, None where it has not reported."""

    merchant: Merchant
    days: Sequence[tuple[date, EventSales | None]]

    @property
    def deals(self) -> int:
        return sum(found.deals for _day, found in self.days if found)

    @property
    def amount_fen(self) -> int:
        return sum(found.amount_fen for _day, found in self.days if found)

    @property
    def missing(self) -> list[date]:
        return [day for day, found in self.days if found is None]


def figures_of(lines: Sequence[EventLine]) -> list[EventFigures]:
    """Return the figures of events."""
    by_event: dict[int, list[EventSales]] = defaultdict(list)
    for found in standing_reports({line.event.id for line in lines}):
        by_event[found.event_id].append(found)
    return [_figures(line, by_event[line.event.id]) for line in lines]


def _figures(line: EventLine, reports: Sequence[EventSales]) -> EventFigures:
    merchants = len(merchants_at(line.event.id))
    days = len(begun_days(line.event)) if line.phase != "cancelled" else 0
    return EventFigures(
        line,
        deals=sum(found.deals for found in reports),
        amount_fen=sum(found.amount_fen for found in reports),
        merchants=merchants,
        reported=len(reports),
        due=max(merchants * days, len(reports)),
    )


def merchant_days(event: PromotionalEvent) -> list[MerchantDays]:
    """Return every merchant at an event, those with missing reports first."""
    reports = {(found.merchant_id, found.sales_day): found for found in standing_reports([event.id])}
    days = begun_days(event)
    rows = [MerchantDays(one, [(day, reports.get((one.id, day))) for day in days]) for one in merchants_at(event.id)]
    return sorted(rows, key=lambda row: (not row.missing, row.merchant.name))


def totals(*, first_day: date | None, last_day: date | None, campaign_id: int | None = None) -> EventTotals:
    """Return what was reported of the days of a period, of one campaign's events or of all."""
    chosen = select(PromotionalEvent.id, PromotionalEvent.kind)
    if first_day:
        chosen = chosen.where(PromotionalEvent.ends_on >= first_day)
    if last_day:
        chosen = chosen.where(PromotionalEvent.starts_on <= last_day)
    if campaign_id is not None:
        of_campaign = select(EventCampaign.event_id).where(EventCampaign.campaign_id == campaign_id)
        chosen = chosen.where(PromotionalEvent.id.in_(of_campaign))
    kinds = dict(db.session.execute(chosen).all())
    reports = standing_reports(kinds, first_day=first_day, last_day=last_day)
    deals: dict[str, int] = defaultdict(int)
    for found in reports:
        deals[events.KINDS[kinds[found.event_id]].unit] += found.deals
    return EventTotals(len({found.event_id for found in reports}), dict(deals), sum(r.amount_fen for r in reports))


def chart_of_events(figures: Iterable[EventFigures]) -> dict[str, Any] | None:
    """Return the events of a year as bars of what was reported; None where nothing was."""
    shown = [one for one in figures if one.amount_fen]
    if not shown:
        return None
    values = [round(one.amount_fen / FEN_PER_WAN, 2) for one in shown]
    series = [{"name": gettext("上报销售额"), "line": False, "values": values}]
    return {"kind": "groups", "unit": gettext(UNIT), "labels": [one.line.event.name for one in shown], "series": series}


def chart_of_days(event: PromotionalEvent, rows: Sequence[MerchantDays]) -> dict[str, Any] | None:
    """Return one event as what was reported of each of its days; None where nothing was."""
    by_day: dict[date, int] = defaultdict(int)
    for row in rows:
        for day, found in row.days:
            by_day[day] += found.amount_fen if found else 0
    if not any(by_day.values()):
        return None
    days = [event.starts_on + timedelta(days=n) for n in range(event.day_count)]
    values = [round(by_day[day] / FEN_PER_WAN, 2) for day in days]
    series = [{"name": gettext("上报销售额"), "line": False, "values": values}]
    return {"kind": "groups", "unit": gettext(UNIT), "labels": [day.isoformat() for day in days], "series": series}


def events_sheet(figures: Sequence[EventFigures], title: Words | str) -> Sheet:
    """Return the events of a year as a table."""
    columns = [
        Column(Words(N_("促消费活动")), "text"), Column(Words(N_("类别")), "text"), Column(Words(N_("县区")), "text"),
        Column(Words(N_("开始")), "text"), Column(Words(N_("结束")), "text"), Column(Words(N_("参加商户")), "count"),
        Column(Words(N_("应上报（商户日）")), "count"), Column(Words(N_("已上报")), "count"),
        Column(Words(N_("成交数")), "count"), Column(Words(N_("上报销售额")), "fen"),
    ]  # fmt: skip
    rows = [
        [
            one.line.event.name, Words(one.line.kind.name), Words(county_name(one.line.event.county)),
            one.line.event.starts_on.isoformat(), one.line.event.ends_on.isoformat(), one.merchants, one.due,
            one.reported, one.deals, one.amount_fen,
        ]
        for one in figures
    ]  # fmt: skip
    return Sheet(title, columns, rows, [AMOUNTS_IN_YUAN, Words(NOT_DRIVEN)])


def sales_sheet(event: PromotionalEvent, rows: Sequence[MerchantDays]) -> Sheet:
    """Return one event as a table of merchants and days; a day that was not reported is empty."""
    columns = [
        Column(Words(N_("商户")), "text"), Column(Words(N_("统一社会信用代码")), "text"),
        Column(Words(N_("日期")), "text"), Column(Words(N_("成交数")), "count"),
        Column(Words(N_("上报销售额")), "fen"), Column(Words(N_("第几次上报")), "count"),
    ]  # fmt: skip
    cells = [
        [row.merchant.name, row.merchant.uscc, day.isoformat()]
        + ([found.deals, found.amount_fen, found.number] if found else [None, None, None])
        for row in rows
        for day, found in row.days
    ]
    return Sheet(event.name, columns, cells, [AMOUNTS_IN_YUAN, Words(NOT_DRIVEN)])
