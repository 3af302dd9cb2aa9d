"""Rates: many askers counted with two statements, exact at the edges, and in every process alike."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from foundation import clock as clocks
from foundation.db import db
from identity.limits import forget_attempts_before
from identity.models import AttemptWindow
from identity.rates import Asked, Rate, count_all
from tests.races.crowd import at_once
from tests.world import done

THREE = Rate("three", 3, timedelta(minutes=1))
FIVE = Rate("five", 5, timedelta(minutes=1))


def count(*values, rate=THREE):
    return done(lambda: count_all([Asked([(rate, value)]) for value in values], at=clocks.now()))


def test_as_many_as_the_rate_says_pass_and_the_next_waits(clock, app):
    assert count("a") == count("a") == count("a") == [0]
    # The test's clock stands at a full minute: the stretch that runs has a minute to go.
    assert count("a") == [60]
    assert count("b") == [0]


def test_a_batch_counts_the_same_one_several_times(clock, app):
    assert count("a", "b", "a", "a", "a", "b") == [0, 0, 0, 0, 60, 0]


def test_the_last_minute_counts_in_part(clock, app):
    start = clocks.now()
    count("a", "a", "a")
    clock.move_to(start + timedelta(seconds=60))
    # All three lie within the minute before.
    assert count("a") == [60]
    clock.move_to(start + timedelta(seconds=140))
    # Of the one counted in the second minute two thirds are left over; two more go, a third does not.
    assert count("a", "a", "a") == [0, 0, 40]


def test_after_two_quiet_minutes_nothing_is_left(clock, app):
    start = clocks.now()
    count("a", "a", "a", "a")
    clock.move_to(start + timedelta(minutes=2))
    assert count("a", "a", "a") == [0, 0, 0]


def test_who_is_refused_goes_on_waiting_while_they_go_on_asking(clock, app):
    start = clocks.now()
    assert count(*"a" * 9)[-1] == 60
    clock.move_to(start + timedelta(seconds=90))
    assert count("a") == [30]


def test_one_is_counted_under_several_rates_and_waits_for_the_longest(clock, app):
    both = [Asked([(THREE, "person"), (FIVE, "device")]) for _ in range(4)]
    assert done(lambda: count_all(both, at=clocks.now())) == [0, 0, 0, 60]
    assert count("device", "device", rate=FIVE) == [0, 60]
    assert count("person", rate=FIVE) == [0]


def test_nobody_asking_is_nothing(app):
    assert done(lambda: count_all([], at=clocks.now())) == []
    assert done(lambda: count_all([Asked([])], at=clocks.now())) == [0]


def test_a_row_is_small_says_nobodys_name_and_is_forgotten(clock, app):
    count("10.0.0.1", "10.0.0.1")
    row = db.session.scalar(select(AttemptWindow))
    assert row.attempts == [int(clocks.now().timestamp() * 1000), 0, 2, 60_000]
    assert b"10.0.0.1" not in row.subject
    db.session.rollback()
    assert done(lambda: forget_attempts_before(clocks.now() + timedelta(days=2))) == 1


@pytest.mark.race
@pytest.mark.postgres
def test_processes_that_count_together_let_no_more_through(clock, postgres_app):
    count("a")
    rate = Rate("three", 20, timedelta(minutes=1))
    works = [lambda: count_all([Asked([(rate, "a")]), Asked([(rate, "b")])], at=clocks.now()) for _ in range(30)]
    attempts = at_once(postgres_app, works, threads=8)
    assert sum(attempt.outcome[0] == 0 for attempt in attempts) == 19
