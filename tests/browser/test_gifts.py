"""Gifts in a browser: a desk scans the phone and types the number of each part; the phone shows what it was given."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from foundation import clock
from foundation.clock import day_end, day_start
from tests import gifts, people, world
from tests.browser.conftest import PHONE, Devices, sign_in_cashier, sign_in_citizen
from tests.browser.scene import Scene
from tests.people import LIN, SONG

DESK = {"width": 1100, "height": 860}
CARD = "1000110000000001"


@pytest.fixture
def scene(sqlite_app: Flask) -> Scene:
    """A campaign of gifts that is open today, and the desk that hands out the fuel cards."""
    now = clock.now()
    today = clock.bureau_day(now)
    document = gifts.document()
    ends_at = day_end(today + timedelta(days=30))
    starts_at = day_start(today - timedelta(days=3))
    document["campaign"] |= {"starts_at": starts_at, "ends_at": ends_at}
    document["offers"][0]["validity"]["until"] = ends_at
    round_ = document["rounds"][0]
    window = {"invoices_from": starts_at, "invoices_until": ends_at}
    round_ |= {"opens_at": now - timedelta(minutes=5), "closes_at": ends_at, "issuance": round_["issuance"] | window}
    campaign = world.opened(document)
    oil, _ = gifts.desks(campaign)
    return Scene(campaign, oil)


def keep(page: Page, name: str) -> None:
    """Keep a picture where a person has asked for it."""
    folder = Path("var/pictures")
    if folder.is_dir():
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def scan(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desktop", "375px"])
def test_a_desk_hands_out_a_card_and_the_phone_says_so(scene: Scene, devices: Devices, size: dict[str, int]) -> None:
    lin = people.citizen(LIN)
    gift_id = gifts.won(lin, scene.campaign.release)
    phone = devices.open(viewport=PHONE)
    sign_in_citizen(phone)
    phone.goto(f"/vouchers/{gift_id}")
    expect(phone.locator(".codecard__qr")).to_be_visible()
    expect(phone.get_by_text("待领取")).to_have_count(2)
    keep(phone, "gift-citizen")
    digits = phone.locator("[data-enlarge]").inner_text().replace(" ", "")
    till = devices.open(viewport=size)
    sign_in_cashier(till, f"cashier-{gifts.OIL}")
    scan(till, digits)
    expect(till.get_by_role("heading", name="发放礼品")).to_be_visible()
    expect(till.get_by_text("不由本店发放")).to_be_visible()
    expect(till.locator("[name=number_1]")).to_be_focused()
    assert till.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # A gun presses Enter after the number: nothing is handed out by that.
    scan(till, CARD)
    expect(till.locator("[data-hand-out]")).to_be_focused()
    keep(till, f"gift-desk-{size['width']}")
    till.locator("[data-hand-out]").click()
    expect(till.get_by_role("heading", name="礼品发放凭条")).to_be_visible()
    keep(till, f"gift-receipt-{size['width']}")
    expect(phone.get_by_text("···0001")).to_be_visible()
    expect(phone.get_by_text("待领取")).to_have_count(1)
    keep(phone, "gift-citizen-part")
    till.get_by_role("button", name="撤销这笔").click()
    till.get_by_label("没有交出").check()
    till.get_by_label("发错人").check()
    keep(till, f"gift-void-{size['width']}")
    till.get_by_role("button", name="确认撤销").click()
    expect(till.get_by_text("已撤销，顾客可以再领一次")).to_be_visible()


def test_the_report_has_gifts_apart(scene: Scene, devices: Devices) -> None:
    lin = people.citizen(LIN)
    gift_id = gifts.won(lin, scene.campaign.release)
    gifts.hand_out(scene.shop.till, gift_id, lin, {1: CARD})
    desk = devices.open(viewport={"width": 1280, "height": 900})
    cookie = people.browser_of(devices.app, SONG).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    desk.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    desk.goto("/bureau/settlement")
    expect(desk.get_by_role("heading", name="礼品发放")).to_be_visible()
    keep(desk, "gift-report")
