"""Same day: until 24:00 of the day on which it was claimed (券到账后至当天24:00)."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import bureau_day, day_end

KIND = "same_day"


@dataclass(frozen=True)
class SameDay(Usable):
    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return day_end(bureau_day(usable_at))

    def describe(self) -> str:
        return self.in_words("领取当日 24:00 前有效")


class FileSchema(UsableSchema):
    make = SameDay
