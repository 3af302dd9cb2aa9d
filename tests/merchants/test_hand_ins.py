"""Evidence after a sale: what must be handed in, by when, checked field by field, and each invoice once."""

from datetime import date

import pytest

from evidence import marks
from foundation.db import db
from merchants import hand_ins
from merchants.hand_in_decisions import lapse_due
from merchants.hand_in_errors import HandInClosed, HandInIncomplete, HandInTooLate, HandInUnknown
from merchants.hand_in_models import HandIn
from merchants.hand_ins import HandingIn, hand_in_batch
from merchants.models import Redemption
from merchants.redemptions import void
from merchants.refunds import refund
from tests.merchants.sold import Sold, campaign_file, handed_in, typed
from tests.world import at, done


@pytest.fixture
def sold(clock, app):
    return Sold()


def of(redemption_id):
    db.session.rollback()
    return db.session.get_one(HandIn, redemption_id, populate_existing=True)


def test_a_sale_awaits_its_evidence_until_the_last_of_its_days_and_the_days_of_grace(sold):
    found = of(sold.sell()[0])
    assert (found.status, found.sold_on, found.due_on, found.ends_on) == (
        "awaited", date(2023, 5, 8), date(2023, 5, 23), date(2023, 5, 28),
    )  # fmt: skip


def test_what_is_handed_in_is_kept_in_one_spelling(sold):
    [sale] = sold.sell()
    handed_in(sold, sale, invoice_number="2344 0000 0000 0000 0010", delivery_county="江城区", invoice_on="2023/5/8")
    found = of(sale)
    assert (found.status, found.invoice_number, found.invoice_fen) == ("handed_in", "23440000000000000010", 1_000_000)
    assert (found.delivery_county, found.invoice_on) == ("441702", date(2023, 5, 8))
    assert marks.holder_of("invoice", "23440000000000000010") == ("hand_in", sale.hex)


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"invoice_number": ""}, "invoice_number", "hand_in_field_missing"),
        ({"invoice_number": "123"}, "invoice_number", "invoice_number_malformed"),
        ({"invoice_fen": "9999.99"}, "invoice_fen", "invoice_amount_differs"),
        ({"invoice_fen": "8000"}, "invoice_fen", "invoice_amount_differs"),
        ({"invoice_fen": "一万"}, "invoice_fen", "amount_malformed"),
        ({"invoice_on": "2023-05-09"}, "invoice_on", "hand_in_day_in_future"),
        ({"invoice_on": "2023-05-07"}, "invoice_on", "hand_in_day_before_sale"),
        ({"invoice_on": "5月8日"}, "invoice_on", "hand_in_day_malformed"),
        ({"invoice_on": "2023-02-30"}, "invoice_on", "hand_in_day_malformed"),
        ({"invoice_buyer": " "}, "invoice_buyer", "hand_in_field_missing"),
        ({"delivery_county": "霞山区"}, "delivery_county", "delivered_elsewhere"),
        ({"delivery_address": "路" * 121}, "delivery_address", "hand_in_text_too_long"),
        ({"old_category": "television"}, "old_brand", "hand_in_field_missing"),
        ({"old_category": "钢琴"}, "old_category", "old_category_unknown"),
        ({"old_weight": "很重"}, "old_weight", "old_weight_malformed"),
    ],
)
def test_every_fault_is_named_by_its_field(sold, changed, field, code):
    [sale] = sold.sell()
    with pytest.raises(HandInIncomplete) as refused:
        handed_in(sold, sale, **changed)
    assert (field, code) in [(fault.field, fault.code) for fault in refused.value.faults]
    assert of(sale).status == "awaited"


def test_all_faults_are_named_at_once(sold):
    with pytest.raises(HandInIncomplete) as refused:
        done(lambda: hand_ins.hand_in(HandingIn(sold.sell()[0], {}), actor="cashier:1"))
    assert len(refused.value.faults) == 7


def test_an_invoice_counts_once_over_all_sales(sold):
    first, second = sold.sell(2)
    handed_in(sold, first)
    with pytest.raises(HandInIncomplete) as refused:
        handed_in(sold, second)
    assert [fault.code for fault in refused.value.faults] == ["mark_taken"]
    assert of(second).status == "awaited"
    handed_in(sold, second, 2)


def test_in_a_batch_a_refused_one_leaves_its_neighbours_alone(sold):
    sales = sold.sell(4)
    handings = [HandingIn(sale, typed(number)) for number, sale in enumerate(sales[:3], 1)]
    handings += [HandingIn(sales[3], typed(1)), HandingIn(sales[0], typed(9))]
    outcomes = done(lambda: hand_in_batch(handings, actor="cashier:1"))
    assert [outcome and outcome.code for outcome in outcomes] == [
        None, None, None, "hand_in_incomplete", "hand_in_closed",
    ]  # fmt: skip
    assert [of(sale).status for sale in sales] == ["handed_in"] * 3 + ["awaited"]


def test_only_the_own_store_hands_in_and_only_once(sold):
    [sale] = sold.sell()
    with pytest.raises(HandInUnknown):
        done(lambda: hand_ins.hand_in(HandingIn(sale, typed()), actor="cashier:9", store_id=999))
    handed_in(sold, sale)
    with pytest.raises(HandInClosed):
        handed_in(sold, sale)


def test_within_the_days_of_grace_it_is_still_taken_and_then_no_more(sold, clock):
    early, late = sold.sell(2)
    clock.move_to(at("2023-05-28 23:00"))
    handed_in(sold, early)
    clock.move_to(at("2023-05-29 00:00"))
    with pytest.raises(HandInTooLate):
        handed_in(sold, late, 2)


def test_what_never_came_is_not_paid_and_its_money_goes_back_to_the_pool(sold, clock):
    sale, other = sold.sell(2)
    handed_in(sold, other)
    pool, owed = sold.campaign.pool_fen("city"), sold.campaign.payable_fen("city", sold.shop.merchant_id)
    clock.move_to(at("2023-05-28 23:59"))
    assert done(lambda: lapse_due(actor="job:lapse_hand_ins")) == 0
    clock.move_to(at("2023-05-29 00:00"))
    assert done(lambda: lapse_due(actor="job:lapse_hand_ins")) == 1
    assert done(lambda: lapse_due(actor="job:lapse_hand_ins")) == 0
    assert (of(sale).status, of(other).status) == ("rejected", "handed_in")
    assert sold.campaign.pool_fen("city") == pool + 40_000
    assert sold.campaign.payable_fen("city", sold.shop.merchant_id) == owed - 40_000


def test_a_voided_sale_needs_no_evidence_and_its_invoice_may_count_again(sold):
    first, second = sold.sell(2)
    handed_in(sold, first)
    done(lambda: void(first, sold.shop.desk, "顾客退货"))
    assert of(first).status == "withdrawn"
    handed_in(sold, second)


def test_goods_that_all_came_back_free_their_numbers(sold, clock):
    first, second = sold.sell(2)
    handed_in(sold, first)
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: refund(first, sold.shop.desk, 400_000, "质量问题"))
    assert of(first).status == "handed_in"
    done(lambda: refund(first, sold.shop.desk, 600_000, "质量问题"))
    assert of(first).status == "withdrawn"
    assert db.session.get_one(Redemption, first).status == "refunded"
    assert marks.holder_of("serial", "SN00000001") is None
    handed_in(sold, second)


@pytest.mark.parametrize(
    ("basis", "amount", "taken"),
    [("full", "10000", True), ("full", "8000", False), ("paid", "8000", True), ("paid", "10000", False)],
)
def test_the_invoice_says_the_price_or_what_was_paid_as_the_campaign_wants(clock, app, basis, amount, taken):
    document = campaign_file()
    document["offers"][0]["benefit"]["invoice"] = basis
    sold = Sold(document)
    [sale] = sold.sell()
    outcome = done(lambda: hand_in_batch([HandingIn(sale, typed(invoice_fen=amount))], actor="cashier:1"))[0]
    assert (outcome is None) == taken


def test_an_old_appliance_is_recorded_whole(clock, app):
    asked = {"old_appliance": "required", "old_appliance_days": 20, "files": "on_request"}
    sold = Sold(campaign_file(**asked))
    [sale] = sold.sell()
    with pytest.raises(HandInIncomplete) as refused:
        done(lambda: hand_ins.hand_in(HandingIn(sale, {"old_category": "电视机"}), actor="cashier:1"))
    assert {fault.field for fault in refused.value.faults} == {
        "old_brand", "old_weight", "old_collector", "old_collected_on",
    }  # fmt: skip
    old = {
        "old_category": "television", "old_brand": "康佳", "old_model": "T2988", "old_weight": "42.5",
        "old_collector": "阳江市再生资源公司", "old_dismantler": "广东拆解中心", "old_certificate": "HS-2023-0001",
        "old_collected_on": "2023-05-01",
    }  # fmt: skip
    done(lambda: hand_ins.hand_in(HandingIn(sale, old), actor="cashier:1"))
    assert (of(sale).old_weight_grams, of(sale).old_certificate) == (42_500, "HS-2023-0001")
