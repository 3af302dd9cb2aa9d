"""Requests that wait together share a transaction, and nobody's trouble is another's."""

import os
import threading
import time

import pytest
from sqlalchemy import text

from foundation import clock as clocks
from foundation import group_commit
from foundation.db import DatabaseGone, db, transaction
from foundation.errors import Conflict
from foundation.group_commit import GroupCommit, Interrupted, QueueFull
from foundation.slots import JobRun


class Bench:
    """A line whose work writes a row per item, in batches that the test can hold up."""

    def __init__(self, app, **bounds):
        self.app = app
        self.batches = []
        self.gate = threading.Event()
        self.gate.set()
        self.working = threading.Event()
        self.group = GroupCommit("bench", self.work, **bounds)

    def work(self, _key, items):
        self.batches.append(list(items))
        self.working.set()
        assert self.gate.wait(20)
        answers = []
        for item in items:
            if isinstance(item, BaseException):
                raise item
            db.session.add(JobRun(job=str(item), slot=clocks.now(), started_at=clocks.now()))
            db.session.flush()
            answers.append(f"answer {item}")
        return answers

    def send(self, *items, key="k"):
        """Let each item come in a thread of its own while the one before is in the line; return a list to be filled."""
        outcomes = [None] * len(items)

        def person(place, item):
            with self.app.app_context():
                try:
                    outcomes[place] = self.group.submit(key, item)
                except BaseException as failure:
                    outcomes[place] = failure

        self.threads = getattr(self, "threads", [])
        for place, item in enumerate(items):
            thread = threading.Thread(target=person, args=(place, item), daemon=True)
            thread.start()
            self.threads.append(thread)
            self.settle(place)
        return outcomes

    def settle(self, _place):
        """Wait until the thread that was just started works or waits."""
        before, quiet = None, 0
        while quiet < 3:
            lines = self.group._lines()
            now = (lines.waiting, len(self.batches))
            quiet = quiet + 1 if now == before else 0
            before = now
            time.sleep(0.01)

    def end(self):
        self.gate.set()
        for thread in self.threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self.threads)
        assert self.group._lines().by_key == {}
        assert self.group._lines().waiting == 0


def rows():
    db.session.rollback()
    return sorted(db.session.scalars(db.select(JobRun.job)))


def held(app, **bounds):
    """A line with somebody at work in it, so that the next wait."""
    bench = Bench(app, **bounds)
    bench.gate.clear()
    bench.first = bench.send("first")
    assert bench.working.wait(20)
    return bench


def test_one_request_alone_is_a_batch_of_one(app):
    bench = Bench(app)
    assert bench.group.submit("k", "a") == "answer a"
    assert bench.batches == [["a"]]
    assert rows() == ["a"]


def test_those_who_wait_share_one_transaction(app):
    bench = held(app)
    outcomes = bench.send("a", "b", "c")
    bench.end()
    assert bench.batches == [["first"], ["a", "b", "c"]]
    assert outcomes == ["answer a", "answer b", "answer c"]
    assert bench.first == ["answer first"]
    assert rows() == ["a", "b", "c", "first"]


def test_a_batch_has_a_largest_size_and_the_rest_come_next(app):
    bench = held(app, most_together=2)
    bench.send("a", "b", "c")
    bench.end()
    assert bench.batches == [["first"], ["a", "b"], ["c"]]


def test_after_a_batch_of_several_the_next_leader_waits_for_as_many_to_come(app, monkeypatch):
    monkeypatch.setattr(group_commit, "GATHER_SECONDS", 15)
    monkeypatch.setattr(group_commit, "RECENT_SECONDS", 15)
    bench = Bench(app)
    bench.group._lines().last = ("k", 3, 60.0, time.monotonic())
    outcomes = bench.send("a", "b")
    assert bench.batches == []
    outcomes += bench.send("c")
    bench.end()
    assert bench.batches == [["a", "b", "c"]]
    assert outcomes[:2] == ["answer a", "answer b"]


def test_the_moment_that_a_leader_waits_is_short_and_only_in_a_busy_line(app):
    bench = Bench(app)
    lines = bench.group._lines()
    for last in [
        ("k", 9, 0.2, time.monotonic()),
        ("other", 9, 60.0, time.monotonic()),
        ("k", 1, 60.0, time.monotonic()),
    ]:
        lines.last = last
        began = time.monotonic()
        assert bench.group.submit("k", f"{last}"[:40]).startswith("answer")
        assert time.monotonic() - began < 5
    # One alone leaves behind that it was alone.
    assert lines.last[1] == 1


def test_an_answer_is_given_only_after_it_is_durable(app, monkeypatch):
    bench, seen = held(app), []
    real = db.session.registry().__class__.commit

    def slow_commit(session):
        seen.append([outcomes[0]])
        real(session)

    outcomes = bench.send("a")
    monkeypatch.setattr(db.session.registry().__class__, "commit", slow_commit)
    bench.end()
    assert seen[-1] == [None]
    assert outcomes == ["answer a"]


def test_one_bad_item_never_fails_its_neighbours(app):
    bench = held(app)
    bad = ValueError("bad")
    outcomes = bench.send("a", bad, "b")
    bench.end()
    assert outcomes == ["answer a", bad, "answer b"]
    # Rolled back together, then each alone.
    assert bench.batches[1:] == [["a", bad, "b"], ["a"], [bad], ["b"]]
    assert rows() == ["a", "b", "first"]


def test_a_refusal_that_is_raised_is_its_own_askers(app):
    bench = held(app)
    outcomes = bench.send("a", Conflict())
    bench.end()
    assert outcomes[0] == "answer a"
    assert isinstance(outcomes[1], Conflict)


def test_a_lost_database_is_told_to_all_and_nothing_is_done(app):
    bench = held(app)
    outcomes = bench.send("a", DatabaseGone(), "b")
    bench.end()
    assert {type(outcome) for outcome in outcomes} == {DatabaseGone}
    assert rows() == ["first"]


def test_a_database_that_goes_during_the_retry_ends_it_for_the_rest(app):
    bench = held(app)
    outcomes = bench.send("a", ValueError("bad"), DatabaseGone(), "b")
    bench.end()
    assert outcomes[0] == "answer a"
    assert [type(outcome) for outcome in outcomes[1:]] == [ValueError, DatabaseGone, DatabaseGone]
    assert rows() == ["a", "first"]


def test_beyond_its_bound_the_queue_refuses_at_once(app):
    bench = held(app, most_waiting=2)
    bench.send("a", "b")
    with pytest.raises(QueueFull) as refused:
        bench.group.submit("k", "c")
    assert refused.value.retry_after_seconds == 2
    bench.end()
    assert rows() == ["a", "b", "first"]


def test_who_has_waited_too_long_leaves_with_nothing_done(app):
    bench = held(app, patience_seconds=0.05)
    outcomes = bench.send("a")
    time.sleep(0.2)
    assert isinstance(outcomes[0], QueueFull)
    bench.end()
    assert rows() == ["first"]


def test_who_is_being_served_waits_for_the_outcome_however_long(app):
    bench = Bench(app, patience_seconds=0.05)
    bench.gate.clear()
    first = bench.send("first")
    time.sleep(0.2)
    assert first == [None]
    bench.end()
    assert first == ["answer first"]


def test_lines_of_different_keys_do_not_wait_for_each_other(postgres_app):
    bench = held(postgres_app)
    bench.gate.set()
    other = bench.send("a", key="other")
    bench.end()
    assert other == ["answer a"]


def test_a_worker_that_is_ended_leaves_nobody_waiting(app):
    bench = held(app)
    outcomes = bench.send("a", SystemExit(1), "b")
    bench.end()
    # The leader of that batch was ended; the others hear that nothing was done.
    assert {type(outcome) for outcome in outcomes} == {SystemExit, Interrupted}
    assert rows() == ["first"]
    assert bench.group.submit("k", "later") == "answer later"


def test_one_that_is_ended_while_it_waits_gives_its_place_up(app):
    bench = held(app)
    lines = bench.group._lines()

    class Ended(BaseException):
        pass

    class Cut:
        def acquire(self, timeout=None):
            bench.group_gate.wait(20)
            raise Ended

    bench.group_gate = threading.Event()
    outcome = []

    def person():
        with app.app_context():
            try:
                bench.group.submit("k", "a")
            except BaseException as failure:
                outcome.append(failure)

    thread = threading.Thread(target=person, daemon=True)
    real = bench.group._wait

    def wait(lines, key, ticket):
        ticket.woken = Cut()
        real(lines, key, ticket)

    bench.group._wait = wait
    thread.start()
    bench.settle(0)
    assert lines.waiting == 1
    bench.group_gate.set()
    thread.join(20)
    assert lines.waiting == 0
    bench.group._wait = real
    bench.end()
    assert isinstance(outcome[0], Ended)
    assert rows() == ["first"]


def test_it_may_not_be_called_inside_a_transaction(app):
    bench = Bench(app)
    with transaction(), pytest.raises(RuntimeError):
        bench.group.submit("k", "a")
    assert rows() == []


def test_who_waits_holds_no_connection(app):
    bench = Bench(app)
    db.session.execute(text("SELECT 1"))
    assert db.session.registry().in_transaction()
    seen = []
    bench.group._serve = lambda key, batch: seen.append(db.session.registry().in_transaction())
    with pytest.raises(Interrupted):
        bench.group.submit("k", "a")
    assert seen == [False]


def test_a_forked_child_begins_with_empty_lines(sqlite_app):
    bench = held(sqlite_app)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        lines = bench.group._lines()
        free = lines.lock.acquire(timeout=1)
        os.write(writing, f"{free} {lines.waiting} {lines.by_key}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"True 0 {}"
    os.close(reading)
    os.close(writing)
    bench.end()


def test_a_work_that_forgets_an_item_is_found_out(app):
    group = GroupCommit("forgetful", lambda _key, items: [])
    with pytest.raises(RuntimeError):
        group.submit("k", "a")
