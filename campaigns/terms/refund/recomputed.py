"""Recomputed: the subsidy is worked out anew for what is kept or for the lower price, and the difference comes back.

What is kept is never subsidised by more than the rule gives for it; an article above the cap may lose part of its price
and keep the whole subsidy. The qualification does not come back.
"""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, RefundBelowVoucher, Reversal, Spent, in_proportion
from foundation.errors import N_
from foundation.words import Words

KIND = "recomputed"


@dataclass(frozen=True)
class Recomputed:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        """Refuses RefundBelowVoucher where what comes back is worth less than the subsidy that ends with it."""
        rest_fen = spent.left_fen - goods.fen
        if spent.award_of is None:
            pool_fen = in_proportion(spent, goods)
        else:
            had_fen = spent.discount_fen - spent.refunded_discount_fen
            pool_fen = had_fen - (min(spent.award_of(rest_fen), had_fen) if rest_fen else 0)
        if pool_fen > goods.fen:
            raise RefundBelowVoucher(asked_fen=goods.fen, voucher_fen=pool_fen)
        return Reversal(pool_fen, goods.fen - pool_fen, restores=False)

    def describe(self) -> Words:
        return Words(N_("部分退货或退差价的，按剩余金额重新计算补贴，多补的收回；资格不退回"))


class FileSchema(StrategySchema):
    label = "重新计算补贴"
    make = Recomputed
