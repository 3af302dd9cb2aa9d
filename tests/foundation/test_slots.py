import threading
from datetime import UTC, datetime, timedelta

import pytest

from foundation import slots
from foundation.db import db
from foundation.slots import JobRun, run_in_slot, slot_start

SLOT = datetime(2023, 5, 8, 2, 0, tzinfo=UTC)


def test_a_slot_begins_at_a_whole_multiple_of_its_length():
    moment = datetime(2023, 5, 8, 10, 17, 42, 5, tzinfo=UTC)
    assert slot_start(moment, timedelta(minutes=1)) == datetime(2023, 5, 8, 10, 17, tzinfo=UTC)
    assert slot_start(moment, timedelta(minutes=5)) == datetime(2023, 5, 8, 10, 15, tzinfo=UTC)
    assert slot_start(moment, timedelta(hours=1)) == datetime(2023, 5, 8, 10, 0, tzinfo=UTC)


def test_a_job_runs_once_per_slot_and_says_what_it_did(app):
    runs = []
    assert run_in_slot("expire", SLOT, lambda: runs.append(1) or "3 expired")
    assert not run_in_slot("expire", SLOT, lambda: runs.append(2) or "")
    assert run_in_slot("close", SLOT, lambda: runs.append(3) or "")
    assert run_in_slot("expire", SLOT + timedelta(minutes=1), lambda: runs.append(4) or "")
    assert runs == [1, 3, 4]
    kept = db.session.get_one(JobRun, ("expire", SLOT))
    assert (kept.outcome, kept.summary) == ("done", "3 expired")
    assert kept.finished_at is not None


def fails():
    raise RuntimeError("disk full")


def test_a_failure_is_written_down_raised_and_left_to_whoever_comes_next(app):
    with pytest.raises(RuntimeError):
        run_in_slot("expire", SLOT, fails)
    kept = db.session.get_one(JobRun, ("expire", SLOT))
    assert (kept.outcome, kept.summary) == ("failed", "RuntimeError: disk full")
    assert run_in_slot("expire", SLOT, lambda: "3 expired")
    db.session.expire_all()
    assert (kept.outcome, kept.summary) == ("done", "3 expired")
    assert not run_in_slot("expire", SLOT, lambda: "again")


def test_while_a_failed_slot_is_run_again_nobody_else_runs_it(app):
    with pytest.raises(RuntimeError):
        run_in_slot("expire", SLOT, fails)

    def looks_around():
        db.session.expire_all()
        kept = db.session.get_one(JobRun, ("expire", SLOT))
        assert (kept.outcome, kept.finished_at, kept.summary) == ("running", None, "")
        return f"another ran: {run_in_slot('expire', SLOT, lambda: 'me too')}"

    assert run_in_slot("expire", SLOT, looks_around)
    assert db.session.get_one(JobRun, ("expire", SLOT), populate_existing=True).summary == "another ran: False"


def test_the_slot_of_a_killed_scheduler_is_run_again_after_a_while(clock, app):
    class Killed(BaseException):
        pass

    def killed():
        db.session.remove()
        raise Killed

    before = slots._finish
    slots._finish = lambda *_: None  # what a killed process does at the end
    try:
        with pytest.raises(Killed):
            run_in_slot("expire", SLOT, killed)
    finally:
        slots._finish = before
    clock.move_to(clock.now() + slots.ABANDONED_AFTER - timedelta(seconds=1))
    assert not run_in_slot("expire", SLOT, lambda: "too early")
    clock.move_to(clock.now() + timedelta(seconds=2))
    assert run_in_slot("expire", SLOT, lambda: "again")


def test_old_runs_are_forgotten(clock, app):
    run_in_slot("expire", SLOT, lambda: "")
    clock.move_to(clock.now() + timedelta(days=181))
    run_in_slot("expire", SLOT + timedelta(days=181), lambda: "")
    assert slots.forget_old_runs() == 1


def test_the_newest_run_of_a_job_is_never_forgotten(clock, app):
    for job in ("once", "expire"):
        run_in_slot(job, SLOT, lambda: "")
    run_in_slot("expire", SLOT + timedelta(days=1), lambda: "")
    clock.move_to(clock.now() + timedelta(days=2_000))
    assert slots.forget_old_runs() == 1
    assert not run_in_slot("once", SLOT, lambda: "a second time")
    assert not run_in_slot("expire", SLOT + timedelta(days=1), lambda: "a second time")


def _run_from_many_schedulers(app, count):
    gate = threading.Barrier(count)
    ran = []

    def scheduler():
        with app.app_context():
            gate.wait()
            if run_in_slot("expire", SLOT, lambda: "done"):
                ran.append(threading.current_thread())

    threads = [threading.Thread(target=scheduler) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ran)


@pytest.mark.race
def test_of_two_schedulers_one_runs_the_slot(app):
    assert _run_from_many_schedulers(app, 2) == 1


@pytest.mark.race
def test_after_a_failure_one_of_two_schedulers_runs_the_slot_and_after_that_nobody(app):
    with pytest.raises(RuntimeError):
        run_in_slot("expire", SLOT, fails)
    assert _run_from_many_schedulers(app, 2) == 1
    assert _run_from_many_schedulers(app, 2) == 0


@pytest.mark.race
@pytest.mark.postgres
def test_of_many_schedulers_one_runs_the_slot(postgres_app):
    assert _run_from_many_schedulers(postgres_app, 12) == 1
