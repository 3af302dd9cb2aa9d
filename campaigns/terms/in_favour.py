"""Whether one price table only ever gives more than another: what an amendment may make of a published one."""

from collections.abc import Iterator

from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.price_table import Tier
from campaigns.terms.sale import CAR_CONDITIONS, POWERTRAINS
from foundation.money import format_yuan, format_yuan_short

#: What of a price table is not an award, and stays as it was published.
_FIXED = {
    "price": "价格口径发布后不能修改",
    "buyers": "谁可以买、每位几辆，发布后不能修改",
    "given_as": "兑付方式发布后不能修改",
    "returned_counts": "退车是否计次，发布后不能修改",
}


def takes_away(before: PriceTiers, after: PriceTiers) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for everything in which ``after`` is not ``before`` with more tiers or higher awards.

    Tables with gifts, floating pools, or money or a number for a tier alone do not change at all: what those have
    promised to each other's applicants is shared, so that more for one is less for another.
    """
    for key, message in _FIXED.items():
        if getattr(before, key) != getattr(after, key):
            yield key, message
    if before.tiers != after.tiers and any(map(_is_shared, (*before.tiers, *after.tiers))):
        yield "tiers", "有礼品、浮动补贴、本档资金或本档名额的价格表不能修改，请新增券种"
    else:
        yield from _less_for_a_price(before, after)
    for condition, fen in before.bonuses.items():
        if after.bonuses.get(condition, 0) < fen:
            yield "bonuses", f"“{CAR_CONDITIONS[condition]}”的另补只能提高，不能减少：原来是 {format_yuan(fen)} 元"
    for condition in after.bonuses:
        if condition not in before.bonuses:
            yield "bonuses", f"不能增加“{CAR_CONDITIONS[condition]}”：已提交的申请没有问过，请新增券种"


def _is_shared(tier: Tier) -> bool:
    return bool(tier.gifts) or tier.own_fen is not None or tier.own_cars is not None


def _less_for_a_price(before: PriceTiers, after: PriceTiers) -> Iterator[tuple[str, str]]:
    """Amounts change only where a tier of either table begins or ends, so a fen to each side of those says it all."""
    ends = {end for table in (before, after) for tier in table.tiers for end in _ends(tier)}
    told = set()
    for price_fen in sorted({end + side for end in ends for side in (-1, 0, 1) if end + side > 0}):
        for powertrain, words in POWERTRAINS.items():
            had, has = _amount_fen(before, price_fen, powertrain), _amount_fen(after, price_fen, powertrain)
            if has < had and (had, has, powertrain) not in told:
                told.add((had, has, powertrain))
                yield (
                    "tiers",
                    f"补贴只能提高，不能减少：{format_yuan(price_fen)} 元的{words}原来补 {format_yuan_short(had)} 元，"
                    f"修改后是 {format_yuan_short(has)} 元",
                )


def _ends(tier: Tier) -> Iterator[int]:
    yield tier.prices.low_fen
    if tier.prices.high_fen is not None:
        yield tier.prices.high_fen


def _amount_fen(table: PriceTiers, price_fen: int, powertrain: str) -> int:
    tier = next((tier for tier in table.tiers if price_fen in tier.prices), None)
    return tier.amount_fen(powertrain, None) if tier else 0
