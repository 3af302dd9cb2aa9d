import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from foundation import clock as clocks
from foundation.clock import SHANGHAI, bureau_day, day_end, day_start, simulated


def test_the_bureaus_day_turns_at_midnight_in_shanghai():
    assert bureau_day(datetime(2023, 5, 7, 15, 59, 59, tzinfo=UTC)) == date(2023, 5, 7)
    assert bureau_day(datetime(2023, 5, 7, 16, 0, tzinfo=UTC)) == date(2023, 5, 8)


def test_days_are_half_open_and_meet_without_a_gap():
    assert day_end(date(2023, 12, 31)) == day_start(date(2024, 1, 1))
    assert day_end(date(2024, 2, 28)) - day_start(date(2024, 2, 28)) == timedelta(days=1)


def test_a_simulated_clock_stands_still_and_is_put_back_afterwards():
    with simulated(datetime(2023, 5, 1, 10, tzinfo=SHANGHAI)) as clock:
        assert clocks.now() == clocks.now() == datetime(2023, 5, 1, 2, tzinfo=UTC)
        clock.move_to(datetime(2023, 5, 2, 10, tzinfo=SHANGHAI))
        assert clocks.now() == datetime(2023, 5, 2, 2, tzinfo=UTC)
    assert abs(clocks.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_simulated_clock_never_runs_back():
    with simulated(datetime(2023, 5, 1, tzinfo=UTC)) as clock, pytest.raises(ValueError, match="run back"):
        clock.move_to(datetime(2023, 4, 30, tzinfo=UTC))


def test_nothing_asks_another_clock_than_ours():
    """The server's clock decides, and there is one of it: no room asks the system or the database for the time."""
    root = Path(__file__).parent.parent.parent
    rooms = ("foundation", "identity", "ledger", "evidence", "campaigns", "voucher", "merchants", "settlement")
    asks = re.compile(
        r"datetime\.(?:now|utcnow|today)\(|date\.today\(|time\.time\(|func\.(?:now|current_timestamp)\(|CURRENT_TIMESTAMP|\bNOW\(\)"
    )
    files = [file for room in rooms for file in (root / room).rglob("*.py")]
    found = {str(file.relative_to(root)) for file in files if asks.search(file.read_text("utf-8"))}
    assert found == {"foundation/clock.py"}
