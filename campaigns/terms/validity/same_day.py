"""Same day: until 24:00 of the day on which it was claimed (券到账后至当天24:00)."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import bureau_day, day_end
from foundation.errors import N_
from foundation.words import Words

KIND = "same_day"


@dataclass(frozen=True)
class SameDay(Usable):
    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return day_end(bureau_day(usable_at))

    def describe(self) -> Words:
        return self.in_words(Words(N_("领取当日 24:00 前有效")), Words(N_("起用当日 24:00 前有效")))


class FileSchema(UsableSchema):
    make = SameDay
    label = "当日有效"
