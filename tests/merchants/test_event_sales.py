"""Merchants report their sales at promotional events: once per day, corrected by a new report, never edited."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from campaigns import events
from campaigns.errors import (
    EventCancelled,
    EventCountyUnknown,
    EventDaysMalformed,
    EventKindUnknown,
    EventNameMissing,
    EventUnknown,
)
from campaigns.offers import open_campaigns
from foundation.clock import SimulatedClock
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.money import AmountOutOfRange
from merchants import event_sales
from merchants.errors import (
    DealsMalformed,
    NotAtEvent,
    ReportedMeanwhile,
    SalesDayNotBegun,
    SalesDayOutside,
    SalesDisagree,
)
from merchants.event_sales import LARGEST_SALES_FEN, SalesReport
from tests import world
from tests.world import DRAFTER, done

FIRST, LAST = date(2023, 5, 7), date(2023, 5, 9)
CASHIER = "cashier:1"


def a_fair(**changed: Any) -> int:
    """Announce a fair that began yesterday and ends tomorrow, and return its id."""
    facts = {"name": "五一车展", "kind": "car_fair", "starts_on": FIRST, "ends_on": LAST, "by": DRAFTER, **changed}
    return done(lambda: events.announce(**facts).id)


@pytest.fixture
def fair(clock: SimulatedClock, app: Flask) -> SalesReport:
    """Return a report of one merchant at one fair that can be kept."""
    event_id, merchant_id = a_fair(), world.shop().merchant_id
    done(lambda: event_sales.join(event_id, [merchant_id], by=DRAFTER))
    return SalesReport(event_id, merchant_id, FIRST, deals=3, amount_fen=42_000_000)


def report(sales: SalesReport) -> None:
    done(lambda: event_sales.report(sales, by=CASHIER))


def standing(sales: SalesReport) -> list[tuple[date, int, int, int]]:
    return [
        (found.sales_day, found.number, found.deals, found.amount_fen)
        for found in event_sales.standing_reports([sales.event_id])
    ]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"name": " "}, EventNameMissing),
        ({"name": "长" * 81}, EventNameMissing),
        ({"kind": "circus"}, EventKindUnknown),
        ({"ends_on": date(2023, 5, 6)}, EventDaysMalformed),
        ({"ends_on": date(2024, 5, 6)}, EventDaysMalformed),
        ({"county": "999999"}, EventCountyUnknown),
    ],
)
def test_an_event_that_is_not_whole_is_refused(
    clock: SimulatedClock, sqlite_app: Flask, changed: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        a_fair(**changed)


def test_a_report_stands_until_it_is_corrected_by_a_new_one(fair: SalesReport) -> None:
    report(fair)
    assert standing(fair) == [(FIRST, 1, 3, 42_000_000)]
    report(replace(fair, deals=4, amount_fen=55_000_000, corrects=1))
    assert standing(fair) == [(FIRST, 2, 4, 55_000_000)]
    assert [one.number for one in event_sales.all_reports(fair.event_id, fair.merchant_id)] == [2, 1]


def test_nothing_sold_is_a_report_too(fair: SalesReport) -> None:
    report(replace(fair, deals=0, amount_fen=0))
    assert standing(fair) == [(FIRST, 1, 0, 0)]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda sales: replace(sales, event_id=99), EventUnknown),
        (lambda sales: replace(sales, merchant_id=99), NotAtEvent),
        (lambda sales: replace(sales, day=date(2023, 5, 6)), SalesDayOutside),
        (lambda sales: replace(sales, day=LAST), SalesDayNotBegun),
        (lambda sales: replace(sales, deals=-1), DealsMalformed),
        (lambda sales: replace(sales, deals=1_000_001), DealsMalformed),
        (lambda sales: replace(sales, amount_fen=LARGEST_SALES_FEN + 1), AmountOutOfRange),
        (lambda sales: replace(sales, deals=0), SalesDisagree),
        (lambda sales: replace(sales, amount_fen=0), SalesDisagree),
        (lambda sales: replace(sales, corrects=1), ReportedMeanwhile),
    ],
)
def test_a_report_that_does_not_fit_is_refused_and_nothing_is_kept(
    fair: SalesReport, change: Callable[[SalesReport], SalesReport], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        report(change(fair))
    assert standing(fair) == []


def test_a_second_first_report_is_refused_and_so_is_correcting_what_was_corrected(fair: SalesReport) -> None:
    report(fair)
    with pytest.raises(ReportedMeanwhile):
        report(replace(fair, deals=9))
    report(replace(fair, deals=4, corrects=1))
    with pytest.raises(ReportedMeanwhile):
        report(replace(fair, deals=5, corrects=1))
    assert standing(fair) == [(FIRST, 2, 4, 42_000_000)]


def test_of_two_that_report_at_once_one_is_kept(fair: SalesReport) -> None:
    outcomes = done(lambda: event_sales.report_batch([fair, replace(fair, deals=9)], by=CASHIER))
    assert isinstance(outcomes[1], ReportedMeanwhile)
    assert standing(fair) == [(FIRST, 1, 3, 42_000_000)]


def test_a_batch_keeps_what_is_right_and_says_what_is_not(fair: SalesReport) -> None:
    today = replace(fair, day=date(2023, 5, 8), deals=1, amount_fen=9_900_000)
    outcomes = done(lambda: event_sales.report_batch([fair, replace(fair, merchant_id=99), today], by=CASHIER))
    assert [type(outcome).__name__ for outcome in outcomes] == ["UUID", "NotAtEvent", "UUID"]
    assert [found[0] for found in standing(fair)] == [FIRST, today.day]


def test_an_event_that_is_off_takes_no_reports_and_is_not_shown(fair: SalesReport) -> None:
    assert [line.event.id for line in events.coming_events()] == [fair.event_id]
    done(lambda: events.cancel(fair.event_id, by=DRAFTER, reason="台风"))
    assert events.coming_events() == []
    with pytest.raises(EventCancelled):
        report(fair)
    with pytest.raises(EventCancelled):
        done(lambda: events.cancel(fair.event_id, by=DRAFTER, reason="再一次"))
    with pytest.raises(EventCancelled):
        done(lambda: event_sales.join(fair.event_id, [fair.merchant_id], by=DRAFTER))


def test_the_database_itself_refuses_to_edit_a_report(fair: SalesReport) -> None:
    report(fair)
    for statement in ("UPDATE event_sales SET deals = 9", "DELETE FROM event_sales"):
        with pytest.raises(DBAPIError, match="can only be added to"), transaction():
            db.session.execute(text(statement))
    assert standing(fair) == [(FIRST, 1, 3, 42_000_000)]


def test_joining_twice_is_joining_once_and_campaigns_belong_to_events(fair: SalesReport) -> None:
    done(lambda: event_sales.join(fair.event_id, [fair.merchant_id], by=DRAFTER))
    assert len(event_sales.merchants_at(fair.event_id)) == 1
    campaign = world.published()
    for _again in range(2):
        done(lambda: events.add_campaigns(fair.event_id, [campaign.id], by=DRAFTER))
    assert [found.id for found in events.line_of(fair.event_id).campaigns] == [campaign.id]
    assert [found.campaign_id for found in open_campaigns()] == [campaign.id]
