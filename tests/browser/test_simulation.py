"""The simulation's page draws its charts, and plays again with other assumptions."""

from playwright.sync_api import expect

from campaigns import drafting
from tests import people, world
from tests.browser.conftest import Devices
from tests.people import WEI


def test_a_draft_is_played_and_drawn(devices: Devices) -> None:
    document = world.spring(rounds=[world.a_round(releases=[{"offer": "meal", "stock": 2_500}])])
    document["campaign"]["code"] = "draft"
    world.done(lambda: drafting.import_draft(world.toml(document), by=world.DRAFTER))
    page = devices.open(viewport={"width": 1280, "height": 900})
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto("/bureau/campaigns/2/versions/1")
    page.get_by_role("link", name="测算").click()
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.locator("#sources")).to_contain_text("没有用完")
    page.get_by_label("每天想领的人次").fill("100000")
    page.get_by_label("领取后使用的百分比").fill("100")
    page.get_by_role("button", name="重新测算").click()
    expect(page.locator("#sources strong")).to_have_text("2023-05-08")
    expect(page.locator(".chart canvas")).to_have_count(2)
