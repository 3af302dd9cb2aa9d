"""Rolling hours: so many hours from the moment of the claim (领取后24小时内有效)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.file_fields import Count
from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.errors import N_
from foundation.words import Words

KIND = "hours"


@dataclass(frozen=True)
class Hours(Usable):
    hours: int

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return usable_at + timedelta(hours=self.hours)

    def describe(self) -> Words:
        return self.in_words(
            Words(N_("领取后 %(hours)s 小时内有效"), hours=self.hours),
            Words(N_("起用后 %(hours)s 小时内有效"), hours=self.hours),
        )


class FileSchema(UsableSchema):
    make = Hours
    label = "领取后若干小时"

    hours = Count(most=24 * 400, required=True)
