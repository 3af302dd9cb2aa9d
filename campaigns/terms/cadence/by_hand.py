"""By hand: an officer closes whenever there is something to close, up to yesterday."""

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.terms.axis import StrategySchema
from foundation.errors import N_
from foundation.words import Words

KIND = "by_hand"


@dataclass(frozen=True)
class ByHand:
    @property
    def automatic(self) -> bool:
        """Nothing closes by itself."""
        return False

    def closing_day(self, day: date, last_day: date) -> date:
        """Return the first day on which what was redeemed on ``day`` may be closed; ``last_day`` is the campaign's."""
        return day + timedelta(days=1)

    def latest_closing(self, today: date, last_day: date) -> date:
        """Return the latest closing day up to ``today``; None where there was none yet."""
        return today

    def describe(self) -> Words:
        return Words(N_("由商务局不定期关账"))


class FileSchema(StrategySchema):
    label = "手工关账"
    make = ByHand
