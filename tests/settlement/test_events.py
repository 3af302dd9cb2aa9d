"""Promotional events on the bureau's desk: told beside what subsidies drove, and never in it."""

import io
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from openpyxl import load_workbook

from campaigns import events
from foundation.clock import SimulatedClock
from merchants import event_sales
from merchants.event_sales import SalesReport
from settlement import event_figures
from settlement.reports import Query, report
from tests import people, world
from tests.browsing import Browser
from tests.merchants.test_event_sales import FIRST, a_fair
from tests.people import HE, SONG, WEI
from tests.world import DRAFTER, done

PAGE = "/bureau/events"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def wei(clock: SimulatedClock, app: Flask) -> Browser:
    return people.browser_of(app, WEI)


@pytest.fixture
def fair(wei: Browser) -> SalesReport:
    """A fair with two merchants, of which one has reported its first day and corrected it."""
    event_id = a_fair(county="441702", place="会展中心")
    first, second = (world.shop(number=number, name=f"{number}号车行", industry="automobile") for number in (1, 2))
    done(lambda: event_sales.join(event_id, [first.merchant_id, second.merchant_id], by=DRAFTER))
    sales = SalesReport(event_id, first.merchant_id, FIRST, deals=3, amount_fen=42_000_000)
    done(lambda: event_sales.report(sales, by="cashier:1"))
    done(lambda: event_sales.report(replace(sales, deals=4, amount_fen=56_000_000, corrects=1), by="cashier:1"))
    return sales


def test_figures_count_what_stands_and_what_is_missing(fair: SalesReport) -> None:
    [found] = event_figures.figures_of(events.events_of_year(2023))
    # Two merchants on the two days that have begun.
    assert (found.deals, found.amount_fen, found.reported, found.due, found.missing) == (4, 56_000_000, 1, 4, 3)
    missing = {row.merchant.name: row.missing for row in event_figures.merchant_days(found.line.event)}
    assert missing == {"1号车行": [date(2023, 5, 8)], "2号车行": [FIRST, date(2023, 5, 8)]}


@pytest.mark.parametrize(
    ("first_day", "last_day", "amount_fen"),
    [
        (None, None, 56_000_000),
        (FIRST, FIRST, 56_000_000),
        (date(2023, 5, 8), None, 0),
        (None, date(2023, 5, 6), 0),
    ],
)
def test_totals_are_of_the_days_asked_for(
    fair: SalesReport, first_day: date | None, last_day: date | None, amount_fen: int
) -> None:
    assert event_figures.totals(first_day=first_day, last_day=last_day).amount_fen == amount_fen


def test_totals_of_a_campaign_are_those_of_its_events(fair: SalesReport) -> None:
    campaign = world.published()
    assert event_figures.totals(first_day=None, last_day=None, campaign_id=campaign.id).events == 0
    done(lambda: events.add_campaigns(fair.event_id, [campaign.id], by=DRAFTER))
    assert event_figures.totals(first_day=None, last_day=None, campaign_id=campaign.id).amount_fen == 56_000_000


def test_reported_sales_never_enter_what_subsidies_drove(fair: SalesReport) -> None:
    campaign = world.opened()
    done(lambda: events.add_campaigns(fair.event_id, [campaign.id], by=DRAFTER))
    shop = world.shop(campaign, number=7)
    _, digits = world.claim_and_show(people.citizen(), campaign.release)
    world.redeem(shop.till, digits, 30_000)
    done(lambda: event_sales.join(fair.event_id, [shop.merchant_id], by=DRAFTER))
    before = report(Query(by="merchant")).total.values
    sales = SalesReport(fair.event_id, shop.merchant_id, FIRST, deals=9, amount_fen=99_000_000)
    done(lambda: event_sales.report(sales, by="cashier:7"))
    after = report(Query(by="merchant")).total.values
    assert after == before
    assert after["driven_fen"] == 30_000


def test_the_year_is_listed_by_month_and_says_who_has_not_reported(wei: Browser, fair: SalesReport) -> None:
    html = wei.get(PAGE).text
    assert [
        words for words in ("5月", "五一车展", "会展中心", "缺 3 份上报", "不计入拉动消费") if words not in html
    ] == []
    assert "data-chart" in html
    page = wei.get(f"{PAGE}/{fair.event_id}").text
    assert [words for words in ("1号车行", "2号车行", "未报", "更正1次", "登记") if words not in page] == []


def test_the_desk_and_the_report_tell_events_apart(wei: Browser, fair: SalesReport) -> None:
    for address in ("/bureau/?year=2023", "/bureau/settlement", "/bureau/settlement?first_day=2023-05-01"):
        html = wei.get(address).text
        assert "促消费活动（另计）" in html, address
        assert "上报销售额 56 万元" in html
    assert "促消费活动（另计）" not in wei.get("/bureau/settlement?county=441702").text
    assert "促消费活动（另计）" not in wei.get("/bureau/settlement?first_day=2023-06-01").text


def test_an_event_is_registered_with_its_merchants_and_campaigns(wei: Browser) -> None:
    world.shop(number=1, industry="automobile")
    world.shop(number=2, industry="catering")
    campaign = world.published()
    typed = {
        "name": "惠利金秋车展",
        "kind": "car_fair",
        "starts_on": "2023-09-15",
        "ends_on": "2023-09-17",
        "county": "",
    }
    page = wei.post(PAGE, data=typed).location
    assert wei.post(f"{page}/merchants", data={"industry": ""}).status_code == 303
    assert "还没有商户参加" in wei.get(page).text
    wei.post(f"{page}/merchants", data={"industry": "automobile"})
    assert len(event_sales.merchants_at(int(page.rpartition("/")[2]))) == 1
    wei.post(f"{page}/campaigns", data={"campaign": campaign.id})
    html = wei.get(page).text
    assert "春季消费券" in html.split("所属的补贴活动")[1]
    assert "符合条件的 1 家商户都已参加" in html or "漠阳味道" in html


@pytest.mark.parametrize(
    "changed", [{"name": ""}, {"kind": "circus"}, {"ends_on": "2023-09-01"}, {"starts_on": "soon"}]
)
def test_what_is_refused_keeps_what_was_typed(wei: Browser, changed: dict[str, str]) -> None:
    typed = {
        "name": "惠利金秋",
        "kind": "festival",
        "starts_on": "2023-09-15",
        "ends_on": "2023-09-17",
        "place": "广场",
    }
    response = wei.post(PAGE, data={**typed, **changed})
    assert response.status_code == 422
    assert 'value="广场"' in response.text
    assert events.events_of_year(2023) == []


def test_an_event_is_called_off_with_a_reason(wei: Browser, fair: SalesReport) -> None:
    page = f"{PAGE}/{fair.event_id}"
    wei.post(f"{page}/cancel", data={"reason": "台风"})
    html = wei.get(page).text
    assert "已取消" in html
    assert "台风" in html
    assert wei.post(f"{page}/cancel", data={"reason": "再一次"}).status_code == 409


def test_only_editors_change_events_and_everyone_at_the_bureau_sees_them(app: Flask, fair: SalesReport) -> None:
    for who in (HE, SONG):
        browser = people.browser_of(app, who)
        assert browser.get(f"{PAGE}/{fair.event_id}").status_code == 200
        for address in (PAGE, f"{PAGE}/{fair.event_id}/merchants", f"{PAGE}/{fair.event_id}/cancel"):
            assert browser.post(address, data={}).status_code == 403


def test_files_hold_the_same_and_say_that_it_is_not_driven(wei: Browser, fair: SalesReport) -> None:
    text = wei.get(f"{PAGE}/events.csv?year=2023").data.decode("utf-8-sig")
    assert "五一车展,汽车展销会,江城区,2023-05-07,2023-05-09,2,4,1,4,560000.00" in text
    assert "不计入拉动消费" in text
    book = load_workbook(io.BytesIO(wei.get(f"{PAGE}/{fair.event_id}/sales.xlsx").data))
    rows = [tuple(cell.value for cell in row) for row in book.active.iter_rows(min_row=2, max_row=5)]
    assert ("1号车行", world.a_uscc(1), "2023-05-07", 4, 560_000, 2) in rows
    assert ("2号车行", world.a_uscc(2), "2023-05-07", "—", "—", "—") in rows
    assert wei.get(f"{PAGE}/{fair.event_id}/sales.csv").status_code == 200
    assert wei.get(f"{PAGE}/99/sales.csv").status_code == 404
