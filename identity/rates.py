"""How often something may be asked for, counted in rows for many askers at once.

``identity.limits`` keeps the moment of each attempt, which is exact and fits a handful. Here a subject may be an
address with thousands of phones behind it: its row has two counts, of the stretch of time that runs and of the one
before, and the last stretch up to now is taken as the one that runs plus the part of the one before that is not over
yet. One statement counts all of a batch and says what stands there then. Counting is part of the caller's transaction:
where nothing can be counted, nothing can be had.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func

from foundation.crypto import keyed_hash
from foundation.prepared import Given, Prepared
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
    times = Counter((rate, value) for each in asked for rate, value in each.under)
    moment = int(at.timestamp() * 1000)
    counted = _count(subjects, times, moment, at)
    waits = []
    for each in asked:
        longest = 0
        for rate, value in each.under:
            began, before, now = counted[subjects[rate, value]]
            # Those of this batch that come after it are not counted against it.
            times[rate, value] -= 1
            longest = max(longest, _wait(rate, began, before, now - times[rate, value], moment))
        waits.append(longest)
    return waits


def _wait(rate: Rate, began: int, before: int, now: int, at: int) -> int:
    """Return the seconds to wait for the ``now``-th of the stretch that ``began``; moments in milliseconds."""
    length = _length(rate)
    gone = min(length, max(0, at - began))
    over = before * (length - gone) / length + now > rate.most
    return -(-(length - gone) // 1000) if over else 0


def _length(rate: Rate) -> int:
    return int(rate.within.total_seconds() * 1000)


def _count(
    subjects: Mapping[tuple[Rate, str], bytes], times: Mapping[tuple[Rate, str], int], at: int, last_at: datetime
) -> dict[bytes, Sequence[int]]:
    """Count each subject so many times more, in the order of subjects, and return what stands in their rows then: when
    the stretch of time that runs began (milliseconds since 1970), how many there were in the one before, and in it."""
    rows = []
    for asked, subject in subjects.items():
        length = _length(asked[0])
        rows.append({"subject": subject, "attempts": [at - at % length, 0, times[asked], length], "last_at": last_at})
    rows.sort(key=itemgetter("subject"))
    return {bytes(subject): figures for subject, *figures in _COUNT.rows(rows)}


def _count_up(given: Given) -> Any:
    insert = given.insert(AttemptWindow)
    array = func.json_build_array if given.is_postgresql else func.json_array

    def figure(of: Any, place: int) -> ColumnElement[int]:
        return cast(of.attempts[place].as_string(), BigInteger)

    began, before, now = (figure(AttemptWindow, place) for place in range(3))
    new_began, _, count, length = (figure(insert.excluded, place) for place in range(4))
    counted = case(
        # Also where another machine's clock is a little ahead.
        (began >= new_began, array(began, before, now + count, length)),
        (began == new_began - length, array(new_began, now, count, length)),
        else_=insert.excluded.attempts,
    )
    return insert.on_conflict_do_update(
        index_elements=["subject"], set_={"attempts": counted, "last_at": insert.excluded.last_at}
    ).returning(AttemptWindow.subject, began.label("began"), before.label("before"), now.label("now"))


_COUNT = Prepared(
    _count_up, subject=AttemptWindow.subject, attempts=AttemptWindow.attempts, last_at=AttemptWindow.last_at
)
