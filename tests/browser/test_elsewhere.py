"""查重 in a browser: the bureau's page with a list, what it found, and the way to the case."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from foundation import clock
from foundation.clock import day_end, day_start
from tests import people, world
from tests.applications import desk
from tests.browser.conftest import PHONE, Devices
from tests.browser.scene import Scene
from tests.people import WEI
from tests.voucher.test_elsewhere import PROVINCE, listed, numbers


def keep(page: Page, name: str) -> None:
    """Keep a picture where a person has asked for it."""
    folder = Path("var/pictures")
    if folder.is_dir():
        page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.fixture
def scene(sqlite_app: Flask) -> Scene:
    """A car subsidy of today that does not go together with the province's."""
    today = clock.bureau_day(clock.now())
    written = desk.document()
    starts_at, ends_at = day_start(today - desk.timedelta(days=3)), day_end(today + desk.timedelta(days=30))
    written["people"] = {"apart_from": [PROVINCE]}
    written["campaign"] |= {"starts_at": starts_at, "ends_at": ends_at}
    written["offers"][0]["validity"]["until"] = ends_at
    window = {"invoices_from": starts_at, "invoices_until": ends_at}
    a_round = written["rounds"][0]
    a_round |= {"opens_at": starts_at, "closes_at": ends_at, "issuance": a_round["issuance"] | window}
    campaign = world.opened(written)
    return Scene(campaign, world.shop(campaign, name="漠阳汽车", industry="automobile"))


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "375px"])
def test_a_list_shows_what_it_found(scene: Scene, devices: Devices, size: dict[str, int]) -> None:
    (lin,) = people.citizens(1)
    day = clock.bureau_day(clock.now()).isoformat()
    answers = desk.papers(1, invoice_date=day, registered_on=day)
    desk.submit(desk.filled(lin, scene.campaign.release, answers), lin)
    listed(f"车架号,身份证号\n{numbers(1)['vin']},{numbers(1)['id_number']}\n")
    page = devices.open(viewport=size)
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto("/bureau/elsewhere")
    expect(page.get_by_text("审核或公示中，占用资金")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"elsewhere-{size['width']}")
    page.get_by_role("link", name="去处理").click()
    expect(page.get_by_text("后来导入的名单上")).to_be_visible()
    keep(page, f"elsewhere-case-{size['width']}")
