"""The citizen's page of what is best: nothing sideways, and the answer in words."""

import pytest
from playwright.sync_api import expect

from tests import people, world
from tests.browser.conftest import sign_in_citizen
from tests.people import LIN


@pytest.mark.parametrize("width", [320, 375])
def test_a_bill_is_answered_for_every_voucher(scene, devices, width):
    lin = people.citizen(LIN)
    for code in ("meal", "any"):
        world.claim(lin, scene.campaign.releases["r1", code])
    page = devices.open(viewport={"width": width, "height": 760})
    sign_in_citizen(page)
    page.goto("/vouchers/advice")
    page.locator("#bill").fill("128.5")
    page.get_by_role("button", name="看哪张最省").click()
    expect(page.get_by_text("最省：通用消费券 1 张，减 20.00 元，实付 108.50 元")).to_be_visible()
    expect(page.get_by_text("未达到使用门槛 200 元")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
