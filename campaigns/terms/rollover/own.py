"""Own: a round has money of its own, and with ``carry`` also what an earlier round has left of its own.

迎江 2025: the second round's budget is 99万 less what was redeemed of the first, the third's is the balance of both. As
each round's money includes what was carried to it, naming the round before is enough. Where nothing is left, the round
ends before it opens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Code, Yuan
from foundation.errors import N_
from foundation.money import format_yuan_short
from foundation.words import Words

KIND = "own"


@dataclass(frozen=True)
class Own:
    """budget_fen: the round's own money over all sources, at the committed worth of what it releases. carry: code of an
    earlier round whose unused money is added, "" for none."""

    budget_fen: int = 0
    carry: str = ""

    def describe(self) -> Words:
        yuan = format_yuan_short(self.budget_fen)
        if not self.carry:
            return Words(N_("本轮资金 %(yuan)s 元，用完为止，不用前一轮的结余"), yuan=yuan)
        if not self.budget_fen:
            return Words(N_("本轮资金为前一轮的结余，没有结余则提前结束"))
        return Words(N_("本轮资金 %(yuan)s 元，另加前一轮的结余"), yuan=yuan)


class FileSchema(StrategySchema):
    label = "本轮自己的资金"
    make = Own

    budget_fen = Yuan(load_default=0, data_key="budget_yuan", largest_fen=10_000_000_000_000)
    carry: fields.Field[str] = Code(load_default="")

    @validates_schema
    def _some_money(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not data["budget_fen"] and not data["carry"]:
            raise ValidationError("budget_yuan（本轮资金）和 carry（接哪一轮的结余）至少写一项", "budget_yuan")
