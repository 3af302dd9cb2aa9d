"""The price before the shop's own discounts, on the till's page."""

from playwright.sync_api import expect

from tests import people, world
from tests.browser.conftest import sign_in_cashier
from tests.people import LIN

DESK = {"width": 1100, "height": 760}


def test_a_gun_that_types_into_the_price_is_read_as_a_scan(scene, devices):
    _, digits = world.claim_and_show(people.citizen(LIN), scene.campaign.releases["r1", "meal"])
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    for key in "250":
        till.locator(f"[data-key='{key}']").click()
    till.locator("#list-price").click()
    till.keyboard.type("300")
    till.keyboard.type(digits)
    till.keyboard.press("Enter")
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_contain_text("再收")
    expect(verdict).to_contain_text("−¥50.00")
    expect(verdict).to_contain_text("¥200.00")
    expect(till.locator("#list-price")).to_have_value("")


def test_a_price_below_the_bill_is_refused_and_stays_to_be_corrected(scene, devices):
    _, digits = world.claim_and_show(people.citizen(LIN), scene.campaign.releases["r1", "meal"])
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    for key in "250":
        till.locator(f"[data-key='{key}']").click()
    till.locator("#list-price").fill("200")
    till.locator("#list-price").blur()
    till.keyboard.type(digits)
    expect(till.locator("[data-verdict]")).to_contain_text("优惠前 200.00 元低于优惠后 250.00 元")
    expect(till.locator("#list-price")).to_have_value("200")
