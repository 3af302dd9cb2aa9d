"""What holds for every validity, whenever it was claimed: half-open, never before the claim, days end at midnight."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.terms.validity.days import Days
from campaigns.terms.validity.hours import Hours
from campaigns.terms.validity.month_end import MonthEnd
from campaigns.terms.validity.natural_days import NaturalDays
from campaigns.terms.validity.same_day import SameDay
from foundation.clock import SHANGHAI, bureau_day, local

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the zone is given beside it
    max_value=datetime(2030, 12, 31),  # noqa: DTZ001
    timezones=st.just(SHANGHAI),
)
CONVENTIONS = {
    "hours": lambda later: Hours(1, usable_after_days=later),
    "days": lambda later: Days(1, usable_after_days=later),
    "same day": lambda later: SameDay(usable_after_days=later),
    "month end": lambda later: MonthEnd(usable_after_days=later),
    "first day counted": lambda later: NaturalDays(1, "claim_day", usable_after_days=later),
    "next day counted": lambda later: NaturalDays(1, "next_day", usable_after_days=later),
}


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(claimed=MOMENTS, later=st.integers(0, 40))
def test_a_voucher_is_usable_for_a_while_and_never_before_its_claim(convention, claimed, later):
    validity = CONVENTIONS[convention](later)
    start = validity.starts_at(claimed)
    end = validity.ends_at(start)
    assert claimed <= start < end
    assert (bureau_day(start) - bureau_day(claimed)).days == later
    if later:
        assert local(start).time() == datetime.min.time()
    if convention not in ("hours", "days"):
        assert local(end).time() == datetime.min.time()
    if convention == "month end":
        assert (local(end).day, bureau_day(start).month) == (1, (local(end).month - 2) % 12 + 1)


@given(claimed=MOMENTS, usable_from=MOMENTS)
def test_a_voucher_that_is_delivered_ahead_begins_at_the_later_of_both(claimed, usable_from):
    assert SameDay(usable_from=usable_from).starts_at(claimed) == max(claimed, usable_from)
