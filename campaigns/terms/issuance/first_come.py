"""First come (抢券): whoever presses first, while there is stock."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema

KIND = "first_come"


@dataclass(frozen=True)
class FirstCome:
    def describe(self) -> str:
        return "先到先得，领完即止"


class FileSchema(StrategySchema):
    make = FirstCome
