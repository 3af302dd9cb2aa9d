"""The checker of histories: it refuses those that are wrong by hand, and proves those of real stampedes."""

import random
import time
from collections import Counter

import pytest
from sqlalchemy import select

from campaigns.models import Release
from campaigns.rounds import close_due_rounds, release_due_rounds, take_stock
from foundation.db import db
from ledger import posting
from merchants.redemptions import redeem as redeem_operation
from merchants.redemptions import void as void_operation
from tests.races.crowd import at_once, mixed
from tests.races.history import DONE, LOST, SOLD_OUT, Request, faults, is_possible, lost_or_invented
from tests.races.test_claim_races import rush
from tests.races.test_negative_controls import drop, naive_take_stock
from tests.races.test_redemption_races import market
from tests.world import JOB, citizens, claim_and_show
from voucher.claims import claim as claim_operation
from voucher.models import Entitlement


def claimed(who, began, ended, answer=DONE, release="r"):
    return Request("claim", release, who, began, ended, answer)


def scan(what, began, ended, answer=DONE, voucher="v"):
    return Request(what, voucher, "till", began, ended, answer)


WRONG = {
    "sold out while one was left": [claimed("a", 0, 1), claimed("b", 2, 3, SOLD_OUT)],
    "sold out before anybody could have taken the last": [
        claimed("a", 0, 1),
        claimed("b", 0, 2, SOLD_OUT),
        claimed("c", 3, 4),
    ],
    "sold out after it came back": [
        claimed("a", 0, 1),
        claimed("b", 0, 1),
        Request("restock", "r", "job", 2, 3, DONE, count=1),
        claimed("c", 4, 5, SOLD_OUT),
    ],
    "more than there were": [claimed("a", 0, 1), claimed("b", 0, 1), claimed("c", 0, 1)],
    "two for one person": [claimed("a", 0, 1), claimed("a", 5, 6)],
    "one for two persons": [
        Request("claim", "r", "a", 0, 1, DONE, made="x"),
        Request("claim", "r", "b", 0, 1, DONE, made="x"),
    ],
    "redeemed twice": [scan("redeem", 0, 1), scan("redeem", 2, 3)],
    "redeemed twice at once": [scan("redeem", 0, 3), scan("redeem", 1, 2)],
    "already redeemed before anybody did": [scan("redeem", 0, 1, "already_redeemed"), scan("redeem", 2, 3)],
    "already redeemed by nobody": [scan("redeem", 0, 1, "already_redeemed")],
    "voided before it was redeemed": [scan("void", 0, 1), scan("redeem", 2, 3)],
    "voided twice": [scan("redeem", 0, 1), scan("void", 2, 4), scan("void", 3, 5)],
    "still redeemed after the void": [
        scan("redeem", 0, 1),
        scan("void", 2, 3),
        scan("redeem", 4, 5, "already_redeemed"),
    ],
}
RIGHT = {
    "the last two go, the third is refused": [claimed("a", 0, 2), claimed("b", 1, 3), claimed("c", 1, 4, SOLD_OUT)],
    "refused while the last was on its way": [claimed("a", 0, 1), claimed("b", 2, 9), claimed("c", 3, 4, SOLD_OUT)],
    "a lost answer may have taken it": [claimed("a", 0, 1), claimed("b", 0, 1, LOST), claimed("c", 2, 3, SOLD_OUT)],
    "came back while they were refused": [
        claimed("a", 0, 1),
        claimed("b", 0, 1),
        Request("restock", "r", "job", 2, 4, DONE, count=1),
        claimed("c", 3, 5, SOLD_OUT),
        claimed("d", 5, 6),
    ],
    "redeemed, voided, redeemed again": [scan("redeem", 0, 1), scan("void", 2, 3), scan("redeem", 4, 5)],
    "all at once": [scan("redeem", 0, 9), scan("void", 0, 9), scan("redeem", 0, 9)],
    "one of many": [scan("redeem", 0, 5), *(scan("redeem", 0, 6, "already_redeemed") for _ in range(40))],
    "a lost redemption may have happened": [scan("redeem", 0, 1, LOST), scan("redeem", 2, 3, "already_redeemed")],
    "or not": [scan("redeem", 0, 1, LOST), scan("redeem", 2, 3)],
    "a lost one may happen later than its end": [scan("redeem", 0, 1, LOST), scan("redeem", 2, 3), scan("void", 4, 5)],
    "refused for other reasons": [scan("redeem", 0, 1, "code_expired"), scan("redeem", 2, 3)],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_have_been_right_is_found(name):
    assert len(faults(WRONG[name], stock={"r": 2})) == 1


@pytest.mark.parametrize("name", RIGHT)
def test_what_may_have_been_right_is_not(name):
    assert faults(RIGHT[name], stock={"r": 2}) == []


def test_a_memory_of_a_second_may_say_sold_out_for_a_second():
    back = [*WRONG["sold out after it came back"][:3], claimed("c", 3.5, 3.6, SOLD_OUT)]
    assert faults(back, stock={"r": 2}, stale_seconds=1) == []
    assert faults(back, stock={"r": 2}, stale_seconds=0.2) != []


def test_what_was_acknowledged_must_be_there_and_nothing_else():
    told = [Request("claim", "r", "a", 0, 1, DONE, made="x"), Request("claim", "r", "b", 0, 1, LOST)]
    assert lost_or_invented(told, ["x"], what="claim") == []
    assert lost_or_invented(told, ["x", "y"], what="claim") == []
    assert len(lost_or_invented(told, ["y"], what="claim")) == 1
    assert len(lost_or_invented(told, ["x", "y", "z"], what="claim")) == 1


def test_many_changes_of_one_voucher_are_ordered_in_time():
    """The search must not grow with the requests: forty that all lie side by side."""
    requests = [scan("redeem", 0, 100) for _ in range(10)] + [scan("void", 0, 100) for _ in range(10)]
    requests += [scan("redeem", 0, 100, "already_redeemed") for _ in range(20)]
    assert is_possible(requests)
    assert not is_possible([*requests, scan("redeem", 0, 100), scan("redeem", 0, 100)])


# --- recorded ---------------------------------------------------------------------------------------------------


def history_of(works, attempts):
    """Return the history of (what, subject, who, made) → work, as the crowd lived it."""
    found = []
    for (what, subject, who, made), attempt in zip(works, attempts, strict=True):
        answer = DONE if attempt.code == "done" else attempt.code
        thing = made(attempt.outcome) if answer == DONE else None
        found.append(Request(what, subject, who, attempt.began, attempt.ended, answer, made=thing))
    return found


def stampede(app, campaign, people, release, *, seed):
    """Everybody claims at once, in an order by seed, while jobs close and release other rounds of the same money."""
    rng = random.Random(seed)
    rng.shuffle(people)
    named = [("claim", release, who, lambda granted: granted.entitlement_id) for who in people]
    claims = [lambda who=who: claim_operation(who, release) for who in people]
    jobs = [lambda: release_due_rounds(actor=JOB), lambda: close_due_rounds(actor=JOB)]
    works = mixed(claims, jobs)
    attempts = dict(zip(works, at_once(app, works, threads=rng.choice((8, 24, 36))), strict=True))
    return history_of(named, [attempts[work] for work in claims])


@pytest.mark.race
@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_told_sold_out_while_something_was_left(clock, race_app, seed):
    stock = random.Random(seed).randint(20, 60)
    campaign = rush(clock, stock)
    release = campaign.releases["main", "meal"]
    history = stampede(race_app, campaign, citizens(120) * 2, release, seed=seed)
    assert faults(history, stock={release: stock}) == []
    assert Counter(request.answer for request in history)[DONE] == stock
    db.session.rollback()
    stored = db.session.scalars(select(Entitlement.id).where(Entitlement.release_id == release))
    assert lost_or_invented(history, stored, what="claim") == []


@pytest.mark.race
@pytest.mark.postgres
def test_redemptions_and_voids_of_one_voucher_have_an_order(clock, race_app):
    campaign, tills = market()
    for citizen in citizens(30)[20:]:
        claim_and_show(citizen, campaign.release)
    history = []
    for citizen in citizens(6):
        voucher, digits = claim_and_show(citizen, campaign.release)
        first = at_once(race_app, [lambda digits=digits: redeem_operation(tills[0], digits, 20_000)])[0]
        use = first.outcome.redemption_id
        named = [("redeem", voucher, "till", lambda receipt: receipt.redemption_id)] * 12
        named += [("void", voucher, "till", lambda _receipt: None)] * 4
        works = [lambda till=till, digits=digits: redeem_operation(till, digits, 20_000) for till in tills[:12]]
        works += [lambda use=use: void_operation(use, tills[0], "顾客退货") for _ in range(4)]
        history.append(Request("redeem", voucher, "till", first.began, first.ended, DONE, made=use))
        history += history_of(named, at_once(race_app, works, threads=16))
    assert faults(history, stock={}) == []
    assert Counter(request.answer for request in history if request.what == "void") == {DONE: 6, "already_voided": 18}


@pytest.mark.race
@pytest.mark.postgres
def test_without_the_condition_the_history_shows_too_many(clock, broken_app, monkeypatch):
    """Negative control: the checker on what really happens when a guard is off."""
    campaign = rush(clock, 30)
    release = campaign.releases["main", "meal"]
    drop(
        "ALTER TABLE release DROP CONSTRAINT ck_release_stock",
        "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_balance_not_negative",
    )
    monkeypatch.setattr("voucher.claims.take_stock", naive_take_stock)
    change = posting._change
    monkeypatch.setattr(posting, "_change", lambda deltas_fen: change(dict.fromkeys(deltas_fen, 0)))
    history = stampede(broken_app, campaign, citizens(120), release, seed=1)
    assert [fault for fault in faults(history, stock={release: 30}) if "were granted" in fault]


@pytest.mark.race
@pytest.mark.postgres
def test_who_gives_up_at_a_lock_says_sold_out_falsely_and_the_history_shows_it(clock, broken_app, monkeypatch):
    """Negative control: the usual mistake, a busy row taken for an empty one."""

    def impatient(release_id, wanted):
        free = db.session.scalar(select(Release.id).where(Release.id == release_id).with_for_update(skip_locked=True))
        time.sleep(0.002)
        return take_stock(release_id, wanted) if free else 0

    campaign = rush(clock, 60)
    release = campaign.releases["main", "meal"]
    monkeypatch.setattr("voucher.claims.take_stock", impatient)
    history = stampede(broken_app, campaign, citizens(80), release, seed=1)
    assert [fault for fault in faults(history, stock={release: 60}) if "sold out while" in fault]
