"""V1: the official cases of 杭州. The bill after the merchant's own discounts reaches the threshold or not, and the
receipt says who gives what."""

from uuid import UUID

import pytest

from campaigns.terms.sale import BillBelowThreshold
from foundation.db import db
from foundation.money import AmountOutOfRange
from merchants import redemptions
from merchants.errors import ListPriceBelowBill
from merchants.models import Redemption
from merchants.receipts import receipt_of
from tests import world
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_pos_api import Till


def hangzhou(face, threshold):
    return world.spring(offers=[world.offer(benefit={"face_value_yuan": face, "threshold_yuan": threshold}, scope={})])


class Scene:
    def __init__(self, face=10, threshold=40):
        self.campaign = world.opened(hangzhou(face, threshold))
        self.shop = world.shop(self.campaign)
        self.digits = world.claim_and_show(world.citizens(1)[0], self.campaign.release)[1]

    def redeem(self, bill_fen, list_fen):
        return world.done(lambda: redemptions.redeem(self.shop.till, self.digits, bill_fen, list_fen=list_fen))


@pytest.mark.parametrize(
    ("listed", "after", "face", "threshold", "pays", "merchant_gives", "government_gives"),
    [
        (2_500, 2_500, 5, 20, 2_000, 0, 500),
        (5_000, 4_500, 10, 40, 3_500, 500, 1_000),
        (8_000, 8_000, 20, 80, 6_000, 0, 2_000),
    ],
)
def test_who_gives_what(clock, app, listed, after, face, threshold, pays, merchant_gives, government_gives):
    scene = Scene(face, threshold)
    receipt = scene.redeem(after, listed)
    assert receipt.customer_pays_fen == pays
    assert (receipt.merchant_discount_fen, receipt.payers) == (merchant_gives, {"government": government_gives})
    # The merchant receives what the customer pays and what it is owed.
    owed = sum(scene.campaign.payable_fen(source, scene.shop.merchant_id) for source in ("city", "jiangcheng"))
    assert pays + owed == after
    assert receipt_of(receipt.redemption_id, scene.shop.store_id) == receipt


def test_the_threshold_is_of_the_bill_after_the_merchants_discounts(clock, app):
    scene = Scene()
    with pytest.raises(BillBelowThreshold):
        scene.redeem(3_999, 5_000)
    assert scene.redeem(4_000, 5_000).discount_fen == 1_000


@pytest.mark.parametrize(("list_fen", "refusal"), [(3_999, ListPriceBelowBill), (0, AmountOutOfRange)])
def test_a_list_price_below_the_bill_is_refused(clock, app, list_fen, refusal):
    scene = Scene()
    before = world.everything()
    with pytest.raises(refusal):
        scene.redeem(4_000, list_fen)
    assert world.everything() == before


def test_a_till_may_say_nothing_of_it(clock, app):
    receipt = Scene().redeem(4_500, None)
    assert (receipt.list_fen, receipt.merchant_discount_fen) == (None, 0)


def test_the_doors_take_it_and_show_it(clock, sqlite_app):
    scene = Scene()
    till = Till(sqlite_app, scene.shop.store_id)
    body = {"code": scene.digits, "bill_fen": 4_500, "list_fen": 5_000}
    assert till.post("/quotes", body).get_json()["customer_pays_fen"] == 3_500
    wrong = till.post("/redemptions", body | {"list_fen": 4_499}, key="k0")
    assert (wrong.status_code, wrong.get_json()["code"]) == (422, "list_price_below_bill")
    told = till.post("/redemptions", body, key="k1").get_json()
    assert (told["list_fen"], told["merchant_discount_fen"]) == (5_000, 500)
    page = cashier_of(sqlite_app, scene.shop).get(f"/till/redemptions/{told['redemption_id']}").text
    assert "店内优惠" in page
    assert "50.00" in page


def test_the_till_page_sends_it(clock, sqlite_app):
    scene = Scene()
    till = cashier_of(sqlite_app, scene.shop)
    body = {"code": scene.digits, "bill_fen": 4_500, "list_fen": 5_000}
    told = till.post("/till/redemptions", json=body, headers={"Idempotency-Key": "k" * 32}).get_json()
    assert (told["receipt"]["list_fen"], told["receipt"]["merchant_discount_fen"]) == (5_000, 500)
    assert db.session.get_one(Redemption, UUID(told["receipt"]["id"])).list_fen == 5_000
