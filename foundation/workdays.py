"""Working days in China: the State Council's holidays and the weekends worked in their place.

The calendar comes from the library ``chinese_calendar``, which is renewed once the next year is announced (each
November). Days of our own go before it (``extra_days.toml``). Beyond what it knows, Monday to Friday are taken for
working days; ``is_announced`` tells a screen or a job to say so.
"""

import tomllib
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar

_EXTRA_DAYS = Path(__file__).with_name("extra_days.toml")
_SATURDAY = 5
#: The years that the library has.
_FIRST = date(min(chinese_calendar.holidays).year, 1, 1)
_LAST = date(max(chinese_calendar.holidays).year, 12, 31)


@cache
def _extra_days() -> dict[date, bool]:
    """Return day → whether it is worked, for the days of our own table."""
    table = tomllib.loads(_EXTRA_DAYS.read_text(encoding="utf-8"))
    return {day: worked for name, worked in (("worked", True), ("free", False)) for day in table.get(name, [])}


def is_announced(day: date) -> bool:
    """Return whether the holidays of the day's year are known."""
    return day in _extra_days() or _FIRST <= day <= _LAST


def is_workday(day: date) -> bool:
    """Return whether a day is worked; by the weekday alone where its year is not announced."""
    known = _extra_days().get(day)
    if known is not None:
        return known
    if not is_announced(day):
        return day.weekday() < _SATURDAY
    return bool(chinese_calendar.is_workday(day))


def after_workdays(day: date, count: int) -> date:
    """Return the ``count``-th working day after ``day``; the day itself for 0."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day
