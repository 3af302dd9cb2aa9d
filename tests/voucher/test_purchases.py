"""Vouchers that are bought: ordered, paid for or given back, and where every fen of the price is."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns import reading, termination
from campaigns.catalog import release_facts
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.clock import TICK
from foundation.db import db
from ledger import accounts
from ledger.posting import balance_fen
from settlement import figures
from tests.sold import FACE_FEN, PRICE_FEN, buy, lapse, order, pay, price_accounts, sold, sold_offer
from tests.world import (
    CLOSES,
    JOB,
    OPENS,
    a_round,
    at,
    citizens,
    done,
    everything,
    opened,
    redeem,
    release_row,
    shop,
    show,
)
from voucher import claims, payment_adapters, purchases
from voucher.errors import LimitReached, SoldOut
from voucher.jobs import lapse_purchases, return_payments
from voucher.models import Entitlement, PersonQuota
from voucher.payment_adapters import NoPayments, Simulator
from voucher.purchase_errors import (
    AmountWrong,
    MustBePaidFor,
    PaymentContradicts,
    PaymentNotSetUp,
    PurchaseOver,
    PurchaseUnknown,
)
from voucher.purchase_models import Payment, Purchase

PAY_UNTIL = OPENS + timedelta(minutes=15)
#: When a voucher that is paid for on the first day runs out.
END = at("2023-05-15 00:00")


def used_in_all():
    return db.session.scalar(select(func.sum(PersonQuota.used)))


def statuses(model):
    db.session.rollback()
    return dict(db.session.execute(select(model.status, func.count()).group_by(model.status)).all())


def reserved_fen(campaign, source="city"):
    return balance_fen(accounts.reserved(campaign.id, campaign.sources[source], offer_id=campaign.offers["meal"]))


def test_an_order_takes_stock_limit_and_money_as_a_free_claim_does_and_gives_no_voucher_yet(clock, app):
    campaign = opened(sold())
    lin, chen = citizens(2)
    ordered = done(lambda: buy(lin, campaign.release))
    assert ordered.pay_until == PAY_UNTIL
    assert release_row(campaign.release).remaining == 9
    assert used_in_all() == 1
    assert [reserved_fen(campaign, source) for source in ("city", "bank", "shops")] == [2_000, 2_000, 2_000]
    assert statuses(Entitlement) == {}
    with pytest.raises(LimitReached):
        order(lin, campaign.release)
    order(chen, campaign.release)
    assert release_row(campaign.release).remaining == 8


def test_a_paid_order_is_a_voucher_whose_validity_begins_with_the_payment(clock, app):
    campaign = opened(sold())
    place = shop(campaign)
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    clock.move_to(OPENS + timedelta(minutes=14))
    assert pay(purchase_id).arrival == "bought"
    voucher = db.session.get_one(Entitlement, purchase_id)
    assert (voucher.status, voucher.claimed_at, voucher.expires_at) == ("claimed", OPENS + timedelta(minutes=14), END)
    assert voucher.face_value_fen == FACE_FEN
    assert price_accounts(campaign) == (PRICE_FEN, 0, -PRICE_FEN)
    receipt = redeem(place.till, show(purchase_id, lin), 30_000)
    assert (receipt.discount_fen, receipt.customer_pays_fen) == (FACE_FEN, 24_000)
    # The face is funded 20 + 20 + 20; the price is nobody's part of it.
    assert [campaign.payable_fen(source, place.merchant_id) for source in ("city", "bank")] == [2_000, 2_000]
    assert price_accounts(campaign) == (PRICE_FEN, 0, -PRICE_FEN)


def test_the_price_is_in_no_issued_amount_and_in_no_driven_consumption(clock, app):
    campaign = opened(sold())
    place = shop(campaign)
    lin, chen = citizens(2)
    bought = order(lin, campaign.release)
    pay(bought)
    order(chen, campaign.release)
    redeem(place.till, show(bought, lin), 30_000)
    computed = figures.compute(at("2023-05-08 00:00").date(), at("2023-05-08 00:00").date()).values()
    assert sum(sums.claimed_fen for sums in computed) == FACE_FEN
    assert sum(sums.claimed_count for sums in computed) == 1
    assert sum(sums.driven_fen for sums in computed) == 30_000


def test_an_order_that_is_not_paid_in_time_gives_everything_back_and_can_be_made_again_at_once(clock, app):
    campaign = opened({**sold(), "rounds": [a_round(releases=[{"offer": "meal", "stock": 1}])]})
    lin, chen = citizens(2)
    order(lin, campaign.release)
    with pytest.raises(SoldOut):
        order(chen, campaign.release)
    clock.move_to(PAY_UNTIL - TICK)
    assert lapse() == 0
    clock.move_to(PAY_UNTIL)
    assert lapse_purchases() == "1 unpaid orders lapsed"
    assert (release_row(campaign.release).remaining, used_in_all(), reserved_fen(campaign)) == (1, 0, 0)
    assert statuses(Purchase) == {"lapsed": 1}
    app.extensions.pop("voucher.closed_releases")
    order(lin, campaign.release)


def test_all_of_many_lapse_release_by_release(clock, app):
    document = sold()
    document["offers"].append(sold_offer("tea"))
    document["rounds"] = [
        a_round(
            limits=[{"count": 3, "within": "offer"}, {"count": 9, "within": "day"}],
            releases=[{"offer": "meal", "stock": 8}, {"offer": "tea", "stock": 8}],
        )
    ]
    campaign = opened(document)
    lin, chen = citizens(2)
    for release in campaign.releases.values():
        for who in (lin, lin, chen):
            order(who, release)
    clock.move_to(PAY_UNTIL)
    assert done(lambda: purchases.lapse_due(actor=JOB, most=2)) == 2
    assert lapse_purchases() == "4 unpaid orders lapsed"
    assert [release_row(release).remaining for release in campaign.releases.values()] == [8, 8]
    assert used_in_all() == 0


def test_after_the_round_has_closed_the_money_of_an_unpaid_order_goes_to_the_pools(clock, app):
    campaign = opened(sold())
    lin, chen = citizens(2)
    clock.move_to(CLOSES - timedelta(minutes=1))
    order(lin, campaign.release)
    bought = order(chen, campaign.release)
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    assert campaign.pool_fen("city") == 1_000_000 - 4_000
    # Who ordered in time may still pay.
    clock.move_to(CLOSES + timedelta(minutes=13))
    assert pay(bought).arrival == "bought"
    clock.move_to(CLOSES + timedelta(minutes=14))
    assert lapse() == 1
    assert campaign.pool_fen("city") == 1_000_000 - 2_000
    assert release_row(campaign.release).remaining == 0
    # What was released is claimed or recalled, for the bureau's page and for the report alike.
    [[line]] = [a_round.releases for a_round in reading.rounds_of(campaign.id)]
    assert (line.release.released, line.claimed, line.recalled) == (10, 1, 9)
    day = at("2023-05-10 00:00").date()
    computed = figures.compute(day, day).values()
    assert sum(sums.claimed_fen for sums in computed) == FACE_FEN
    assert sum(sums.recalled_fen for sums in computed) == 9 * FACE_FEN
    assert sum(sums.recalled_count for sums in computed) == 9


def test_a_limit_of_the_day_is_given_back_for_the_day_of_the_order(clock, app):
    document = sold()
    document["rounds"] = [a_round(limits=[{"count": 1, "within": "day"}])]
    campaign = opened(document)
    [lin] = citizens(1)
    clock.move_to(at("2023-05-08 23:50"))
    order(lin, campaign.release)
    clock.move_to(at("2023-05-09 00:06"))
    order(lin, campaign.release)
    assert lapse() == 1
    left = dict(db.session.execute(select(PersonQuota.scope, PersonQuota.used)).all())
    assert sorted(left.values()) == [0, 1]
    assert {scope.rpartition(":")[2]: used for scope, used in left.items()} == {"2023-05-08": 0, "2023-05-09": 1}


def test_a_buyer_may_give_up_and_only_the_buyer(clock, app):
    campaign = opened(sold())
    lin, chen = citizens(2)
    purchase_id = order(lin, campaign.release)
    with pytest.raises(PurchaseUnknown):
        done(lambda: purchases.give_up(purchase_id, chen))
    done(lambda: purchases.give_up(purchase_id, lin))
    assert (release_row(campaign.release).remaining, used_in_all()) == (10, 0)
    with pytest.raises(PurchaseOver):
        done(lambda: purchases.give_up(purchase_id, lin))


def test_a_payment_that_comes_after_the_order_lapsed_is_recorded_and_goes_back(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    clock.move_to(PAY_UNTIL)
    lapse()
    arrived = pay(purchase_id)
    assert arrived.arrival == "late"
    assert price_accounts(campaign) == (0, PRICE_FEN, -PRICE_FEN)
    assert statuses(Entitlement) == {}
    assert release_row(campaign.release).remaining == 10
    assert return_payments() == "1 payments given back, 0 refused by the payment service"
    assert price_accounts(campaign) == (0, 0, 0)
    assert return_payments() == "0 payments given back, 0 refused by the payment service"
    # Told again, it is the same payment: nothing more comes in or goes out.
    assert pay(purchase_id) == arrived
    assert price_accounts(campaign) == (0, 0, 0)


def test_a_late_payment_of_an_order_that_still_waits_is_good(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    clock.move_to(PAY_UNTIL + timedelta(seconds=30))
    assert pay(purchase_id).arrival == "bought"
    assert lapse() == 0


def test_a_second_payment_of_one_order_goes_back_and_the_first_stays(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    pay(purchase_id)
    assert pay(purchase_id, reference="another").arrival == "twice"
    assert price_accounts(campaign) == (PRICE_FEN, PRICE_FEN, -2 * PRICE_FEN)
    return_payments()
    assert price_accounts(campaign) == (PRICE_FEN, 0, -PRICE_FEN)
    assert statuses(Payment) == {"kept": 1, "returned": 1}


@pytest.mark.parametrize("amount_fen", [1, PRICE_FEN - 1, PRICE_FEN + 1, FACE_FEN])
def test_another_amount_than_the_price_is_refused_and_nothing_is_recorded(clock, app, amount_fen):
    campaign = opened(sold())
    [lin] = citizens(1)
    purchase_id = order(lin, campaign.release)
    before = everything()
    with pytest.raises(AmountWrong):
        pay(purchase_id, amount_fen=amount_fen)
    assert everything() == before


def test_one_number_of_the_payment_service_stands_for_one_payment(clock, app):
    campaign = opened(sold())
    lin, chen = citizens(2)
    first, second = order(lin, campaign.release), order(chen, campaign.release)
    pay(first, reference="wx-1")
    before = everything()
    with pytest.raises(PaymentContradicts):
        pay(second, reference="wx-1")
    with pytest.raises(PaymentContradicts):
        pay(first, reference="wx-1", amount_fen=PRICE_FEN + 1)
    assert everything() == before


def test_what_has_a_price_is_given_to_nobody_for_nothing(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    before = everything()
    with pytest.raises(MustBePaidFor):
        done(lambda: claims.claim(lin, campaign.release))
    assert everything() == before


def test_without_a_payment_service_nothing_that_is_sold_is_ordered(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    payment_adapters.use_adapter(NoPayments())
    try:
        with pytest.raises(PaymentNotSetUp):
            order(lin, campaign.release)
        assert isinstance(claims.refused_unasked(release_facts(campaign.release), OPENS), PaymentNotSetUp)
    finally:
        payment_adapters.use_adapter(Simulator())


def test_a_price_of_nothing_is_a_free_voucher(clock, app):
    campaign = opened(sold(price_yuan=0))
    [lin] = citizens(1)
    done(lambda: claims.claim(lin, campaign.release))
    assert statuses(Entitlement) == {"claimed": 1}
    assert statuses(Purchase) == {}


def test_a_payment_of_a_voucher_that_would_be_over_already_goes_back(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    clock.move_to(CLOSES - timedelta(minutes=1))
    purchase_id = order(lin, campaign.release)
    # Nothing lapsed it, and the campaign is over.
    clock.move_to(at("2023-07-01 00:00"))
    assert pay(purchase_id).arrival == "late"
    assert statuses(Purchase) == {"awaiting": 1}
    assert lapse() == 1


def test_only_an_order_that_there_is_can_be_paid(clock, app):
    campaign = opened(sold())
    [lin] = citizens(1)
    order(lin, campaign.release)
    before = everything()
    with pytest.raises(PurchaseUnknown):
        pay(lin)
    assert everything() == before


def test_who_ordered_before_a_campaign_was_ended_early_may_still_pay(clock, app):
    campaign = opened(sold())
    lin, chen = citizens(2)
    bought, unpaid = order(lin, campaign.release), order(chen, campaign.release)
    done(lambda: termination.propose(campaign.id, "资金提前用完", by="officer:1"))
    done(lambda: termination.approve(campaign.id, by="officer:2"))
    assert pay(bought).arrival == "bought"
    clock.move_to(PAY_UNTIL)
    assert lapse() == 1
    assert pay(unpaid).arrival == "late"
    assert campaign.pool_fen("city") == 1_000_000 - 2_000


def test_money_of_an_unpaid_order_is_not_carried_into_a_later_round(clock, app):
    document = sold()
    own = {"kind": "own", "budget_yuan": 120}
    later = a_round(
        "r2",
        opens_at=CLOSES + timedelta(minutes=5),
        closes_at=CLOSES + timedelta(days=1),
        rollover={"kind": "own", "budget_yuan": 60, "carry": "r1"},
    )
    document["rounds"] = [a_round(rollover=own), later]
    campaign = opened(document)
    [lin] = citizens(1)
    clock.move_to(CLOSES - timedelta(minutes=1))
    order(lin, campaign.releases["r1", "meal"])
    clock.move_to(CLOSES + timedelta(minutes=4))
    done(lambda: close_due_rounds(actor=JOB))
    done(lambda: release_due_rounds(actor=JOB))
    # 60 of its own and the 60 that nobody ordered; the other 60 may still be paid for.
    assert release_row(campaign.releases["r2", "meal"]).released == 2
