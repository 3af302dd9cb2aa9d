"""None: what the till recorded is enough."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from foundation.words import Words

KIND = "none"


@dataclass(frozen=True)
class NotNeeded:
    @property
    def deadlines(self) -> Mapping[str, int]:
        """Nothing is to be handed in."""
        return {}

    def describe(self) -> list[Words]:
        return []


class FileSchema(StrategySchema):
    label = "不需要"
    make = NotNeeded
