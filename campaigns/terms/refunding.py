"""Goods that come back after the day: what the families of refund rules are asked, and what they answer.

``campaigns/terms/refund/`` holds the families. The arithmetic that they share: what the pool gets back is counted
over all refunds of a redemption together and rounded down to the fen, so that parts never add up to more than the
whole, the last one makes it exact, and a fen that does not divide stays with the customer until then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from foundation.errors import N_, Conflict
from foundation.money import format_yuan
from foundation.words import Words


@dataclass(frozen=True)
class Spent:
    """A redemption as the rules see it: its bill and discount, how much of both has come back before, and when the
    entitlement ends (exclusive). Amounts in fen. award_of: price → what the terms give for its article at that price,
    where it is of one article."""

    bill_fen: int
    discount_fen: int
    refunded_bill_fen: int
    refunded_discount_fen: int
    expires_at: datetime
    award_of: Callable[[int], int] | None = None

    @property
    def left_fen(self) -> int:
        """What has not been returned of the bill."""
        return self.bill_fen - self.refunded_bill_fen


@dataclass(frozen=True)
class Goods:
    """What comes back: its part of the bill in fen (> 0), when, and whether the customer has paid the subsidy back
    first."""

    fen: int
    at: datetime
    paid_back: bool = False

    def is_whole(self, spent: Spent) -> bool:
        """Return whether this one refund takes the whole order back."""
        return spent.refunded_bill_fen == 0 and self.fen == spent.bill_fen


@dataclass(frozen=True)
class Reversal:
    """pool_fen of the discount come back, customer_fen are to be given to the customer; ``restores``: the voucher goes
    back to its holder with its original end, and pool_fen with it. collect_fen: what the customer has to pay back
    before."""

    pool_fen: int
    customer_fen: int
    restores: bool
    collect_fen: int = 0


class Refund(Protocol):
    def settle(self, spent: Spent, goods: Goods) -> Reversal: ...
    def describe(self) -> Words: ...


class RefundExceedsBill(Conflict):
    code = "refund_exceeds_bill"
    message = N_("退货金额 %(asked)s 元超过还能退的 %(left)s 元")
    way_out = N_("请核对：这笔消费 %(bill)s 元，之前已退 %(before)s 元")
    field = "goods_fen"

    def __init__(self, spent: Spent, asked_fen: int, **params: Any) -> None:
        super().__init__(
            asked=format_yuan(asked_fen),
            left=format_yuan(spent.left_fen),
            bill=format_yuan(spent.bill_fen),
            before=format_yuan(spent.refunded_bill_fen),
            **params,
        )


class RefundBelowVoucher(Conflict):
    code = "refund_below_voucher"
    message = N_("退货金额 %(asked)s 元不够扣回券的 %(voucher)s 元")
    way_out = N_("这种券部分退货时要先扣回整张券的面额；请与其他商品一起退，或整单退货")
    field = "goods_fen"

    def __init__(self, *, asked_fen: int, voucher_fen: int, **params: Any) -> None:
        super().__init__(asked=format_yuan(asked_fen), voucher=format_yuan(voucher_fen), **params)


class OnlyWholeRefund(Conflict):
    code = "only_whole_refund"
    message = N_("这种补贴只能整单退货")
    way_out = N_("请按整笔 %(bill)s 元办理退货")
    field = "goods_fen"

    def __init__(self, *, bill_fen: int, **params: Any) -> None:
        super().__init__(bill=format_yuan(bill_fen), **params)


class NotPaidBack(Conflict):
    code = "subsidy_not_paid_back"
    message = N_("要先向顾客收回补贴 %(voucher)s 元，才能退货")
    way_out = N_("请收回补贴并核对后，勾选“已收回补贴”再提交")
    field = "paid_back"

    def __init__(self, *, voucher_fen: int, **params: Any) -> None:
        super().__init__(voucher=format_yuan(voucher_fen), **params)


def in_proportion(spent: Spent, goods: Goods) -> int:
    """Return how much of the discount comes back with the goods, in the proportion that they have of the bill."""
    through = spent.discount_fen * (spent.refunded_bill_fen + goods.fen) // spent.bill_fen
    return through - spent.refunded_discount_fen


def settle_in_proportion(spent: Spent, goods: Goods) -> Reversal:
    """Return a refund by proportion, where the whole order back within validity gives the voucher back as well."""
    pool_fen = in_proportion(spent, goods)
    restores = goods.is_whole(spent) and goods.at < spent.expires_at
    return Reversal(pool_fen, goods.fen - pool_fen, restores)
