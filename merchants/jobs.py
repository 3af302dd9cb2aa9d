"""Jobs of the merchants room."""

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import take_longer, transaction
from merchants import prices

#: A year of a large city's sales is three million rows.
MOST_SECONDS = 600


def keep_city_prices() -> str:
    """Make today's figures of what articles cost city-wide, for the campaigns that compare with them."""
    now = clock.now()
    kept = 0
    for days in sorted(prices.spans_asked_for(now)):
        with transaction():
            take_longer(MOST_SECONDS)
            kept += prices.keep_figures(days, bureau_day(now))
    return f"{kept} city-wide prices kept"
