"""The product's jobs under several schedulers at once: each does its work once per slot."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from foundation.db import db
from foundation.slots import JobRun
from settlement.models import ClosedDay
from tests.world import at, citizens, claim, published, release_row
from voucher.models import Entitlement
from webapp.jobs import JOBS
from webapp.scheduler import run_job

SCHEDULERS = 4


def counting(jobs):
    """Return the jobs, and a count of how often the work of each was done."""
    done: Counter[str] = Counter()
    lock = threading.Lock()

    def counted(job):
        def work():
            with lock:
                done[job.name] += 1
            return job.work()

        return replace(job, work=work)

    return [counted(job) for job in jobs], done


def all_at_once(app, run, schedulers=SCHEDULERS):
    together = threading.Barrier(schedulers)

    def schedule():
        together.wait(timeout=20)
        run()
        with app.app_context():
            db.session.remove()

    threads = [threading.Thread(target=schedule) for _ in range(schedulers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    db.session.rollback()


def run_all(app, jobs):
    return lambda: [run_job(app, job) for job in jobs]


def test_each_job_is_done_once_per_slot_however_many_schedulers_run(clock, app):
    campaign = published()
    jobs, done = counting(JOBS)
    every_job = {job.name: 1 for job in JOBS}
    all_at_once(app, run_all(app, jobs))
    assert done == every_job
    assert release_row(campaign.release).released == 10
    held = [claim(person, campaign.release) for person in citizens(6)]

    clock.move_to(at("2023-05-15 00:20"))
    all_at_once(app, run_all(app, jobs))
    # The jobs of three in the morning were done for the slot of the eighth, and are due again for the fourteenth.
    assert done == dict.fromkeys(every_job, 2)
    assert set(db.session.scalars(select(Entitlement.status).where(Entitlement.id.in_(held)))) == {"expired"}
    assert campaign.pool_fen("city") == 10_000_000
    assert len(db.session.scalars(select(ClosedDay)).all()) == 7
    outcomes = db.session.execute(select(JobRun.job, JobRun.outcome)).all()
    assert Counter(outcomes) == {(job.name, "done"): 2 for job in JOBS}


def test_a_job_that_is_due_again_is_done_again_and_no_other(clock, sqlite_app):
    jobs, done = counting(JOBS)
    run_all(sqlite_app, jobs)()
    clock.move_to(clock.now() + timedelta(minutes=1))
    run_all(sqlite_app, jobs)()
    every_minute = {"release_rounds", "release_portions", "close_rounds", "expire_vouchers"}
    every_minute |= {"run_lotteries", "notify_winners", "tell_applicants", "lapse_purchases", "return_payments"}
    assert {name for name, times in done.items() if times == 2} == every_minute


def test_without_the_slot_every_scheduler_would_do_the_work(clock, postgres_app):
    """The negative control: the count above would see it."""
    jobs, done = counting(job for job in JOBS if job.name == "audit_ledger")

    def without_a_slot():
        with postgres_app.app_context():
            jobs[0].work()

    all_at_once(postgres_app, without_a_slot)
    assert done == {"audit_ledger": SCHEDULERS}
