"""The merchants' pages of promotional events, and what citizens see of them."""

from datetime import date

import pytest
from flask import Flask

from campaigns import events
from foundation.clock import SimulatedClock
from merchants import event_sales
from tests import people, world
from tests.browsing import Browser
from tests.merchants.test_event_sales import a_fair
from tests.people import Staff
from tests.world import DRAFTER, done

PAGE = "/till/events"
CASHIER = Staff("收银员", "cashier", "cashier-1")


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def store(clock: SimulatedClock, app: Flask) -> world.Shop:
    return world.shop()


@pytest.fixture
def zhou(store: world.Shop, app: Flask) -> Browser:
    """The cashier of a store."""
    return people.browser_of(app, CASHIER)


@pytest.fixture
def fair(store: world.Shop) -> int:
    """A fair at which the store's merchant sells."""
    event_id = a_fair()
    done(lambda: event_sales.join(event_id, [store.merchant_id], by=DRAFTER))
    return event_id


def test_days_that_wait_for_a_report_are_said(zhou: Browser, fair: int) -> None:
    assert "还有 2 天未上报" in zhou.get(PAGE).text
    page = zhou.get(f"{PAGE}/{fair}").text
    assert "上报 2023-05-07" in page
    assert "成交数（辆）" in page


def test_a_day_is_reported_and_corrected(zhou: Browser, fair: int) -> None:
    sent = {"day": "2023-05-07", "deals": "3", "amount": "420000", "corrects": "0"}
    assert zhou.post(f"{PAGE}/{fair}", data=sent).status_code == 303
    page = zhou.get(f"{PAGE}/{fair}?day=2023-05-07").text
    assert "更正 2023-05-07" in page
    assert 'name="corrects" value="1"' in page
    assert zhou.post(f"{PAGE}/{fair}", data={**sent, "deals": "4", "corrects": "1"}).status_code == 303
    [standing] = event_sales.standing_reports([fair])
    assert (standing.deals, standing.number, standing.sales_day) == (4, 2, date(2023, 5, 7))
    assert "被更正的 1 次上报" in zhou.get(f"{PAGE}/{fair}").text


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"deals": "三"}, "deals_malformed"),
        ({"amount": "很多"}, "amount_malformed"),
        ({"deals": "0"}, "sales_disagree"),
        ({"day": "2023-05-09"}, "sales_day_not_begun"),
        ({"day": "yesterday"}, "sales_day_outside"),
        ({"corrects": "7"}, "reported_meanwhile"),
    ],
)
def test_what_is_refused_keeps_what_was_typed(zhou: Browser, fair: int, changed: dict[str, str], code: str) -> None:
    sent = {"day": "2023-05-07", "deals": "3", "amount": "420000.50", "corrects": "0", **changed}
    response = zhou.post(f"{PAGE}/{fair}", data=sent)
    assert response.status_code == 422
    assert f'data-code="{code}"' in response.text
    assert f'value="{sent["amount"]}"' in response.text
    assert event_sales.standing_reports([fair]) == []


def test_another_merchants_event_is_closed(zhou: Browser) -> None:
    elsewhere = a_fair()
    assert zhou.get(f"{PAGE}/{elsewhere}").status_code == 403
    sent = {"day": "2023-05-07", "deals": "3", "amount": "1", "corrects": "0"}
    assert zhou.post(f"{PAGE}/{elsewhere}", data=sent).status_code == 403
    assert zhou.get(f"{PAGE}/99").status_code == 404
    assert "没有参加促消费活动" in zhou.get(PAGE).text


def test_citizens_see_current_and_coming_events_with_their_campaigns(
    zhou: Browser, fair: int, clock: SimulatedClock
) -> None:
    campaign = world.published(world.spring(campaign={**world.spring()["campaign"], "code": "autumn"}))
    done(lambda: events.add_campaigns(fair, [campaign.id], by=DRAFTER))
    home = people.browser_of(zhou.application).get("/").text
    assert "近期促消费活动" in home
    assert "五一车展" in home
    assert home.count('href="/campaigns/autumn"') == 2
    clock.move_to(world.at("2023-05-10 00:00"))
    assert "五一车展" not in people.browser_of(zhou.application).get("/").text
