"""No return (湖北 2025, 退款不退券): the voucher is used up; its money comes back in proportion to the goods."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, Reversal, Spent, in_proportion
from foundation.errors import N_
from foundation.words import Words

KIND = "no_return"


@dataclass(frozen=True)
class NoReturn:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        pool_fen = in_proportion(spent, goods)
        return Reversal(pool_fen, goods.fen - pool_fen, restores=False)

    def describe(self) -> Words:
        return Words(N_("退货只退实付部分，券不退回，券抵的金额按比例收回"))


class FileSchema(StrategySchema):
    make = NoReturn
    label = "退款不退券"
