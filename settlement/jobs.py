"""Jobs of the settlement room."""

from foundation.db import transaction
from settlement import day_closing


def close_day() -> str:
    """Close every day that is over; each run does what earlier ones left."""
    total = 0
    while True:
        with transaction():
            closed = day_closing.close_days()
        total += closed
        if closed == 0:
            return f"closed {total} days"
