"""Jobs of the merchants room."""

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import take_longer, transaction
from merchants import hand_in_decisions, payment_requests, prices

LAPSING = "job:lapse_hand_ins"
_AT_ONCE = 200
#: A year of a large city's sales is three million rows.
MOST_SECONDS = 600


def lapse_hand_ins() -> str:
    """Refuse what was not handed in by its last day, as many at a time as a transaction should carry."""
    total = 0
    while True:
        with transaction():
            lapsed = hand_in_decisions.lapse_due(actor=LAPSING, most=_AT_ONCE)
        total += lapsed
        if lapsed < _AT_ONCE:
            return f"{total} sales lapsed"


def keep_city_prices() -> str:
    """Make today's figures of what articles cost city-wide, for the campaigns that compare with them."""
    now = clock.now()
    kept = 0
    for days in sorted(prices.spans_asked_for(now)):
        with transaction():
            take_longer(MOST_SECONDS)
            kept += prices.keep_figures(days, bureau_day(now))
    return f"{kept} city-wide prices kept"


def forget_payment_requests() -> str:
    """Delete what came to nothing, and tokens that nobody can ask about any more."""
    with transaction():
        return f"forgot {payment_requests.forget_old_requests()} payment requests"
