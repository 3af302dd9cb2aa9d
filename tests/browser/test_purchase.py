"""A voucher is bought on a phone: the price on the button, an order that counts down, the simulator, the code; and one
that is given up."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests import people
from tests.browser import scene as scenes
from tests.browser.conftest import sign_in_citizen
from tests.people import HE


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    known = scenes._document

    def priced(opens_in):
        document = known(opens_in)
        document["rounds"][0]["releases"][1]["stock"] = 100
        document["offers"][1]["name"] = "60元通用券"
        document["offers"][1]["benefit"] = {"face_value_yuan": 60, "threshold_yuan": 300}
        document["offers"][1]["sold"] = {
            "price_yuan": Decimal("9.9"),
            "proceeds": "city",
            "if_withdrawn": "returned",
        }
        return document

    monkeypatch.setattr(scenes, "_document", priced)
    return scenes.build()


def fits(page: Page) -> bool:
    """Return whether nothing of the page is wider than the phone."""
    return page.evaluate("document.documentElement.scrollWidth <= 375")


def choose(page: Page, scene: scenes.Scene) -> None:
    page.goto(scene.address)
    page.locator("label.choice", has_text="60元通用券").click()
    expect(page.locator("#claim-button")).to_have_text("9.90 元购买 满300减60 券")


def test_it_is_bought_paid_in_the_simulator_and_its_code_is_shown(scene, devices, tmp_path):
    page = devices.open()
    sign_in_citizen(page)
    choose(page, scene)
    assert fits(page)
    page.screenshot(path=tmp_path / "1-choose.png", full_page=True)
    page.locator("#claim-button").click()
    expect(page).to_have_url(re.compile("/purchases/"))
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^00:1[45]:[0-9]{2}$"))
    assert fits(page)
    page.screenshot(path=tmp_path / "2-order.png", full_page=True)
    page.get_by_role("link", name="去支付 9.90 元").click()
    expect(page.locator("h1")).to_have_text("模拟支付")
    assert fits(page)
    page.screenshot(path=tmp_path / "3-simulator.png", full_page=True)
    page.get_by_role("button", name="支付", exact=True).click()
    expect(page.locator("[data-state=code]")).to_be_visible()
    expect(page.locator("[data-enlarge]")).to_have_text(re.compile(r"^[0-9 ]{24}$"))
    assert fits(page)
    page.screenshot(path=tmp_path / "4-code.png", full_page=True)
    page.get_by_text("不想要了，退券").click()
    page.get_by_role("button", name="退券并退款").click()
    expect(page.get_by_text("退款中，原路退回")).to_be_visible()
    expect(page.locator("[data-state=expired]")).to_contain_text("已退券")
    page.screenshot(path=tmp_path / "5-withdrawn.png", full_page=True)
    # The bureau sees it beside its figures.
    desk = devices.open(viewport={"width": 1280, "height": 800})
    people.account(HE)
    desk.goto("/bureau/purchases")
    desk.locator("#login").fill(HE.login)
    desk.locator("#password").fill(HE.password)
    desk.get_by_role("button", name="登录").click()
    expect(desk.locator(".proceeds")).to_contain_text("待退")
    desk.screenshot(path=tmp_path / "6-bureau.png", full_page=True)
    desk.goto("/bureau/settlement")
    expect(desk.locator(".proceeds")).to_contain_text("购券收款（另计）")
    desk.screenshot(path=tmp_path / "7-report.png", full_page=True)


def test_an_order_is_found_again_and_given_up(scene, devices, tmp_path):
    page = devices.open()
    sign_in_citizen(page)
    choose(page, scene)
    page.locator("#claim-button").click()
    expect(page).to_have_url(re.compile("/purchases/"))
    page.goto(scene.address)
    expect(page.locator("label.choice", has_text="60元通用券")).to_contain_text("待付款")
    page.goto("/vouchers")
    page.get_by_text("60元通用券 待付款 9.90 元").click()
    page.get_by_role("button", name="不买了，取消订单").click()
    expect(page.get_by_text("订单没有付款，已取消；库存和限领次数已退回")).to_be_visible()
    page.screenshot(path=tmp_path / "1-given-up.png", full_page=True)
    choose(page, scene)
