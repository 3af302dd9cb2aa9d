"""What holds for every page: nothing sideways, no complaints, little to load, and reading without scripts."""

import gzip

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Devices, claim, sign_in_cashier, sign_in_citizen

NARROW, LARGE_TEXT = 320, "22.4px"
FIRST_LOAD_KILOBYTES = 60


def visit_everything(devices: Devices, page: Page) -> list[str]:
    """Return the addresses of the citizens' and the cashiers' pages, both signed in on this page."""
    sign_in_citizen(page)
    claim(page)
    voucher = page.url
    sign_in_cashier(page)
    mine = ["/vouchers", "/vouchers?tab=used", voucher]
    return ["/", "/campaigns/spring", "/campaigns/spring/shops", *mine, "/till/", "/till/today"]


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_no_page_scrolls_sideways(devices: Devices, width: int) -> None:
    page = devices.open(viewport={"width": width, "height": 700})
    for address in visit_everything(devices, page):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_large_text_fits_the_narrowest_phone(devices: Devices) -> None:
    page = devices.open(viewport={"width": NARROW, "height": 700})
    for address in visit_everything(devices, page):
        page.goto(address)
        page.evaluate("size => { document.documentElement.style.fontSize = size }", LARGE_TEXT)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, address


#: Texts of visible controls lower than a finger needs. Measured in one go, since a page may swap one at any moment.
_TOO_LOW = """
selector => Array.from(document.querySelectorAll(selector))
  .filter(control => control.checkVisibility({ visibilityProperty: true }) && control.offsetHeight > 0)
  .filter(control => control.getBoundingClientRect().height < 44)
  .map(control => control.textContent.trim())
"""


def test_what_is_touched_is_large_enough(devices: Devices) -> None:
    page = devices.open()
    for address in visit_everything(devices, page):
        page.goto(address)
        assert page.evaluate(_TOO_LOW, "button, nav a, .weui-btn, .more") == [], address


def test_the_first_visit_is_light(devices: Devices) -> None:
    page = devices.open()
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    page.goto("/campaigns/spring")
    page.wait_for_load_state("networkidle")
    sizes = {answer.url.split("/")[-1]: len(gzip.compress(answer.body())) for answer in answers}
    assert sum(sizes.values()) <= FIRST_LOAD_KILOBYTES * 1024, sizes
    assert all(answer.url.startswith((devices.address, "data:")) for answer in answers)


def test_claiming_and_showing_work_without_scripts(devices: Devices) -> None:
    page = devices.open(java_script_enabled=False)
    sign_in_citizen(page)
    page.goto("/campaigns/spring")
    page.locator("label.choice", has_text="通用消费券").click()
    page.locator("#claim-button").click()
    page.get_by_role("button", name="出示券码").click()
    expect(page.locator(".codecard__qr")).to_be_visible()
    page.goto("/vouchers")
    expect(page.locator(".ticket")).to_have_count(1)
