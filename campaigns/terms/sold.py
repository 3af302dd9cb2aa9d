"""Sold: a voucher that is bought for less than its face (石嘴山: 60 off 300, sold for 9.90 yuan).

What it costs the sources is its whole face, as if it were free: the price never pays for a part of it. Whose the
price is, the file says; it is kept apart from all subsidies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaigns.terms.file_fields import Code, Count, Table, Yuan, choice, said
from foundation.errors import N_
from foundation.money import format_yuan
from foundation.words import Words

KEPT, RETURNED = "kept", "returned"
#: What becomes of the price of a voucher that ran out unused.
IF_EXPIRED = {KEPT: N_("过期不退"), RETURNED: N_("过期自动退")}
#: What becomes of it when the holder does not want the voucher any more. Nobody gives back for nothing: where the
#: price is kept there is no giving back.
IF_WITHDRAWN = {KEPT: N_("不支持退券"), RETURNED: N_("未使用可随时退")}
PAY_MINUTES = 15
LONGEST_PAY_MINUTES = 120


@dataclass(frozen=True)
class Sold:
    """price_fen > 0 and less than the face. proceeds: code of the source whose the price is. pay_minutes: how long an
    order waits for its payment; then stock and limits are given back. if_expired and if_withdrawn: KEPT or RETURNED."""

    price_fen: int
    proceeds: str
    pay_minutes: int = PAY_MINUTES
    if_expired: str = KEPT
    if_withdrawn: str = KEPT

    @property
    def pay_within(self) -> timedelta:
        return timedelta(minutes=self.pay_minutes)

    def describe(self) -> Words:
        """Return price, time for paying, and what is given back, in words."""
        return Words(
            N_("售价 %(price)s 元，下单后 %(minutes)s 分钟内付款；%(expired)s，%(withdrawn)s"),
            price=format_yuan(self.price_fen),
            minutes=self.pay_minutes,
            expired=Words(IF_EXPIRED[self.if_expired]),
            withdrawn=Words(IF_WITHDRAWN[self.if_withdrawn]),
        )


def in_notice(offers: Sequence[Any], sources: Sequence[Any]) -> tuple[str, ...]:
    """Return what the public notice says of the offers of a definition that are sold; nothing where none is."""
    sold: dict[str, Sold] = {offer.name: offer.sold for offer in offers if offer.sold}
    if not sold:
        return ()
    told = [f"{name}：{how.describe()}。" for name, how in sold.items()]
    names = {source.code: source.name for source in sources}
    whose = dict.fromkeys(f"售价款由{names[how.proceeds]}收取，不计入活动资金。" for how in sold.values())
    rules = (
        "付款后券才到账，有效期从付款时起算；逾期未付的订单取消，不占用限领次数。退款原路退回，退券后限领次数不恢复。"
    )
    return (*told, rules, *whose)


class SoldSchema(Table):
    price_fen = Yuan(
        required=True, data_key="price_yuan", zero=True, metadata=said("售价", "元，小于面值；0 为免费，与不写相同")
    )
    proceeds = Code(load_default="", metadata=said("售价款归", "收取售价的资金来源，有售价时必填", refers="sources"))
    pay_minutes = Count(
        most=LONGEST_PAY_MINUTES, load_default=PAY_MINUTES, metadata=said("付款时限", "分钟，逾期未付的退回库存和限领")
    )
    if_expired = choice(IF_EXPIRED, load_default=KEPT, metadata=said("过期未用", "售价款退不退"))
    if_withdrawn = choice(IF_WITHDRAWN, load_default=KEPT, metadata=said("退券", "没有使用的券能不能退"))


def read(loaded: Mapping[str, Any] | None) -> Sold | None:
    """Return how an offer is sold; None where it is free."""
    return Sold(**loaded) if loaded and loaded["price_fen"] else None
