"""Trade-in in a browser: a citizen chooses a category, a cashier scans code and article and reads what to say."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from foundation import clock
from foundation.clock import day_end, day_start
from merchants.product_file import ProductLine
from merchants.products import import_products
from tests import people, trade_in, world
from tests.browser.conftest import PHONE, Devices, sign_in_cashier, sign_in_citizen
from tests.browser.scene import Scene
from tests.people import LIN, WEI

DESK = {"width": 1100, "height": 860}
BARCODE, IMEI = "6901234567892", "490154203237518"


@pytest.fixture
def scene(sqlite_app: Flask) -> Scene:
    """An appliance shop and a trade-in campaign that is open today."""
    now = clock.now()
    today = clock.bureau_day(now)
    document = trade_in.trade_in(chances=3, article={"identify": ["serial_or_imei"]})
    document["campaign"] |= {
        "name": "家电以旧换新",
        "starts_at": day_start(today - timedelta(days=3)),
        "ends_at": day_end(today + timedelta(days=30)),
    }
    document["rounds"][0] |= {
        "opens_at": now - timedelta(minutes=5),
        "closes_at": day_end(today + timedelta(days=20)),
    }
    campaign = world.opened(document)
    return Scene(campaign, world.shop(campaign, industry="appliance", name="苏宁家电"))


def scan(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def price(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(f"[data-key='{key}']").click()


def keep(page: Page, name: str) -> None:
    """Keep a picture where a person has asked for it."""
    folder = Path("var/pictures")
    if folder.is_dir():
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def test_a_citizen_chooses_a_category_and_shows_the_card(scene: Scene, devices: Devices) -> None:
    phone = devices.open(viewport=PHONE)
    sign_in_citizen(phone)
    phone.goto(scene.address)
    keep(phone, "citizen-categories")
    expect(phone.get_by_text("还可领 3 份")).to_be_visible()
    phone.locator("label", has_text="冰箱").click()
    phone.get_by_role("button", name="领取 冰箱 资格").click()
    expect(phone.locator(".codecard__qr")).to_be_visible()
    expect(phone.locator("main")).to_contain_text("一份买一件，一件一单，付款时立减")
    expect(phone.locator("main")).to_contain_text("最高补贴")
    keep(phone, "citizen-card")
    phone.goto(scene.address)
    expect(phone.locator("label", has_text="冰箱")).to_contain_text("已领满")


def test_a_sale_from_the_first_scan_to_the_verdict(scene: Scene, devices: Devices) -> None:
    lin = people.citizen(LIN)
    _, digits = trade_in.claim_and_show(lin, scene.campaign.release)
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    scan(till, digits)
    expect(till.locator("[data-article-name]")).to_have_text("冰箱 · 家电补贴资格")
    scan(till, BARCODE)
    expect(till.locator("[data-field=barcode]")).to_have_value(BARCODE)
    scan(till, "SN20250808001")
    expect(till.locator("[data-field=serial]")).to_have_value("SN20250808001")
    till.locator(".article__grades label", has_text="1 级").click()
    price(till, "3999")
    expect(till.locator("[data-award]")).to_have_text("补贴 ¥799.80 · 顾客付 ¥3,199.20 · 发票开 ¥3,999.00")
    keep(till, "till-article")
    till.locator("[data-go]").click()
    verdict = till.locator("[data-verdict]")
    expect(verdict).to_contain_text("¥3,199.20")
    expect(verdict).to_contain_text("发票开")
    keep(till, "till-verdict")
    # The next sale begins with its scan, without a tap, and the same article is refused.
    chen = people.citizens(1)[0]
    _, next_digits = trade_in.claim_and_show(chen, scene.campaign.release)
    scan(till, next_digits)
    expect(verdict).to_be_hidden()
    scan(till, "SN20250808001")
    till.locator(".article__grades label", has_text="1 级").click()
    price(till, "3999")
    till.locator("[data-go]").click()
    expect(verdict).to_contain_text("同一商品序列号只能补贴一次")
    keep(till, "till-twice")


def test_a_gun_that_types_into_a_field_fills_the_right_one(scene: Scene, devices: Devices) -> None:
    _, digits = trade_in.claim_and_show(people.citizen(LIN), scene.campaign.release)
    till = devices.open(viewport=PHONE)
    sign_in_cashier(till)
    scan(till, digits)
    till.locator("[data-field=serial]").click()
    scan(till, BARCODE)
    expect(till.locator("[data-field=barcode]")).to_have_value(BARCODE)
    expect(till.locator("[data-field=serial]")).to_have_value("")
    till.locator("[data-field=serial]").click()
    scan(till, IMEI)
    expect(till.locator("[data-field=imei]")).to_have_value(IMEI)
    till.locator(".article__grades label", has_text="3 级").click()
    price(till, "3999")
    expect(till.locator("[data-award]")).to_have_text("冰箱的能效为3 级，不在补贴范围")
    keep(till, "till-phone")


def test_an_amount_before_the_code_asks_for_the_article_too(scene: Scene, devices: Devices) -> None:
    _, digits = trade_in.claim_and_show(people.citizen(LIN), scene.campaign.release)
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    price(till, "3999")
    scan(till, digits)
    expect(till.locator("[data-article-name]")).to_be_visible()
    expect(till.locator("[data-amount]")).to_have_text("3,999")
    # A confirmed qualification can be sold later from its list.
    till.goto("/till/")
    till.get_by_role("link", name="待售 1").click()
    keep(till, "till-waiting")
    expect(till.get_by_role("button", name="导入")).to_be_visible()
    till.get_by_role("link", name="完成销售").click()
    expect(till.locator("[data-article-name]")).to_have_text("冰箱 · 家电补贴资格")


def test_a_barcode_of_the_catalogue_fills_the_label(scene: Scene, devices: Devices) -> None:
    today = clock.bureau_day(clock.now())
    known = ProductLine(BARCODE, "refrigerator", "海尔", "BCD-500", "2", 499_900, today)
    world.done(lambda: import_products([known], by=world.DRAFTER))
    _, digits = trade_in.claim_and_show(people.citizen(LIN), scene.campaign.release)
    till = devices.open(viewport=DESK)
    sign_in_cashier(till)
    scan(till, digits)
    scan(till, BARCODE)
    expect(till.locator("[data-field=model_name]")).to_have_value("海尔 BCD-500")
    scan(till, "SN20250808001")
    price(till, "4999")
    expect(till.locator("[data-award]")).to_contain_text("补贴 ¥749.85")
    officer = devices.open(viewport={"width": 1280, "height": 800})
    people.account(WEI)
    officer.goto("/bureau/products")
    officer.locator("#login").fill(WEI.login)
    officer.locator("#password").fill(WEI.password)
    officer.get_by_role("button", name="登录").click()
    expect(officer.get_by_role("link", name=BARCODE)).to_be_visible()
    keep(officer, "bureau-products")
