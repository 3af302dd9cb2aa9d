"""The bureau's form in a browser: fields swap, rows come and go, and the preview follows what is typed."""

from playwright.sync_api import Page, expect

from campaigns.campaign_file import check
from campaigns.models import CampaignVersion
from foundation.db import db
from tests import people, world
from tests.browser.conftest import Devices
from tests.people import WEI

DESK = {"width": 1280, "height": 900}


def desk(devices: Devices, address: str, **options: object) -> Page:
    """Open a page of the bureau with WEI signed in."""
    page = devices.open(**{"viewport": DESK, **options})
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto(address)
    return page


def fill(page: Page, place: str, text: str) -> None:
    page.locator(f'[name="{place}"]').fill(text)


def choose(page: Page, place: str, word: str) -> None:
    page.locator(f'[name="{place}"]').select_option(word)


def test_a_campaign_is_written_from_nothing_and_kept(devices: Devices) -> None:
    page = desk(devices, "/bureau/campaigns")
    page.get_by_role("link", name="新建活动").click()
    for place, text in (
        ("campaign.code", "evening"), ("campaign.name", "夜阳江"), ("campaign.starts_at", "2027-03-01T00:00"),
        ("campaign.ends_at", "2027-04-01T00:00"), ("sources[1].code", "city-2"), ("sources[1].name", "市财政"),
        ("sources[1].budget_yuan", "100000"), ("offers[1].code", "night-50"), ("offers[1].name", "夜市券"),
        ("offers[1].benefit.face_value_yuan", "50"), ("offers[1].benefit.threshold_yuan", "200"),
        ("rounds[1].code", "r1"), ("rounds[1].name", "第一轮"), ("rounds[1].opens_at", "2027-03-05T10:00"),
        ("rounds[1].closes_at", "2027-03-12T00:00"), ("rounds[1].limits[1].count", "1"),
        ("rounds[1].releases[1].offer", "night-50"), ("rounds[1].releases[1].stock", "100"),
    ):  # fmt: skip
        fill(page, place, text)
    choose(page, "campaign.kind", "consumer_voucher")
    choose(page, "sources[1].level", "city")
    choose(page, "offers[1].validity.kind", "natural_days")
    fill(page, "offers[1].validity.days", "7")
    page.locator("#f-offers-1-funding-shares").get_by_role("button", name="增加一行").click()
    fill(page, "offers[1].funding.shares[1].key", "city-2")
    expect(page.locator("#preview-live .ticket")).to_have_count(0)
    fill(page, "offers[1].funding.shares[1].value", "100")
    expect(page.locator("#preview-live .ticket")).to_contain_text("夜市券")
    expect(page.locator("#preview-notice")).to_contain_text("关于开展夜阳江活动的公告")
    # What is typed shows at once, and a fault leaves the notice as it was.
    fill(page, "offers[1].benefit.face_value_yuan", "60")
    expect(page.locator("#preview-live .ticket__worth")).to_contain_text("60")
    fill(page, "campaign.name", "")
    expect(page.locator(".preview-state")).to_contain_text("还有 1 处未完成")
    expect(page.locator("#preview-notice")).to_contain_text("夜阳江")
    fill(page, "campaign.name", "夜阳江•越精彩")
    page.get_by_role("button", name="存为草稿").click()
    expect(page.locator(".notice")).to_contain_text("已存为草稿")
    version = db.session.query(CampaignVersion).order_by(CampaignVersion.id.desc()).first()
    assert version is not None
    assert check(version.document).name == "夜阳江•越精彩"


def test_rows_move_without_losing_what_was_typed_elsewhere(devices: Devices) -> None:
    page = desk(devices, "/bureau/campaigns/1/versions/1/form")
    fill(page, "campaign.name", "还没有保存")
    first = page.locator('[name="offers[1].code"]').input_value()
    page.locator("#f-offers").get_by_role("button", name="下移第 1 行").first.click()
    expect(page.locator('[name="offers[2].code"]')).to_have_value(first)
    expect(page.locator('[name="campaign.name"]')).to_have_value("还没有保存")


def test_a_fault_is_reached_from_the_list_even_in_a_folded_row(devices: Devices) -> None:
    offers = [world.offer(code=f"meal-{number}") for number in range(1, 6)]
    page = desk(devices, "/bureau/campaigns/import")
    page.locator("#text").fill(world.toml(world.spring(offers=offers)))
    page.get_by_role("button", name="用表单编辑").click()
    expect(page.locator("#f-offers-5 .form-grid").first).to_be_hidden()
    page.locator("#f-offers-5 > summary strong").click()
    fill(page, "offers[5].benefit.face_value_yuan", "many")
    page.get_by_role("button", name="检查").click()
    page.locator("#f-offers-5 > summary strong").click()
    page.locator(".fault-list a").first.click()
    expect(page.locator('[name="offers[5].benefit.face_value_yuan"]')).to_be_focused()
    # That the form was refused is what this is about.
    devices.complaints = [words for words in devices.complaints if "status of 422" not in words]


def test_the_form_fits_a_small_screen_and_works_without_scripts(devices: Devices) -> None:
    page = desk(devices, "/bureau/campaigns/1/versions/1/form", viewport={"width": 768, "height": 1024})
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
    plain = desk(devices, "/bureau/campaigns/1/versions/1/form", java_script_enabled=False)
    fill(plain, "campaign.name", "没有脚本")
    plain.locator("#f-sources").get_by_role("button", name="增加一项").click()
    expect(plain.locator('[name="sources[3].code"]')).to_be_visible()
    expect(plain.locator('[name="campaign.name"]')).to_have_value("没有脚本")


def test_what_was_typed_comes_back_after_the_session_ran_out(devices: Devices) -> None:
    page = desk(devices, "/bureau/campaigns/1/versions/1/form")
    cookies = page.context.cookies()
    fill(page, "campaign.name", "没有来得及保存")
    page.locator("#f-sources").get_by_role("button", name="增加一项").click()
    fill(page, "sources[3].code", "bank")
    page.context.clear_cookies()
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("页面已过期")
    devices.complaints = [words for words in devices.complaints if "status of 400" not in words]
    # Signed in again, in the same window.
    page.context.add_cookies(cookies)
    page.goto("/bureau/campaigns/1/versions/1/form")
    expect(page.locator('[name="campaign.name"]')).not_to_have_value("没有来得及保存")
    page.get_by_role("button", name="恢复它").click()
    expect(page.locator('[name="campaign.name"]')).to_have_value("没有来得及保存")
    expect(page.locator('[name="sources[3].code"]')).to_have_value("bank")
    expect(page.locator("#bring-back")).to_be_hidden()
