"""Two jobs draw at once, and one person enters or takes up in many windows at once."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from foundation.crypto import keyed_hash
from foundation.db import db
from foundation.states import StateMachine
from identity import persons
from tests.races.crowd import at_once, mixed
from tests.voucher.test_lottery import DRAW_AT, UNTIL, begun, by_lottery, drawn, enter_all, listed, outcomes, the_draw
from tests.world import JOB, OPENS, citizens, done, opened
from voucher import lottery
from voucher.models import Entitlement, LotteryDraw, LotteryEntry

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def granted():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Entitlement))


def test_of_eight_jobs_one_commits_one_lists_and_one_draws(clock, race_app):
    campaign = opened(by_lottery(10))
    results = []
    for moment, operation in ((OPENS, lottery.commit_due), (UNTIL, lottery.list_due), (DRAW_AT, lottery.draw_due)):
        clock.move_to(moment)
        attempts = at_once(race_app, [lambda operation=operation: operation(actor=JOB)] * 8, threads=8)
        results.append(sum(attempt.outcome for attempt in attempts))
        if moment == OPENS:
            enter_all(campaign, 40)
    assert results == [1, 1, 1]
    assert outcomes() == {"granted": 10, "entered": 30}
    assert granted() == 10
    ranks = db.session.scalars(select(LotteryEntry.rank).where(LotteryEntry.rank.is_not(None)))
    assert sorted(ranks) == list(range(1, 11))


def test_jobs_that_draw_again_offer_each_prize_once(clock, race_app):
    campaign = begun(by_lottery(5, take_up_hours=1))
    enter_all(campaign, 30)
    drawn(clock)
    won = db.session.execute(
        select(LotteryEntry.id, LotteryEntry.citizen_id).where(LotteryEntry.status == "won").order_by(LotteryEntry.rank)
    ).all()
    takes = [lambda entry=tuple(entry): lottery.take_up(*entry) for entry in won[:2]]
    jobs = [lambda: lottery.redraw_due(actor=JOB)] * 6
    attempts = at_once(race_app, mixed(takes * 4, jobs), threads=14)
    assert Counter(attempt.code for attempt in attempts) == {"done": 8, "nothing_to_take_up": 6}
    assert outcomes() == {"granted": 2, "won": 3, "entered": 25}
    clock.move_to(DRAW_AT + timedelta(hours=1))
    at_once(race_app, jobs, threads=6)
    assert outcomes() == {"granted": 2, "lapsed": 3, "won": 3, "entered": 22}


def test_one_person_in_many_windows_and_accounts_enters_once(clock, race_app):
    campaign = begun(by_lottery(5))
    accounts = citizens(3)
    for citizen in accounts:
        done(lambda citizen=citizen: persons.note(citizen, "id_number", keyed_hash("id_number", "x")))
    works = [lambda citizen=citizen: lottery.enter(citizen, campaign.release) for citizen in accounts * 5]
    assert Counter(attempt.code for attempt in at_once(race_app, works)) == {"done": 1, "already_entered": 14}


def test_no_entry_is_left_off_the_list_while_it_is_made(clock, race_app):
    campaign = begun(by_lottery(5))
    works = [lambda citizen=citizen: lottery.enter(citizen, campaign.release) for citizen in citizens(60)]

    def make_list():
        # As if the clock of this machine were ahead of the others'.
        return lottery.close_list(db.session.scalars(select(LotteryDraw)).one(), actor=JOB, now=UNTIL)

    attempts = at_once(race_app, mixed(works, [make_list]), threads=20)
    entered = sum(attempt.code == "done" for attempt in attempts) - 1
    assert the_draw().entry_count == entered
    assert len(lottery.entry_hashes(the_draw().id)) == entered


def test_without_the_state_machine_two_jobs_draw_twice(clock, broken_app, monkeypatch):
    """Negative control: a step that asks for no state lets every job through."""
    campaign = begun(by_lottery(3, take_up_hours=1))
    enter_all(campaign, 12)
    listed(clock)
    clock.move_to(DRAW_AT)
    monkeypatch.setattr(StateMachine, "apply", lambda _self, _model, ids, *_more, **_options: set(ids))
    attempts = at_once(broken_app, [lambda: lottery.draw_due(actor=JOB)] * 4, threads=4)
    assert sum(attempt.outcome for attempt in attempts) > 1
