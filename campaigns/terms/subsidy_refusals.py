"""Why a subsidy on goods or on a car is worth nothing to a sale; the reasons common to all are in ``sale.py``."""

from collections.abc import Iterable
from typing import Any

from campaigns.goods import GRADES, category_name
from campaigns.terms.sale import BUYERS, CAR, POWERTRAINS, NotUsable
from foundation.errors import N_
from foundation.money import format_yuan, format_yuan_short

# --- goods ---------------------------------------------------------------------------------------------------


class GoodsNeeded(NotUsable):
    code = "goods_needed"
    message = N_("这项补贴要看商品：品类、能效等级和价格")
    way_out = N_("请录入所购商品后再试")
    field = "goods"


class CategoryNotCovered(NotUsable):
    code = "category_not_covered"
    message = N_("%(given)s不在补贴品类内")
    way_out = N_("请告诉顾客：补贴品类是%(covered)s")
    field = "goods"

    def __init__(self, *, given: Iterable[str], covered: Iterable[str], **params: Any) -> None:
        super().__init__(given=_listed(given), covered=_listed(covered), **params)


class OneItemOnly(NotUsable):
    code = "one_item_only"
    message = N_("一份资格只能补贴一件商品，这一单有 %(count)s 件")
    way_out = N_("请按一件一单分开录入，每件用一份资格")
    field = "goods"


class GradeNotCovered(NotUsable):
    code = "grade_not_covered"
    message = N_("%(category)s的能效为%(grade)s，不在补贴范围")
    way_out = N_("请告诉顾客：补贴%(covered)s能效的产品")
    field = "goods"

    def __init__(self, *, category: str, grade: str, covered: Iterable[str], **params: Any) -> None:
        super().__init__(
            category=category_name(category),
            grade=GRADES.get(grade, grade),
            covered="、".join(GRADES.get(one, one) for one in covered),
            **params,
        )


class PriceAboveCeiling(NotUsable):
    code = "price_above_ceiling"
    message = N_("单价 %(price)s 元，超过补贴的价格上限 %(ceiling)s 元")
    way_out = N_("请告诉顾客：单价不超过 %(ceiling)s 元的产品才有补贴")
    field = "goods"

    def __init__(self, *, price_fen: int, ceiling_fen: int, **params: Any) -> None:
        super().__init__(price=format_yuan(price_fen), ceiling=format_yuan_short(ceiling_fen), **params)


class QuantityUsedUp(NotUsable):
    code = "quantity_used_up"
    message = N_("%(thing)s的补贴每位买家最多 %(most)s 件，已经用完")
    way_out = N_("请告诉顾客：这一类的补贴次数已用完，可以按原价购买")
    field = "buyer"

    def __init__(self, *, thing: str, most: int, **params: Any) -> None:
        super().__init__(thing="购车" if thing == CAR else category_name(thing), most=most, **params)


class WorthNothing(NotUsable):
    code = "worth_nothing"
    message = N_("按规则算出的补贴不足一分钱")
    way_out = N_("请核对价格")


# --- cars ----------------------------------------------------------------------------------------------------


class CarNeeded(NotUsable):
    code = "car_needed"
    message = N_("这项补贴要看所购的车：价格和动力类型")
    way_out = N_("请按发票录入价税合计、不含税价和动力类型后再试")
    field = "car"


class PremiumNeeded(NotUsable):
    code = "premium_needed"
    message = N_("这项补贴要看商业险保费")
    way_out = N_("请按商业险保单录入保费后再试")
    field = "car"


class PricesDisagree(NotUsable):
    code = "prices_disagree"
    message = N_("不含税价 %(without)s 元与价税合计 %(with_tax)s 元不符：按 13%% 增值税应为 %(expected)s 元")
    way_out = N_("请对照发票核对两个价格")
    field = "car"

    def __init__(self, *, without_fen: int, with_fen: int, expected_fen: int, **params: Any) -> None:
        super().__init__(
            without=format_yuan(without_fen),
            with_tax=format_yuan(with_fen),
            expected=format_yuan(expected_fen),
            **params,
        )


class PriceOutsideTiers(NotUsable):
    code = "price_outside_tiers"
    message = N_("%(basis)s %(price)s 元，不在任何一个补贴档次内")
    way_out = N_("请告诉顾客：补贴档次为%(tiers)s")
    field = "bill_yuan"

    def __init__(self, *, basis: str, price_fen: int, tiers: Iterable[str], **params: Any) -> None:
        super().__init__(basis=basis, price=format_yuan(price_fen), tiers="；".join(tiers), **params)


class PowertrainNotCovered(NotUsable):
    code = "powertrain_not_covered"
    message = N_("%(tier)s这一档不补贴%(powertrain)s")
    way_out = N_("请告诉顾客：可以查看公告里各档的补贴")
    field = "car"

    def __init__(self, *, tier: str, powertrain: str, **params: Any) -> None:
        super().__init__(tier=tier, powertrain=POWERTRAINS.get(powertrain, powertrain), **params)


class TierFull(NotUsable):
    code = "tier_full"
    message = N_("%(tier)s这一档的名额或资金已经用完")
    way_out = N_("请告诉顾客：这一档已停止受理，可以留意后续公告")
    field = "car"


class BuyerNotCovered(NotUsable):
    code = "buyer_not_covered"
    message = N_("本活动不补贴%(buyer)s购买")
    way_out = N_("请告诉顾客：本活动面向%(covered)s")
    field = "buyer"

    def __init__(self, *, buyer: str, covered: Iterable[str], **params: Any) -> None:
        super().__init__(
            buyer=BUYERS.get(buyer, buyer), covered="、".join(BUYERS.get(one, one) for one in covered), **params
        )


class BillBelowAward(NotUsable):
    code = "bill_below_award"
    message = N_("补贴 %(award)s 元，消费金额不能比它少")
    way_out = N_("请告诉顾客：补贴按核定的金额一次抵扣，请核对金额")
    field = "bill_yuan"

    def __init__(self, *, award_fen: int, **params: Any) -> None:
        super().__init__(award=format_yuan(award_fen), **params)


def _listed(codes: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(map(category_name, codes)))
