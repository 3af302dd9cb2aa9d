"""Prices of articles: what a campaign compares them with, what is too dear, and what becomes of such a sale."""

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.terms.file_fields import Count, Share, Table, choice, said
from campaigns.terms.sale import NotUsable
from foundation.errors import N_
from foundation.money import format_yuan
from foundation.words import Words

#: What becomes of a sale at too high a price.
ACTIONS = {"refuse": "不予核销", "hold": "核销并列入待查", "allow": "不检查"}


@dataclass(frozen=True)
class CityPrice:
    """What an article cost city-wide lately: the median of its sales, in fen, and how many sales that is of.

    The median and not the highest: to raise it takes half of all sales, to raise the highest takes one. Where the
    number is even it is the lower of the two in the middle, so that it is a price that somebody paid.
    """

    median_fen: int
    sales: int


@dataclass(frozen=True)
class KnownPrices:
    """What is known of an article's price, in fen; None where it is not. lowest_fen: the merchant's own lowest of the
    recent days."""

    filed_fen: int | None = None
    lowest_fen: int | None = None
    city: CityPrice | None = None


@dataclass(frozen=True)
class TooDear:
    """What a price was judged by. reason: a key of REASONS. days, sales: of how many days and sales against_fen is,
    where it is of any. tolerance: hundredths of a percent by which it may be exceeded."""

    reason: str
    price_fen: int
    against_fen: int
    days: int | None = None
    sales: int | None = None
    tolerance: int = 0

    @property
    def most_fen(self) -> int:
        """Return the highest price that would have been right."""
        return self.against_fen * (10_000 + self.tolerance) // 10_000

    @property
    def sentence(self) -> str:
        """Return the sentence with its figures, as files and tills have it."""
        return str(self.describe())

    def figures(self) -> dict[str, object]:
        """Return what fills the places of its sentence."""
        return {
            "price": format_yuan(self.price_fen),
            "against": format_yuan(self.against_fen),
            "most": format_yuan(self.most_fen),
            "tolerance": f"{self.tolerance / 100:g}%",
            "days": self.days,
            "sales": self.sales,
        }

    def describe(self) -> Words:
        """Return the sentence with its figures."""
        return Words(REASONS[self.reason].message, **self.figures())


class _Judged:
    """A refusal that knows what the price was judged by."""

    def __init__(self, judged: TooDear) -> None:
        self.judged = judged
        super().__init__(**judged.figures())


class PriceAboveFiled(_Judged, NotUsable):
    code = "price_above_filed"
    message = N_("售价 %(price)s 元，高于备案价 %(against)s 元")
    way_out = N_("请按不高于备案价的价格销售，或核对商品条码")
    field = "bill_fen"


class PriceAboveRecent(_Judged, NotUsable):
    code = "price_above_recent"
    message = N_("售价 %(price)s 元，高于本商户前 %(days)s 天的售价 %(against)s 元")
    way_out = N_("补贴期间不得先涨价后补贴；请核对价格和商品条码")
    field = "bill_fen"


class PriceAboveCity(_Judged, NotUsable):
    code = "price_above_city"
    message = N_(
        "售价 %(price)s 元，比全市前 %(days)s 天 %(sales)s 笔销售的中位价 %(against)s 元高出 %(tolerance)s 以上"
    )
    way_out = N_("请告诉顾客：不高于 %(most)s 元才有补贴；请核对价格和商品条码")
    field = "bill_fen"


Judged = PriceAboveFiled | PriceAboveRecent | PriceAboveCity
#: reason → how it refuses
REASONS = {one.code: one for one in (PriceAboveFiled, PriceAboveRecent, PriceAboveCity)}


@dataclass(frozen=True)
class PriceCheck:
    """above_filed, above_recent, above_city: keys of ACTIONS. A price is above the filed one when it exceeds that at
    all. It is above recent ones when it exceeds the lowest at which the same merchant sold the same barcode in the last
    ``recent_days`` by more than ``tolerance`` (hundredths of a percent). It is above the city's when it exceeds the
    median of what the barcode cost over all merchants in the ``city_days`` before today by more than
    ``city_tolerance``, where there were at least ``city_sales`` such sales."""

    above_filed: str = "allow"
    above_recent: str = "allow"
    recent_days: int = 30
    tolerance: int = 0
    above_city: str = "allow"
    city_days: int = 30
    city_sales: int = 10
    city_tolerance: int = 2_000

    def judge(self, price_fen: int, known: KnownPrices) -> TooDear | None:
        """Return why a sale at this price must be looked at, None where it is all right. Refuses PriceAboveFiled,
        PriceAboveRecent, PriceAboveCity."""
        held = None
        for action, judged in self._too_dear(price_fen, known):
            if action == "refuse":
                raise REASONS[judged.reason](judged)
            if action == "hold" and held is None:
                held = judged
        return held

    def _too_dear(self, price_fen: int, known: KnownPrices) -> Iterator[tuple[str, TooDear]]:
        if known.filed_fen is not None:
            yield from _above(self.above_filed, TooDear("price_above_filed", price_fen, known.filed_fen))
        if known.lowest_fen is not None:
            own = TooDear(
                "price_above_recent", price_fen, known.lowest_fen, days=self.recent_days, tolerance=self.tolerance
            )
            yield from _above(self.above_recent, own)
        city = known.city
        if city is not None and city.sales >= self.city_sales:
            judged = TooDear(
                "price_above_city", price_fen, city.median_fen, self.city_days, city.sales, self.city_tolerance
            )
            yield from _above(self.above_city, judged)

    def describe(self) -> list[Words]:
        """Return what is checked, in words."""
        told = []
        if self.above_filed != "allow":
            told.append(Words(N_("售价不得高于备案价")))
        if self.above_recent != "allow":
            told.append(Words(N_("同一商品不得先涨价后补贴（与前 %(days)s 天比）"), days=self.recent_days))
        if self.above_city != "allow":
            told.append(Words(_CITY[self.above_city], days=self.city_days, tolerance=f"{self.city_tolerance / 100:g}%"))
        return told


_CITY = {
    "refuse": N_("售价比同一商品全市前 %(days)s 天的中位价高出 %(tolerance)s 以上的，不予补贴"),
    "hold": N_("售价比同一商品全市前 %(days)s 天的中位价高出 %(tolerance)s 以上的，列入待查"),
}


def _above(action: str, judged: TooDear) -> Iterator[tuple[str, TooDear]]:
    if judged.price_fen * 10_000 > judged.against_fen * (10_000 + judged.tolerance):
        yield action, judged


class PriceCheckSchema(Table):
    """The table ``price_check`` of an article."""

    above_filed = choice(ACTIONS, load_default="allow")
    above_recent = choice(ACTIONS, load_default="allow")
    recent_days = Count(most=366, load_default=30)
    tolerance = Share(load_default=0)
    above_city = choice(
        ACTIONS,
        load_default="allow",
        metadata=said("高于全市近期售价", "同一条码全市各商户前若干天售价的中位数"),
    )
    city_days = Count(most=366, load_default=30, metadata=said("全市比较的天数", "不含当天"))
    city_sales = Count(most=100_000, load_default=10, metadata=said("全市至少几笔才比", "少于这个数不判断"))
    city_tolerance = Share(load_default=2_000, metadata=said("全市比较的容差", "例如 20%"))
