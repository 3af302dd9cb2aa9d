"""Monthly: on one day of the month, everything up to the day before; on the first, the whole month before."""

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, said
from foundation.errors import N_
from foundation.words import Words

KIND = "monthly"


@dataclass(frozen=True)
class Monthly:
    """day: 1 to 28, so that every month has it."""

    day: int = 1

    @property
    def automatic(self) -> bool:
        return True

    def closing_day(self, day: date, last_day: date) -> date:
        # 31 days on it is in the month after, or past this day of it.
        this = day.replace(day=self.day)
        return this if this > day else (day.replace(day=1) + timedelta(days=31)).replace(day=self.day)

    def latest_closing(self, today: date, last_day: date) -> date:
        this = today.replace(day=self.day)
        return this if this <= today else (today.replace(day=1) - timedelta(days=1)).replace(day=self.day)

    def describe(self) -> Words:
        return Words(N_("每月关账，%(day)s 日结算到前一天"), day=self.day)


class FileSchema(StrategySchema):
    label = "每月"
    make = Monthly

    day = Count(most=28, load_default=1, metadata=said("关账日", "每月几日，结算到前一天为止的核销"))
