"""Goods that a voucher may not buy: asked for at the till, taken off before the threshold, counted nowhere."""

import pytest
from sqlalchemy import func, select

from campaigns.campaign_file import check
from campaigns.notice import as_text, notice
from campaigns.terms.sale import BillBelowThreshold
from foundation.db import db
from foundation.ids import new_id
from foundation.money import AmountMalformed
from merchants import orders, redemptions
from merchants.errors import ExcludedOutOfBill, GoodsToConfirm
from merchants.models import RefusedScan
from tests import people
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_pos_api import Till
from tests.people import LIN
from tests.world import a_round, citizens, claim, claim_and_show, done, everything, offer, opened, shop, spring, toml


def no_tobacco(**more):
    scope = {"goods_excluded": ["烟", "酒"]}
    return spring(offers=[offer(scope=scope, use={"per_order": 2}, **more)], rounds=[a_round(limits=[{"count": 4}])])


@pytest.fixture
def market(clock, app):
    campaign = opened(no_tobacco())
    return campaign, shop(campaign)


def redeem(counter, digits, bill_fen, **more):
    return done(lambda: redemptions.redeem(counter, digits, bill_fen, **more))


@pytest.mark.parametrize(
    ("bill_fen", "excluded_fen", "usable"), [(20_000, 0, True), (20_000, 1, False), (25_000, 5_000, True)]
)
def test_the_threshold_is_of_what_counts(market, bill_fen, excluded_fen, usable):
    campaign, place = market
    digits = claim_and_show(citizens(1)[0], campaign.release)[1]
    if not usable:
        with pytest.raises(BillBelowThreshold):
            redeem(place.till, digits, bill_fen, excluded_fen=excluded_fen)
        return
    receipt = redeem(place.till, digits, bill_fen, list_fen=30_000, excluded_fen=excluded_fen)
    assert (receipt.bill_fen, receipt.excluded_fen) == (bill_fen - excluded_fen, excluded_fen)
    assert receipt.customer_pays_fen == bill_fen - 5_000
    assert receipt.list_fen == 30_000 - excluded_fen


@pytest.mark.parametrize(
    ("excluded_fen", "refusal"),
    [
        (-1, ExcludedOutOfBill),
        (20_000, ExcludedOutOfBill),
        ("5", AmountMalformed),
        (True, AmountMalformed),
        (0.5, AmountMalformed),
    ],
)
def test_an_amount_that_is_none_is_refused(market, excluded_fen, refusal):
    campaign, place = market
    digits = claim_and_show(citizens(1)[0], campaign.release)[1]
    before = everything()
    with pytest.raises(refusal):
        redeem(place.till, digits, 20_000, excluded_fen=excluded_fen)
    assert everything() == before


def test_where_it_has_to_be_said_nothing_is_spent_until_it_is(market):
    campaign, place = market
    digits = claim_and_show(citizens(1)[0], campaign.release)[1]
    with pytest.raises(GoodsToConfirm) as asked:
        redeem(place.desk, digits, 20_000, asks_goods=True)
    assert asked.value.params == {"goods": "烟、酒"}
    assert redeem(place.desk, digits, 20_000, excluded_fen=0, asks_goods=True).customer_pays_fen == 15_000


def test_an_order_of_several_has_its_goods_beside_the_bill(market):
    campaign, place = market
    [lin] = citizens(1)
    digits = [claim_and_show(lin, campaign.release)[1] for _ in range(2)]
    receipt = done(lambda: orders.redeem_order(place.till, digits, 45_000, list_fen=45_000, excluded_fen=4_999))
    assert (receipt.bill_fen, receipt.excluded_fen, receipt.customer_pays_fen) == (40_001, 4_999, 35_000)


def test_the_till_page_asks_and_then_takes_the_answer(clock, sqlite_app):
    campaign = opened(no_tobacco())
    till = cashier_of(sqlite_app, shop(campaign))
    digits = claim_and_show(people.citizen(LIN), campaign.release)[1]

    def scan(**more):
        body = {"code": digits, "bill_fen": 25_000, "list_fen": None, **more}
        return till.post("/till/redemptions", json=body, headers={"Idempotency-Key": new_id().hex}).json

    asked = scan()
    assert (asked["code"], asked["message"]) == ("goods_to_confirm", "这张券不能买烟、酒")
    assert db.session.scalar(select(func.count()).select_from(RefusedScan)) == 0
    told = scan(excluded_fen=5_000)["receipt"]
    assert (told["bill_fen"], told["excluded_fen"], told["customer_pays_fen"]) == (20_000, 5_000, 20_000)
    assert "不用券的商品" in till.get(f"/till/redemptions/{told['id']}").text


def test_the_api_takes_what_does_not_count(clock, sqlite_app):
    campaign = opened(no_tobacco())
    till = Till(sqlite_app, shop(campaign).store_id)
    body = {"code": claim_and_show(citizens(1)[0], campaign.release)[1], "bill_fen": 25_000, "excluded_fen": 5_001}
    assert till.post("/quotes", body).json["code"] == "bill_below_threshold"
    body["excluded_fen"] = 5_000
    quoted = till.post("/quotes", body).json
    assert quoted | {"bill_fen": 20_000, "excluded_fen": 5_000, "discount_fen": 5_000} == quoted
    assert quoted["customer_pays_fen"] == 20_000
    done_ = till.post("/redemptions", body, key=new_id().hex)
    assert (done_.status_code, done_.json["customer_pays_fen"]) == (201, 20_000)


def test_citizens_read_what_it_may_not_buy(clock, sqlite_app):
    campaign = opened(no_tobacco())
    phone = people.browser_of(sqlite_app, LIN)
    assert "不能买烟、酒" in phone.get("/campaigns/spring").text
    held = claim(people.citizen(LIN), campaign.release)
    assert "<dd>烟、酒</dd>" in phone.get(f"/vouchers/{held}").text
    assert "不能用于购买烟、酒，这些商品不计入消费金额。" in as_text(notice(check(toml(no_tobacco()))))
