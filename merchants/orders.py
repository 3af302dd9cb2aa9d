"""Orders with several codes: all of them are spent, or none. Each redemption has its part of the bill."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from campaigns.catalog import offer_facts
from campaigns.terms.ordering import equal_parts, quote_order, together
from campaigns.terms.quote import Award
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.money import check_amount_fen
from foundation.prepared import insert_rows
from merchants import payment_requests, redemptions
from merchants.errors import CodeRepeated, OffersDoNotStack, OtherHolder, TooManyCodes
from merchants.order_models import RedemptionOrder
from merchants.receipts import Receipt
from merchants.register import Counter
from merchants.scans import (
    Accepted,
    Paying,
    Scan,
    check_excluded,
    check_list_price,
    held_of,
    require_goods_told,
    require_way,
    sale_of,
)
from merchants.sites import require_admitted, require_site
from voucher import spending, use_limits
from voucher.codes import read_code
from voucher.spending import Presented

#: The most that any campaign file allows in one order.
MOST_CODES = 20


@dataclass(frozen=True)
class OrderReceipt:
    """What the till shows of an order: the receipts of its codes, and their sums in fen."""

    order_id: UUID
    receipts: tuple[Receipt, ...]

    @property
    def bill_fen(self) -> int:
        return sum(receipt.bill_fen for receipt in self.receipts)

    @property
    def discount_fen(self) -> int:
        return sum(receipt.discount_fen for receipt in self.receipts)

    @property
    def customer_pays_fen(self) -> int:
        return self.bill_fen + self.excluded_fen - self.discount_fen

    @property
    def excluded_fen(self) -> int:
        return sum(receipt.excluded_fen for receipt in self.receipts)

    @property
    def list_fen(self) -> int | None:
        listed = [receipt.list_fen for receipt in self.receipts if receipt.list_fen is not None]
        return sum(listed) or None


def redeem_order(
    counter: Counter,
    code_texts: Sequence[str],
    bill_fen: int,
    *,
    list_fen: int | None = None,
    excluded_fen: int | None = None,
    asks_goods: bool = False,
    paying: Paying | None = None,
) -> OrderReceipt:
    """Redeem several codes of one offer on one bill, all or none, and return their receipts. paying: in place of codes,
    the vouchers of a customer who has scanned the till. The caller puts refused scans on the trail.

    Refuses what ``redeem`` and ``payment_requests.take`` refuse, TooManyCodes, CodeRepeated, OffersDoNotStack,
    OtherHolder, TooManyInOrder, TooManyToday, DiscountLimitReached, DiscountUsedUp.
    """
    with db.session.begin_nested():
        now = clock.now()
        order = Scan(counter, "", bill_fen, list_fen, excluded_fen, asks_goods, paying=paying)
        accepted = judge_order(order, code_texts, now)
        done = [(new_id(), each) for each in accepted]
        if paying is not None:
            for refusal in payment_requests.take([(done[0][0], paying)], now).values():
                raise refusal
        # The vouchers count together: what is left is told as it was before this order.
        over = use_limits.take([_use_of(accepted)], bureau_day(now))
        if over:
            raise over[0]
        ids = [each.presented.entitlement_id for each in accepted]
        spent = redemptions.spend_accepted(accepted, now)
        for entitlement_id in ids:
            if entitlement_id not in spent:
                raise spending.why_not_spent(entitlement_id)
        order_id = new_id()
        row = {
            "id": order_id,
            "store_id": counter.store_id,
            "vouchers": len(accepted),
            "bill_fen": order.counts_fen,
            "redeemed_at": now,
        }
        insert_rows(RedemptionOrder, [row])
        return OrderReceipt(order_id, tuple(redemptions.write(done, now, order_id=order_id)))


def _use_of(accepted: Sequence[Accepted]) -> use_limits.Use:
    discount_fen = sum(each.award.discount_fen for each in accepted)
    return use_limits.Use(accepted[0].presented.citizen_id, accepted[0].facts, discount_fen, len(accepted))


def quote_codes(
    counter: Counter,
    code_texts: Sequence[str],
    bill_fen: int,
    *,
    list_fen: int | None = None,
    excluded_fen: int | None = None,
) -> Award:
    """Return what several codes would be worth together here, changing nothing. Refuses what ``redeem_order``
    refuses."""
    order = Scan(counter, "", bill_fen, list_fen, excluded_fen)
    now = clock.now()
    accepted = judge_order(order, code_texts, now)
    use_limits.require_left(_use_of(accepted), bureau_day(now))
    return together([each.award for each in accepted])


def judge_order(order: Scan, code_texts: Sequence[str], now: datetime) -> list[Accepted]:
    """Apply every rule to an order without changing anything; the parts come in the order of the codes. order: the
    scan of them all, without a code."""
    count = len(order.paying.entitlement_ids if order.paying else code_texts)
    if not 2 <= count <= MOST_CODES:
        raise TooManyCodes(most=MOST_CODES)
    check_amount_fen(order.bill_fen, field="bill_fen")
    check_list_price(order)
    check_excluded(order)
    if order.paying and order.paying.away:
        raise order.paying.away
    hashes = [read_code(text) for text in code_texts]
    site = require_site(order.counter)
    presented = _presented(list(held_of([order.paying]).values()) if order.paying else _shown(hashes, now))
    facts = offer_facts(presented[0].offer_id)
    require_admitted(site, facts)
    require_way(order, facts)
    spans = [(each.valid_from, each.expires_at) for each in presented]
    awards = quote_order(facts.terms, sale_of(order, site, now), spans)
    require_goods_told(order, facts)
    return [
        Accepted(scan, site, one, facts, award)
        for scan, one, award in zip(_parts(order, code_texts or [""] * count), presented, awards, strict=True)
    ]


def _parts(order: Scan, code_texts: Sequence[str]) -> list[Scan]:
    """Return the scan of each code, with its part of every amount."""
    count = len(code_texts)
    bills = equal_parts(order.bill_fen, count)
    excluded = equal_parts(order.excluded_fen or 0, count)
    lists: list[int | None] = [None] * count
    if order.list_fen is not None:
        # What counts of the price is cut where the bill is, so that no part of it is below its part of the bill.
        counted = equal_parts(order.list_fen - (order.excluded_fen or 0), count)
        lists = [fen + beside for fen, beside in zip(counted, excluded, strict=True)]
    return [
        replace(order, code_text=text, bill_fen=bill_fen, list_fen=list_fen, excluded_fen=excluded_fen)
        for text, bill_fen, list_fen, excluded_fen in zip(code_texts, bills, lists, excluded, strict=True)
    ]


def _shown(hashes: Sequence[bytes], now: datetime) -> list[Presented | Refusal]:
    """Return what each code presents."""
    known = spending.look_up(hashes, now)
    return [known[code_hash] for code_hash in hashes]


def _presented(known: Sequence[Presented | Refusal]) -> list[Presented]:
    """Return what one order presents: different entitlements of one offer, held by one citizen."""
    found: list[Presented] = []
    for one in known:
        if isinstance(one, Refusal):
            raise one
        found.append(one)
    if len({one.entitlement_id for one in found}) < len(found):
        raise CodeRepeated
    if len({one.offer_id for one in found}) > 1:
        raise OffersDoNotStack
    if len({one.citizen_id for one in found}) > 1:
        raise OtherHolder
    return found
