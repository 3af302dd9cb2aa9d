"""Time: UTC inside, Asia/Shanghai for people and for the bureau's days.

The server's clock decides everything; a client's clock is never asked. The demo replays a year through the
same operations by putting ``SimulatedClock`` in place of the system's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: The smallest step of time that is stored; an exclusive end less one tick is the last moment inside.
TICK = timedelta(microseconds=1)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is moved, and only ever moves forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        moment = moment.astimezone(UTC)
        if moment < self._now:
            raise ValueError(f"time cannot run back from {self._now} to {moment}")
        self._now = moment


_clock: SystemClock | SimulatedClock = SystemClock()


def now() -> datetime:
    """Return the moment, aware, in UTC."""
    return _clock.now()


@contextmanager
def simulated(start: datetime) -> Iterator[SimulatedClock]:
    """Replace the clock of this process for the length of the block."""
    global _clock  # noqa: PLW0603 - one process has one clock; only the demo and tests replace it
    before = _clock
    replacement = SimulatedClock(start)
    _clock = replacement
    try:
        yield replacement
    finally:
        _clock = before


def local(moment: datetime) -> datetime:
    """Return ``moment`` on Shanghai's clock."""
    return moment.astimezone(SHANGHAI)


def bureau_day(moment: datetime) -> date:
    """Return the calendar day in Shanghai on which ``moment`` falls; books are closed by this day."""
    return moment.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the first instant of a bureau day, in UTC. Days are half-open: [day_start(d), day_start(d+1))."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def day_end(day: date) -> datetime:
    """Return the first instant after a bureau day: what a notice writes as 24:00."""
    return day_start(day + timedelta(days=1))
