"""After the end: once for all when the campaign is over, as 平罗 clears from its sales lists.

What becomes ready later (evidence accepted late, disputes decided) is closed day by day then.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, said
from foundation.errors import N_
from foundation.words import Words

KIND = "after_end"


@dataclass(frozen=True)
class AfterEnd:
    """days: 0 to 180 days after the campaign's last day that pass before it is closed."""

    days: int = 0

    @property
    def automatic(self) -> bool:
        return True

    def closing_day(self, day: date, last_day: date) -> date:
        return max(last_day + timedelta(days=1 + self.days), day + timedelta(days=1))

    def latest_closing(self, today: date, last_day: date) -> date | None:
        return today if today >= self.closing_day(last_day, last_day) else None

    def describe(self) -> Words:
        if not self.days:
            return Words(N_("活动结束后一次关账"))
        return Words(N_("活动结束 %(days)s 天后一次关账"), days=self.days)


class FileSchema(StrategySchema):
    label = "活动结束后一次"
    make = AfterEnd

    days = Count(least=0, most=180, load_default=0, metadata=said("结束后几天", "0 为结束次日"))
