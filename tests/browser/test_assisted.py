"""A voucher on paper: claimed at the desk, printed in large type, and read by a till's gun."""

import re

import pytest
from playwright.sync_api import expect

from tests import people
from tests.browser import scene as scenes
from tests.browser.conftest import sign_in_cashier
from tests.people import WEI


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    """The scene with a desk beside its round."""
    known = scenes._document

    def with_desk(opens_in):
        document = known(opens_in)
        online = document["rounds"][0]
        desk = {"code": "desk", "name": "线下代领", "issuance": {"kind": "assisted", "beside": "r1"}}
        document["rounds"].append({**online, **desk, "releases": [{"offer": "any", "stock": 20}]})
        return document

    monkeypatch.setattr(scenes, "_document", with_desk)
    return scenes.build()


def test_what_the_desk_prints_is_taken_by_the_till(scene, devices):
    desk = devices.open(viewport={"width": 1280, "height": 900})
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    desk.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    desk.goto("/bureau/assisted")
    desk.locator("#name").fill("南阿婆")
    desk.locator("#id_number").fill("11010519491231002X")
    desk.get_by_role("button", name="领取并打印").click()
    expect(desk.locator(".paper")).to_contain_text("满 100 元减 20 元")
    desk.emulate_media(media="print")
    digits = re.sub(r"\s", "", desk.locator(".paper__digits").inner_text())
    till = devices.open(viewport={"width": 1100, "height": 760})
    sign_in_cashier(till)
    for key in "100":
        till.locator(f"[data-key='{key}']").click()
    till.keyboard.type(digits)
    till.keyboard.press("Enter")
    expect(till.locator("[data-verdict]")).to_contain_text("¥80.00")
