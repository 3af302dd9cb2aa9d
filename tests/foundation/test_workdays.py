"""Working days: the State Council's calendar, days of our own, and what is taken where neither is known."""

from datetime import date

import pytest

from foundation import workdays


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2023, 9, 28), True),
        (date(2023, 9, 29), False),  # Mid-Autumn, on a Friday
        (date(2023, 10, 6), False),  # National Day, on a Friday
        (date(2023, 10, 7), True),  # a Saturday that is worked for it
        (date(2023, 10, 14), False),  # a plain Saturday
    ],
)
def test_holidays_and_the_weekends_worked_for_them(day, worked):
    assert workdays.is_workday(day) is worked


def test_five_working_days_over_the_long_holiday():
    assert workdays.after_workdays(date(2023, 9, 27), 5) == date(2023, 10, 10)
    assert workdays.after_workdays(date(2023, 9, 29), 0) == date(2023, 9, 29)


def test_days_of_our_own_go_before(monkeypatch):
    monkeypatch.setattr(workdays, "_extra_days", lambda: {date(2023, 9, 28): False, date(2040, 1, 7): True})
    assert not workdays.is_workday(date(2023, 9, 28))
    assert workdays.is_workday(date(2040, 1, 7))
    assert workdays.is_announced(date(2040, 1, 7))


def test_beyond_what_is_announced_the_weekday_decides():
    assert not workdays.is_announced(date(2040, 1, 6))
    assert workdays.is_workday(date(2040, 1, 6))
    assert not workdays.is_workday(date(2040, 1, 7))
