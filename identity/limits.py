"""How often something may be tried, counted in rows so that every process and node counts together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed, upsert
from identity.models import AttemptWindow


@dataclass(frozen=True)
class Limit:
    """At most ``most`` attempts in any stretch of time of length ``within`` (a sliding window)."""

    most: int
    within: timedelta


def seconds_to_wait(purpose: str, value: str, limits: Sequence[Limit], *, at: datetime) -> int:
    """Return 0 if one more attempt is allowed at ``at``, or the whole seconds until it will be.

    Locks the subject's row until the transaction ends, so that of two callers at the limit only one passes.
    """
    return _wait(_locked_attempts(_subject(purpose, value), at), limits, at)


def count_attempt(purpose: str, value: str, limits: Sequence[Limit], *, at: datetime) -> int:
    """Count an attempt if it is allowed and return 0; otherwise count nothing and return the seconds to wait."""
    subject = _subject(purpose, value)
    attempts = _locked_attempts(subject, at)
    wait = _wait(attempts, limits, at)
    if wait == 0:
        oldest = _milliseconds(at - max(limit.within for limit in limits))
        _store(subject, [*(moment for moment in attempts if moment > oldest), _milliseconds(at)])
    return wait


def take_back_attempt(purpose: str, value: str, *, at: datetime) -> None:
    """Undo the attempt counted at ``at``: it turned out to be the right password."""
    subject = _subject(purpose, value)
    attempts = _locked_attempts(subject, at)
    if _milliseconds(at) in attempts:
        attempts.remove(_milliseconds(at))
        _store(subject, attempts)


def forget_attempts_before(moment: datetime) -> int:
    """Delete the rows of subjects last tried before ``moment`` and return how many."""
    return rows_changed(delete(AttemptWindow).where(AttemptWindow.last_at < moment))


def _subject(purpose: str, value: str) -> bytes:
    return keyed_hash(f"attempt:{purpose}", value)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _locked_attempts(subject: bytes, at: datetime) -> list[int]:
    touch = (
        upsert(AttemptWindow)
        .values(subject=subject, attempts=[], last_at=at)
        .on_conflict_do_update(index_elements=["subject"], set_={"last_at": at})
    )
    db.session.execute(touch)
    return list(db.session.scalars(select(AttemptWindow.attempts).where(AttemptWindow.subject == subject)).one())


def _store(subject: bytes, attempts: list[int]) -> None:
    db.session.execute(
        update(AttemptWindow)
        .where(AttemptWindow.subject == subject)
        .values(attempts=attempts)
        .execution_options(synchronize_session=False)
    )


def _wait(attempts: list[int], limits: Sequence[Limit], at: datetime) -> int:
    now, longest = _milliseconds(at), 0
    for limit in limits:
        within = int(limit.within.total_seconds() * 1000)
        recent = sorted(moment for moment in attempts if moment > now - within)
        if len(recent) >= limit.most:
            # The window frees a place when the oldest of the last ``most`` attempts leaves it.
            longest = max(longest, recent[-limit.most] + within - now)
    return -(-longest // 1000)
