"""Proportional (福田, 珠海): a part comes back in the proportion of what was paid and what the voucher gave."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, Reversal, Spent, settle_in_proportion
from foundation.errors import N_
from foundation.words import Words

KIND = "proportional"


@dataclass(frozen=True)
class Proportional:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        return settle_in_proportion(spent, goods)

    def describe(self) -> Words:
        return Words(N_("部分退货按实付与券抵的比例退款，券不退回；有效期内整单退货，券退回，有效期不变"))


class FileSchema(StrategySchema):
    make = Proportional
    label = "按实付与券抵的比例"
