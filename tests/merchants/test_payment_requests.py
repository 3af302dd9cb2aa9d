"""Customers who scan the till: what they are offered, what a press does, and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation.clock import TICK
from foundation.db import db
from foundation.errors import Refusal
from merchants import paying, payment_requests, refunds
from merchants.models import Redemption, RefusedScan
from merchants.payment_models import PaymentRequest, PaymentToken, PaymentVisit
from merchants.payment_requests import DECIDE_FOR, GRACE, LIVES_FOR, SHOWN_FOR
from tests import world
from tests.merchants.waiting import ask, press, scan, scanning, tell, used
from tests.world import OTHER_PHONE, PHONE, citizens, claim, done, opened, shop
from voucher import codes
from voucher.errors import VoucherUnknown
from voucher.location import Location
from voucher.models import Entitlement


def refused(work) -> str:
    with pytest.raises(Refusal) as found:
        work()
    db.session.rollback()
    return found.value.code


def trail() -> list[str]:
    return list(db.session.scalars(select(RefusedScan.reason).order_by(RefusedScan.at)))


def one_voucher(mode="scanned", **more):
    """A campaign, its shop, somebody, and a voucher of theirs."""
    campaign = opened(scanning(mode, **more))
    store = shop(campaign)
    [lin] = citizens(1)
    return campaign, store, lin, claim(lin, campaign.release)


@pytest.mark.parametrize("counter", ["till", "desk"])
def test_a_press_redeems_and_the_till_is_told(clock, app, counter):
    campaign, store, lin, voucher = one_voucher()
    till = getattr(store, counter)
    shown = ask(till)
    request_id = scan(shown)
    assert press(shown, lin, voucher) == {"ok": True, "discount_fen": 5_000, "pays_fen": 15_000}
    request = payment_requests.request_of(request_id, till)
    assert (request.citizen_id, request.inside) == (lin, None)
    [receipt] = paying.receipts_for(request)
    assert (receipt.redemption_id, receipt.discount_fen) == (request.redemption_id, 5_000)
    row = db.session.get_one(Redemption, receipt.redemption_id)
    assert (row.store_id, row.till_id, row.cashier_id) == (till.store_id, till.till_id, till.cashier_id)
    assert campaign.payable_fen("city", store.merchant_id) == 1_000
    assert trail() == []


def test_a_second_press_gives_the_same_answer_and_does_nothing(clock, app):
    _, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    assert press(shown, lin, voucher) == press(shown, lin, voucher)
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 1
    assert trail() == []


def test_a_request_is_redeemed_once_whoever_presses(clock, app):
    campaign, store, lin, voucher = one_voucher()
    chen = citizens(2)[1]
    hers = claim(chen, campaign.release)
    shown = ask(store.till)
    scan(shown, OTHER_PHONE)
    assert used(shown, lin, voucher) == "ok"
    assert press(shown, chen, hers, device=OTHER_PHONE)["code"] == "payment_done"
    assert used(shown, lin, claim(lin, campaign.release)) == "payment_done"
    assert trail() == ["payment_done", "payment_done"]


def test_a_refused_press_leaves_the_request_to_another_voucher(clock, app):
    campaign, store, lin, voucher = one_voucher()
    other = claim(lin, campaign.release)
    assert used(ask(store.till), lin, voucher) == "ok"
    shown = ask(store.till)
    assert used(shown, lin, voucher) == "already_redeemed"
    assert used(shown, lin, other) == "ok"
    assert trail() == ["already_redeemed"]


@pytest.mark.parametrize(
    ("bill_fen", "industry", "enrolled", "code"),
    [
        (19_999, "catering", True, "bill_below_threshold"),
        (20_000, "retail", True, "outside_industry"),
        (20_000, "catering", False, "merchant_not_enrolled"),
    ],
)
def test_what_the_till_would_refuse_is_refused_and_stays_on_the_trail(clock, app, bill_fen, industry, enrolled, code):
    campaign, _, lin, voucher = one_voucher()
    second = opened(scanning("either") | {"campaign": world.spring()["campaign"] | {"code": "other", "name": "另一个"}})
    store = shop(campaign if enrolled else second, number=2, name="阳光", industry=industry)
    assert used(ask(store.desk, bill_fen), lin, voucher) == code
    [row] = db.session.scalars(select(RefusedScan))
    assert (row.reason, row.entitlement_id, row.bill_fen) == (code, voucher, bill_fen)
    assert (row.store_id, row.cashier_id) == (store.store_id, store.cashier_id)


# --- which way ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "by_code", "by_scan"),
    [
        ("shown", "ok", "code_must_be_shown"),
        ("scanned", "customer_must_scan", "ok"),
        ("either", "ok", "ok"),
    ],
)
def test_a_voucher_goes_the_ways_its_campaign_allows(clock, app, mode, by_code, by_scan):
    campaign, store, lin, voucher = one_voucher(mode)
    scanned = claim(lin, campaign.release)
    # The bulk way of showing codes asks nothing, so that the till's own refusal can be seen.
    [shown] = done(lambda: codes.open_vouchers([(voucher, lin)], PHONE))
    if mode == "shown":
        other = scanning("either") | {"campaign": world.spring()["campaign"] | {"code": "other", "name": "另一个"}}
        opened_other = opened(other)
        done(lambda: world.register.enroll(opened_other.id, [store.merchant_id], by=world.DRAFTER))
    if by_code == "ok":
        world.redeem(store.till, shown.digits)
    else:
        assert refused(lambda: world.redeem(store.till, shown.digits)) == by_code
    assert used(ask(store.till), lin, scanned) == by_scan


def test_a_voucher_that_is_scanned_shows_no_code(clock, app):
    _, _, lin, voucher = one_voucher()
    for show in (codes.open_voucher, codes.show_code):
        assert refused(lambda show=show: done(lambda: show(voucher, lin, PHONE))) == "voucher_shows_no_code"


def test_where_nobody_may_scan_the_till_it_asks_nobody(clock, app):
    _, store, _, _ = one_voucher("shown")
    assert refused(lambda: ask(store.till)) == "nothing_to_scan"


# --- how long -----------------------------------------------------------------------------------------------


def test_a_token_is_good_for_its_minute_and_the_time_a_camera_takes(clock, app):
    _, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    assert shown.expires_at == clock.now() + SHOWN_FOR
    clock.move_to(clock.now() + SHOWN_FOR + GRACE - TICK)
    scan(shown)
    clock.move_to(clock.now() + TICK)
    assert refused(lambda: scan(shown, OTHER_PHONE)) == "payment_token_expired"
    # Whoever has scanned in time may still choose.
    assert used(shown, lin, voucher) == "ok"


def test_who_has_scanned_has_some_minutes_to_choose(clock, app):
    _, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    request = done(lambda: payment_requests.open_request(shown.token, PHONE))
    clock.move_to(clock.now() + DECIDE_FOR)
    assert refused(lambda: scan(shown)) == "payment_token_expired"
    told = paying.pay(request, lin, [voucher], device_hash=PHONE, location=None, tell=tell)
    assert told.body["code"] == "payment_token_expired"


def test_a_till_that_waits_shows_a_new_token_each_minute_and_not_for_ever(clock, app):
    _, store, _, _ = one_voucher()
    first = ask(store.till)
    clock.move_to(clock.now() + SHOWN_FOR)
    second = done(lambda: payment_requests.renew(first.request_id, store.till))
    assert second.token != first.token
    clock.move_to(clock.now() + GRACE)
    assert refused(lambda: scan(first)) == "payment_token_expired"
    assert scan(second) == first.request_id
    clock.move_to(clock.now() + LIVES_FOR - SHOWN_FOR - GRACE)
    assert refused(lambda: done(lambda: payment_requests.renew(first.request_id, store.till))) == "payment_timed_out"
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 0


def test_nobody_pays_what_was_cancelled_and_nobody_cancels_what_was_paid(clock, app):
    _, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    scan(shown)
    for _ in range(2):
        done(lambda: payment_requests.cancel(shown.request_id, store.till))
    assert used(shown, lin, voucher) == "payment_cancelled"
    assert refused(lambda: done(lambda: payment_requests.renew(shown.request_id, store.till))) == "payment_cancelled"
    again = ask(store.till)
    assert used(again, lin, voucher) == "ok"
    assert refused(lambda: done(lambda: payment_requests.cancel(again.request_id, store.till))) == "payment_done"


def test_a_request_is_its_counters_alone(clock, app):
    campaign, store, _, _ = one_voucher()
    other = shop(campaign, number=2, name="阳光")
    shown = ask(store.till)
    for stranger in (other.till, store.desk):
        assert refused(lambda who=stranger: payment_requests.request_of(shown.request_id, who)) == "payment_unknown"
        assert refused(lambda who=stranger: done(lambda: payment_requests.cancel(shown.request_id, who)))


@pytest.mark.parametrize(
    ("amounts", "code"),
    [
        ({"bill_fen": 0}, "amount_out_of_range"),
        ({"bill_fen": "200"}, "amount_malformed"),
        ({"bill_fen": 20_000, "list_fen": 19_999}, "list_price_below_bill"),
        ({"bill_fen": 20_000, "excluded_fen": 20_000}, "excluded_out_of_bill"),
    ],
)
def test_amounts_that_make_no_sense_are_refused_at_once(clock, app, amounts, code):
    _, store, _, _ = one_voucher()
    assert refused(lambda: ask(store.till, **amounts)) == code
    assert db.session.scalar(select(func.count()).select_from(PaymentRequest)) == 0


def test_a_made_up_token_is_unknown_and_somebody_elses_voucher_too(clock, app):
    _, store, lin, voucher = one_voucher()
    chen = citizens(2)[1]
    assert refused(lambda: done(lambda: payment_requests.open_request("x" * 22, PHONE))) == "payment_unknown"
    shown = ask(store.till)
    with pytest.raises(VoucherUnknown):
        press(shown, chen, voucher)
    assert refused(lambda: press(shown, lin)) == "nothing_chosen"
    assert trail() == []


def test_what_came_to_nothing_is_forgotten_after_two_days_and_what_was_used_is_kept(clock, app):
    _, store, lin, voucher = one_voucher()
    scan(ask(store.till))
    shown = ask(store.till)
    assert used(shown, lin, voucher) == "ok"
    clock.move_to(clock.now() + timedelta(days=2))
    assert done(payment_requests.forget_old_requests) == 0
    clock.move_to(clock.now() + TICK)
    assert done(payment_requests.forget_old_requests) == 1
    assert db.session.scalars(select(PaymentRequest.id)).all() == [shown.request_id]
    for model in (PaymentToken, PaymentVisit):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0


# --- what is offered ----------------------------------------------------------------------------------------


def two_kinds():
    """A campaign with vouchers of 20 off 100, up to three together, and 50 off 200, and one that shows codes."""
    document = scanning()
    document["offers"] = [
        world.offer(use={"scan_mode": "scanned"}),
        world.offer(
            "any", name="通用券", benefit={"face_value_yuan": 20, "threshold_yuan": 100}, scope={},
            use={"scan_mode": "either", "per_order": 3},
        ),
        world.offer("code", name="出示券", scope={}),
    ]  # fmt: skip
    document["rounds"][0]["releases"] = [{"offer": code, "stock": 20} for code in ("meal", "any", "code")]
    return opened(document)


def test_the_best_comes_first_and_the_rest_say_why_not(clock, app):
    campaign = two_kinds()
    store = shop(campaign)
    [lin] = citizens(1)
    for code, count in (("meal", 1), ("any", 3), ("code", 2)):
        for _ in range(count):
            claim(lin, campaign.releases["r1", code])
    shown = ask(store.till, 30_000)
    request = done(lambda: payment_requests.open_request(shown.token, PHONE))
    offered = paying.offered(request, lin)
    told = [(option.facts.name, len(option.entitlement_ids), option.saves_fen) for option in offered.options]
    assert told == [("通用券", 3, 6_000), ("餐饮券", 1, 5_000), ("通用券", 1, 2_000)]
    assert [(each.facts.name, each.held, each.refusal.code) for each in offered.barred] == [
        ("出示券", 2, "code_must_be_shown")
    ]
    small = ask(store.till, 9_999)
    offered = paying.offered(done(lambda: payment_requests.open_request(small.token, PHONE)), lin)
    assert offered.options == ()
    assert {each.refusal.code for each in offered.barred} == {"bill_below_threshold", "code_must_be_shown"}


def test_several_are_used_together_or_not_at_all(clock, app):
    campaign = two_kinds()
    store = shop(campaign)
    [lin] = citizens(1)
    three = [claim(lin, campaign.releases["r1", "any"]) for _ in range(3)]
    shown = ask(store.till, 29_999)
    assert used(shown, lin, *three) == "bill_below_threshold"
    assert trail() == ["bill_below_threshold"] * 3
    assert press(shown, lin, *three[:2]) == {"ok": True, "discount_fen": 4_000, "pays_fen": 25_999}
    assert press(shown, lin, *reversed(three[:2]))["ok"]
    request = payment_requests.request_of(shown.request_id, store.till)
    assert sum(receipt.bill_fen for receipt in paying.receipts_for(request)) == 29_999
    # One of them is used already: the other order leaves nothing.
    assert used(ask(store.till), lin, *three[1:]) == "already_redeemed"
    assert db.session.get_one(Entitlement, three[2], populate_existing=True).status == "claimed"
    meal = claim(lin, campaign.releases["r1", "meal"])
    assert used(ask(store.till, 50_000), lin, three[2], meal) == "offers_do_not_stack"


# --- goods, places, voids and refunds -----------------------------------------------------------------------


def test_goods_count_for_those_vouchers_only_that_may_not_buy_them(clock, app):
    document = scanning()
    document["offers"] = [
        world.offer(use={"scan_mode": "scanned"}, scope={"goods_excluded": ["烟", "酒"]}),
        world.offer("any", name="通用券", scope={}, use={"scan_mode": "scanned"}),
    ]
    document["rounds"][0]["releases"] = [{"offer": code, "stock": 20} for code in ("meal", "any")]
    campaign = opened(document)
    store = shop(campaign)
    [lin] = citizens(1)
    meal, whole = (claim(lin, campaign.releases["r1", code]) for code in ("meal", "any"))
    assert refused(lambda: ask(store.desk, 20_000, asks_goods=True)) == "goods_to_confirm"
    shown = ask(store.desk, 20_000, excluded_fen=1, asks_goods=True)
    assert used(shown, lin, meal) == "bill_below_threshold"
    assert press(shown, lin, whole) == {"ok": True, "discount_fen": 5_000, "pays_fen": 15_000}
    shown = ask(store.desk, 25_000, excluded_fen=5_000, asks_goods=True)
    assert press(shown, lin, meal) == {"ok": True, "discount_fen": 5_000, "pays_fen": 20_000}
    assert db.session.scalars(select(Redemption.excluded_fen).order_by(Redemption.redeemed_at)).all() == [0, 5_000]


HERE, AWAY = Location(111.98, 21.86), Location(113.26, 23.13)


def test_where_the_area_is_looked_at_for_use_it_is_asked_at_the_press(clock, app):
    document = scanning()
    document["offers"][0]["scope"]["geofence"] = {"center": [111.98, 21.86], "km": 60, "checked": "use"}
    campaign = opened(document)
    store = shop(campaign)
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    shown = ask(store.till)
    assert press(shown, lin, voucher)["code"] == "location_missing"
    assert press(shown, lin, voucher, location=AWAY)["code"] == "outside_geofence"
    assert press(shown, lin, voucher, location=HERE)["ok"]
    assert trail() == ["location_missing", "outside_geofence"]
    assert payment_requests.request_of(shown.request_id, store.till).inside is True


def test_it_is_voided_and_refunded_as_any_redemption(clock, app):
    campaign, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    press(shown, lin, voucher)
    [receipt] = paying.receipts_for(payment_requests.request_of(shown.request_id, store.till))
    world.void(receipt, store.till)
    assert db.session.get_one(Entitlement, voucher, populate_existing=True).status == "claimed"
    assert used(shown, lin, claim(lin, campaign.release)) == "payment_done"
    shown = ask(store.till)
    assert used(shown, lin, voucher) == "ok"
    [receipt] = paying.receipts_for(payment_requests.request_of(shown.request_id, store.till))
    slip = done(lambda: refunds.refund(receipt.redemption_id, store.till, 20_000, "质量问题"))
    assert (slip.discount_fen, slip.restored) == (5_000, True)


def test_a_suspended_merchant_neither_asks_nor_is_paid(clock, app):
    _, store, lin, voucher = one_voucher()
    shown = ask(store.till)
    done(lambda: world.register.suspend_merchant(store.merchant_id, reason="检查", by=world.DRAFTER))
    assert refused(lambda: ask(store.till)) == "merchant_suspended"
    assert used(shown, lin, voucher) == "merchant_suspended"
