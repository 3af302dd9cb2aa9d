"""A sale as terms see it, and every reason why an entitlement is worth nothing to it.

At the till a refusal's ``message`` is shown to the cashier and its ``way_out`` is what to tell the customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.places import county_name, industry_name
from foundation.clock import local
from foundation.errors import N_, Conflict
from foundation.money import format_yuan, format_yuan_short

#: Under which name a buyer's earlier cars are counted in ``Buyer.had``.
CAR = "car"

POWERTRAINS = {"ice": "燃油车", "nev": "新能源车"}
BUYERS = {"person": "个人", "firm": "单位"}
#: What may be true of a purchase and earn a bonus.
CAR_CONDITIONS = {
    "old_car_scrapped": "报废旧车",
    "old_car_sold": "转让旧车",
    "local_plate": "在本市上牌",
}


@dataclass(frozen=True)
class GoodsLine:
    """One article. price_fen > 0: final price after every discount but the government's. grade: of the energy or
    water label, "none" without one. barcode: EAN-13 or ""."""

    category: str
    price_fen: int
    grade: str = "none"
    barcode: str = ""


@dataclass(frozen=True)
class Car:
    """with_tax_fen: 价税合计 of the invoice. without_tax_fen: 不含税价 of the invoice, None where it is not known.
    deal_price_fen: 成交价 of the contract, None where it is the invoice's. premium_fen: 商业险保费 of its policy, None
    where there is none.

    in_tier: how many applications there are in its tier, this one included; None where that is not known.
    tier_granted_fen: what its tier has granted before.
    """

    with_tax_fen: int
    powertrain: str
    without_tax_fen: int | None = None
    deal_price_fen: int | None = None
    conditions: frozenset[str] = frozenset()
    in_tier: int | None = None
    tier_granted_fen: int = 0
    premium_fen: int | None = None


@dataclass(frozen=True)
class Buyer:
    """kind: a key of BUYERS. had: category (or CAR) → how many were subsidised before by the same rules."""

    kind: str = "person"
    had: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sale:
    """bill_fen > 0: after the merchant's own discounts, before the government's. county: GB/T 2260 of the store.
    industry: code of the merchant's industry. at: the server's clock. is_above_quota: the merchant is 限上.

    merchant_discounts: name → fen that the merchant took off before. goods, car and buyer matter to subsidies.
    """

    bill_fen: int
    county: str
    industry: str
    at: datetime
    merchant_discounts: Mapping[str, int] = field(default_factory=dict)
    goods: tuple[GoodsLine, ...] = ()
    car: Car | None = None
    buyer: Buyer = Buyer()
    is_above_quota: bool = False

    @property
    def list_price_fen(self) -> int:
        """What the bill was before the merchant's own discounts."""
        return self.bill_fen + sum(self.merchant_discounts.values())


class NotUsable(Conflict):
    """Base of the reasons why a held entitlement is not worth anything to this sale."""


class BillBelowThreshold(NotUsable):
    code = "bill_below_threshold"
    message = N_("消费金额 %(bill)s 元，未达到使用门槛 %(threshold)s 元")
    way_out = N_("请告诉顾客：再消费 %(missing)s 元就可以用这张券")
    field = "bill_fen"

    def __init__(self, *, threshold_fen: int, bill_fen: int, **params: Any) -> None:
        super().__init__(
            threshold=format_yuan_short(threshold_fen),
            bill=format_yuan(bill_fen),
            missing=format_yuan(threshold_fen - bill_fen),
            **params,
        )


class TooManyInOrder(NotUsable):
    code = "too_many_in_order"
    message = N_("这种券一单最多用 %(most)s 张，现在是 %(vouchers)s 张")
    way_out = N_("请告诉顾客：一单只用 %(most)s 张，其余的下次再用")


class TooManyToday(NotUsable):
    code = "too_many_today"
    message = N_("这种券每人每天最多用 %(most)s 张，今天已经用满")
    way_out = N_("请告诉顾客：其余的券明天再用，有效期不变")


class DiscountLimitReached(NotUsable):
    code = "discount_limit_reached"
    message = N_("本活动每人%(period)s最多优惠 %(most)s 元，这位顾客还剩 %(left)s 元，这一单要优惠 %(discount)s 元")
    way_out = N_("请告诉顾客：%(moment)s 起重新计算，券的有效期不变")

    def __init__(self, *, most_fen: int, left_fen: int, discount_fen: int, **params: Any) -> None:
        super().__init__(
            most=format_yuan_short(most_fen),
            left=format_yuan_short(left_fen),
            discount=format_yuan_short(discount_fen),
            **params,
        )


class DiscountUsedUp(DiscountLimitReached):
    """The limit of the whole campaign, which does not begin anew."""

    code = "discount_used_up"
    message = N_("本活动每人一共最多优惠 %(most)s 元，这位顾客还剩 %(left)s 元，这一单要优惠 %(discount)s 元")
    way_out = N_("请告诉顾客：额度到活动结束都不再重新计算；撤销和退货的会退回")


class OutsideCounty(NotUsable):
    code = "outside_county"
    message = N_("这张券限%(counties)s使用，不能在本店使用")
    way_out = N_("请告诉顾客：这张券可在%(counties)s的参与门店使用")

    def __init__(self, *, counties: tuple[str, ...], **params: Any) -> None:
        super().__init__(counties="、".join(map(county_name, counties)), **params)


class OutsideIndustry(NotUsable):
    code = "outside_industry"
    message = N_("这张券只能在%(industries)s商户使用")
    way_out = N_("请告诉顾客：这张券限%(industries)s门店，可在“我的消费券”里查看门店名单")

    def __init__(self, *, industries: tuple[str, ...], **params: Any) -> None:
        super().__init__(industries="、".join(map(industry_name, industries)), **params)


class OnlyAboveQuota(NotUsable):
    code = "only_above_quota"
    message = N_("这张券只能在限额以上企业使用，本店不是")
    way_out = N_("请告诉顾客：可在“我的消费券”的门店名单里找标有“限上”的门店")


class NotYetValid(NotUsable):
    code = "voucher_not_yet_valid"
    message = N_("这张券 %(moment)s 起才能使用")
    way_out = N_("请告诉顾客：到时间后再来使用")

    def __init__(self, *, valid_from: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(valid_from):%Y-%m-%d %H:%M}", **params)


class VoucherExpired(NotUsable):
    code = "voucher_expired"
    message = N_("这张券已于 %(moment)s 过期")
    way_out = N_("请告诉顾客：过期的券不能使用，可以留意下一轮发放")

    def __init__(self, *, expires_at: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(expires_at):%Y-%m-%d %H:%M}", **params)
