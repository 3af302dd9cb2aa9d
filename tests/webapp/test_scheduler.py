import os
import signal
import subprocess
import sys
import time as clock_time
from datetime import UTC, datetime, time, timedelta

import pytest
from prometheus_client import REGISTRY

from foundation.db import db
from foundation.slots import JobRun
from webapp.jobs import JOBS, Job
from webapp.scheduler import build_scheduler, run_job, trigger_of


def counted(job, outcome):
    return REGISTRY.get_sample_value("voucher_job_runs_total", {"job": job, "outcome": outcome}) or 0


def test_a_job_is_due_once_per_slot(clock, app):
    runs, taken_before = [], counted("trial", "taken")
    job = Job("trial", timedelta(minutes=1), lambda: runs.append(1) or "done")
    run_job(app, job)
    run_job(app, job)
    assert len(runs) == 1
    clock.move_to(clock.now() + timedelta(minutes=1))
    run_job(app, job)
    assert len(runs) == 2
    assert counted("trial", "taken") == taken_before + 1


def test_a_failing_job_is_counted_and_the_others_go_on(clock, sqlite_app, capsys):
    def fails():
        raise RuntimeError("disk full")

    run_job(sqlite_app, Job("fails", timedelta(minutes=1), fails))
    run_job(sqlite_app, Job("works", timedelta(minutes=1), lambda: "done"))
    assert counted("fails", "failed") == 1
    outcomes = dict(db.session.execute(db.select(JobRun.job, JobRun.outcome)).all())
    assert outcomes == {"fails": "failed", "works": "done"}
    assert '"event":"job_failed"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        (datetime(2023, 5, 8, 16, 10, tzinfo=UTC), datetime(2023, 5, 8, 16, 10, tzinfo=UTC)),
        (datetime(2023, 5, 8, 16, 9, 59, tzinfo=UTC), datetime(2023, 5, 7, 16, 10, tzinfo=UTC)),
        (datetime(2023, 5, 9, 15, 59, tzinfo=UTC), datetime(2023, 5, 8, 16, 10, tzinfo=UTC)),
    ],
)
def test_a_daily_job_has_one_slot_a_day_on_shanghais_clock(moment, slot):
    assert Job("daily", time(0, 10), lambda: "").slot(moment) == slot


def test_the_next_call_is_at_the_start_of_the_next_slot():
    now = datetime(2023, 5, 8, 2, 17, 42, tzinfo=UTC)
    every_minute = trigger_of(Job("m", timedelta(minutes=1), lambda: ""), now)
    assert every_minute.get_next_fire_time(None, now) == datetime(2023, 5, 8, 2, 18, tzinfo=UTC)
    daily = trigger_of(Job("d", time(0, 10), lambda: ""), now)
    assert daily.get_next_fire_time(None, now) == datetime(2023, 5, 8, 16, 10, tzinfo=UTC)


def test_every_job_of_the_product_runs_on_an_empty_database(clock, app):
    for job in JOBS:
        run_job(app, job)
    runs = db.session.execute(db.select(JobRun.job, JobRun.outcome, JobRun.summary)).all()
    assert {run.job for run in runs} >= {job.name for job in JOBS if job.name != "forget_old_runs"}
    assert {run.outcome for run in runs} == {"done"}


def test_every_job_has_a_name_of_its_own_and_is_made_up_for_at_the_start(sqlite_app):
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))
    scheduler = build_scheduler(sqlite_app)
    assert {job.id for job in scheduler.get_jobs()} == {*names, *(f"{name}_at_start" for name in names)}


def test_the_scheduler_process_does_its_jobs_and_stops_when_asked(sqlite_url):
    import base64

    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": sqlite_url,
        "SECRET_KEY": "a-secret-only-for-tests-0123456789",
        "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
        "INDEX_KEY": base64.b64encode(bytes(range(32, 64))).decode(),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "webapp.scheduler"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        lines = []
        deadline = clock_time.monotonic() + 30
        while clock_time.monotonic() < deadline and sum("job_done" in line for line in lines) < len(JOBS):
            lines.append(process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert any("scheduler_started" in line for line in lines)
    assert sum("job_done" in line for line in lines) == len(JOBS), lines
    assert "scheduler_stopping" in rest
