"""Job slots: however many schedulers run, each job does its work once per slot.

APScheduler 3 has no guard between processes; a row whose primary key is (job, slot) is one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import PrimaryKeyConstraint, String, Text, delete, exists, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from foundation import clock
from foundation.db import Base, UTCDateTime, db, rows_changed, transaction, upsert

#: A run that has neither finished nor failed after this long was killed; its slot may be run again.
ABANDONED_AFTER = timedelta(minutes=30)


class JobRun(Base):
    """One run of one job: when its slot was, when it began and ended, and what it said."""

    __tablename__ = "job_run"
    __table_args__ = (PrimaryKeyConstraint("job", "slot"),)

    job: Mapped[str] = mapped_column(String(40))
    slot: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: "running", "done" or "failed"
    outcome: Mapped[str] = mapped_column(String(10), default="running")
    summary: Mapped[str] = mapped_column(Text, default="")


def slot_start(moment: datetime, every: timedelta) -> datetime:
    """Return the start of the slot of length ``every`` in which ``moment`` falls."""
    seconds = int(every.total_seconds())
    epoch = int(moment.timestamp())
    return datetime.fromtimestamp(epoch - epoch % seconds, tz=moment.tzinfo)


def run_in_slot(job: str, slot: datetime, work: Callable[[], str]) -> bool:
    """Run ``work`` unless this slot is taken; return whether it ran here.

    A failure is written down and raised, and leaves the slot to whoever comes next, in this process or another; what
    has been done is done once. Jobs are written so that a later run does what an earlier one left.
    """
    if not _take(job, slot):
        return False
    try:
        summary = work()
    except BaseException as failure:
        _finish(job, slot, "failed", f"{type(failure).__name__}: {failure}")
        raise
    _finish(job, slot, "done", summary)
    return True


def _take(job: str, slot: datetime) -> bool:
    """Insert the row of the slot, or take over one whose run failed or was killed: of all who try, one may."""
    now = clock.now()
    killed = (JobRun.outcome == "running") & (JobRun.started_at < now - ABANDONED_AFTER)
    with transaction():
        fresh = {"job": job, "slot": slot, "started_at": now, "outcome": "running", "summary": ""}
        statement = upsert(JobRun).values(**fresh).on_conflict_do_nothing().returning(JobRun.job)
        if db.session.execute(statement).first() is not None:
            return True
        again = update(JobRun).where(JobRun.job == job, JobRun.slot == slot, (JobRun.outcome == "failed") | killed)
        return bool(rows_changed(again.values(started_at=now, finished_at=None, outcome="running", summary="")))


def _finish(job: str, slot: datetime, outcome: str, summary: str) -> None:
    with transaction():
        db.session.execute(
            update(JobRun)
            .where(JobRun.job == job, JobRun.slot == slot)
            .values(finished_at=clock.now(), outcome=outcome, summary=summary[:2000])
            .execution_options(synchronize_session=False)
        )


def forget_old_runs(kept_for: timedelta = timedelta(days=180)) -> int:
    """Delete runs older than ``kept_for`` (security logs are kept six months) and return how many. Each job's newest
    stays, however old: what is done once is known to be done for ever."""
    newer = aliased(JobRun)
    is_followed = exists().where(newer.job == JobRun.job, newer.slot > JobRun.slot)
    with transaction():
        return rows_changed(delete(JobRun).where(JobRun.started_at < clock.now() - kept_for, is_followed))
