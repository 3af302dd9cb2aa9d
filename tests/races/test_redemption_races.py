from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation import clock as clocks
from foundation.clock import TICK
from foundation.db import db
from merchants.models import Redemption
from merchants.redemptions import redeem as redeem_operation
from merchants.redemptions import void as void_operation
from merchants.register import Counter as TillCounter
from merchants.register import add_till
from tests.races.crowd import ClockPerThread, at_once, mixed
from tests.world import (
    DRAFTER,
    JOB,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    opened,
    redeem,
    shop,
    show,
    spring,
)
from voucher.expiry import expire_due
from voucher.models import Entitlement

pytestmark = [pytest.mark.race, pytest.mark.postgres]

ROUNDS = 5


def market(stock=200):
    """An open campaign and 32 tills in four stores of it."""
    document = spring()
    document["rounds"][0]["releases"][0]["stock"] = stock
    campaign = opened(document)
    tills = []
    for number in range(1, 5):
        place = shop(campaign, number=number, name=f"第{number}家")
        ids = done(lambda place=place: [add_till(place.store_id, name=f"{n}号台", by=DRAFTER)[0].id for n in range(8)])
        tills += [TillCounter(place.store_id, till_id=till_id) for till_id in ids]
    return campaign, tills


def test_32_tills_scan_one_code_and_one_of_them_redeems_it(clock, race_app):
    campaign, tills = market()
    people = citizens(60)
    # Money of many other vouchers lies in the same account: without it the ledger alone would stop a double spend.
    idle, busy = people[:30], people[30:50]
    for citizen in idle:
        claim(citizen, campaign.release)
    for turn in range(ROUNDS):
        [lin] = people[50 + turn : 51 + turn]
        voucher, digits = claim_and_show(lin, campaign.release)
        hers = [lambda till=till, digits=digits: redeem_operation(till, digits, 20_000) for till in tills]
        others = [
            lambda till=till, code=code: redeem_operation(till, code, 20_000)
            for till, code in [
                (tills[place], claim_and_show(busy[turn * 4 + place], campaign.release)[1]) for place in range(4)
            ]
        ]
        works = mixed(hers, others)
        attempts = dict(zip(works, at_once(race_app, works, threads=36), strict=True))
        assert Counter(attempts[work].code for work in hers) == {"done": 1, "already_redeemed": 31}
        [receipt] = [attempts[work].outcome for work in hers if not attempts[work].refused]
        named = {attempts[work].outcome.params["place"] for work in hers if attempts[work].refused}
        assert named == {receipt.store_name}
        assert {attempts[work].code for work in others} == {"done"}
        db.session.rollback()
        count = select(func.count()).select_from(Redemption).where(Redemption.entitlement_id == voucher)
        assert db.session.scalar(count) == 1


def test_several_codes_of_one_voucher_spend_it_once(clock, race_app):
    campaign, tills = market()
    lin, *others = citizens(10)
    for citizen in others:
        claim(citizen, campaign.release)
    voucher = claim(lin, campaign.release)
    codes = [show(voucher, lin) for _ in range(16)]
    works = [
        lambda till=till, code=code: redeem_operation(till, code, 20_000)
        for till, code in zip(tills, codes, strict=False)
    ]
    assert Counter(attempt.code for attempt in at_once(race_app, works)) == {"done": 1, "already_redeemed": 15}


def test_a_redemption_is_voided_once_however_many_ask(clock, race_app):
    campaign, tills = market()
    people = citizens(ROUNDS + 5)
    for citizen in people[ROUNDS:]:
        redeem(tills[0], claim_and_show(citizen, campaign.release)[1])
    for citizen in people[:ROUNDS]:
        receipt = redeem(tills[0], claim_and_show(citizen, campaign.release)[1])
        works = [
            lambda till=till, receipt=receipt: void_operation(receipt.redemption_id, till, "顾客退货")
            for till in tills[:8]
        ]
        attempts = at_once(race_app, works)
        assert Counter(attempt.code for attempt in attempts) == {"done": 1, "already_voided": 7}


def test_a_voucher_at_its_end_is_either_redeemed_or_expired(clock, race_app, monkeypatch):
    campaign, tills = market()
    people = citizens(24)
    vouchers = [claim(citizen, campaign.release) for citizen in people]
    end = at("2023-05-15 00:00")
    clock.move_to(end - timedelta(seconds=10))
    codes = [show(voucher, citizen) for voucher, citizen in zip(vouchers, people, strict=True)]
    per_thread = ClockPerThread(end)
    monkeypatch.setattr(clocks, "_clock", per_thread)
    scans = [
        per_thread.at(end - TICK, lambda till=till, code=code: redeem_operation(till, code, 20_000))
        for till, code in zip(tills, codes, strict=False)
    ]
    expiries = [lambda: expire_due(actor=JOB, most=3) for _ in range(12)]
    works = mixed(scans, expiries)
    attempts = dict(zip(works, at_once(race_app, works, threads=16), strict=True))
    codes_of = Counter(attempts[work].code for work in scans)
    assert set(codes_of) <= {"done", "voucher_expired"}
    while done(lambda: expire_due(actor=JOB)):
        pass
    db.session.rollback()
    states = dict(db.session.execute(select(Entitlement.status, func.count()).group_by(Entitlement.status)).all())
    assert states.get("redeemed", 0) == codes_of["done"]
    assert states.get("expired", 0) == codes_of["voucher_expired"]
