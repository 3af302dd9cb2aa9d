"""Counted: at most so many of one offer in one order, and at most so many per person and day.

Where several are used together the bill must reach the sum of their thresholds: four of 满50减20 need 200. That is how
notices that allow several read (每满 50 元减 20 元), and it keeps the rate that was announced: with one threshold alone
four would take 80 off 80. ``thresholds = "once"`` is for notices that say so.
"""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, choice
from campaigns.terms.sale import TooManyInOrder
from foundation.errors import N_
from foundation.words import Words

KIND = "counted"

THRESHOLDS = {"sum": "各张的门槛相加", "once": "只算一次"}


@dataclass(frozen=True)
class Counted:
    """per_order >= 1 of this offer in one order. per_day: per person and bureau day, None without a limit.
    thresholds: a key of THRESHOLDS."""

    per_order: int = 1
    per_day: int | None = None
    thresholds: str = "sum"

    def check(self, vouchers: int) -> None:
        """Refuse TooManyInOrder for more than one order may have."""
        if vouchers > self.per_order:
            raise TooManyInOrder(vouchers=vouchers, most=self.per_order)

    def needed_fen(self, threshold_fen: int, face_value_fen: int, vouchers: int) -> int:
        """Return the least bill for so many together; never less than what comes off it."""
        if self.thresholds == "sum":
            return threshold_fen * vouchers
        return max(threshold_fen, face_value_fen * vouchers)

    def describe(self) -> Words:
        if self.per_order == 1:
            told = Words(N_("每单限用 1 张"))
        elif self.thresholds == "sum":
            told = Words(N_("每单最多用 %(count)s 张，消费金额须达到各张门槛之和"), count=self.per_order)
        else:
            told = Words(N_("每单最多用 %(count)s 张，门槛只算一次"), count=self.per_order)
        if self.per_day is None:
            return told
        return Words(N_("%(told)s，每人每天最多用 %(count)s 张"), told=told, count=self.per_day)


class FileSchema(StrategySchema):
    label = "按张数"
    make = Counted

    per_order = Count(most=20, load_default=1)
    per_day = Count(most=100, load_default=None)
    thresholds = choice(THRESHOLDS, load_default="sum")
