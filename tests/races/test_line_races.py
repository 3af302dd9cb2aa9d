"""The lines of claims and redemptions under a crowd: several processes, bad items, a database that goes away."""

import itertools
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import func, select, text

import webapp
from campaigns.catalog import release_facts
from foundation import clock as clocks
from foundation.db import OutcomeUnknown, db, transaction
from foundation.group_commit import GroupCommit
from foundation.idempotency import Answer, Keyed, fingerprint
from identity.principals import Principal
from identity.sessions import open_session
from merchants import redeem_line
from merchants.models import Redemption
from merchants.scans import Scan
from tests import databases, trade_in
from tests.races.crowd import at_once, mixed
from tests.races.test_redemption_races import market
from tests.world import a_round, citizens, claim_and_show, offer, opened, release_row, spring
from voucher import claim_line
from voucher.claim_line import Served, claim_in_line
from voucher.claims import Granted, _closed_in_the_database
from voucher.closed_releases import from_memory, reading
from voucher.errors import SoldOut
from voucher.models import Entitlement

pytestmark = [pytest.mark.race, pytest.mark.postgres]


@pytest.fixture
def neighbour(race_app):
    """Another process of the same installation, as far as lines and memory go: a second application."""
    app = webapp.create_app(databases.settings_for(race_app.config["SQLALCHEMY_DATABASE_URI"]))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def rush(stock, tea=1_000):
    releases = [{"offer": "meal", "stock": stock}, {"offer": "tea", "stock": tea}]
    limits = [{"count": 1, "within": "offer"}]
    return opened(spring(offers=[offer(), offer("tea")], rounds=[a_round(limits=limits, releases=releases)]))


def signed_in(people):
    """Return a token for each citizen, each on a device of its own."""
    with transaction():
        return [open_session(Principal("citizen", str(who), ""), device_hash=who.bytes * 2) for who in people]


def claims_of(tokens, release, category=""):
    def claim(token):
        return said(claim_in_line(release, token, address="10.0.0.1", category=category))

    return [lambda token=token: claim(token) for token in tokens]


def said(served):
    if isinstance(served.outcome, Granted):
        return served.outcome
    raise served.outcome


def elsewhere(app, works):
    """Do works in the neighbour: in its own application context."""

    def there(work):
        with app.app_context():
            return work()

    return [lambda work=work: there(work) for work in works]


def entitlements(release):
    db.session.rollback()
    return set(db.session.scalars(select(Entitlement.id).where(Entitlement.release_id == release)))


def granted(attempts):
    return {attempt.outcome.entitlement_id for attempt in attempts if isinstance(attempt.outcome, Granted)}


def test_the_line_gives_out_the_stock_and_no_more_over_several_processes(race_app, clock, neighbour):
    campaign = rush(stock=100)
    meal, tea = campaign.releases["r1", "meal"], campaign.releases["r1", "tea"]
    tokens = signed_in(citizens(300))
    wanted = claims_of(tokens[:130], meal) + elsewhere(neighbour, claims_of(tokens[130:260], meal))
    twice = claims_of(tokens[:40], meal)
    others = claims_of(tokens[260:], tea)
    works = mixed(wanted, twice, others)
    attempts = dict(zip(works, at_once(race_app, works, threads=36, alone=False), strict=True))
    tries = [attempts[work] for work in wanted + twice]
    codes = Counter(attempt.code for attempt in tries)
    assert codes["done"] == 100
    assert set(codes) <= {"done", "sold_out", "limit_reached"}
    assert release_row(meal).remaining == 0
    # What was answered is what is there, and nobody waits in another release's line.
    assert granted(tries) == entitlements(meal)
    assert {attempts[work].code for work in others} == {"done"}


def test_lines_of_two_categories_share_one_stock(race_app, clock, neighbour):
    """The campaign's limit counts the people of both, who are locked before the stock that they share."""
    campaign = trade_in.opened()
    release = campaign.release
    tokens = signed_in(citizens(60))
    works = []
    for kind in ("refrigerator", "washing-machine"):
        mine = claims_of(tokens, release, kind)
        works += mine[:30] + elsewhere(neighbour, mine[30:])
    attempts = at_once(race_app, mixed(works), threads=36, alone=False)
    assert Counter(attempt.code for attempt in attempts) == {"done": 100, "sold_out": 20}
    assert granted(attempts) == entitlements(release)
    assert release_row(release).remaining == 0


def test_a_claim_that_breaks_fails_none_of_those_who_wait_with_it(race_app, clock, monkeypatch):
    campaign = rush(stock=200)
    people = citizens(120)
    tokens = signed_in(people)
    bad = set(people[::10])
    real = claim_line.claim_batch

    def breaks(requests):
        outcomes = real(requests)
        if any(request.citizen_id in bad for request in requests):
            raise ZeroDivisionError
        return outcomes

    monkeypatch.setattr(claim_line, "claim_batch", breaks)

    def quietly(work):
        try:
            return work()
        except ZeroDivisionError:
            return None

    meal = campaign.releases["r1", "meal"]
    works = [lambda work=work: quietly(work) for work in claims_of(tokens, meal)]
    attempts = at_once(race_app, works, alone=False)
    assert [attempt.outcome is None for attempt in attempts] == [who in bad for who in people]
    assert granted(attempts) == entitlements(meal)
    assert release_row(meal).remaining == 200 - 108


def kill_every_backend_but_one():
    """End every connection to this database but the one that asks for it."""
    with db.engine.connect() as killer:
        killer.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def stampede_with_a_database_that_goes(app, monkeypatch, campaign, count=160):
    """Claim while every third batch loses its connection when it has done everything but commit."""
    tokens = signed_in(citizens(count))
    batches = itertools.count(1)
    real = claim_line.claim_batch

    def cut_off(requests):
        outcomes = real(requests)
        if next(batches) % 3 == 0:
            kill_every_backend_but_one()
        return outcomes

    monkeypatch.setattr(claim_line, "claim_batch", cut_off)
    return at_once(app, claims_of(tokens, campaign.releases["r1", "meal"]), threads=24, alone=False)


def test_what_was_answered_is_there_however_often_the_database_goes(race_app, clock, monkeypatch):
    campaign = rush(stock=500)
    attempts = stampede_with_a_database_that_goes(race_app, monkeypatch, campaign)
    codes = Counter(attempt.code for attempt in attempts)
    assert set(codes) <= {"done", "outcome_unknown", "database_unavailable", "database_busy"}
    assert codes["outcome_unknown"] > 0
    assert codes["done"] > 0
    assert granted(attempts) <= entitlements(campaign.releases["r1", "meal"])


def test_control_a_line_that_answers_before_it_is_durable_loses_what_it_answered(broken_app, clock, monkeypatch):
    """The same stampede and the same look at it; the line alone is broken."""

    class Hasty(GroupCommit):
        def _serve(self, key, batch):
            try:
                with transaction():
                    answers = self._work(key, [ticket.item for ticket in batch])
                    for ticket, answer in zip(batch, answers, strict=True):
                        ticket.answer, ticket.failure = answer, None
            except OutcomeUnknown as failure:
                for ticket in batch:
                    if ticket.answer is None:
                        ticket.failure = failure

    monkeypatch.setattr(claim_line, "CLAIMS", Hasty("hasty", claim_line._serve))
    campaign = rush(stock=500)
    attempts = stampede_with_a_database_that_goes(broken_app, monkeypatch, campaign)
    assert granted(attempts) - entitlements(campaign.releases["r1", "meal"])


def test_one_code_at_32_tills_in_the_line_is_redeemed_once(race_app, clock, neighbour):
    campaign, tills = market()
    lin, *others = citizens(9)
    voucher, digits = claim_and_show(lin, campaign.release)
    codes = [claim_and_show(citizen, campaign.release)[1] for citizen in others]

    def scan(till, code, key):
        keyed = Keyed.read(till.actor, key, fingerprint("POST", {"code": code}))
        return lambda: redeem_line.redeem_in_line(keyed, Scan(till, code, 20_000), told)

    hers = [scan(till, digits, "hers") for till in tills]
    hers = hers[:16] + elsewhere(neighbour, hers[16:])
    again = [scan(till, digits, "hers") for till in tills[:8]]
    theirs = [scan(till, code, "theirs") for till, code in zip(tills, codes, strict=False)]
    works = mixed(hers, again, theirs)
    attempts = dict(zip(works, at_once(race_app, works, threads=36, alone=False), strict=True))
    first_answers = [attempts[work].outcome for work in hers + again if not attempts[work].outcome.replayed]
    assert Counter(answer.status for answer in first_answers) == {201: 1, 409: 31}
    # Who sent it again heard what was said the first time.
    by_till = {till.actor: attempts[work].outcome.body for till, work in zip(tills, hers, strict=True)}
    assert all(attempts[work].outcome.body == by_till[till.actor] for till, work in zip(tills[:8], again, strict=True))
    assert {attempts[work].outcome.status for work in theirs} == {201}
    db.session.rollback()
    assert db.session.scalar(select(func.count()).where(Redemption.entitlement_id == voucher)) == 1


def told(outcome):
    code = getattr(outcome, "code", "done")
    return Answer(201 if code == "done" else 409, {"code": code})


# --- no false "sold out" ---------------------------------------------------------------------------------------------


def test_sold_out_is_told_no_longer_than_a_second_after_stock_came_back(race_app, clock, neighbour):
    """A history checker: stock comes and goes while two processes are asked; every "sold out" must have been true at
    some instant between one second before it was asked for and its answer."""
    campaign = rush(stock=60)
    meal = campaign.releases["r1", "meal"]
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = 0 WHERE id = :r"), {"r": meal})
    stocked: list[tuple[float, float]] = []
    told_sold_out, checks = [], Counter()
    over = threading.Event()

    def shopkeeper():
        """Let stock be there for 1.6 s, then gone for 0.7 s; note from when it surely was and until when."""
        with race_app.app_context():
            while not over.is_set():
                put(1)
                since = time.monotonic()
                over.wait(1.6)
                until = time.monotonic()
                put(0)
                stocked.append((since, until))
                over.wait(0.7)

    def put(count):
        with transaction():
            db.session.execute(text("UPDATE release SET remaining = :c WHERE id = :r"), {"c": count, "r": meal})

    def asker(app):
        with app.app_context():
            facts = release_facts(meal)
            while not over.is_set():
                began = time.monotonic()
                refusal = from_memory(facts, clocks.now())
                where = "memory" if refusal else "database"
                if refusal is None:
                    with transaction():
                        refusal = reading(meal, lambda: _closed_in_the_database(facts))
                checks[where] += refusal is not None
                if isinstance(refusal, SoldOut):
                    told_sold_out.append((began, time.monotonic()))
                time.sleep(0.001)

    threads = [threading.Thread(target=shopkeeper)]
    threads += [threading.Thread(target=asker, args=(app,)) for app in (race_app, neighbour) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(6)
    over.set()
    for thread in threads:
        thread.join(20)
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = 60 WHERE id = :r"), {"r": meal})
    assert len(told_sold_out) > 100
    assert false_sold_outs(told_sold_out, stocked) == []
    # It was memory that answered: each process read a few times a second.
    assert checks["memory"] > 5 * checks["database"]


def false_sold_outs(told_sold_out, stocked):
    """Return the answers for which there was stock during the whole second before the question and until the answer."""
    return [
        (began, ended)
        for began, ended in told_sold_out
        if any(since <= began - 1 and ended <= until for since, until in stocked)
    ]


def test_control_the_checker_finds_a_memory_that_is_kept_too_long():
    stocked = [(10.0, 12.0)]
    assert false_sold_outs([(10.9, 10.91), (11.5, 11.51), (12.5, 12.6)], stocked) == [(11.5, 11.51)]


def test_served_names_who_it_was(race_app, clock):
    campaign = rush(stock=5)
    [lin] = citizens(1)
    [token] = signed_in([lin])
    served = claim_in_line(campaign.releases["r1", "meal"], token, address="")
    assert isinstance(served, Served)
    assert served.citizen_id == lin
