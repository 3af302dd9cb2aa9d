"""The main job end to end in Chromium: sign in, claim, show, scan, collect, and the stamp on the phone."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import func, select

from foundation.db import db
from merchants.models import Redemption, RefusedScan
from tests.browser.camera import film
from tests.browser.conftest import Devices, claim, shown_code, sign_in_cashier, sign_in_citizen
from tests.browser.scene import Scene

#: From the till's green screen to the stamp on the phone.
STAMP_WITHIN_SECONDS = 2


def enter(till: Page, amount: str) -> None:
    for key in amount:
        till.locator(f"[data-key='{key}']").click()


def scan_with_gun(till: Page, digits: str) -> None:
    till.keyboard.type(digits)
    till.keyboard.press("Enter")


def redemptions() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Redemption)) or 0


def test_the_camera_reads_the_phone_and_the_phone_shows_the_stamp(
    devices: Devices, launch: Callable[..., Browser], tmp_path: Path
) -> None:
    phone = devices.open(device_scale_factor=2)
    phone.goto("/campaigns/spring")
    phone.get_by_role("link", name="登录后领取").click()
    sign_in_citizen(phone)
    expect(phone).to_have_url(f"{devices.address}/campaigns/spring")
    claim(phone)

    clip = film(phone.locator(".codecard__qr").screenshot(), tmp_path / "counter.y4m")
    filming = launch(f"--use-file-for-fake-video-capture={clip}")
    till = devices.open(filming)
    sign_in_cashier(till)
    enter(till, "268")
    till.locator("[data-go]").click()
    expect(till.locator("[data-verdict][data-kind=done]")).to_be_visible()
    seen_at = time.monotonic()
    expect(till.locator(".verdict__collect")).to_contain_text("再收¥218.00")
    expect(phone.locator("[data-state=used]")).to_be_visible()
    assert time.monotonic() - seen_at < STAMP_WITHIN_SECONDS
    for told in ("已使用", "漠阳楼总店", "¥50.00", "¥268.00", "¥218.00"):
        expect(phone.locator("[data-state=used]")).to_contain_text(told)

    # The next one needs no tap: the verdict goes by itself.
    expect(till.locator("[data-verdict]")).to_be_hidden()
    expect(till.locator("[data-latest]")).to_contain_text("218.00")
    till.context.close()
    devices.contexts.remove(till.context)
    filming.close()
    assert redemptions() == 1


def test_a_gun_needs_no_field_and_a_second_scan_is_red(devices: Devices) -> None:
    phone, till = devices.open(), devices.open(viewport={"width": 1280, "height": 800})
    sign_in_citizen(phone)
    claim(phone)
    digits = shown_code(phone)
    sign_in_cashier(till)
    till.keyboard.press("2")
    expect(till.locator("[data-amount]")).to_have_text("2")
    till.keyboard.press("6")
    expect(till.locator("[data-amount]")).to_have_text("26")
    till.keyboard.press("8")
    expect(till.locator("[data-amount]")).to_have_text("268")
    scan_with_gun(till, digits)
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-kind", "done")
    expect(phone.locator("[data-state=used]")).to_be_visible()

    # At once, with the green screen still up: the same code is ignored, another is the next scan.
    scan_with_gun(till, digits)
    expect(verdict).to_have_attribute("data-kind", "done")
    till.keyboard.press("Escape")
    expect(verdict).to_be_hidden()
    till.keyboard.press("5")
    expect(till.locator("[data-amount]")).to_have_text("5")
    scan_with_gun(till, digits)
    expect(verdict).to_have_attribute("data-kind", "refused")
    expect(verdict).to_contain_text("在“漠阳楼总店”使用")
    expect(verdict).to_contain_text("请告诉顾客")
    assert redemptions() == 1
    assert db.session.scalars(select(RefusedScan.reason)).all() == ["already_redeemed"]

    scan_with_gun(till, "134512345678901234")
    expect(verdict).to_contain_text("可能是付款码")


def test_code_first_then_amount_and_the_key_says_what_is_missing(devices: Devices) -> None:
    phone, till = devices.open(), devices.open()
    sign_in_citizen(phone)
    claim(phone, "通用消费券")
    sign_in_cashier(till)
    till.locator("[data-way=type]").click()
    till.locator("[data-type-code]").fill("９６")
    expect(till.locator("[data-type-hint]")).to_contain_text("全角")
    till.locator("[data-type-code]").fill(phone.locator("[data-enlarge]").inner_text())
    till.get_by_role("button", name="确定").click()
    expect(till.locator("[data-code]")).to_contain_text("已读取")
    expect(till.locator("[data-go]")).to_be_disabled()
    expect(till.locator("[data-hint]")).to_contain_text("请输入消费金额")
    enter(till, "99")
    till.locator("[data-go]").click()
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-kind", "refused")
    expect(verdict).to_contain_text("100")
    verdict.click()
    # The refused amount stands until the next digit, which begins a new one.
    expect(till.locator("[data-amount]")).to_have_text("99")
    enter(till, "100.50")
    scan_with_gun(till, shown_code(phone))
    expect(verdict).to_have_attribute("data-kind", "done")
    expect(verdict).to_contain_text("¥80.50")


def test_a_photo_is_read(devices: Devices, tmp_path: Path) -> None:
    phone, till = devices.open(device_scale_factor=2), devices.open()
    sign_in_citizen(phone)
    claim(phone)
    sign_in_cashier(till)
    enter(till, "200")
    photo = tmp_path / "photo.png"
    photo.write_bytes(phone.locator(".codecard__qr").screenshot())
    till.locator("[data-photo]").set_input_files(photo)
    expect(till.locator("[data-verdict]")).to_have_attribute("data-kind", "done")
    expect(till.locator(".verdict__collect")).to_contain_text("¥150.00")


def test_a_lost_reply_is_asked_for_again_and_nothing_happens_twice(devices: Devices) -> None:
    phone, till = devices.open(), devices.open()
    sign_in_citizen(phone)
    claim(phone)
    sign_in_cashier(till)
    keys: list[str] = []
    lost: list[int] = []
    held: list[Route] = []
    seen = threading.Event()

    def lose_first_reply(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            lost.append(route.fetch().status)
            route.abort()
        elif seen.is_set():
            route.continue_()
        else:
            # The till asks again within a second, and would have its answer before a slow machine had looked.
            held.append(route)

    till.route("**/till/redemptions", lose_first_reply)
    enter(till, "200")
    scan_with_gun(till, shown_code(phone))
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-kind", "confirming")
    expect(verdict).to_contain_text("请不要重复收款")
    seen.set()
    for route in held[-1:]:
        route.continue_()
    expect(verdict).to_have_attribute("data-kind", "done")
    assert lost == [201]
    assert len(keys) > 1
    assert len(set(keys)) == 1
    assert redemptions() == 1


def test_a_scan_without_reply_is_settled_when_the_till_is_opened_again(devices: Devices) -> None:
    phone, till = devices.open(), devices.open()
    sign_in_citizen(phone)
    claim(phone)
    sign_in_cashier(till)
    till.route("**/till/redemptions", lambda route: route.abort())
    enter(till, "200")
    scan_with_gun(till, shown_code(phone))
    expect(till.locator("[data-verdict]")).to_have_attribute("data-kind", "confirming")
    till.unroute_all()
    till.reload()
    expect(till.locator("[data-verdict]")).to_have_attribute("data-kind", "done")
    assert redemptions() == 1


def test_opening_on_another_device_takes_the_code_away(devices: Devices) -> None:
    first, second = devices.open(), devices.open_second()
    sign_in_citizen(first)
    claim(first)
    old = shown_code(first)
    second.goto(first.url)
    shown_code(second)
    expect(first.locator("[data-state=elsewhere]")).to_contain_text("已在另一台设备打开")
    first.get_by_role("button", name="改在本机使用").click()
    assert shown_code(first) != old
    expect(second.locator("[data-state=elsewhere]")).to_be_visible()


def test_a_cut_line_is_told_and_the_page_recovers(devices: Devices) -> None:
    phone = devices.open()
    sign_in_citizen(phone)
    claim(phone)
    phone.context.set_offline(True)
    expect(phone.locator("[data-offline]")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator("[data-offline]")).to_be_hidden()
    expect(phone.locator("[data-state=code]")).to_be_visible()


def test_the_digits_can_be_enlarged(devices: Devices) -> None:
    phone = devices.open()
    sign_in_citizen(phone)
    claim(phone)
    digits = shown_code(phone)
    phone.locator("[data-enlarge]").click()
    big = phone.locator("[data-bigdigits]")
    expect(big).to_be_visible()
    assert big.locator("p").inner_text().replace(" ", "").replace("\n", "") == digits
    phone.get_by_role("button", name="返回").click()
    expect(big).to_be_hidden()


@pytest.mark.parametrize("scene", [(timedelta(seconds=12),)], indirect=True)
def test_the_button_wakes_when_the_round_opens(scene: Scene, devices: Devices) -> None:
    phone = devices.open()
    sign_in_citizen(phone)
    phone.goto(scene.address)
    button = phone.locator("#claim-button")
    expect(button).to_be_disabled()
    expect(button).to_have_text("还没到时间")
    expect(phone.locator("[data-countdown]")).to_contain_text("00:00:")
    expect(button).to_be_enabled(timeout=20_000)
    expect(button).to_have_text("领取 满200减50 券")
    button.click()
    shown_code(phone)


def test_a_refused_claim_is_told_by_the_button(devices: Devices) -> None:
    phone, twin = devices.open(), devices.open_second()
    sign_in_citizen(phone)
    for page in (phone, twin):
        page.goto("/campaigns/spring")
    phone.locator("#claim-button").click()
    shown_code(phone)
    twin.locator("#claim-button").click()
    expect(twin.locator("#claim-answer")).to_contain_text("您已达到领取上限")
    expect(twin.locator("#claim-button")).to_be_enabled()
