"""How often something may be asked for, counted in rows for many askers at once.

``identity.limits`` keeps the moment of each attempt, which is exact and fits a handful. Here a subject may be an
address with thousands of phones behind it: its row has two counts, of the stretch of time that runs and of the one
before, and the last stretch up to now is taken as the one that runs plus the part of the one before that is not over
yet. Counting is part of the caller's transaction: where nothing can be counted, nothing can be had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.crypto import keyed_hash
from foundation.db import db, of_many, upsert
from identity.models import AttemptWindow


@dataclass(frozen=True)
class Rate:
    """At most ``most`` of ``purpose`` by one value in a stretch of time of length ``within``."""

    purpose: str
    most: int
    within: timedelta

    def subject(self, value: str) -> bytes:
        return keyed_hash(f"rate:{self.purpose}", value)


@dataclass(frozen=True)
class Asked:
    """One thing asked for, counted under each rate with a value."""

    under: Sequence[tuple[Rate, str]]


def count_all(asked: Sequence[Asked], *, at: datetime) -> list[int]:
    """Count each and return the whole seconds it has to wait, 0 where it may go on.

    Who is refused is counted too: who goes on asking goes on waiting. Rows are locked in the order of subjects until
    the caller's transaction ends.
    """
    subjects = {(rate, value): rate.subject(value) for each in asked for rate, value in each.under}
    if not subjects:
        return [0 for _ in asked]
    windows = _lock(sorted(set(subjects.values())), at)
    waits, fresh = [], {}
    for each in asked:
        longest = 0
        for rate, value in each.under:
            subject = subjects[rate, value]
            window = _Window.running(windows.get(subject), rate, at)
            longest = max(longest, window.count())
            windows[subject] = fresh[subject] = window.stored()
        waits.append(longest)
    _write(fresh, at)
    return waits


@dataclass
class _Window:
    """The stretch of time that runs, in milliseconds since 1970: how many in the one before, how many in it."""

    rate: Rate
    began: int
    before: int
    now: int
    at: int

    @classmethod
    def running(cls, stored: Sequence[int] | None, rate: Rate, moment: datetime) -> "_Window":
        at = int(moment.timestamp() * 1000)
        length = _length(rate)
        began = at - at % length
        last_began, before, now = stored if stored is not None and len(stored) == 3 else (began, 0, 0)
        if last_began >= began:
            # Also where another machine's clock is a little ahead.
            return cls(rate, last_began, before, now, at)
        return cls(rate, began, now if last_began == began - length else 0, 0, at)

    def count(self) -> int:
        """Count one, and return the seconds to wait where it is one too many."""
        length = _length(self.rate)
        gone = min(length, max(0, self.at - self.began))
        over = self.before * (length - gone) / length + self.now + 1 > self.rate.most
        self.now += 1
        return -(-(length - gone) // 1000) if over else 0

    def stored(self) -> list[int]:
        return [self.began, self.before, self.now]


def _length(rate: Rate) -> int:
    return int(rate.within.total_seconds() * 1000)


def _lock(subjects: Sequence[bytes], at: datetime) -> dict[bytes, Sequence[int]]:
    """Lock the rows in order, those that are new included, and return what stands in them."""
    given = [{"subject": subject, "attempts": [], "last_at": at} for subject in subjects]
    statement, rows = of_many(upsert(AttemptWindow), AttemptWindow, given)
    statement = statement.on_conflict_do_update(
        index_elements=["subject"], set_={"last_at": statement.excluded.last_at}
    ).returning(AttemptWindow.subject, AttemptWindow.attempts)
    return {bytes(subject): attempts for subject, attempts in db.session.execute(statement, rows)}


def _write(windows: dict[bytes, list[int]], at: datetime) -> None:
    given = [{"subject": subject, "attempts": windows[subject], "last_at": at} for subject in sorted(windows)]
    statement, rows = of_many(upsert(AttemptWindow), AttemptWindow, given)
    statement = statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={"attempts": statement.excluded.attempts, "last_at": statement.excluded.last_at},
    )
    db.session.execute(statement, rows)
