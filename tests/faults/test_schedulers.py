"""Two schedulers, as an installation runs them on two machines, one of which dies."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest

from tests.machines import ROOT, environment
from webapp.jobs import JOBS

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def scheduler(url, name):
    return subprocess.Popen(
        [sys.executable, "-m", "webapp.scheduler"],
        cwd=ROOT,
        env=environment(url) | {"PGAPPNAME": name},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_two_schedulers_do_each_job_once_and_one_that_was_killed_begins_again(server, scene):
    """F14, I20: both start at once and make up for the slots that passed; one is killed, a third takes its place."""
    running = [scheduler(scene.url, "first"), scheduler(scene.url, "second")]
    try:
        first = until(server, lambda runs: {name for name, _, _ in runs} == {job.name for job in JOBS})
        assert {outcome for _, _, outcome in first} == {"done"}
        running[0].kill()
        running[0].wait(20)
        running.append(scheduler(scene.url, "third"))
        # The day's jobs were done for their slots and are not done again, whoever comes; those of a minute go on.
        until(server, lambda _runs: "third" in at_the_database(server))
        later = until(server, lambda runs: set(first) <= set(runs))
        daily = {job.name for job in JOBS if not isinstance(job.when, timedelta)}
        assert sorted(name for name, _, _ in later if name in daily) == sorted(daily)
        assert server.execute("SELECT count(*) FROM transfer WHERE code = 'release'") == [(2,)]
        assert [each.poll() for each in running[1:]] == [None, None]
    finally:
        for each in running:
            each.kill()
            each.wait(20)
    scene.prove()


def at_the_database(server):
    """Return the names of the processes that have spoken to the database and still hold a connection."""
    return {name for (name,) in server.execute("SELECT application_name FROM pg_stat_activity WHERE state = 'idle'")}


def until(server, enough, *, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        runs = server.execute("SELECT job, slot, outcome FROM job_run")
        if enough(runs) and all(outcome != "running" for _, _, outcome in runs):
            return runs
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)
