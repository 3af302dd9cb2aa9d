"""Plain days: so many times 24 hours from the moment of the claim (有效期8天), to the same time of day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.file_fields import Count
from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.errors import N_
from foundation.words import Words

KIND = "days"


@dataclass(frozen=True)
class Days(Usable):
    days: int

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return usable_at + timedelta(days=self.days)

    def describe(self) -> Words:
        return self.in_words(
            Words(N_("领取后 %(days)s 天内有效（满 %(days)s 个 24 小时）"), days=self.days),
            Words(N_("起用后 %(days)s 天内有效（满 %(days)s 个 24 小时）"), days=self.days),
        )


class FileSchema(UsableSchema):
    make = Days
    label = "满若干个 24 小时"

    days = Count(most=400, required=True)
