"""Chances: a qualification that ran out, or whose article was returned, may be claimed again, so many times in all."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count
from foundation.errors import N_
from foundation.words import Words

KIND = "chances"


@dataclass(frozen=True)
class Chances:
    """count >= 1 claims of each category per person in the whole campaign, whatever became of them. How many of them
    may stand at the same time is the benefit's quantity."""

    count: int

    def describe(self) -> Words:
        return Words(N_("整个活动每个品类每人最多领取 %(count)s 次，到期未用和退货的各算一次"), count=self.count)


class FileSchema(StrategySchema):
    label = "每个品类的机会次数"
    make = Chances

    count = Count(most=100, required=True)
