"""Rolling hours: so many hours from the moment of the claim (领取后24小时内有效)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count
from foundation.errors import N_
from foundation.words import Words

KIND = "hours"


@dataclass(frozen=True)
class Hours:
    hours: int

    def ends_at(self, claimed_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return claimed_at + timedelta(hours=self.hours)

    def describe(self) -> Words:
        return Words(N_("领取后 %(hours)s 小时内有效"), hours=self.hours)


class FileSchema(StrategySchema):
    make = Hours

    hours = Count(most=24 * 400, required=True)
