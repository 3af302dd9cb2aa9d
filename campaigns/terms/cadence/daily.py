"""Daily: each day is closed on the next (T+1)."""

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.terms.axis import StrategySchema
from foundation.errors import N_
from foundation.words import Words

KIND = "daily"


@dataclass(frozen=True)
class Daily:
    @property
    def automatic(self) -> bool:
        return True

    def closing_day(self, day: date, last_day: date) -> date:
        return day + timedelta(days=1)

    def latest_closing(self, today: date, last_day: date) -> date:
        return today

    def describe(self) -> Words:
        return Words(N_("每天关账，核销次日（T+1）清算"))


class FileSchema(StrategySchema):
    label = "每天（T+1）"
    make = Daily
