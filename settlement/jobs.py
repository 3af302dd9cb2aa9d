"""Jobs of the settlement room."""

from foundation.db import transaction
from settlement import checks, day_closing, due
from settlement.due import SETTLE_DUE


def close_day() -> str:
    """Close every day that is over; each run does what earlier ones left."""
    total = 0
    while True:
        with transaction():
            closed = day_closing.close_days()
        total += closed
        if closed == 0:
            return f"closed {total} days"


def settle_due() -> str:
    """Close what is due by each campaign's cadence, and take the silence of merchants whose days are over for consent;
    each run does what earlier ones left."""
    silent = 0
    while True:
        with transaction():
            lapsed = checks.lapse_due(actor=SETTLE_DUE)
        silent += lapsed
        if lapsed == 0:
            break
    with transaction():
        waiting = due.campaigns_to_close()
    closed = 0
    for campaign_id in waiting:
        with transaction():
            closed += due.close_slot(campaign_id, actor=SETTLE_DUE) is not None
    return f"closed {closed} batches, {silent} statements confirmed by silence"
