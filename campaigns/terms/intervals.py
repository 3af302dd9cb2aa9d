"""Price intervals as the tables of notices have them: each bound open or closed, the upper one perhaps missing."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from foundation.money import format_yuan_short

_AMOUNT = r"((?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?)(万?)"
_INTERVAL = re.compile(rf"([\[(]) *{_AMOUNT} *, *(?:{_AMOUNT}|(∞)) *([\])])")


@dataclass(frozen=True)
class Interval:
    """Prices in fen from low to high; high None: without an upper bound."""

    low_fen: int
    high_fen: int | None
    low_closed: bool = True
    high_closed: bool = False

    def __contains__(self, fen: int) -> bool:
        above = fen > self.low_fen or (self.low_closed and fen == self.low_fen)
        below = self.high_fen is None or fen < self.high_fen or (self.high_closed and fen == self.high_fen)
        return above and below

    def touches(self, above: "Interval") -> bool:
        """Return whether ``above`` begins exactly where this one ends: no price between them, none in both."""
        return self.high_fen == above.low_fen and self.high_closed != above.low_closed

    def describe(self) -> str:
        """10 万元（含）至 30 万元（不含）."""
        if self.high_fen is None:
            return f"{_wan(self.low_fen)}（{'含' if self.low_closed else '不含'}）以上"
        high = f"{_wan(self.high_fen)}（{'含' if self.high_closed else '不含'}）"
        if self.low_fen == 0:
            return f"{high}以下"
        return f"{_wan(self.low_fen)}（{'含' if self.low_closed else '不含'}）至 {high}"


class IntervalField(fields.Field[Interval]):
    """An interval in quotes: "[10万, 30万)", "(30万, ∞)", "[2000, 3000)". Square is included, round is not."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Interval:
        match = _INTERVAL.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('应当是带引号的价格区间，方括号含、圆括号不含，例如 "[10万, 30万)" 或 "[30万, ∞)"')
        opening, low, low_unit, high, high_unit, endless, closing = match.groups()
        if endless and closing == "]":
            raise ValidationError("没有上限的区间用圆括号结束，例如 “[30万, ∞)”")
        low_fen = _fen(low, low_unit)
        high_fen = None if endless else _fen(high, high_unit)
        low_closed, high_closed = opening == "[", closing == "]"
        if high_fen is not None and (high_fen < low_fen or (high_fen == low_fen and not (low_closed and high_closed))):
            raise ValidationError("区间里没有任何价格：上限应当高于下限")
        return Interval(low_fen, high_fen, low_closed, high_closed)


def _fen(number: str, unit: str) -> int:
    fen = Decimal(number) * (1_000_000 if unit else 100)
    if fen % 1:
        raise ValidationError("不能有不足一分的金额")
    return int(fen)


def _wan(fen: int) -> str:
    if fen and fen % 100_000 == 0 and fen >= 1_000_000:
        return f"{format_yuan_short(fen // 10_000)} 万元"
    return f"{format_yuan_short(fen)} 元"
