"""Gifts: things that are given instead of money, each part with its cost, what it is announced to be worth, who hands
it out, and whether a number of it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields

from campaigns.terms.file_fields import Table, Text, Yuan, choice, said
from evidence import numbers
from foundation.errors import Refusal
from foundation.money import apportion

#: What number of a part is kept when it is handed out, each counting once over all campaigns. "none": it has none.
NUMBERS = {"none": "不登记", "card": "卡号", "policy": "保单号", "serial": "序列号"}


@dataclass(frozen=True)
class Gift:
    """One part. cost_fen: what the payers pay for it. advertised_fen: what it is announced to be worth. suppliers: the
    unified social credit codes of the merchants who hand it out, none for every merchant that takes part. number: a
    key of NUMBERS."""

    name: str
    cost_fen: int
    advertised_fen: int
    suppliers: tuple[str, ...] = ()
    number: str = "none"


def divide(gifts: Sequence[Gift], split: Mapping[Any, int]) -> list[dict[Any, int]]:
    """Return, for each part, what each source pays of it. split: what each pays of all parts together, whose sum is
    their cost; the parts' shares sum to it exactly, whichever of them are handed out first."""
    left = dict(split)
    found = []
    for gift in gifts:
        part = apportion(gift.cost_fen, left)
        left = {source: left[source] - part.get(source, 0) for source in left}
        found.append({source: fen for source, fen in part.items() if fen})
    return found


def collecting(gifts: Sequence[Gift]) -> list[str]:
    """Return how gifts are collected and what is kept of them then, as notices say it; nothing where there are none."""
    if not gifts:
        return []
    kept = dict.fromkeys(f"{gift.name}登记{NUMBERS[gift.number]}" for gift in gifts if gift.number != "none")
    told = ["在有效期内到发放点出示平台上的领取码领取，各项可以分开领；逾期没有领的不再发放，不兑现、不折现。"]
    return told + ([f"发放时{'、'.join(kept)}，一个号码只能使用一次。"] if kept else [])


class _Supplier(fields.String):
    """A unified social credit code, kept in its canonical spelling."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("应当是带引号的统一社会信用代码")
        try:
            return numbers.uscc(value)
        except Refusal as refusal:
            raise ValidationError("应当是 18 位统一社会信用代码，请核对") from refusal


class GiftSchema(Table):
    name = Text(longest=30, required=True)
    cost_fen = Yuan(required=True, data_key="cost_yuan")
    advertised_fen = Yuan(load_default=None, data_key="advertised_yuan")
    suppliers = fields.List(
        _Supplier(),
        load_default=list,
        metadata=said("发放商户", "统一社会信用代码，可以有几个；不填则参加活动的商户都可以发"),
    )
    number = choice(NUMBERS, load_default="none", metadata=said("登记号码", "发放时登记，全市一个号码只能用一次"))


def read_gift(data: Mapping[str, Any]) -> Gift:
    """Return the gift that GiftSchema has read."""
    return Gift(
        data["name"],
        data["cost_fen"],
        data["advertised_fen"] or data["cost_fen"],
        tuple(dict.fromkeys(data["suppliers"])),
        data["number"],
    )
