"""Several codes on one order: 龙港's four per payment and eight per day, all or none, and what comes back of them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns.terms.refunding import RefundExceedsBill
from campaigns.terms.sale import BillBelowThreshold, TooManyInOrder, TooManyToday
from foundation.db import db
from merchants import orders
from merchants.errors import CodeRepeated, OffersDoNotStack, OtherHolder, TooManyCodes
from merchants.models import Redemption
from merchants.order_models import RedemptionOrder, SplitOrder
from merchants.redemptions import Scan, redeem_batch
from merchants.refunds import preview_refund, refund
from tests.world import (
    OPENS,
    a_round,
    at,
    citizens,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
    void,
)
from voucher.errors import AlreadyRedeemed
from voucher.models import Entitlement, PersonQuota


def longgang(**use):
    """龙港: 满50减20, four per payment and eight per day."""
    small = {"benefit": {"face_value_yuan": 20, "threshold_yuan": 50}, "scope": {}}
    use = {"per_order": 4, "per_day": 8, **use}
    return spring(
        offers=[offer(use=use, **small), offer("other", **small)],
        rounds=[
            a_round(
                limits=[{"count": 12, "within": "offer"}],
                releases=[{"offer": "meal", "stock": 40}, {"offer": "other", "stock": 5}],
            )
        ],
    )


@pytest.fixture
def market(clock, app):
    campaign = opened(longgang())
    return campaign, shop(campaign)


def hold(campaign, citizen, count, offer_code="meal"):
    return [claim_and_show(citizen, campaign.releases["r1", offer_code])[1] for _ in range(count)]


def order(counter, digits, bill_fen=20_000, **more):
    return done(lambda: orders.redeem_order(counter, digits, bill_fen, **more))


def used_today():
    return db.session.scalar(select(func.sum(PersonQuota.used)).where(PersonQuota.scope.like("use:%"))) or 0


def test_four_vouchers_on_200_take_80_off_and_the_bill_counts_once(market):
    campaign, place = market
    [lin] = citizens(1)
    receipt = order(place.till, hold(campaign, lin, 4), 20_001, list_fen=21_000)
    assert (receipt.bill_fen, receipt.discount_fen, receipt.customer_pays_fen) == (20_001, 8_000, 12_001)
    assert [one.bill_fen for one in receipt.receipts] == [5_001, 5_000, 5_000, 5_000]
    assert receipt.list_fen == 21_000
    rows = db.session.scalars(select(Redemption)).all()
    assert {row.order_id for row in rows} == {receipt.order_id}
    assert sum(row.bill_fen for row in rows) == 20_001
    assert db.session.get_one(RedemptionOrder, receipt.order_id).vouchers == 4
    assert used_today() == 4


@pytest.mark.parametrize(("count", "bill_fen"), [(2, 9_999), (3, 14_999), (4, 19_999)])
def test_the_bill_must_reach_the_sum_of_the_thresholds(market, count, bill_fen):
    campaign, place = market
    digits = hold(campaign, citizens(1)[0], count)
    before = everything()
    with pytest.raises(BillBelowThreshold) as refusal:
        order(place.till, digits, bill_fen)
    assert refusal.value.params["missing"] == "0.01"
    assert everything() == before
    assert order(place.till, digits, bill_fen + 1).discount_fen == 2_000 * count


@pytest.mark.parametrize(("bill_fen", "usable"), [(4_999, False), (5_000, True)])
def test_a_campaign_may_count_the_threshold_once(clock, app, bill_fen, usable):
    campaign = opened(longgang(thresholds="once"))
    place = shop(campaign)
    digits = hold(campaign, citizens(1)[0], 2)
    if usable:
        assert order(place.till, digits, bill_fen).customer_pays_fen == 1_000
    else:
        with pytest.raises(BillBelowThreshold):
            order(place.till, digits, bill_fen)


def test_three_on_a_threshold_that_counts_once_need_what_they_take_off(clock, app):
    campaign = opened(longgang(thresholds="once"))
    place = shop(campaign)
    digits = hold(campaign, citizens(1)[0], 3)
    with pytest.raises(BillBelowThreshold):
        order(place.till, digits, 5_999)
    assert order(place.till, digits, 6_000).customer_pays_fen == 0


def test_each_reason_against_an_order_has_its_own_refusal_and_leaves_nothing(market):
    campaign, place = market
    lin, chen = citizens(2)
    mine, hers = hold(campaign, lin, 5), hold(campaign, chen, 1)
    other = hold(campaign, lin, 2, "other")
    again = show(db.session.scalar(select(Entitlement.id).where(Entitlement.citizen_id == chen)), chen)
    before = everything()
    for digits, refusal in [
        (mine[:1], TooManyCodes),
        (mine[:1] * 21, TooManyCodes),
        (mine[:2] + mine[:1], CodeRepeated),
        ([*hers, again], CodeRepeated),
        ([mine[0], other[0]], OffersDoNotStack),
        ([mine[0], hers[0]], OtherHolder),
        (mine, TooManyInOrder),
        (other, TooManyInOrder),
    ]:
        with pytest.raises(refusal):
            order(place.till, digits, 100_000)
    assert everything() == before


def test_one_used_code_refuses_the_whole_order(market):
    campaign, place = market
    digits = hold(campaign, citizens(1)[0], 3)
    redeem(place.till, digits[2])
    with pytest.raises(AlreadyRedeemed):
        order(place.till, digits)
    assert order(place.till, digits[:2]).discount_fen == 4_000
    assert used_today() == 3


def test_nine_in_a_day_are_one_too_many_and_the_next_day_they_are_not(market, clock):
    campaign, place = market
    [lin] = citizens(1)
    for _ in range(2):
        order(place.till, hold(campaign, lin, 4))
    one, two = hold(campaign, lin, 2)
    with pytest.raises(TooManyToday):
        redeem(place.till, one)
    with pytest.raises(TooManyToday):
        order(place.till, [one, two])
    assert used_today() == 8
    clock.move_to(at("2023-05-09 00:00"))
    held = select(Entitlement.id).where(Entitlement.citizen_id == lin, Entitlement.status == "claimed")
    digits = [show(entitlement_id, lin) for entitlement_id in db.session.scalars(held).all()]
    assert order(place.till, digits).discount_fen == 4_000


def test_an_order_that_would_pass_the_day_is_refused_whole(market):
    campaign, place = market
    [lin] = citizens(1)
    order(place.till, hold(campaign, lin, 4))
    order(place.till, hold(campaign, lin, 3))
    digits = hold(campaign, lin, 2)
    with pytest.raises(TooManyToday):
        order(place.till, digits)
    assert redeem(place.till, digits[0]).discount_fen == 2_000


def test_a_batch_of_single_scans_keeps_the_day_and_spends_nothing_beyond(market):
    campaign, place = market
    digits = hold(campaign, citizens(1)[0], 10)
    outcomes = done(lambda: redeem_batch([Scan(place.till, code, 5_000) for code in digits]))
    assert [isinstance(outcome, TooManyToday) for outcome in outcomes] == [False] * 8 + [True] * 2
    assert used_today() == 8


def test_a_code_that_is_lost_to_another_scan_counts_no_use(market):
    campaign, place = market
    [digits] = hold(campaign, citizens(1)[0], 1)
    outcomes = done(lambda: redeem_batch([Scan(place.till, digits, 5_000)] * 2))
    assert isinstance(outcomes[1], AlreadyRedeemed)
    assert used_today() == 1


def test_a_void_takes_the_whole_order_back_and_the_day_with_it(market):
    campaign, place = market
    receipt = order(place.till, hold(campaign, citizens(1)[0], 4))
    void(receipt.receipts[2], place.till)
    assert set(db.session.scalars(select(Redemption.status))) == {"voided"}
    assert set(db.session.scalars(select(Entitlement.status))) == {"claimed"}
    assert used_today() == 0


def test_what_comes_back_takes_one_part_after_the_other(market):
    campaign, place = market
    receipt = order(place.till, hold(campaign, citizens(1)[0], 4), 30_000)
    asked = receipt.receipts[0].redemption_id
    assert preview_refund(asked, place.till, 10_000).pool_fen == 2_000 + 666
    slip = done(lambda: refund(asked, place.till, 10_000, "买错型号"))
    # One part of 75 whole, so its voucher is back; 25 of the next, in proportion.
    assert (slip.discount_fen, slip.customer_fen, slip.restored) == (2_666, 7_334, True)
    states = list(db.session.scalars(select(Redemption.status).order_by(Redemption.status)))
    assert states == ["redeemed", "redeemed", "redeemed", "returned"]
    assert used_today() == 3
    with pytest.raises(RefundExceedsBill):
        done(lambda: refund(asked, place.till, 20_001, "顾客退货"))
    rest = done(lambda: refund(asked, place.till, 20_000, "顾客退货"))
    assert (rest.discount_fen, rest.customer_fen) == (5_334, 14_666)


def test_a_voucher_that_allows_one_per_order_is_not_taken_twice(market):
    campaign, place = market
    receipt = redeem(place.till, hold(campaign, citizens(1)[0], 1, "other")[0])
    assert receipt.order_id is None
    assert db.session.scalar(select(func.count()).select_from(RedemptionOrder)) == 0


def test_two_orders_in_ten_minutes_at_one_merchant_are_flagged_and_none_is_refused(market, clock):
    campaign, place = market
    elsewhere = shop(campaign, number=2, name="别家")
    lin, chen = citizens(2)
    redeem(place.till, hold(campaign, lin, 1)[0])
    redeem(elsewhere.till, hold(campaign, lin, 1)[0])
    redeem(place.till, hold(campaign, chen, 1)[0])
    assert db.session.scalars(select(SplitOrder)).all() == []
    clock.move_to(OPENS + timedelta(minutes=9, seconds=59))
    second = order(place.till, hold(campaign, lin, 2), 10_000)
    [flagged] = db.session.scalars(select(SplitOrder)).all()
    assert (flagged.orders, flagged.bill_fen, flagged.merchant_id) == (2, 30_000, place.merchant_id)
    assert flagged.redemption_id in [one.redemption_id for one in second.receipts]
    clock.move_to(OPENS + timedelta(minutes=20))
    redeem(place.till, hold(campaign, lin, 1)[0])
    assert len(db.session.scalars(select(SplitOrder)).all()) == 1


def test_an_order_of_several_codes_is_no_split_order(market):
    campaign, place = market
    order(place.till, hold(campaign, citizens(1)[0], 4))
    assert db.session.scalars(select(SplitOrder)).all() == []


def test_a_quote_for_several_changes_nothing(market):
    campaign, place = market
    digits = hold(campaign, citizens(1)[0], 4)
    before = everything()
    award = orders.quote_codes(place.till, digits, 25_000)
    assert (award.bill_fen, award.discount_fen, dict(award.by_source)) == (
        25_000,
        8_000,
        {"city": 1_600, "jiangcheng": 6_400},
    )
    assert everything() == before
