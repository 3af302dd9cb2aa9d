"""Customers who scan tills, many at once: a request is redeemed once, a voucher too, and nothing after its time."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select, update

from foundation import clock as clocks
from foundation.clock import TICK
from foundation.db import db
from foundation.errors import Refusal
from merchants import paying, payment_requests
from merchants.models import Redemption
from merchants.payment_models import PaymentRequest
from merchants.payment_requests import DECIDE_FOR, GRACE, SHOWN_FOR
from merchants.redemptions import redeem_batch
from merchants.register import Counter as TillCounter
from merchants.register import add_till
from merchants.scans import Paying, Scan
from tests.merchants.waiting import ask, scan, scanning, tell
from tests.races.crowd import ClockPerThread, at_once, mixed
from tests.races.test_line_races import elsewhere, neighbour  # noqa: F401 - a fixture
from tests.world import DRAFTER, citizens, claim, done, opened, shop
from voucher.models import Entitlement

pytestmark = [pytest.mark.race, pytest.mark.postgres]

BILL = 20_000


def market(people):
    """An open campaign, sixteen tills in two stores of it, and a voucher for each of so many people."""
    campaign = opened(scanning())
    tills = []
    for number in (1, 2):
        place = shop(campaign, number=number, name=f"第{number}家")
        ids = done(lambda place=place: [add_till(place.store_id, name=f"{n}号台", by=DRAFTER)[0].id for n in range(8)])
        tills += [TillCounter(place.store_id, till_id=till_id) for till_id in ids]
    held = {who: claim(who, campaign.release) for who in citizens(people)}
    return campaign, tills, held


def device(who):
    return who.bytes * 2


def pressing(shown, till, who, voucher):
    """Return a press in a transaction of its own, as the operation does it."""
    scanned = Scan(till, "", BILL, paying=Paying(shown.request_id, who, (voucher,), device(who)))

    def press():
        [outcome] = redeem_batch([scanned])
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    return press


def in_line(shown, who, voucher):
    """Return a press as the page does it, once per key and in the line of the tills."""

    def press():
        request = done(lambda: payment_requests.open_request(shown.token, device(who)))
        told = paying.pay(request, who, [voucher], device_hash=device(who), location=None, tell=tell).body
        return told.get("code", "done")

    return press


def waiting(till, people):
    """Return a request that these people have scanned."""
    shown = ask(till, BILL)
    for who in people:
        scan(shown, device(who))
    return shown


def redemptions_of(*vouchers):
    db.session.rollback()
    return db.session.scalar(
        select(func.count()).select_from(Redemption).where(Redemption.entitlement_id.in_(vouchers))
    )


def claimed(vouchers):
    db.session.rollback()
    standing = (Entitlement.id.in_(vouchers), Entitlement.status == "claimed")
    return db.session.scalar(select(func.count()).select_from(Entitlement).where(*standing))


def test_of_sixteen_who_scan_one_till_one_pays(clock, race_app):
    _, tills, held = market(24)
    people, others = list(held)[:16], list(held)[16:]
    shown = waiting(tills[0], people)
    here = [pressing(shown, tills[0], who, held[who]) for who in people]
    there = [pressing(waiting(till, [who]), till, who, held[who]) for till, who in zip(tills[1:9], others, strict=True)]
    works = mixed(here, there)
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    assert Counter(attempts[work].code for work in here) == {"done": 1, "payment_done": 15}
    assert {attempts[work].code for work in there} == {"done"}
    # Who came too late has lost nothing.
    assert claimed([held[who] for who in people]) == 15


def test_the_same_in_the_lines_of_two_processes_and_by_those_who_press_twice(clock, race_app, neighbour):  # noqa: F811
    _, tills, held = market(24)
    people, others = list(held)[:16], list(held)[16:]
    shown = waiting(tills[0], [])
    here = [in_line(shown, who, held[who]) for who in people for _ in range(2)]
    there = [
        in_line(waiting(till, []), who, held[who]) for till, who in zip(tills[1:9], others, strict=True)
    ]  # fmt: skip
    works = mixed(here[::2] + elsewhere(neighbour, here[1::2]), there)
    attempts = at_once(race_app, works, threads=36, alone=False)
    outcomes = Counter(attempt.outcome for attempt in attempts)
    # The one who paid hears it twice; so do the eight others at their tills hear it once.
    assert outcomes == {"done": 2 + 8, "payment_done": 30}
    assert redemptions_of(*(held[who] for who in people)) == 1


def test_one_voucher_at_sixteen_tills_is_spent_at_one_and_the_others_wait_on(clock, race_app):
    campaign, tills, held = market(9)
    lin, *others = held
    requests = [waiting(till, [lin]) for till in tills]
    hers = [pressing(shown, till, lin, held[lin]) for shown, till in zip(requests, tills, strict=True)]
    theirs = [pressing(waiting(till, [who]), till, who, held[who]) for till, who in zip(tills, others, strict=False)]
    works = mixed(hers, theirs)
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    assert Counter(attempts[work].code for work in hers) == {"done": 1, "already_redeemed": 15}
    assert {attempts[work].code for work in theirs} == {"done"}
    db.session.rollback()
    still = [shown for shown in requests if payment_requests.why_over(_row(shown), clock.now()) is None]
    assert len(still) == 15
    again = claim(lin, campaign.release)
    till = tills[requests.index(still[0])]
    assert done(pressing(still[0], till, lin, again)).discount_fen == 5_000


def _row(shown):
    return db.session.get_one(PaymentRequest, shown.request_id, populate_existing=True)


def test_at_the_end_of_its_time_a_press_is_in_time_or_refused(clock, race_app, monkeypatch):
    _, tills, held = market(12)
    people = list(held)
    requests = [waiting(till, [who]) for till, who in zip(tills, people, strict=False)]
    end = clock.now() + DECIDE_FOR
    per_thread = ClockPerThread(end)
    monkeypatch.setattr(clocks, "_clock", per_thread)
    presses = [pressing(shown, till, who, held[who]) for shown, till, who in zip(requests, tills, people, strict=False)]
    in_time = [per_thread.at(end - TICK, press) for press in presses[:6]]
    late = [per_thread.at(end, press) for press in presses]
    attempts = dict(zip([*in_time, *late], at_once(race_app, [*in_time, *late]), strict=True))
    assert {attempts[work].code for work in in_time} == {"done"}
    assert {attempts[work].code for work in late} <= {"payment_token_expired", "payment_done", "already_redeemed"}
    assert {attempts[work].code for work in late[6:]} == {"payment_token_expired"}
    assert set(db.session.scalars(select(Redemption.redeemed_at))) == {end - TICK}


def test_a_token_beside_its_end_opens_or_does_not(clock, race_app, monkeypatch):
    _, tills, held = market(8)
    shown = ask(tills[0], BILL)
    end = clock.now() + SHOWN_FOR + GRACE
    per_thread = ClockPerThread(end)
    monkeypatch.setattr(clocks, "_clock", per_thread)
    scans = [lambda who=who: payment_requests.open_request(shown.token, device(who)) for who in held]
    works = mixed([per_thread.at(end - TICK, one) for one in scans[:4]], [per_thread.at(end, one) for one in scans[4:]])
    attempts = at_once(race_app, works)
    assert Counter(attempt.code for attempt in attempts) == {"done": 4, "payment_token_expired": 4}


def test_a_press_beside_the_tills_cancelling_is_one_or_the_other(clock, race_app):
    _, tills, held = market(16)
    requests = {who: (till, waiting(till, [who])) for till, who in zip(tills, held, strict=True)}
    presses = [pressing(shown, till, who, held[who]) for who, (till, shown) in requests.items()]
    cancels = [
        lambda till=till, shown=shown: payment_requests.cancel(shown.request_id, till)
        for till, shown in requests.values()
    ]
    attempts = at_once(race_app, [work for pair in zip(presses, cancels, strict=True) for work in pair])
    pairs = {(press.code, cancel.code) for press, cancel in zip(attempts[::2], attempts[1::2], strict=True)}
    assert pairs <= {("done", "payment_done"), ("payment_cancelled", "done")}
    assert claimed(held.values()) == sum(attempt.code == "payment_cancelled" for attempt in attempts)


def naive_take(wanted, now):
    """Look whether a request waits, and then take it without asking again."""
    refused = {}
    for redemption_id, asked in wanted:
        row = db.session.get_one(PaymentRequest, asked.request_id, populate_existing=True)
        over = payment_requests.why_over(row, now)
        if over is not None:
            refused[redemption_id] = over
            continue
        db.session.expunge(row)
        time.sleep(0.05)
        db.session.execute(
            update(PaymentRequest)
            .where(PaymentRequest.id == asked.request_id)
            .values(redeemed_at=now, citizen_id=asked.citizen_id, redemption_id=redemption_id)
            .execution_options(synchronize_session=False)
        )
    return refused


def test_without_the_guard_one_till_is_paid_many_times(clock, broken_app, monkeypatch):
    """Negative control: a request that is looked at before it is taken is redeemed by several."""
    _, tills, held = market(16)
    shown = waiting(tills[0], held)
    monkeypatch.setattr(payment_requests, "take", naive_take)
    attempts = at_once(broken_app, [pressing(shown, tills[0], who, held[who]) for who in held])
    assert sum(attempt.code == "done" for attempt in attempts) > 1
    assert redemptions_of(*held.values()) > 1
