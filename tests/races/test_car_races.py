"""Applications for the last quota and the last money of a tier, and payments that two record at once."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select, update

from campaigns import priced_releases
from campaigns.models import ReleaseTier
from campaigns.rounds import close_due_rounds
from foundation.db import db, transaction
from foundation.ids import new_id
from identity import persons
from ledger import audit
from merchants.payout_models import Payout
from merchants.states import PAYOUT
from settlement import payout_returns as returns
from settlement import payouts
from settlement.payout_models import PayoutLine
from settlement.payouts import BankAnswer
from tests.cars import TIERS, apply, award, bought, car_document, cars_opened, sent, standing
from tests.races.crowd import ClockPerThread, at_once
from tests.races.test_negative_controls import A_MOMENT, drop, naive_take_stock
from tests.world import CLOSES, a_uscc, citizens, opened, release_row, shop
from voucher import quotas, reservations
from voucher.reservation_models import Reservation

pytestmark = [pytest.mark.race, pytest.mark.postgres]

PAID = BankAnswer(1, is_paid=True, reference="B-0001")
FAILED = BankAnswer(1, is_paid=False, reason="账号户名不符")


def applying(release_id, people, *, firm="", price=152_800):
    worth = award(release_id, price)
    return [lambda who=who: reservations.reserve(new_id(), who, release_id, worth, firm=firm) for who in people]


def tally(attempts):
    return Counter(attempt.outcome if isinstance(attempt.outcome, bool) else attempt.code for attempt in attempts)


def held(release_id):
    db.session.rollback()
    count, fen = db.session.execute(
        select(func.count(), func.sum(Reservation.amount_fen)).where(
            Reservation.release_id == release_id, Reservation.status == "held"
        )
    ).one()
    return count, int(fen or 0)


@pytest.mark.parametrize("release", [{"stock": 20, "budget_yuan": 100_000}, {"budget_yuan": 80_000}])
def test_of_all_who_apply_for_the_last_quota_or_money_as_many_get_it_as_there_is(clock, race_app, release):
    campaign = cars_opened(release=release)
    attempts = at_once(race_app, applying(campaign.release, citizens(60)))
    assert tally(attempts) == {True: 20, False: 40}
    assert held(campaign.release) == (20, 8_000_000)
    assert standing(campaign)["reserved"] == 8_000_000


def test_the_last_money_of_a_tier_goes_once_and_other_tiers_go_on(clock, race_app):
    campaign = cars_opened(tiers=[{**TIERS[0], "pool_yuan": 41_000}, TIERS[1]], sources=rich())
    people = citizens(50)
    works = applying(campaign.release, people[:40]) + applying(campaign.release, people[40:], price=350_000)
    attempts = at_once(race_app, works)
    assert tally(attempts[:40]) == {True: 10, False: 30}
    assert tally(attempts[40:]) == {True: 10}


def rich():
    sources = car_document()["sources"]
    for source in sources:
        source["budget_yuan"] *= 100
    return sources


def test_a_firm_gets_three_however_many_of_its_people_ask_at_once(clock, race_app):
    campaign = cars_opened(sources=rich(), release={"budget_yuan": 1_000_000})
    attempts = at_once(race_app, applying(campaign.release, citizens(20), firm=a_uscc(901)))
    assert tally(attempts) == {True: 3, "limit_reached": 17}


def test_of_two_subsidies_that_exclude_each_other_everybody_gets_one(clock, race_app):
    apart = {"people": {"apart_from": [{"code": "county", "name": "江城区购车补贴"}]}}
    campaign = cars_opened(sources=rich(), release={"budget_yuan": 1_000_000}, **apart)
    document = car_document(sources=rich(), release={"budget_yuan": 1_000_000})
    document["campaign"]["code"] = "county"
    county = opened(document)
    people = citizens(15)
    works = [
        work
        for pair in zip(applying(campaign.release, people), applying(county.release, people), strict=True)
        for work in pair
    ]
    attempts = at_once(race_app, works)
    assert tally(attempts) == {True: 15, "had_another_subsidy": 15}
    for first, second in zip(attempts[::2], attempts[1::2], strict=True):
        assert {first.outcome is True, second.outcome is True} == {True, False}


def test_a_round_that_closes_while_applications_come_and_go_keeps_every_fen(clock, race_app, monkeypatch):
    campaign = cars_opened(sources=rich(), release={"budget_yuan": 400_000})
    people = citizens(60)
    before = [apply(who, campaign.release) for who in people[:20]]
    clocks = ClockPerThread(clock.now())
    monkeypatch.setattr("foundation.clock.now", clocks.now)
    works = applying(campaign.release, people[20:])
    works += [lambda one=one: reservations.give_back(one, actor="officer:7") for one in before]
    works.insert(30, clocks.at(CLOSES, lambda: close_due_rounds(actor="job:test")))
    attempts = at_once(race_app, works)
    assert {attempt.code for attempt in attempts} == {"done"}
    count, fen = held(campaign.release)
    assert fen == count * 400_000
    money = standing(campaign)
    assert (money["released"], money["reserved"], money["budget"]) == (0, fen, 1_000_000_000 - fen)
    assert release_row(campaign.release).remaining == 0


def with_the_bank(count=1):
    campaign = cars_opened(sources=rich())
    place = shop(campaign, industry="automobile")
    ids = [bought(apply(who, campaign.release), place) for who in citizens(count)]
    return campaign, ids


def test_the_banks_answer_is_recorded_once(clock, race_app):
    campaign, [lin] = with_the_bank()
    batch = sent(campaign)
    works = [lambda: payouts.record_answers(batch, [PAID], by="officer:3")] * 10
    works += [lambda: payouts.record_answers(batch, [FAILED], by="officer:3")] * 10
    attempts = at_once(race_app, works)
    codes = Counter(attempt.code for attempt in attempts)
    assert codes["done"] == 1
    assert set(codes) == {"done", "settlement_batch_not_in_state"}
    db.session.rollback()
    assert db.session.get_one(Payout, lin).status in ("paid", "failed")


def test_what_is_due_is_on_one_batch_however_many_close_it(clock, race_app):
    campaign, ids = with_the_bank(8)
    attempts = at_once(race_app, [lambda: payouts.close(campaign.id, by="officer:3").id] * 12)
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "nothing_to_pay_out": 11}
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(PayoutLine)) == len(ids)


def test_a_car_comes_back_while_its_batch_is_approved_and_sent(clock, race_app):
    campaign, ids = with_the_bank(6)
    batch = payouts_closed(campaign)
    works = [
        lambda one=one: returns.take_back_payout(one, by="officer:3", reason="顾客退车", evidence="红字发票")
        for one in ids
    ]
    works.insert(2, lambda: payouts.approve(batch, by="officer:4"))
    works.insert(4, lambda: payouts.send(batch, by="officer:4"))
    attempts = at_once(race_app, works, threads=8)
    assert {attempt.code for attempt in attempts} <= {
        "done", "payment_underway", "settlement_batch_not_in_state", "nothing_to_pay_out",
    }  # fmt: skip
    # The audit after the test says that every fen is where its payout is.


def payouts_closed(campaign):
    with transaction():
        return payouts.close(campaign.id, by="officer:3").id


# --- without the guards -------------------------------------------------------------------------------------


def found():
    db.session.rollback()
    return {finding.check.name for finding in audit.run()}


def test_control_stock_that_is_looked_at_and_then_written_is_applied_for_beyond_its_end(clock, broken_app, monkeypatch):
    campaign = cars_opened(sources=rich(), release={"stock": 10, "budget_yuan": 50_000})
    drop("ALTER TABLE release DROP CONSTRAINT ck_release_stock")
    monkeypatch.setattr("voucher.reservations.take_stock", naive_take_stock)
    monkeypatch.setattr("voucher.reservations._post_or_no_room", lambda postings, at: None)
    assert tally(at_once(broken_app, applying(campaign.release, citizens(60))))[True] > 10
    assert "stock_matches_claims" in found()


def naive_take_of_tier(release_id, tier, count, fen):
    mine = (ReleaseTier.release_id == release_id, ReleaseTier.tier == tier)
    taken, taken_fen, pool_fen = db.session.execute(
        select(ReleaseTier.taken, ReleaseTier.taken_fen, ReleaseTier.pool_fen).where(*mine)
    ).one()
    time.sleep(A_MOMENT)
    if taken_fen + fen > pool_fen:
        return False
    db.session.execute(update(ReleaseTier).where(*mine).values(taken=taken + count, taken_fen=taken_fen + fen))
    return True


def test_control_a_tier_that_is_looked_at_and_then_written_gives_its_money_twice(clock, broken_app, monkeypatch):
    campaign = cars_opened(tiers=[{**TIERS[0], "pool_yuan": 20_000}], sources=rich())
    monkeypatch.setattr(priced_releases, "take_of_tier", naive_take_of_tier)
    # The row of the release would make them wait for each other.
    monkeypatch.setattr("voucher.reservations.take_stock", lambda release_id, wanted: wanted)
    assert tally(at_once(broken_app, applying(campaign.release, citizens(60))))[True] > 5
    assert "tiers_hold_what_was_taken" in found()


def test_control_two_looks_let_one_person_have_what_excludes_each_other(clock, broken_app, monkeypatch):
    def naive_none(scope, person_ids):
        used = select(quotas.PersonQuota.person_id).where(
            quotas.PersonQuota.scope == scope, quotas.PersonQuota.person_id.in_(person_ids), quotas.PersonQuota.used > 0
        )
        had = set(db.session.scalars(used))
        time.sleep(A_MOMENT)
        return set(person_ids) - had

    apart = {"people": {"apart_from": [{"code": "county", "name": "江城区购车补贴"}]}}
    campaign = cars_opened(sources=rich(), release={"budget_yuan": 1_000_000}, **apart)
    document = car_document(sources=rich(), release={"budget_yuan": 1_000_000})
    document["campaign"]["code"] = "county"
    county = opened(document)
    monkeypatch.setattr(quotas, "none", naive_none)
    people = citizens(30)
    with transaction():
        # People who are new are written first, and the others' applications would wait for that.
        persons.persons_of(persons.DEFAULT_KINDS, people)
    works = [
        work
        for pair in zip(applying(campaign.release, people), applying(county.release, people), strict=True)
        for work in pair
    ]
    assert tally(at_once(broken_app, works))[True] > 30


def test_control_an_answer_that_is_looked_at_and_then_recorded_pays_twice(clock, broken_app, monkeypatch):
    campaign, _ids = with_the_bank()
    batch = sent(campaign)
    # Neither the batch nor the payout says that somebody else was first.
    monkeypatch.setattr(PAYOUT, "apply", lambda model, ids, event, step, **_: set(ids))
    monkeypatch.setattr("settlement.payouts._move", lambda batch, event, step, stamps: None)

    def naive_answers():
        lines = db.session.scalars(select(PayoutLine).where(PayoutLine.batch_id == batch)).all()
        time.sleep(A_MOMENT)
        db.session.execute(update(PayoutLine).where(PayoutLine.batch_id == batch).values(status="paid"))
        ids = [line.payout_id for line in lines]
        payouts.post(payouts._moves(campaign.id, ids, payouts.Code.PAY), at=clock.now())

    # Others' money on the account lets the second payment through.
    dealer = shop(campaign, number=9, industry="automobile")
    others = [bought(apply(who, campaign.release), dealer) for who in citizens(3)[1:]]
    with transaction():
        payouts.post(payouts._moves(campaign.id, others, payouts.Code.CLEAR), at=clock.now())
    attempts = at_once(broken_app, [naive_answers] * 4)
    assert Counter(attempt.code for attempt in attempts)["done"] > 1
    assert "payout_batches_match_the_ledger" in found()
