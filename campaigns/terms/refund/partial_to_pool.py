"""Partial to pool (罗湖, 湛江): any part that comes back takes the whole voucher with it, and what is kept is charged
without it."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.refunding import Goods, RefundBelowVoucher, Reversal, Spent
from foundation.errors import N_
from foundation.words import Words

KIND = "partial_to_pool"


@dataclass(frozen=True)
class PartialToPool:
    def settle(self, spent: Spent, goods: Goods) -> Reversal:
        """Refuses RefundBelowVoucher where the first part is worth less than the voucher."""
        pool_fen = spent.discount_fen - spent.refunded_discount_fen
        if goods.fen < pool_fen:
            raise RefundBelowVoucher(asked_fen=goods.fen, voucher_fen=pool_fen)
        restores = goods.is_whole(spent) and goods.at < spent.expires_at
        return Reversal(pool_fen, goods.fen - pool_fen, restores)

    def describe(self) -> Words:
        return Words(N_("部分退货时整张券收回，余下商品按无券计价；有效期内整单退货，券退回，有效期不变"))


class FileSchema(StrategySchema):
    make = PartialToPool
    label = "部分退货收回整张券"
