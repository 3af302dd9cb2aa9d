"""The simulation's page draws its charts, and plays again with other assumptions."""

from typing import Any

from playwright.sync_api import Page, expect

from campaigns import drafting
from tests import people, world
from tests.browser.conftest import Devices
from tests.people import WEI


def simulation_page(devices: Devices, document: dict[str, Any], width: int = 1280) -> Page:
    """Return the page of a draft, signed in, on the simulation of its version."""
    document["campaign"]["code"] = "draft"
    world.done(lambda: drafting.import_draft(world.toml(document), by=world.DRAFTER))
    page = devices.open(viewport={"width": width, "height": 900})
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto("/bureau/campaigns/2/versions/1")
    page.get_by_role("link", name="测算").click()
    return page


def test_a_draft_is_played_and_drawn(devices: Devices) -> None:
    document = world.spring(rounds=[world.a_round(releases=[{"offer": "meal", "stock": 2_500}])])
    page = simulation_page(devices, document)
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.locator("#sources")).to_contain_text("没有用完")
    page.get_by_label("每天想领的人次").fill("100000")
    page.get_by_label("领取后使用的百分比").fill("100")
    page.get_by_role("button", name="重新测算").click()
    expect(page.locator("#sources strong")).to_have_text("2023-05-08")
    expect(page.locator(".chart canvas")).to_have_count(2)


def test_a_lottery_says_the_chance_of_winning_and_draws_entries_and_prizes(devices: Devices) -> None:
    issuance = {
        "kind": "lottery",
        "register_until": world.at("2023-05-09 00:00"),
        "draw_at": world.at("2023-05-09 10:00"),
        "take_up_hours": 12,
    }
    releases = [{"offer": "meal", "stock": 100}]
    document = world.spring(rounds=[world.a_round(issuance=issuance, releases=releases)])
    page = simulation_page(devices, document, width=375)
    expect(page.locator(".chart canvas")).to_have_count(3)
    page.get_by_label("想领的人数（0 为不计）").fill("400")
    page.get_by_label("每天想领的人次").fill("100000")
    page.get_by_label("中签后领取的百分比").fill("50")
    page.get_by_role("button", name="重新测算").click()
    # At 10:00 and 22:00 of two days 100, 50, 25 and 13 are drawn: the last one lapses as the round closes.
    expect(page.locator("#lotteries")).to_contain_text("100（25%）")
    expect(page.locator("#lotteries")).to_contain_text("175（43.75%）")
    expect(page.locator(".chart canvas")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
