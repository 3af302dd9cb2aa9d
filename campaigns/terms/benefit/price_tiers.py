"""Price tiers: an amount by the price that was paid and the powertrain, as car subsidies have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Flag, Table, Yuan, choice, said
from campaigns.terms.price_table import Tier, TierSchema, read_tier
from campaigns.terms.sale import BUYERS, CAR, CAR_CONDITIONS, POWERTRAINS, Car, Sale
from campaigns.terms.subsidy_refusals import (
    BuyerNotCovered,
    CarNeeded,
    PowertrainNotCovered,
    PremiumNeeded,
    PriceOutsideTiers,
    PricesDisagree,
    QuantityUsedUp,
    TierFull,
    WorthNothing,
)
from campaigns.terms.worth import GIVEN_AS, Worth, WorthTable
from foundation.errors import N_
from foundation.money import format_yuan, format_yuan_short
from foundation.words import Words

KIND = "price_tiers"

#: Which price decides the tier.
BASES = {
    "tax_exclusive": N_("不含税价"),
    "tax_inclusive": N_("含税价（价税合计）"),
    "deal_price": N_("成交价"),
    "bill": N_("实付金额"),
    "premium": N_("商业险保费"),
}
#: Value-added tax on cars, in hundredths of a percent.
VAT = 1_300


@dataclass(frozen=True)
class PriceTiers:
    """tiers: from the lowest price, each beginning where the one before ends. price: a key of BASES.

    bonuses: condition → fen more. buyers: kind of buyer → how many cars in the whole campaign. given_as: a key of
    GIVEN_AS. returned_counts: whether car and buyer count as subsidised also after the car was returned.
    """

    tiers: Sequence[Tier]
    price: str
    bonuses: Mapping[str, int] = field(default_factory=dict)
    buyers: Mapping[str, int] = field(default_factory=lambda: {"person": 1})
    given_as: str = "cash"
    returned_counts: bool = True

    @property
    def face_value_fen(self) -> int:
        """The most that one can be worth."""
        return max(fen for tier in self.tiers for fen in tier.amounts_fen()) + sum(self.bonuses.values())

    @property
    def threshold_fen(self) -> int:
        """The least price that is in any tier."""
        return self.tiers[0].prices.low_fen

    @property
    def committed_fen(self) -> int:
        """What must be set aside when one is granted: the most it can cost."""
        return self.face_value_fen

    @property
    def least_fen(self) -> int:
        """The least it costs when it is used."""
        return min(fen for tier in self.tiers for fen in tier.amounts_fen())

    def told_fen(self, award_fen: int) -> int:
        """Return what applicants are told that an award is worth: of a gift what it was announced to be worth, as far
        as its cost says which tier's it is, else the award itself."""
        worth = {
            sum(gift.advertised_fen for gift in tier.gifts)
            for tier in self.tiers
            if tier.gifts and tier.amount_fen("", None) == award_fen
        }
        return worth.pop() if len(worth) == 1 else award_fen

    def limited_tiers(self) -> dict[str, Tier]:
        """Return the tiers that have money or a number of cars of their own, by the name that awards give them."""
        named = {str(number): tier for number, tier in enumerate(self.tiers, 1)}
        return {name: tier for name, tier in named.items() if tier.own_fen is not None or tier.own_cars is not None}

    def worth(self, sale: Sale) -> Worth:
        """Return what it is worth to a sale.

        Refuses CarNeeded, PremiumNeeded, PricesDisagree, BuyerNotCovered, QuantityUsedUp, PriceOutsideTiers,
        PowertrainNotCovered, TierFull, WorthNothing.
        """
        price_fen = self._price_fen(sale)
        self._check_buyer(sale)
        place = next((place for place, tier in enumerate(self.tiers) if price_fen in tier.prices), None)
        if place is None:
            covered = [tier.prices.describe() for tier in self.tiers]
            raise PriceOutsideTiers(basis=BASES[self.price], price_fen=price_fen, tiers=covered)
        tier = self.tiers[place]
        powertrain, in_tier, granted_fen = _of_tier(sale.car)
        words = tier.prices.describe()
        if tier.is_full(0, in_tier, granted_fen):
            raise TierFull(tier=words)
        amount_fen = tier.amount_fen(powertrain, in_tier)
        if amount_fen == 0:
            raise PowertrainNotCovered(tier=words, powertrain=powertrain)
        reasons = [f"{BASES[self.price]} {format_yuan(price_fen)} 元，属于“{words}”一档：{tier.describe()}"]
        if tier.floating and in_tier is None:
            reasons.append("申请数量还不知道，按最高额计算")
        elif tier.floating:
            reasons.append(f"这一档共 {in_tier} 份申请，每份 {format_yuan(amount_fen)} 元")
        for condition, fen in self.bonuses.items():
            if sale.car and condition in sale.car.conditions:
                amount_fen += fen
                reasons.append(f"{CAR_CONDITIONS[condition]}，另补 {format_yuan_short(fen)} 元")
        # What comes off a bill can be no more than the bill.
        most_fen = min(price_fen, sale.bill_fen) if self.given_as == "discount" else price_fen
        if amount_fen > most_fen:
            # A gift cannot be cut to a price, and a price that low is no car.
            if tier.gifts:
                raise WorthNothing
            amount_fen = most_fen
            reasons.append(f"补贴不超过价格，按 {format_yuan(most_fen)} 元计")
        if tier.is_full(amount_fen, in_tier, granted_fen):
            raise TierFull(tier=words)
        advertised_fen = sum(gift.advertised_fen for gift in tier.gifts) or amount_fen
        given_as = "gift" if tier.gifts else self.given_as
        return Worth(amount_fen, tuple(reasons), advertised_fen, given_as, tier=str(place + 1))

    def _price_fen(self, sale: Sale) -> int:
        if self.price == "bill":
            return sale.bill_fen
        car = sale.car
        if car is None:
            raise CarNeeded
        if self.price == "premium":
            if car.premium_fen is None:
                raise PremiumNeeded
            return car.premium_fen
        without_fen = without_tax(car.with_tax_fen)
        if car.without_tax_fen is not None and abs(car.without_tax_fen - without_fen) > 1:
            raise PricesDisagree(without_fen=car.without_tax_fen, with_fen=car.with_tax_fen, expected_fen=without_fen)
        if self.price == "tax_exclusive":
            return car.without_tax_fen if car.without_tax_fen is not None else without_fen
        if self.price == "deal_price" and car.deal_price_fen is not None:
            return car.deal_price_fen
        return car.with_tax_fen

    def _check_buyer(self, sale: Sale) -> None:
        most = self.buyers.get(sale.buyer.kind)
        if most is None:
            raise BuyerNotCovered(buyer=sale.buyer.kind, covered=self.buyers)
        if sale.buyer.had.get(CAR, 0) >= most:
            raise QuantityUsedUp(thing=CAR, most=most)

    def describe(self) -> Words:
        most = format_yuan_short(self.face_value_fen)
        return Words(N_("按%(basis)s分档，最高 %(most)s 元"), basis=Words(BASES[self.price]), most=most)

    def table(self) -> WorthTable:
        rows = [tier.cells() for tier in self.tiers]
        rows += [(CAR_CONDITIONS[name], f"另补 {format_yuan_short(fen)} 元", "") for name, fen in self.bonuses.items()]
        limited = any(tier.cells()[2] != "不单设" for tier in self.tiers)
        columns = (BASES[self.price], "补贴标准", "本档总额")[: 3 if limited else 2]
        return WorthTable(columns, tuple(row[: len(columns)] for row in rows))


def _of_tier(car: Car | None) -> tuple[str, int | None, int]:
    return (car.powertrain, car.in_tier, car.tier_granted_fen) if car else ("", None, 0)


def without_tax(with_tax_fen: int) -> int:
    """Return a price less 13 % value-added tax, rounded half up to the fen as invoices are."""
    return (with_tax_fen * 10_000 * 2 + 10_000 + VAT) // ((10_000 + VAT) * 2)


class BonusSchema(Table):
    condition = choice(CAR_CONDITIONS, required=True, metadata=said("条件"))
    fen = Yuan(required=True, data_key="yuan")


def _make(
    *, tiers: Sequence[Mapping[str, Any]], bonuses: Sequence[Mapping[str, Any]], given_as: str, **others: Any
) -> PriceTiers:
    read = tuple(read_tier(tier) for tier in tiers)
    return PriceTiers(
        tiers=read,
        bonuses={bonus["condition"]: bonus["fen"] for bonus in bonuses},
        given_as="gift" if any(tier.gifts for tier in read) else given_as,
        **others,
    )


class FileSchema(StrategySchema):
    make = staticmethod(_make)
    label = "按价格分档"
    hint = "按成交价所在的档次补贴，用于购车"

    price = choice(BASES, required=True)
    tiers = fields.List(fields.Nested(TierSchema), required=True)
    bonuses = fields.List(fields.Nested(BonusSchema), load_default=list)
    buyers = fields.Dict(
        keys=choice(BUYERS),
        values=Count(most=100),
        load_default=lambda: {"person": 1},
        metadata=said("买家", "整个活动每位最多补几辆；不填为个人 1 辆", key="买家", value="辆数"),
    )
    given_as = choice({word: name for word, name in GIVEN_AS.items() if word != "gift"}, load_default="cash")
    returned_counts = Flag(load_default=True, metadata=said("退车仍计一次", "不选则退车后还可以再申请"))

    @validates_schema
    def _tiers_are_a_table(self, data: dict[str, Any], **_: object) -> None:
        tiers = [read_tier(tier) for tier in data["tiers"]]
        if not any(tier.amounts_fen() for tier in tiers):
            raise ValidationError("至少要有一档写明补贴多少", "tiers")
        gifts = [bool(tier.gifts) for tier in tiers if tier.amounts_fen()]
        if any(gifts) and not all(gifts):
            raise ValidationError("各档要么都发礼品，要么都发钱", "tiers")
        if any(gifts) and data["bonuses"]:
            raise ValidationError("发礼品的活动不能另补钱", "bonuses")
        for number, (below, above) in enumerate(pairwise(tiers), 2):
            if not below.prices.touches(above.prices):
                raise ValidationError(
                    {f"tiers[{number}]": [f"应当从“{below.prices.describe()}”的上限开始，既不重叠也不留缺口"]}
                )
        if data["price"] == "bill" and any({*tier.amounts} & {*POWERTRAINS} for tier in tiers):
            raise ValidationError("按实付金额分档时不看动力类型，请用 yuan", "price")
        if data["bonuses"] and any(tier.floating for tier in tiers):
            raise ValidationError("有浮动档的活动不能另补钱", "bonuses")
        if not data["buyers"]:
            raise ValidationError("至少要有一种买家", "buyers")
