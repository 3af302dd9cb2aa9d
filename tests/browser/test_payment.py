"""The customer scans the till: two browsers, a till and a phone."""

import time
from io import BytesIO
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from merchants import payment_requests
from tests import people, world
from tests.browser import scene as scenes
from tests.browser.conftest import PHONE, last_sign_in_code, sign_in_cashier, sign_in_citizen
from tests.people import LIN

#: What many shops have beside their cash register, and a cashier's own phone.
DESK, HAND = {"width": 1366, "height": 768}, {"width": 375, "height": 760}
#: How soon the till shows by itself that it was paid.
SOON_SECONDS = 1.5


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    """The scene with meals that are scanned, others that go either way, two together, and one that shows its code."""
    known = scenes._document

    def scanned(opens_in):
        document = known(opens_in)
        meal, general, _ = document["offers"]
        meal["use"] = {"scan_mode": "scanned"}
        general["use"] = {"scan_mode": "either", "per_order": 2}
        document["rounds"][0]["limits"] = [{"count": 3, "within": "offer"}]
        return document

    monkeypatch.setattr(scenes, "_document", scanned)
    return scenes.build()


def hold(scene, *offers):
    lin = people.citizen(LIN)
    return [world.claim(lin, scene.campaign.releases["r1", offer]) for offer in offers]


def ask(till: Page, amount: str) -> str:
    """Press the keys and 「请顾客扫码」; return where the picture leads a phone."""
    for key in amount:
        till.locator(f"[data-key='{key}']").click()
    till.get_by_role("button", name="请顾客扫码").click()
    return shown_by(till)


def shown_by(till: Page) -> str:
    """Return the path in the till's picture, read from the screen as a camera reads it."""
    expect(till.locator("[data-pay-code]")).to_be_visible()
    screen = Image.open(BytesIO(till.screenshot()))
    found = zxingcpp.read_barcode(screen)
    assert found is not None, "no camera could read this"
    return "/pay/" + found.text.rpartition("/pay/")[2]


@pytest.mark.parametrize("viewport", [DESK, HAND], ids=["desk", "hand"])
def test_the_customer_scans_and_the_till_shows_it_by_itself(scene, devices, viewport, tmp_path):
    hold(scene, "meal", "any", "any", "appliance")
    till, phone = devices.open(viewport=viewport), devices.open(viewport=PHONE)
    sign_in_cashier(till)
    expect(till.get_by_role("button", name="请顾客扫码")).to_be_disabled()
    expect(till.locator("[data-pay-why]")).to_have_text("先输消费金额")
    till.screenshot(path=tmp_path / "till-before.png")
    looks = listen(till)
    path = ask(till, "268.5")
    till.screenshot(path=tmp_path / "till-waits.png")
    # The phone is not signed in: it comes back to what it has scanned.
    phone.goto(path)
    expect(phone.locator("#phone")).to_be_visible()
    sign_in_citizen_here(phone)
    expect(phone).to_have_url(f"{devices.address}{path}")
    expect(phone.locator(".bill")).to_contain_text("¥268.50")
    options = phone.locator("label.choice")
    expect(options).to_have_count(3)
    expect(options.first).to_contain_text("餐饮消费券")
    expect(options.first).to_contain_text("减后付 218.50 元")
    expect(options.nth(1)).to_contain_text("2 张一起用")
    expect(phone.locator(".advice__one")).to_contain_text("家电消费券")
    phone.screenshot(path=tmp_path / "phone-choose.png", full_page=True)
    till.wait_for_timeout(4_000)
    phone.locator("#pay-button").click()
    expect(till.locator("[data-verdict]")).to_contain_text("¥218.50")
    # It asks often enough to show within that time what it is told; a busy machine may be late once.
    gaps = sorted(later - earlier for earlier, later in pairwise(looks))
    assert len(gaps) > 3
    assert gaps[len(gaps) // 2] < SOON_SECONDS
    expect(phone.locator("[data-state=paid]")).to_contain_text("¥50.00")
    phone.screenshot(path=tmp_path / "phone-paid.png", full_page=True)
    till.screenshot(path=tmp_path / "till-paid.png")
    expect(till.locator("[data-pay-sheet]")).to_be_hidden()
    # A second look is the same, and the till goes on.
    phone.reload()
    expect(phone.locator("[data-state=paid]")).to_be_visible()


def listen(till: Page) -> list[float]:
    """Return when the till asks whether it was paid, as it does."""
    looks: list[float] = []
    till.on(
        "request",
        lambda request: (
            looks.append(time.perf_counter()) if request.method == "GET" and "/till/payments/" in request.url else None
        ),
    )
    return looks


def sign_in_citizen_here(page: Page) -> None:
    """Sign in where the page that was scanned has led."""
    page.locator("#phone").fill(LIN.phone)
    page.get_by_role("button", name="获取验证码").click()
    page.locator("#code").fill(last_sign_in_code())
    page.get_by_role("button", name="登录").click()


def test_the_cashier_cancels_and_a_reloaded_till_goes_on(scene, devices, tmp_path):
    hold(scene, "meal")
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    first = ask(till, "200")
    # A gun that scans a customer's code meanwhile changes nothing.
    till.keyboard.type("96314159265358979321")
    till.keyboard.press("Enter")
    expect(till.locator("[data-pay-sheet]")).to_be_visible()
    till.reload()
    second = shown_by(till)
    assert second != first
    expect(till.locator("[data-pay-bill]")).to_have_text("¥200.00")
    phone = devices.open_second()
    phone.goto(first)
    expect(phone.locator("#pay-button")).to_be_visible()
    till.locator("[data-pay-cancel]").click()
    expect(till.locator("[data-pay-sheet]")).to_be_hidden()
    phone.locator("#pay-button").click()
    expect(phone.locator(".refusal")).to_contain_text("收银台已经取消这一单")
    phone.screenshot(path=tmp_path / "phone-cancelled.png", full_page=True)


def test_a_till_that_waits_changes_its_code_by_itself(scene, devices, monkeypatch):
    monkeypatch.setattr(payment_requests, "SHOWN_FOR", scenes.timedelta(seconds=2))
    hold(scene, "meal")
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    first = ask(till, "200")
    before = till.locator("[data-pay-code]").get_attribute("src")
    expect(till.locator("[data-pay-code]")).not_to_have_attribute("src", before)
    phone = devices.open_second()
    second = shown_by(till)
    assert second != first
    phone.goto(second)
    phone.locator("#pay-button").click()
    expect(till.locator("[data-verdict]")).to_contain_text("¥150.00")


def test_a_voucher_that_is_scanned_shows_what_to_do(scene, devices, tmp_path):
    [voucher, either] = hold(scene, "meal", "any")
    phone = devices.open()
    sign_in_citizen(phone)
    phone.goto(f"/vouchers/{voucher}")
    expect(phone.locator("[data-state=scan]")).to_contain_text("请扫商户收银台上的二维码")
    phone.screenshot(path=tmp_path / "phone-voucher.png", full_page=True)
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    other = devices.open_second()
    other.goto(ask(till, "200"))
    other.locator("#pay-button").click()
    # The voucher's own page shows it by itself, as it does for a code.
    expect(phone.locator("[data-state=used]")).to_contain_text("漠阳楼")
    phone.goto(f"/vouchers/{either}")
    expect(phone.locator("[data-state=code]")).to_contain_text("也可以用手机扫收银台上的二维码")


def test_the_area_is_asked_for_when_the_button_is_pressed(scene, devices, sqlite_app):
    document = scenes._document(scenes.timedelta(minutes=-5))
    document["campaign"]["code"] = "fenced"
    document["offers"] = [
        {
            **document["offers"][0],
            "code": "near",
            "scope": {"geofence": {"center": [111.98, 21.86], "km": 60, "checked": "use"}},
        }
    ]
    document["rounds"] = [{**document["rounds"][0], "releases": [{"offer": "near", "stock": 10}]}]
    document["rounds"][0]["limits"] = [{"count": 1, "within": "round"}]
    campaign = world.opened(document)
    world.done(lambda: world.register.enroll(campaign.id, [scene.shop.merchant_id], by=world.DRAFTER))
    world.claim(people.citizen(LIN), campaign.release)
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    phone = devices.open(geolocation={"longitude": 113.26, "latitude": 23.13}, permissions=["geolocation"])
    sign_in_citizen(phone)
    phone.goto(ask(till, "200"))
    phone.locator("#pay-button").click()
    expect(phone.locator(".refusal")).to_contain_text("您现在不在活动区域内")
    phone.context.set_geolocation({"longitude": 111.98, "latitude": 21.86})
    phone.locator("#pay-button").click()
    expect(phone.locator("[data-state=paid]")).to_be_visible()
    expect(till.locator("[data-verdict]")).to_contain_text("¥150.00")


def test_the_cashier_is_asked_for_goods_before_the_code_is_shown(sqlite_app, devices, scene):
    document = scenes._document(scenes.timedelta(minutes=-5))
    document["campaign"]["code"] = "no-tobacco"
    document["offers"] = [{**document["offers"][0], "scope": {"goods_excluded": ["烟"]}}]
    document["rounds"] = [{**document["rounds"][0], "releases": [{"offer": "meal", "stock": 10}]}]
    campaign = world.opened(document)
    world.done(lambda: world.register.enroll(campaign.id, [scene.shop.merchant_id], by=world.DRAFTER))
    world.claim(people.citizen(LIN), campaign.release)
    till = devices.open(viewport=HAND)
    sign_in_cashier(till)
    for key in "260":
        till.locator(f"[data-key='{key}']").click()
    till.get_by_role("button", name="请顾客扫码").click()
    till.locator("[data-goods-amount]").fill("50")
    till.locator("[data-goods-answer=some]").click()
    phone = devices.open_second()
    phone.goto(shown_by(till))
    expect(phone.locator("label.choice")).to_contain_text("减后付 210.00 元")
    phone.locator("#pay-button").click()
    expect(till.locator("[data-verdict]")).to_contain_text("¥210.00")
    expect(till.locator("[data-verdict]")).to_contain_text("¥50.00")
