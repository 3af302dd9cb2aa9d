"""Periods by which a person is counted: calendar days, weeks from Monday, and months, in Shanghai."""

from datetime import date, timedelta

#: Period → how often a count begins anew.
PERIODS = {"day": "每天", "week": "每周", "month": "每月"}
#: Period → the one that runs now.
THIS = {"day": "今天", "week": "本周", "month": "本月"}


def span(period: str, day: date) -> tuple[date, date]:
    """Return the first and the last day of the period in which a bureau day lies."""
    if period == "month":
        first = day.replace(day=1)
        return first, next_start(period, day) - timedelta(days=1)
    if period == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    return day, day


def next_start(period: str, day: date) -> date:
    """Return the day on which counting begins anew."""
    if period == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return span(period, day)[1] + timedelta(days=1)
