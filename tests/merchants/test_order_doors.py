"""Several codes on one bill, through the tills' API, the till page, the citizen's page and the bureau's trail."""

import pytest
from sqlalchemy import func, select

from foundation.db import db
from foundation.ids import new_id
from merchants.models import RefusedScan
from tests import people, world
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_orders import hold, longgang
from tests.merchants.test_pos_api import Till
from tests.people import LIN, SONG


@pytest.fixture
def campaign(clock, sqlite_app):
    return world.opened(longgang())


@pytest.fixture
def shop(campaign):
    return world.shop(campaign)


def test_the_api_redeems_several_once_per_key_and_tells_each_part(sqlite_app, campaign, shop):
    till = Till(sqlite_app, shop.store_id)
    body = {"codes": hold(campaign, world.citizens(1)[0], 4), "bill_fen": 20_000}
    quoted = till.post("/orders/quotes", body)
    assert (quoted.status_code, quoted.json["customer_pays_fen"]) == (200, 12_000)
    key = new_id().hex
    answer = till.post("/orders", body, key=key)
    assert answer.status_code == 201
    assert (answer.json["discount_fen"], answer.json["bill_fen"]) == (8_000, 20_000)
    assert [one["bill_fen"] for one in answer.json["redemptions"]] == [5_000] * 4
    assert {one["order_id"] for one in answer.json["redemptions"]} == {answer.json["order_id"]}
    again = till.post("/orders", body, key=key)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (answer.json, "true")
    one = answer.json["redemptions"][1]["redemption_id"]
    voided = till.post(f"/redemptions/{one}/void", {"reason": "顾客退货"}, key=new_id().hex)
    assert voided.json["status"] == "voided"
    assert {
        till.get(f"/redemptions/{each['redemption_id']}").json["status"] for each in answer.json["redemptions"]
    } == {"voided"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"bill_fen": 9_999}, 409, "bill_below_threshold"),
        ({"codes": ["96314159265358979321"]}, 422, "malformed"),
        ({"codes": ["1", "2"]}, 422, "code_malformed"),
        ({"bill_fen": "200"}, 422, "malformed"),
        ({"codes": None}, 422, "malformed"),
    ],
)
def test_the_api_refuses_a_bad_order_by_name_and_keeps_the_trail(sqlite_app, campaign, shop, change, status, code):
    till = Till(sqlite_app, shop.store_id)
    body = {"codes": hold(campaign, world.citizens(1)[0], 2), "bill_fen": 10_000, **change}
    answer = till.post("/orders", body, key=new_id().hex)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    trail = db.session.scalar(select(func.count()).select_from(RefusedScan))
    assert trail == (0 if code == "malformed" else 2)


def test_the_till_page_redeems_what_it_gathered_and_its_receipt_shows_the_order(sqlite_app, campaign, shop):
    till = cashier_of(sqlite_app, shop)
    codes = hold(campaign, people.citizen(LIN), 3)
    body = {"codes": codes, "bill_fen": 15_000, "list_fen": None}
    refused = till.post("/till/redemptions", json=body | {"bill_fen": 14_999}, headers={"Idempotency-Key": "a" * 32})
    assert refused.json["code"] == "bill_below_threshold"
    done = till.post("/till/redemptions", json=body, headers={"Idempotency-Key": "b" * 32})
    assert done.json["receipt"]["customer_pays_fen"] == 9_000
    assert done.json["receipt"]["offer_name"] == "餐饮券 × 3"
    page = till.get(f"/till/redemptions/{done.json['receipt']['id']}").text
    assert "本单合计" in page
    assert "这一单同用的 3 张券一起撤销" in page
    assert "同单" in till.get("/till/today").text
    assert '<dd class="num">1</dd>' in till.get("/till/latest").text


@pytest.mark.parametrize("codes", [["x", 7], [None, None], [{}, []]])
def test_a_till_that_sends_no_codes_is_refused(sqlite_app, campaign, shop, codes):
    till = cashier_of(sqlite_app, shop)
    answer = till.post(
        "/till/redemptions", json={"codes": codes, "bill_fen": 20_000}, headers={"Idempotency-Key": "c" * 32}
    )
    assert answer.status_code == 409
    assert answer.json["code"] in ("code_malformed", "code_foreign")


def test_the_holder_is_led_from_one_voucher_to_the_next(sqlite_app, campaign, shop):
    lin = people.citizen(LIN)
    ids = sorted(world.claim(lin, campaign.releases["r1", "meal"]) for _ in range(3))
    phone = people.browser_of(sqlite_app, LIN)
    page = phone.get(f"/vouchers/{ids[2]}").text
    assert "一单可用 4 张，您还有 3 张" in page
    assert f"/vouchers/{ids[0]}" in page
    assert "每单最多用 4 张，消费金额须达到各张门槛之和，每人每天最多用 8 张" in page
    other = world.claim(lin, campaign.releases["r1", "other"])
    assert "一单可用" not in phone.get(f"/vouchers/{other}").text


def test_the_bureau_reads_the_trail_of_split_orders(sqlite_app, campaign, shop):
    for digits in hold(campaign, people.citizen(LIN), 2):
        world.redeem(shop.till, digits)
    desk = people.browser_of(sqlite_app, SONG)
    page = desk.get("/bureau/merchants/split-orders").text
    assert "漠阳味道" in page
    assert "400.00" in page
    assert "没有疑似拆单" in desk.get(f"/bureau/merchants/split-orders?merchant={shop.merchant_id + 1}").text
    assert "/bureau/merchants/split-orders" in desk.get("/bureau/merchants").text
