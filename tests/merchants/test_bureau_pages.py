"""The bureau's pages of the register: find, admit, tills and cashiers, suspend, the trail of refused scans."""

import re

import pytest
from flask import Flask

from foundation.clock import SimulatedClock
from foundation.db import db
from foundation.errors import Refusal
from identity.accounts import check_api_key, check_password
from identity.errors import ApiKeyRefused
from merchants import redemptions
from merchants.models import Merchant, Store
from tests import people, world
from tests.browsing import Browser
from tests.people import HE, WEI
from tests.world import Published, Shop

NEW = {
    "name": "海陵渔港",
    "uscc": world.a_uscc(77),
    "county": "441798",
    "industry": "catering",
    "bank_name": "农商银行",
    "bank_account": "6222 0000 1234 5678",
}


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(app: Flask, clock: SimulatedClock) -> Published:
    return world.opened()


@pytest.fixture
def shop(campaign: Published) -> Shop:
    return world.shop(campaign)


@pytest.fixture
def wei(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, WEI)


def page_of(shop: Shop) -> str:
    return f"/bureau/merchants/{shop.merchant_id}"


def secret_on(html: str) -> str:
    match = re.search(r'id="secret">([^<]+)<', html)
    assert match is not None
    return match[1]


def test_merchants_are_found_by_name_code_and_filters(wei: Browser, campaign: Published) -> None:
    world.shop(campaign, number=1, name="漠阳味道")
    world.shop(number=2, name="鸿运电器", industry="appliance")
    both = wei.get("/bureau/merchants").text
    assert "漠阳味道" in both
    assert "鸿运电器" in both
    for query, found, other in (
        ("words=电器", "鸿运电器", "漠阳味道"),
        (f"words={world.a_uscc(1)[:18].lower()}", "漠阳味道", "鸿运电器"),
        ("industry=appliance", "鸿运电器", "漠阳味道"),
        (f"campaign={campaign.id}", "漠阳味道", "鸿运电器"),
    ):
        html = wei.get(f"/bureau/merchants?{query}").text
        assert found in html, query
        assert other not in html, query
    for query in ("words=%25", "status=suspended", "above_quota=yes", "county=441721"):
        assert "没有符合条件的商户" in wei.get(f"/bureau/merchants?{query}").text, query


def test_a_nonsense_page_number_shows_the_nearest_page(wei: Browser, shop: Shop) -> None:
    for page in ("0", "-3", "x", "99999999999999999999", "2.5"):
        assert "漠阳味道" in wei.get(f"/bureau/merchants?page={page}").text


def test_a_merchant_is_admitted_and_its_account_number_is_masked(wei: Browser) -> None:
    response = wei.post("/bureau/merchants/new", data=NEW)
    assert response.status_code == 303
    html = wei.get(response.location).text
    assert "海陵渔港" in html
    assert "•••• 5678" in html
    assert "12345678" not in html.replace(" ", "")


@pytest.mark.parametrize(
    ("field", "wrong", "told"),
    [("uscc", "91441702000000070X", "不正确"), ("bank_account", "12", "8 至 30 位数字"), ("name", " ", "1 至 80 个字")],
)
def test_a_refused_form_keeps_what_was_typed(wei: Browser, field: str, wrong: str, told: str) -> None:
    response = wei.post("/bureau/merchants/new", data={**NEW, field: wrong})
    assert response.status_code == 422
    assert told in response.text
    assert "农商银行" in response.text
    assert db.session.query(Merchant).count() == 0


def test_only_editors_keep_the_register(app: Flask, shop: Shop) -> None:
    finance = people.browser_of(app, HE)
    page = page_of(shop)
    assert finance.get(page).status_code == 200
    for path, data in (
        ("/bureau/merchants/new", NEW),
        (f"{page}/suspend", {"reason": "查实套现"}),
        (f"{page}/stores", {"store_name": "二店", "store_county": "441702"}),
        (f"{page}/stores/{shop.store_id}/tills", {"till_name": "2号台"}),
        (f"{page}/tills/{shop.till_id}/key", {}),
        (f"{page}/cashiers/{shop.cashier_id}/password", {}),
    ):
        assert finance.post(path, data=data).status_code == 403, path


def test_a_new_tills_key_is_shown_once_and_works(wei: Browser, shop: Shop) -> None:
    response = wei.post(f"{page_of(shop)}/stores/{shop.store_id}/tills", data={"till_name": "2号台"})
    key = secret_on(response.text)
    assert response.headers["Cache-Control"] == "no-store"
    assert check_api_key(key).name == "2号台"
    assert key not in wei.get(page_of(shop)).text


def test_another_key_ends_the_old_one_and_a_suspended_till_is_out(wei: Browser, shop: Shop) -> None:
    base = f"{page_of(shop)}/tills/{shop.till_id}"
    first = secret_on(wei.post(f"{base}/key").text)
    second = secret_on(wei.post(f"{base}/key").text)
    with pytest.raises(ApiKeyRefused):
        check_api_key(first)
    assert check_api_key(second)
    wei.post(f"{base}/suspend")
    assert "已停用" in wei.get(page_of(shop)).text
    wei.post(f"{base}/resume")
    assert "已停用" not in wei.get(page_of(shop)).text


def test_a_cashiers_made_password_works_and_a_typed_one_is_not_shown(wei: Browser, shop: Shop) -> None:
    path = f"{page_of(shop)}/stores/{shop.store_id}/cashiers"
    made = wei.post(path, data={"cashier_name": "周敏", "login": "Zhou.Min", "password": ""})
    assert check_password("cashier", "zhou.min", secret_on(made.text)).name == "周敏"
    typed = wei.post(path, data={"cashier_name": "吴强", "login": "wu.qiang", "password": "harbour-lights-42"})
    assert typed.status_code == 303
    taken = wei.post(path, data={"cashier_name": "吴强", "login": "wu.qiang", "password": ""})
    assert taken.status_code == 422
    assert "已被使用" in taken.text


def test_what_belongs_to_another_merchant_is_not_found(wei: Browser, shop: Shop) -> None:
    other = world.shop(number=2, name="鸿运电器")
    base = page_of(other)
    for path in (
        f"{base}/stores/{shop.store_id}/tills",
        f"{base}/tills/{shop.till_id}/suspend",
        f"{base}/cashiers/{shop.cashier_id}/suspend",
        f"{base}/tills/99999999999999999999/suspend",
    ):
        assert wei.post(path, data={"till_name": "2号台"}).status_code == 404, path


def test_a_merchant_is_suspended_with_a_reason_and_resumed(wei: Browser, shop: Shop) -> None:
    page = page_of(shop)
    refused = wei.post(f"{page}/suspend", data={"reason": " "})
    assert refused.status_code == 422
    assert "请写明暂停的原因" in refused.text
    wei.post(f"{page}/suspend", data={"reason": "查实套现"})
    html = wei.get(page).text
    assert "已暂停" in html
    assert "查实套现" in html
    assert "韦编" in html
    wei.post(f"{page}/resume")
    assert "暂停商户" in wei.get(page).text


def test_a_store_is_added_and_a_campaign_joined(wei: Browser, campaign: Published) -> None:
    outsider = world.shop(number=3, name="新店")
    page = page_of(outsider)
    wei.post(f"{page}/stores", data={"store_name": "二店", "store_county": "441702", "address": "东风路 1 号"})
    assert db.session.query(Store).filter_by(name="二店").count() == 1
    assert "还没有参加活动" in wei.get(page).text
    wei.post(f"{page}/campaigns", data={"campaign": campaign.id})
    assert "还没有参加活动" not in wei.get(page).text
    # Whatever else is asked for changes nothing.
    wei.post(f"{page}/campaigns", data={"campaign": "9999"})
    wei.post(f"{page}/campaigns", data={"campaign": "x"})


def test_refused_scans_are_on_the_merchants_trail(wei: Browser, campaign: Published, shop: Shop) -> None:
    assert "没有被拒绝的扫码" in wei.get(page_of(shop)).text
    _voucher, digits = world.claim_and_show(world.citizens(1)[0], campaign.release)
    with pytest.raises(Refusal) as refused:
        world.redeem(shop.till, digits, 10_000)
    world.done(lambda: redemptions.record_refusal(shop.till, refused.value, code_text=digits, bill_fen=10_000))
    for address in (page_of(shop), f"{page_of(shop)}/refused"):
        html = wei.get(address).text
        assert "未达使用门槛" in html
        assert "100.00" in html
        assert "1号台" in html
