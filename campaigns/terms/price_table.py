"""The tiers of a price table: which prices, how much for which powertrain, how much money and how many in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.file_fields import Count, Table, Yuan, said
from campaigns.terms.gifts import Gift, GiftSchema, read_gift
from campaigns.terms.intervals import Interval, IntervalField
from campaigns.terms.sale import POWERTRAINS
from foundation.money import format_yuan_short

#: A tier whose amount does not depend on the powertrain has it under this name.
EVERY = "every"


@dataclass(frozen=True)
class Floating:
    """A pool that is divided by the number of applications: each gets pool ÷ applications, at most most_fen; and
    no more are taken than the pool pays least_fen each."""

    pool_fen: int
    least_fen: int
    most_fen: int

    @property
    def most_applications(self) -> int:
        return self.pool_fen // self.least_fen

    def amount_fen(self, applications: int) -> int:
        """Return what each of ``applications`` gets, between least_fen and most_fen; applications within
        1 … most_applications. What does not divide stays in the pool."""
        if not 1 <= applications <= self.most_applications:
            raise ValueError(f"{applications} is not between 1 and {self.most_applications}")
        return min(self.most_fen, self.pool_fen // applications)


@dataclass(frozen=True)
class Tier:
    """prices: which it is for. amounts: powertrain (or EVERY) → fen. gifts: instead of money. floating: instead of
    fixed amounts. pool_fen, most_cars: when it is full; None without such a limit. A tier that has none of amounts,
    gifts and floating gives nothing."""

    prices: Interval
    amounts: Mapping[str, int]
    gifts: tuple[Gift, ...] = ()
    floating: Floating | None = None
    pool_fen: int | None = None
    most_cars: int | None = None

    @property
    def own_fen(self) -> int | None:
        """The money that is for this tier alone, None where it has none of its own."""
        return self.floating.pool_fen if self.floating else self.pool_fen

    @property
    def own_cars(self) -> int | None:
        """How many this tier takes, None where that is not limited."""
        return self.floating.most_applications if self.floating else self.most_cars

    def amount_fen(self, powertrain: str, in_tier: int | None) -> int:
        """Return what one application gets; 0 where it gets nothing. in_tier None: not known, so the most."""
        if self.gifts:
            return sum(gift.cost_fen for gift in self.gifts)
        if self.floating:
            return self.floating.most_fen if in_tier is None else self.floating.amount_fen(in_tier)
        return self.amounts.get(powertrain, self.amounts.get(EVERY, 0))

    def is_full(self, amount_fen: int, in_tier: int | None, granted_fen: int) -> bool:
        """Return whether an application for ``amount_fen`` comes too late."""
        most = self.own_cars
        too_many = most is not None and in_tier is not None and in_tier > most
        return too_many or (self.pool_fen is not None and granted_fen + amount_fen > self.pool_fen)

    def amounts_fen(self) -> list[int]:
        """Return every amount that it can give, without bonuses."""
        if self.floating:
            return [self.floating.least_fen, self.floating.most_fen]
        return [self.amount_fen("", None)] if self.gifts else list(self.amounts.values())

    def cells(self) -> tuple[str, str, str]:
        """Return prices, what it gives, and when it is full, in words."""
        return self.prices.describe(), self.describe(), self._full_when()

    def describe(self) -> str:
        """What it gives, in words."""
        if self.gifts:
            advertised = format_yuan_short(sum(gift.advertised_fen for gift in self.gifts))
            return f"{'＋'.join(gift.name for gift in self.gifts)}，价值 {advertised} 元"
        if self.floating:
            least, most = format_yuan_short(self.floating.least_fen), format_yuan_short(self.floating.most_fen)
            return f"{least} 至 {most} 元，按申请数量浮动"
        if EVERY in self.amounts:
            return f"{format_yuan_short(self.amounts[EVERY])} 元"
        words = [f"{POWERTRAINS[name]} {format_yuan_short(fen)} 元" for name, fen in self.amounts.items()]
        return "；".join(words) or "不补贴"

    def _full_when(self) -> str:
        pool, most = self.own_fen, self.own_cars
        words = [f"资金 {format_yuan_short(pool)} 元"] if pool is not None else []
        if most is not None:
            words.append(f"{most} 辆")
        return "、".join(words) or "不单设"


class FloatingSchema(Table):
    pool_fen = Yuan(required=True, data_key="pool_yuan", largest_fen=10_000_000_000_000)
    least_fen = Yuan(required=True, data_key="least_yuan")
    most_fen = Yuan(required=True, data_key="most_yuan")

    @validates_schema
    def _pays_at_least_one(self, data: dict[str, int], **_: object) -> None:
        if data["least_fen"] > data["most_fen"]:
            raise ValidationError("不能低于 least_yuan", "most_yuan")
        if data["pool_fen"] < data["most_fen"]:
            raise ValidationError("至少要够发一份最高额", "pool_yuan")


class TierSchema(Table):
    prices = IntervalField(
        required=True, metadata=said("价格区间", "方括号含、圆括号不含，例如 [10万, 30万) 或 [30万, ∞)")
    )
    every_fen = Yuan(load_default=None, data_key="yuan", metadata=said("金额", "不分动力类型时"))
    ice_fen = Yuan(load_default=None, data_key="ice_yuan")
    nev_fen = Yuan(load_default=None, data_key="nev_yuan")
    gifts = fields.List(fields.Nested(GiftSchema), load_default=list)
    floating = fields.Nested(FloatingSchema, load_default=None)
    pool_fen = Yuan(load_default=None, data_key="pool_yuan", largest_fen=10_000_000_000_000)
    most_cars = Count(load_default=None)

    @validates_schema
    def _one_way_of_giving(self, data: dict[str, Any], **_: object) -> None:
        by_powertrain = data["ice_fen"] is not None or data["nev_fen"] is not None
        ways = [data["every_fen"] is not None, by_powertrain, bool(data["gifts"]), data["floating"] is not None]
        if sum(ways) > 1:
            raise ValidationError("yuan、ice_yuan 与 nev_yuan、gifts、floating 只能用一种写法", "yuan")
        if data["floating"] and (data["pool_fen"] is not None or data["most_cars"] is not None):
            raise ValidationError("浮动档的资金写在 floating 里，名额由它算出", "floating")


def read_tier(data: Mapping[str, Any]) -> Tier:
    """Return the tier that TierSchema has read."""
    named = {EVERY: data["every_fen"], "ice": data["ice_fen"], "nev": data["nev_fen"]}
    return Tier(
        prices=data["prices"],
        amounts={name: fen for name, fen in named.items() if fen is not None},
        gifts=tuple(read_gift(gift) for gift in data["gifts"]),
        floating=Floating(**data["floating"]) if data["floating"] else None,
        pool_fen=data["pool_fen"],
        most_cars=data["most_cars"],
    )
