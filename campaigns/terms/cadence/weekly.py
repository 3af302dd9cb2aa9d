"""Weekly: on one day of the week, everything up to the day before. 清远 sends its lists every week."""

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import choice, said
from foundation.errors import N_
from foundation.words import Words

KIND = "weekly"

WEEKDAYS = {
    "monday": N_("周一"),
    "tuesday": N_("周二"),
    "wednesday": N_("周三"),
    "thursday": N_("周四"),
    "friday": N_("周五"),
    "saturday": N_("周六"),
    "sunday": N_("周日"),
}


@dataclass(frozen=True)
class Weekly:
    """weekday: a key of WEEKDAYS, the day of closing."""

    weekday: str

    @property
    def automatic(self) -> bool:
        return True

    def closing_day(self, day: date, last_day: date) -> date:
        return self.latest_closing(day + timedelta(days=7), last_day)

    def latest_closing(self, today: date, last_day: date) -> date:
        return today - timedelta(days=(today.weekday() - list(WEEKDAYS).index(self.weekday)) % 7)

    def describe(self) -> Words:
        return Words(N_("每周关账，%(weekday)s结算到前一天"), weekday=Words(WEEKDAYS[self.weekday]))


class FileSchema(StrategySchema):
    label = "每周"
    make = Weekly

    weekday = choice(WEEKDAYS, required=True, metadata=said("关账日", "结算到前一天为止的核销"))
