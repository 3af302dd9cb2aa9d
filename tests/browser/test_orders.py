"""Several codes on one bill, on the till's page."""

import pytest
from playwright.sync_api import expect

from tests import people, world
from tests.browser import scene as scenes
from tests.browser.conftest import sign_in_cashier
from tests.people import LIN


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    """The scene with two of each, of which two may be used together."""
    known = scenes._document

    def with_two(opens_in):
        document = known(opens_in)
        document["offers"][1]["use"] = {"per_order": 2}
        document["rounds"][0]["limits"] = [{"count": 2, "within": "offer"}]
        return document

    monkeypatch.setattr(scenes, "_document", with_two)
    return scenes.build()


@pytest.mark.parametrize(
    "viewport", [{"width": 375, "height": 760}, {"width": 1100, "height": 760}], ids=["phone", "desk"]
)
def test_the_till_gathers_codes_and_redeems_them_together(scene, devices, viewport):
    lin = people.citizen(LIN)
    release = scene.campaign.releases["r1", "any"]
    codes = [world.claim_and_show(lin, release)[1] for _ in range(2)]
    till = devices.open(viewport=viewport)
    sign_in_cashier(till)
    for key in "200":
        till.locator(f"[data-key='{key}']").click()
    till.locator("[data-way=several]").click()
    expect(till.locator("[data-go]")).to_be_disabled()
    for code in codes:
        till.keyboard.type(code)
        till.keyboard.press("Enter")
    expect(till.locator("[data-code]")).to_contain_text("已读 2 张")
    expect(till.locator("[data-go]")).to_have_text("核销 2 张")
    till.locator("[data-go]").click()
    expect(till.locator("[data-verdict]")).to_contain_text("¥160.00")
    expect(till.locator("[data-verdict]")).to_contain_text("通用消费券 × 2")
