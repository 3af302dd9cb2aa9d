"""Evidence at the same moment: one decision counts, a rejection and a refund give the money back once, an invoice is
for one sale."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select, text

from foundation.db import db, transaction
from ledger import audit
from merchants import hand_ins, refunds
from merchants.hand_in_decisions import Decision, Officer, decide
from merchants.hand_in_models import HandIn, HandInDecision
from merchants.hand_ins import HandingIn
from merchants.models import Redemption, Refund
from merchants.refunds import refund
from tests.merchants.sold import Sold, handed_in, typed
from tests.races.crowd import at_once
from tests.races.test_redemption_races import market
from tests.world import citizens, claim_and_show, redeem

pytestmark = [pytest.mark.race, pytest.mark.postgres]

A_MOMENT = 0.005


def test_of_many_decisions_at_once_one_counts(clock, race_app):
    sold = Sold()
    sales = sold.sell(3)
    for number, sale in enumerate(sales, 1):
        handed_in(sold, sale, number)
    kinds = [Decision("accept"), Decision("correct", ["invoice_differs"]), Decision("reject", ["not_a_real_sale"])]
    for sale in sales:
        works = [
            lambda sale=sale, kind=kinds[n % 3], n=n: decide(sale, kind, Officer(f"officer:{n}", "chief"))
            for n in range(9)
        ]
        codes = Counter(attempt.code for attempt in at_once(race_app, works))
        assert codes == {"done": 1, "hand_in_not_waiting": 8}
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(HandInDecision)) == 3


def test_a_rejection_and_a_return_give_the_money_back_once(clock, race_app):
    sold = Sold()
    sales = sold.sell(8)
    for number, sale in enumerate(sales, 1):
        handed_in(sold, sale, number)
    reject = Decision("reject", ["not_a_real_sale"])
    works = []
    for sale in sales:
        works += [
            lambda sale=sale: decide(sale, reject, Officer("officer:1", "chief")),
            lambda sale=sale: refund(sale, sold.shop.till, 1_000_000, "顾客退货"),
        ]
    at_once(race_app, works, threads=8)
    db.session.rollback()
    assert {found.status for found in db.session.scalars(select(HandIn))} <= {"rejected", "withdrawn"}
    rows = db.session.scalars(select(Redemption)).all()
    assert all(row.refunded_discount_fen == row.discount_fen for row in rows)


def test_an_invoice_of_many_sales_at_once_is_taken_for_one(clock, race_app):
    sold = Sold()
    sales = sold.sell(8)
    works = [
        lambda sale=sale: hand_ins.hand_in(HandingIn(sale, typed(1)), actor="cashier:1", store_id=sold.shop.store_id)
        for sale in sales
    ]
    codes = Counter(attempt.code for attempt in at_once(race_app, works))
    assert codes == {"done": 1, "hand_in_incomplete": 7}


def naive_count(redemption, goods_fen, pool_fen, before, step, *, restores):
    """Look and then write, without the condition that stops the second of two."""
    time.sleep(A_MOMENT)
    redemption.refunded_bill_fen = before[0] + goods_fen
    redemption.refunded_discount_fen = before[1] + pool_fen
    db.session.flush()
    return redemption.statement_id


def unlocked(redemption_id, counter, *, lock=False):
    return db.session.scalar(
        select(Redemption).where(Redemption.id == redemption_id).execution_options(populate_existing=True)
    )


@pytest.mark.ledger_alone
def test_without_lock_and_condition_two_refunds_of_one_redemption_both_count(clock, race_app, monkeypatch):
    campaign, tills = market()
    people = citizens(12)
    for citizen in people[2:]:
        redeem(tills[0], claim_and_show(citizen, campaign.release)[1])
    redemption_id = redeem(tills[0], claim_and_show(people[0], campaign.release)[1]).redemption_id
    with monkeypatch.context() as patched:
        patched.setattr(refunds, "_redemption", unlocked)
        patched.setattr(refunds, "_count", naive_count)
        with transaction():
            db.session.execute(text("SELECT 1"))
        works = [lambda till=till: refund(redemption_id, till, 15_000, "顾客退货") for till in tills[:8]]
        attempts = at_once(race_app, works)
    db.session.rollback()
    goods_fen = db.session.scalar(select(func.sum(Refund.bill_fen)).where(Refund.redemption_id == redemption_id))
    assert Counter(attempt.code for attempt in attempts)["done"] > 1
    assert goods_fen > 20_000
    assert "refunds_stay_within_redemptions" in {finding.check.name for finding in audit.run()}
