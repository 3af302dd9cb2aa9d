"""Refunds of one redemption, many at once: never more than the bill, and the voucher goes back once."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from foundation.db import db
from merchants.models import Redemption, Refund
from merchants.refunds import refund
from settlement.closing import close_period
from tests.races.crowd import at_once, mixed
from tests.races.test_redemption_races import market
from tests.world import at, citizens, claim, claim_and_show, redeem
from voucher.models import Entitlement

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def used(campaign, tills, count):
    """Return redemptions of as many people; others leave money in the same accounts."""
    people = citizens(count + 10)
    for citizen in people[count:]:
        redeem(tills[0], claim_and_show(citizen, campaign.release)[1])
    claim(citizens(count + 11)[-1], campaign.release)
    return [redeem(tills[0], claim_and_show(citizen, campaign.release)[1]).redemption_id for citizen in people[:count]]


def test_the_whole_comes_back_once_however_many_ask(clock, race_app):
    campaign, tills = market()
    for redemption_id in used(campaign, tills, 4):
        works = [
            lambda till=till, redemption_id=redemption_id: refund(redemption_id, till, 20_000, "顾客退货")
            for till in tills[:8]
        ]
        attempts = at_once(race_app, works)
        assert Counter(attempt.code for attempt in attempts) == {"done": 1, "already_refunded": 7}
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Entitlement).where(Entitlement.status == "claimed")) == 5


def test_parts_at_once_stop_at_the_bill(clock, race_app):
    campaign, tills = market()
    [redemption_id] = used(campaign, tills, 1)
    works = [lambda till=till: refund(redemption_id, till, 3_000, "顾客退货") for till in tills[:8]]
    codes = Counter(attempt.code for attempt in at_once(race_app, works))
    assert codes == {"done": 6, "refund_exceeds_bill": 2}
    db.session.rollback()
    found = db.session.get_one(Redemption, redemption_id)
    assert (found.refunded_bill_fen, found.refunded_discount_fen) == (18_000, 4_500)


def test_a_refund_while_the_period_is_closed_is_on_this_statement_or_waits_for_the_next(clock, race_app):
    campaign, tills = market()
    redemptions = used(campaign, tills, 12)
    clock.move_to(at("2023-05-09 09:00"))
    refunds = [lambda each=each: refund(each, tills[0], 10_000, "顾客退货") for each in redemptions]
    closing = [lambda: close_period(campaign.id, at("2023-05-08 00:00").date(), by="officer:3")]
    attempts = at_once(race_app, mixed(refunds, closing), threads=8)
    assert {attempt.code for attempt in attempts} == {"done"}
    db.session.rollback()
    rows = db.session.execute(select(Refund.recovery, Refund.statement_id)).all()
    assert len(rows) == 12
    # What came back at once is on the statement; what came later is not, and is taken off the next one.
    assert all((recovery == "at_once") == (statement is not None) for recovery, statement in rows)
