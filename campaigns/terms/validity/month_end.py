"""Month end: until 24:00 of the last day of the calendar month in which it was claimed (限当月使用)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import bureau_day, day_start
from foundation.errors import N_
from foundation.words import Words

KIND = "month_end"


@dataclass(frozen=True)
class MonthEnd(Usable):
    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        first = bureau_day(usable_at).replace(day=1)
        return day_start((first + timedelta(days=31)).replace(day=1))

    def describe(self) -> Words:
        return self.in_words(Words(N_("领取当月最后一日 24:00 前有效")), Words(N_("起用当月最后一日 24:00 前有效")))


class FileSchema(UsableSchema):
    make = MonthEnd
    label = "当月有效"
