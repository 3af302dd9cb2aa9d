"""The auditor reads the newest seal, verifies it against a printed one, and downloads the file."""

from datetime import timedelta

from playwright.sync_api import expect

from ledger import sealing
from tests import people
from tests.browser.conftest import Devices
from tests.browser.test_trade_in import keep
from tests.people import SONG


def test_the_auditor_verifies_and_downloads(devices: Devices) -> None:
    sealing.seal_all(timedelta(0), 20)
    page = devices.open(viewport={"width": 375, "height": 812})
    cookie = people.browser_of(devices.app, SONG).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto("/bureau/ledger")
    page.get_by_role("link", name="账目封存").click()
    printed = page.locator("#newest .sentence__text").inner_text()
    page.get_by_label("打印过的封存号").fill(printed)
    page.get_by_role("button", name="现在核验").click()
    expect(page.locator(".notice--good")).to_contain_text("与封存时完全一致")
    page.get_by_label("打印过的封存号").fill(printed[:-4] + "0000")
    page.get_by_role("button", name="现在核验").click()
    expect(page.locator("#differences")).to_contain_text("整条链被重写过")
    keep(page, "seals")
    # Nothing on the page is wider than the phone.
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    with page.expect_download() as download:
        page.get_by_role("link", name="下载封存文件").click()
    assert download.value.suggested_filename == "seals.tsv"
