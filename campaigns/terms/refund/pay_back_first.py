"""Pay back first (惠州 2023): the customer first pays the subsidy back, the merchant confirms it, and only then refunds
the whole bill.

The merchant takes the subsidy in for the campaign, so it is taken back from what the merchant is owed.
"""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, NotPaidBack, OnlyWholeRefund, Reversal, Spent
from foundation.errors import N_
from foundation.words import Words

KIND = "pay_back_first"


@dataclass(frozen=True)
class PayBackFirst:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        """Refuses OnlyWholeRefund, NotPaidBack."""
        if not goods.is_whole(spent):
            raise OnlyWholeRefund(bill_fen=spent.bill_fen)
        if not goods.paid_back:
            raise NotPaidBack(voucher_fen=spent.discount_fen)
        return Reversal(spent.discount_fen, goods.fen, restores=False, collect_fen=spent.discount_fen)

    def describe(self) -> Words:
        return Words(N_("只能整单退货：先收回补贴，再全额退款；券不退回"))


class FileSchema(StrategySchema):
    make = PayBackFirst
    label = "先收回补贴再退款"
