"""Return if valid: the whole order back in time gives the voucher back; a part of it never does.

The texts that have this rule (云南, 北京, 济南) do not say how the money of a part is split; it is split as
``proportional`` splits it.
"""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, Reversal, Spent, settle_in_proportion
from foundation.errors import N_
from foundation.words import Words

KIND = "return_if_valid"


@dataclass(frozen=True)
class ReturnIfValid:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        return settle_in_proportion(spent, goods)

    def describe(self) -> Words:
        return Words(N_("有效期内整单退货，券退回，有效期不变；过期或部分退货，券不退回"))


class FileSchema(StrategySchema):
    make = ReturnIfValid
    label = "有效期内整单退货退券"
