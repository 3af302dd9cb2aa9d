"""The till's page asks what of the bill a voucher may not buy."""

import pytest
from playwright.sync_api import expect

from tests import people, world
from tests.browser import scene as scenes
from tests.browser.conftest import sign_in_cashier
from tests.people import LIN


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    known = scenes._document

    def without_tobacco(opens_in):
        document = known(opens_in)
        document["offers"][1]["scope"]["goods_excluded"] = ["烟", "酒", "黄金珠宝"]
        return document

    monkeypatch.setattr(scenes, "_document", without_tobacco)
    return scenes.build()


def test_the_cashier_says_what_does_not_count(scene, devices):
    digits = world.claim_and_show(people.citizen(LIN), scene.campaign.releases["r1", "any"])[1]
    till = devices.open(viewport={"width": 375, "height": 760})
    sign_in_cashier(till)
    for key in "150":
        till.locator(f"[data-key='{key}']").click()
    till.keyboard.type(digits)
    till.keyboard.press("Enter")
    sheet = till.locator("[data-goods-sheet]")
    expect(sheet).to_contain_text("这张券不能买烟、酒、黄金珠宝")
    sheet.locator("[data-goods-amount]").fill("40")
    sheet.get_by_role("button", name="扣掉再核销").click()
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_contain_text("¥130.00")
    expect(verdict).to_contain_text("¥40.00")
