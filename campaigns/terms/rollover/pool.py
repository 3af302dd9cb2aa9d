"""Pool: whatever is in the campaign's pool; what earlier rounds did not use is there too."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from foundation.errors import N_
from foundation.words import Words

KIND = "pool"


@dataclass(frozen=True)
class Pool:
    def describe(self) -> Words:
        return Words(N_("以资金池余额为限，未用的资金滚入下一轮"))


class FileSchema(StrategySchema):
    label = "从资金池投放"
    make = Pool
