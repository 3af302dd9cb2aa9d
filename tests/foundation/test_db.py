import threading
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from foundation.db import DatabaseGone, db, engine_refusal, is_postgresql, transaction
from foundation.slots import JobRun

NOON = datetime(2023, 5, 8, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))


def job_run(job, **columns):
    return JobRun(job=job, slot=NOON, started_at=NOON, **columns)


class PowerCut(Exception):
    pass


def fail():
    raise PowerCut


def keep(row, then=lambda: None):
    with transaction():
        db.session.add(row)
        db.session.flush()
        then()


def names():
    db.session.rollback()
    return set(db.session.scalars(db.select(JobRun.job)))


def test_a_moment_comes_back_aware_in_utc_to_the_microsecond(app):
    with transaction():
        db.session.add(job_run("a"))
    db.session.expire_all()
    kept = db.session.query(JobRun).one().slot
    assert kept == NOON
    assert kept.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_a_programming_error(app):
    with pytest.raises(StatementError, match="time zone"):
        keep(JobRun(job="a", slot=NOON.replace(tzinfo=None), started_at=NOON))


def test_a_transaction_is_kept_whole_or_not_at_all(app):
    with transaction():
        db.session.add(job_run("kept"))
    with pytest.raises(PowerCut):
        keep(job_run("lost"), then=fail)
    assert names() == {"kept"}


def test_a_transaction_inside_another_is_part_of_it(app):
    def outer():
        with transaction():
            keep(job_run("inner"))
            fail()

    with pytest.raises(PowerCut):
        outer()
    assert names() == set()


def test_a_fault_of_ours_is_not_called_a_busy_database(app):
    with transaction():
        db.session.add(job_run("a"))
    with pytest.raises(IntegrityError) as fault, transaction():
        db.session.execute(
            JobRun.__table__.insert(), [{"job": "a", "slot": NOON, "started_at": NOON, "outcome": "", "summary": ""}]
        )
    assert engine_refusal(fault.value) is None


@pytest.mark.race
def test_sqlite_writers_wait_for_each_other_instead_of_failing(sqlite_app):
    inside = threading.Event()

    def hold():
        with sqlite_app.app_context(), transaction():
            db.session.add(job_run("first"))
            db.session.flush()
            inside.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(5)
    with transaction():
        db.session.add(job_run("second"))
    holder.join()
    assert names() == {"first", "second"}


def test_a_lost_database_is_a_refusal_that_may_be_tried_again(postgres_app):
    assert is_postgresql()

    def cut_the_line():
        pid = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.engine.connect() as other:
            other.execute(text(f"SELECT pg_terminate_backend({pid})"))
        db.session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseGone) as refused:
        keep(job_run("a"), then=cut_the_line)
    assert refused.value.code == "database_unavailable"
    keep(job_run("b"))
    assert names() == {"b"}


def test_now_in_utc_is_what_is_stored(app):
    moment = datetime.now(UTC)
    with transaction():
        db.session.add(JobRun(job="now", slot=moment, started_at=moment))
    stored = db.session.query(JobRun).one().started_at
    assert stored == moment
