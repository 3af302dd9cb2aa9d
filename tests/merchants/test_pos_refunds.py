"""Refunds by the tills' API: what the customer gets, once per key."""

import pytest

from tests import world
from tests.merchants.test_pos_api import Till


@pytest.fixture
def campaign(clock, app):
    return world.opened()


@pytest.fixture
def till(app, campaign):
    return Till(app, world.shop(campaign).store_id)


@pytest.fixture
def digits(campaign):
    (lin,) = world.citizens(1)
    return world.claim_and_show(lin, campaign.release)[1]


def redeemed(till, digits):
    return till.redeem(digits, 40_000).get_json()["redemption_id"]


def test_a_refund_says_what_the_customer_gets(till, digits):
    redemption_id = redeemed(till, digits)
    answer = till.post(f"/redemptions/{redemption_id}/refunds", {"goods_fen": 10_000, "reason": "质量问题"}, key="r1")
    assert answer.status_code == 201
    told = answer.get_json()
    assert (told["discount_fen"], told["customer_fen"], told["restored"]) == (1_250, 8_750, False)
    assert till.get(f"/redemptions/{redemption_id}/refunds").get_json() == [told]
    assert till.get(f"/redemptions/{redemption_id}").get_json()["refunded_bill_fen"] == 10_000


def test_a_refund_that_is_sent_again_is_made_once(till, digits):
    redemption_id = redeemed(till, digits)
    body = {"goods_fen": 10_000, "reason": "质量问题"}
    first, second = (till.post(f"/redemptions/{redemption_id}/refunds", body, key="r1") for _ in range(2))
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(till.get(f"/redemptions/{redemption_id}/refunds").get_json()) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"goods_fen": 40_001, "reason": "质量问题"}, 409, "refund_exceeds_bill"),
        ({"goods_fen": 0, "reason": "质量问题"}, 422, "amount_out_of_range"),
        ({"goods_fen": 100, "reason": "坏"}, 422, "refund_reason_missing"),
    ],
)
def test_a_refund_that_is_refused_says_why(till, digits, body, status, code):
    redemption_id = redeemed(till, digits)
    answer = till.post(f"/redemptions/{redemption_id}/refunds", body, key="r1")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert till.get(f"/redemptions/{redemption_id}/refunds").get_json() == []


def test_another_stores_refunds_are_unknown(app, campaign, till, digits):
    redemption_id = redeemed(till, digits)
    stranger = Till(app, world.shop(campaign, number=2).store_id)
    assert stranger.get(f"/redemptions/{redemption_id}/refunds").status_code == 404
    body = {"goods_fen": 100, "reason": "质量问题"}
    assert stranger.post(f"/redemptions/{redemption_id}/refunds", body, key="r1").status_code == 404
