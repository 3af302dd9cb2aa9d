"""The same races with the guards taken away: they must show the race, or the tests beside this one prove nothing."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select, text, update

from campaigns.models import Release
from foundation.db import db, transaction
from foundation.prepared import Prepared
from foundation.states import Step
from identity import persons
from ledger import audit, posting
from ledger.models import LedgerAccount
from merchants.models import Redemption
from merchants.redemptions import redeem as redeem_operation
from tests.races.crowd import at_once
from tests.races.test_job_races import everything_due_at_once
from tests.races.test_redemption_races import market
from tests.world import citizens, claim, claim_and_show, opened, spring
from voucher import quotas, spending
from voucher.claims import claim as claim_operation
from voucher.models import Entitlement, PersonQuota

pytestmark = [pytest.mark.race, pytest.mark.postgres]

#: Between the look and the write: as long as a busy server takes.
A_MOMENT = 0.005


def drop(*statements):
    with transaction():
        for statement in statements:
            db.session.execute(text(statement))


def naive_take_stock(release_id, wanted):
    left = db.session.scalar(select(Release.remaining).where(Release.id == release_id))
    taken = min(wanted, left)
    time.sleep(A_MOMENT)
    db.session.execute(update(Release).where(Release.id == release_id).values(remaining=left - taken))
    return taken


def naive_quota(scope, person_ids, *, most):
    counted = set()
    for person in person_ids:
        mine = (PersonQuota.person_id == person, PersonQuota.scope == scope)
        used = db.session.scalar(select(PersonQuota.used).where(*mine)) or 0
        time.sleep(A_MOMENT)
        if used < most:
            db.session.execute(
                text("DELETE FROM person_quota WHERE person_id = :p AND scope = :s"), {"p": person, "s": scope}
            )
            db.session.add(PersonQuota(person_id=person, scope=scope, used=used + 1))
            db.session.flush()
            counted.add(person)
    return counted


def naive_spend(uses, step: Step, *, actors):
    ids = [use.entitlement_id for use in uses]
    claimed = db.session.scalars(
        select(Entitlement.id).where(Entitlement.id.in_(ids), Entitlement.status == "claimed")
    ).all()
    time.sleep(A_MOMENT)
    db.session.execute(update(Entitlement).where(Entitlement.id.in_(claimed)).values(status="redeemed"))
    return set(claimed)


def rush(stock):
    document = spring()
    document["rounds"][0]["releases"][0]["stock"] = stock
    return opened(document)


def claim_all(app, people, release):
    return Counter(
        attempt.code for attempt in at_once(app, [lambda who=who: claim_operation(who, release) for who in people])
    )


def found():
    db.session.rollback()
    return {finding.check.name for finding in audit.run()}


def test_stock_that_is_looked_at_and_then_written_is_given_out_beyond_its_end(clock, broken_app, monkeypatch):
    campaign = rush(30)
    drop(
        "ALTER TABLE release DROP CONSTRAINT ck_release_stock",
        "ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_balance_not_negative",
    )
    monkeypatch.setattr("voucher.claims.take_stock", naive_take_stock)
    unguarded = Prepared(
        lambda given: (
            update(LedgerAccount)
            .where(given.matches(LedgerAccount.address, "address"))
            .values(balance_fen=LedgerAccount.balance_fen + given["delta"])
            .returning(LedgerAccount.address, LedgerAccount.id)
        ),
        address=LedgerAccount.address,
        delta=LedgerAccount.balance_fen,
    )
    monkeypatch.setattr(posting, "_MOVE", unguarded)
    outcomes = claim_all(broken_app, citizens(120), campaign.release)
    assert outcomes["done"] > 30
    assert {"ledger_no_negative_balance", "stock_matches_claims"} <= found()


def test_with_the_ledger_as_the_only_guard_the_money_is_safe_and_the_people_are_not(clock, broken_app, monkeypatch):
    campaign = rush(30)
    drop("ALTER TABLE release DROP CONSTRAINT ck_release_stock")
    monkeypatch.setattr("voucher.claims.take_stock", naive_take_stock)
    outcomes = claim_all(broken_app, citizens(120), campaign.release)
    assert outcomes["done"] == 30
    assert outcomes["funds_insufficient"] > 0


def test_a_limit_that_is_looked_at_and_then_written_is_passed(clock, broken_app, monkeypatch):
    campaign = rush(40)
    drop("ALTER TABLE person_quota DROP CONSTRAINT pk_person_quota")
    monkeypatch.setattr(quotas, "take", naive_quota)
    [lin] = citizens(1)
    with transaction():
        # A person who is new is written first, and the others' claims would wait for that.
        persons.persons_of(persons.DEFAULT_KINDS, [lin])
    assert claim_all(broken_app, [lin] * 20, campaign.release)["done"] > 1


def test_a_voucher_that_is_looked_at_and_then_spent_is_spent_many_times(clock, broken_app, monkeypatch):
    campaign, tills = market()
    lin, *others = citizens(31)
    for citizen in others:
        claim(citizen, campaign.release)
    voucher, digits = claim_and_show(lin, campaign.release)
    drop("DROP INDEX uq_redemption_entitlement_id_live")
    monkeypatch.setattr(spending, "spend", naive_spend)
    attempts = at_once(broken_app, [lambda till=till: redeem_operation(till, digits, 20_000) for till in tills])
    assert Counter(attempt.code for attempt in attempts)["done"] > 1
    db.session.rollback()
    spent = db.session.scalar(select(func.count()).where(Redemption.entitlement_id == voucher))
    assert spent > 1
    assert "an_entitlement_is_redeemed_at_most_once" in found()


def test_jobs_that_post_piece_by_piece_wait_for_each_other_in_a_circle(clock, broken_app, slow_ledger, monkeypatch):
    def piece_by_piece(postings, *, at):
        for each in postings:
            posting.post([each], at=at)

    works = everything_due_at_once(clock)
    monkeypatch.setattr("campaigns.rounds.post", piece_by_piece)
    monkeypatch.setattr("voucher.expiry.post", piece_by_piece)
    assert "database_busy" in {attempt.code for attempt in at_once(broken_app, works, threads=24)}
