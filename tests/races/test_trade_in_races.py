"""One article, many shops at once: its number counts for one of them, and the others sell nothing."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from evidence import marks
from evidence.models import Mark
from foundation.clock import bureau_day, day_end
from foundation.db import db, upsert
from merchants import redemptions
from merchants.items import Item
from merchants.models import Redemption, SoldItem
from tests import trade_in, world
from tests.races.crowd import ClockPerThread, at_once, mixed
from voucher import spares

pytestmark = [pytest.mark.race, pytest.mark.postgres]

SHOPS = 8
#: Between the look and the write: as long as a busy server takes.
A_MOMENT = 0.02


def everybody_sells_one_article(app):
    """Sell the same article in many shops at once, each to a person of their own; return how the attempts ended."""
    campaign = trade_in.opened()
    people = world.citizens(SHOPS)
    works = []
    for number, who in enumerate(people, 1):
        till = trade_in.shop(campaign, number=number).till
        _, digits = trade_in.claim_and_show(who, campaign.release)
        item = Item(serial="SN-ONE", imei="490154203237518", grade="1")
        works.append(lambda till=till, digits=digits, item=item: redemptions.redeem(till, digits, 399_900, item=item))
    return Counter(attempt.code for attempt in at_once(app, works, threads=SHOPS))


def sold():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(SoldItem))


def test_one_article_is_subsidised_in_one_shop(clock, race_app):
    assert everybody_sells_one_article(race_app) == {"done": 1, "mark_taken": SHOPS - 1}
    assert sold() == 1


def naive_take(claims):
    """Look whether a number is there, and then write it."""
    there = {claim for claim in claims if marks.holder_of(claim.kind, claim.number)}
    time.sleep(A_MOMENT)
    for claim in claims:
        row = {
            "kind": claim.kind,
            "number_hash": marks._hash(claim.kind, claim.number),
            "holder_kind": claim.holder_kind,
            "holder_id": claim.holder_id,
            "taken_at": marks.clock.now(),
        }
        db.session.execute(upsert(Mark).values(row).on_conflict_do_nothing())
    return set(claims) - there


def test_without_the_key_one_article_is_subsidised_in_several(clock, broken_app, monkeypatch):
    """The control: who looks first and writes afterwards lets several shops through."""
    monkeypatch.setattr(marks, "take_what_is_free", naive_take)
    assert everybody_sells_one_article(broken_app)["done"] > 1
    assert sold() > 1


def test_a_void_at_midnight_and_the_return_of_the_rest_leave_the_money_whole(clock, race_app, monkeypatch):
    """Whoever comes first: a void that is too late is refused, and no rest returns of what was given back."""
    campaign = trade_in.opened()
    store = trade_in.shop(campaign)
    receipts = [
        trade_in.sell(store.till, trade_in.claim_and_show(who, campaign.release)[1], 399_900)
        for who in world.citizens(20)
    ]
    midnight = day_end(bureau_day(clock.now()))
    threads = ClockPerThread(midnight)
    monkeypatch.setattr("foundation.clock._clock", threads)
    voids = [
        threads.at(clock.now(), lambda at=at: redemptions.void(at.redemption_id, store.till, "顾客退货"))
        for at in receipts
    ]
    attempts = at_once(race_app, mixed(voids, [lambda: spares.return_due(most=4)] * 6))
    db.session.rollback()
    voided = db.session.scalar(select(func.count()).select_from(Redemption).where(Redemption.status == "voided"))
    assert voided == sum(1 for attempt in attempts if attempt.code == "done" and not isinstance(attempt.outcome, int))
