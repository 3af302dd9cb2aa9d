"""The scheduler: ``python -m webapp.scheduler``, a process of its own.

Several may run, on several nodes: a job's slot is a row, and whoever inserts it does the work. A slot missed
while no scheduler ran is made up for at the start.
"""

import signal
import time
from datetime import datetime, timedelta
from types import FrameType

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from foundation import clock
from foundation.slots import run_in_slot
from webapp import app_or_exit
from webapp.health import JOB_RUNS, forget_gauges
from webapp.jobs import JOBS, Job

log = structlog.get_logger("voucher.scheduler")

#: A run that could not start for this long is left to the next slot.
MISFIRE_GRACE_SECONDS = 300


def run_job(app: Flask, job: Job) -> None:
    """Run ``job`` for the slot that is due, unless another scheduler has; a failure is logged and counted."""
    slot = job.slot(clock.now())
    began = time.perf_counter()
    try:
        with app.app_context():
            ran = run_in_slot(job.name, slot, job.work)
    except Exception as failure:  # one job's failure must not stop the others
        JOB_RUNS.labels(job.name, "failed").inc()
        log.error("job_failed", job=job.name, slot=slot.isoformat(), exc_info=failure)
        return
    JOB_RUNS.labels(job.name, "done" if ran else "taken").inc()
    if ran:
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        log.info("job_done", job=job.name, slot=slot.isoformat(), milliseconds=milliseconds)


def trigger_of(job: Job, now: datetime) -> BaseTrigger:
    """Return when APScheduler shall call: at the start of each slot."""
    if isinstance(job.when, timedelta):
        next_slot = job.slot(now) + job.when
        return IntervalTrigger(seconds=int(job.when.total_seconds()), start_date=next_slot, timezone=clock.SHANGHAI)
    return CronTrigger(hour=job.when.hour, minute=job.when.minute, timezone=clock.SHANGHAI)


def build_scheduler(app: Flask, jobs: tuple[Job, ...] = JOBS) -> BlockingScheduler:
    scheduler = BlockingScheduler(
        timezone=clock.SHANGHAI,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_SECONDS},
    )
    now = clock.now()
    for job in jobs:
        scheduler.add_job(run_job, trigger_of(job, now), args=(app, job), id=job.name)
        # And once now, for a slot that passed while nobody was here.
        scheduler.add_job(run_job, args=(app, job), id=f"{job.name}_at_start")
    return scheduler


def main() -> None:
    app = app_or_exit()
    scheduler = build_scheduler(app)

    def stop(signum: int, _frame: FrameType | None) -> None:
        log.info("scheduler_stopping", signal=signal.Signals(signum).name)
        # The jobs that run are let finish; each is a few transactions long.
        scheduler.shutdown(wait=True)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("scheduler_started", jobs=[job.name for job in JOBS])
    try:
        scheduler.start()
    finally:
        forget_gauges()


if __name__ == "__main__":
    main()
