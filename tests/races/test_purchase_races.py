"""Vouchers that are bought, under a crowd: the last one, a payment at the moment its order ends, a notification that
comes many times at once."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaigns.rounds import close_due_rounds
from foundation.db import db, transaction
from ledger import audit
from tests.races.crowd import at_once, mixed
from tests.sold import PRICE_FEN, buy, notify, order, price_accounts, sold, sold_offer
from tests.world import CLOSES, JOB, OPENS, a_round, citizens, done, offer, opened, release_row
from voucher import purchases
from voucher.claims import claim as claim_operation
from voucher.expiry import expire_due
from voucher.models import Entitlement
from voucher.purchase_models import Payment, Purchase

pytestmark = [pytest.mark.race, pytest.mark.postgres]

PAY_UNTIL = OPENS + timedelta(minutes=15)


def market(stock, **round_changes):
    """A round in which one offer is sold, and beside it another that is sold and one that is free."""
    document = sold()
    document["offers"] += [sold_offer("tea"), offer("free", funding={"shares": {"city": "100%"}}, scope={})]
    limits = [{"count": 1, "within": "offer"}]
    releases = [{"offer": code, "stock": count} for code, count in (("meal", stock), ("tea", 60), ("free", 60))]
    document["rounds"] = [a_round(limits=limits, releases=releases, **round_changes)]
    return opened(document)


def bystanders(campaign, people):
    """What else goes on with the same people's limits and the same sources' money."""
    tea, free = campaign.releases["r1", "tea"], campaign.releases["r1", "free"]
    return [
        *[lambda who=who: buy(who, tea) for who in people],
        *[lambda who=who: claim_operation(who, free) for who in people],
        lambda: purchases.lapse_due(actor=JOB),
        lambda: expire_due(actor=JOB),
        lambda: close_due_rounds(actor=JOB),
    ]


def by_status(model):
    db.session.rollback()
    return Counter(db.session.scalars(select(model.status)))


def test_of_sixty_who_want_the_last_ten_ten_have_an_order_and_the_rest_have_nothing_counted(clock, race_app):
    campaign = market(stock=10)
    people = citizens(70)
    release = campaign.releases["r1", "meal"]
    wanted = [lambda who=who: buy(who, release) for who in people[:60]]
    others = bystanders(campaign, people[60:])
    works = mixed(wanted, others)
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    assert Counter(attempts[work].code for work in wanted) == {"done": 10, "sold_out": 50}
    assert {attempts[work].code for work in others} == {"done"}
    assert release_row(release).remaining == 0
    assert by_status(Purchase) == {"awaiting": 20}


def test_a_payment_beside_the_end_of_its_order_is_either_a_voucher_or_goes_back(clock, race_app, slow_ledger):
    campaign = market(stock=30)
    people = citizens(40)
    release = campaign.releases["r1", "meal"]
    orders = {order(who, release): who for who in people[:30]}
    clock.move_to(PAY_UNTIL)
    paying = [lambda purchase=purchase: notify(purchase) for purchase in orders]
    ending = [lambda: purchases.lapse_due(actor=JOB, most=3) for _ in range(15)]
    giving_up = [lambda each=each, who=who: purchases.give_up(each, who) for each, who in list(orders.items())[::3]]
    works = mixed(paying, ending, giving_up, bystanders(campaign, people[30:]))
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    arrivals = Counter(attempts[work].outcome.arrival for work in paying)
    assert set(arrivals) <= {"bought", "late"}
    assert arrivals.total() == 30
    # Both happened, or nothing was tried.
    assert len(arrivals) == 2
    while done(lambda: purchases.lapse_due(actor=JOB)):
        pass
    db.session.rollback()
    for purchase in db.session.scalars(select(Purchase).where(Purchase.release_id == release)):
        [payment] = db.session.scalars(select(Payment).where(Payment.purchase_id == purchase.id))
        has_voucher = db.session.get(Entitlement, purchase.id) is not None
        assert (purchase.status, payment.status, has_voucher) in (
            ("paid", "kept", True),
            ("lapsed", "returning", False),
        )
    assert release_row(release).remaining == arrivals["late"]
    kept, late = arrivals["bought"] * PRICE_FEN, arrivals["late"] * PRICE_FEN
    assert price_accounts(campaign) == (kept, late, -kept - late)


def test_one_notification_many_times_at_once_is_one_payment_and_is_answered_alike(clock, race_app):
    campaign = market(stock=10)
    people = citizens(14)
    mine = order(people[0], campaign.releases["r1", "meal"])
    works = mixed([lambda: notify(mine) for _ in range(16)], bystanders(campaign, people[4:]))
    attempts = at_once(race_app, works)
    assert {attempt.code for attempt in attempts} == {"done"}
    told = {attempt.outcome for attempt in attempts if type(attempt.outcome).__name__ == "Arrived"}
    assert len(told) == 1
    assert by_status(Payment) == {"kept": 1}
    assert price_accounts(campaign) == (PRICE_FEN, 0, -PRICE_FEN)


def test_of_several_payments_of_one_order_one_buys_and_the_others_go_back(clock, race_app):
    campaign = market(stock=10)
    mine = order(citizens(1)[0], campaign.releases["r1", "meal"])
    attempts = at_once(race_app, [lambda number=number: notify(mine, reference=f"wx-{number}") for number in range(8)])
    assert Counter(attempt.outcome.arrival for attempt in attempts) == {"bought": 1, "twice": 7}
    assert by_status(Payment) == {"kept": 1, "returning": 7}


def test_one_number_for_several_orders_at_once_pays_one_of_them(clock, race_app):
    campaign = market(stock=10)
    orders = [order(who, campaign.releases["r1", "meal"]) for who in citizens(8)]
    attempts = at_once(race_app, [lambda each=each: notify(each, reference="wx-1") for each in orders])
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "payment_contradicts": 7}
    assert by_status(Purchase) == {"paid": 1, "awaiting": 7}


def test_orders_end_beside_the_end_of_their_round_and_no_fen_is_lost(clock, race_app, slow_ledger):
    campaign = market(stock=30)
    release = campaign.releases["r1", "meal"]
    clock.move_to(CLOSES - timedelta(minutes=15))
    for who in citizens(20):
        order(who, release)
    clock.move_to(CLOSES)
    ending = [lambda: purchases.lapse_due(actor=JOB, most=4) for _ in range(8)]
    works = mixed(ending, [lambda: close_due_rounds(actor=JOB) for _ in range(4)])
    assert {attempt.code for attempt in at_once(race_app, works)} == {"done"}
    while done(lambda: purchases.lapse_due(actor=JOB)):
        pass
    assert release_row(release).remaining == 0
    assert [campaign.pool_fen(source) for source in ("city", "bank", "shops")] == [1_000_000] * 3


def test_without_the_condition_an_order_is_paid_and_given_back_and_the_audit_sees_it(clock, broken_app, monkeypatch):
    campaign = market(stock=30)
    everybody = citizens(20)
    # Those of the others that wait keep the accounts above zero, so that the ledger alone does not stop it.
    placed = [(order(who, campaign.releases["r1", "meal"]), who) for who in everybody]
    orders = dict(placed[:10])

    def look_then_write(model, ids, event, step, **_more):
        open_ones = set(db.session.scalars(select(model.id).where(model.id.in_(ids), model.status == "awaiting")))
        time.sleep(0.02)
        db.session.execute(update(model).where(model.id.in_(open_ones)).values(status="lapsed"))
        return open_ones

    class Naive:
        apply = staticmethod(look_then_write)

    monkeypatch.setattr(purchases, "PURCHASE", Naive)
    paying = [lambda each=each: notify(each) for each in orders]
    giving_up = [lambda each=each, who=who: purchases.give_up(each, who) for each, who in orders.items()]
    at_once(broken_app, [work for pair in zip(giving_up, paying, strict=True) for work in pair])
    with transaction():
        both = db.session.scalars(
            select(Purchase.id)
            .join(Payment, Payment.purchase_id == Purchase.id)
            .where(Purchase.status == "lapsed", Payment.arrival == "bought")
        ).all()
    assert both
    assert "paid_purchases_have_their_voucher" in {finding.check.name for finding in audit.run()}
