"""First come (抢券): whoever presses first, while there is stock."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from foundation.errors import N_
from foundation.words import Words

KIND = "first_come"


@dataclass(frozen=True)
class FirstCome:
    def describe(self) -> Words:
        return Words(N_("先到先得，领完即止"))


class FileSchema(StrategySchema):
    make = FirstCome
    label = "先到先得"
    hint = "开放后先到先得，领完即止"
