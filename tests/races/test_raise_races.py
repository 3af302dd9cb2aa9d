"""Raised awards beside everything else: each difference is given once, and the last money goes to one."""

import threading

import pytest

from applications import endings, jobs, repricing, submission
from foundation.db import transaction
from ledger import audit
from tests import cars, people
from tests.applications import desk, raising
from tests.applications.desk import papers, row, status
from tests.applications.test_repricing import approved, payouts
from tests.races.crowd import at_once
from tests.world import done
from voucher import top_ups

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def runs(count):
    return [jobs.raise_awards] * count


def test_the_job_runs_twice_at_once_beside_withdrawals_and_each_difference_is_given_once(clock, race_app):
    """Twelve applications: two approved, five withdrawn while the job runs, five that nobody touches."""
    scene = desk.scene()
    ids = desk.submitted(scene, 12)
    approved(clock, scene, *ids[:2])
    raising.published(raising.raised())
    leaving = [(each, row(each).citizen_id) for each in ids[2:7]]

    def leave(application_id, citizen_id):
        with transaction():
            endings.withdraw(application_id, citizen_id)

    works = [*runs(2), *(lambda pair=pair: leave(*pair) for pair in leaving), *runs(1)]
    assert {attempt.code for attempt in at_once(race_app, works, alone=False)} == {"done"}
    raising.run()
    assert {status(each) for each, _ in leaving} == {"withdrawn"}
    assert {row(each).award_fen for each in ids[7:]} == {450_000}, "the bystanders have theirs"
    assert [fen for fen, _, _ in payouts()] == [400_000] * 2 + [50_000] * 2
    assert sorted(status for status, _ in raising.top_ups() if status == "granted") == ["granted"] * 2
    standing = cars.standing(scene.campaign)
    assert (standing["reserved"], standing["due"]) == (5 * 450_000, 2 * 450_000)


def last_money(clock):
    """Leave 5,000 yuan on release and nothing in the pool, and return scene and applications, one of them approved."""
    scene = desk.scene(release={"budget_yuan": 100_000})
    ids = desk.submitted(scene, 24)
    [_ice] = desk.submitted(scene, 1, first=40, powertrain="ice")
    done(lambda: endings.withdraw(ids[23], row(ids[23]).citizen_id))
    approved(clock, scene, ids[0])
    assert cars.standing(scene.campaign)["released"] == 500_000
    return scene, ids


def test_the_last_money_goes_to_top_ups_or_to_a_new_application_and_never_to_both(clock, race_app):
    """5,000 yuan are on release: ten differences of 500, or one new application of 4,500 and one difference."""
    scene, _ids = last_money(clock)
    raising.published(raising.raised())
    [citizen_id] = people.citizens(1, first_phone=13800000090)
    ready = desk.filled(citizen_id, scene.release, papers(90))

    def hand_in():
        with transaction():
            return submission.submit(ready, citizen_id).status

    outcomes = at_once(race_app, [*runs(2), hand_in], alone=False)
    assert {attempt.code for attempt in outcomes} == {"done"}
    raising.run()
    given = sum(status in ("added", "granted") for status, _ in raising.top_ups())
    if status(ready) == "reviewing":
        assert given == 1
    else:
        # It waits, and while it does the differences leave it what is on release.
        assert status(ready) == "waiting"
        assert given <= 10
    standing = cars.standing(scene.campaign)
    assert standing["released"] >= 0
    assert standing["released"] == 500_000 - given * 50_000 - (450_000 if status(ready) == "reviewing" else 0)


def test_control_without_the_key_and_the_turn_two_runs_would_give_it_twice(clock, broken_app, monkeypatch):
    """What the job shows is the work of the state machine and the turn: a look before each lets two through."""
    scene = desk.scene(release={"budget_yuan": 50_000})
    [application_id] = desk.submitted(scene, 1)
    approved(clock, scene, application_id)
    raising.published(raising.raised())
    [raised] = repricing.raised_releases()
    done(lambda: repricing.plan(raised, actor="job:raise_awards"))
    [top_up] = top_ups.of_applications([application_id])[application_id]
    top_up_id = top_up.id
    meet = threading.Barrier(2)
    guard = repricing.top_ups.TOP_UP.apply

    def look_and_go(model, ids, event, step, **more):
        meet.wait(10)
        guard(model, ids, event, step, **more)
        return set(ids)

    monkeypatch.setattr(repricing.top_ups.TOP_UP, "apply", look_and_go)
    monkeypatch.setattr(repricing.top_ups, "_entitle", lambda *_: top_up_id)

    def give():
        step = repricing.Step("job:raise_awards", clock.now(), campaign_version_id=raised.newest)
        return top_ups.grant(top_up_id, 50_000, step, from_release=True)

    assert [attempt.outcome for attempt in at_once(broken_app, [give, give])] == [True, True]
    assert {found.check.name for found in audit.run()} >= {"top_ups_match_what_was_granted"}
