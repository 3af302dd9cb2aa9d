"""Whose a refund is: what each fund source has in a redemption, and what of it comes back."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.money import apportion
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger.accounts import Code
from ledger.posting import transfers_of
from merchants.models import Redemption, Refund, RefundPart


@dataclass(frozen=True)
class Part:
    """One source's part of something: of a discount and of the bill it drove, in fen."""

    discount_fen: int
    bill_fen: int


def keep_refund(redemption: Redemption, row: Mapping[str, Any], parts: Mapping[int, Part], step: Step) -> UUID:
    """Write a refund with its sources' parts (fund source id → part), and return its id. ``row`` has what differs
    between refunds; whose it is, when and why is the same for all."""
    refund_id = new_id()
    whose = {
        "id": refund_id,
        "redemption_id": redemption.id,
        "campaign_id": redemption.campaign_id,
        "merchant_id": redemption.merchant_id,
        "reason": step.reason,
        "refunded_at": step.at,
        "bureau_day": bureau_day(step.at),
    }
    insert_rows(Refund, [whose | dict(row)])
    rows = [{"refund_id": refund_id, "fund_source_id": source, **asdict(part)} for source, part in parts.items()]
    insert_rows(RefundPart, rows)
    return refund_id


def parts_of(redemption: Redemption, goods_fen: int, pool_fen: int) -> dict[int, Part]:
    """Split a refund among the sources by what each still has in the redemption, by the largest remainder: no part
    exceeds what is left of it, and the last refund takes what is left of each."""
    left = left_of(redemption)
    bills = apportion(goods_fen, {str(source): part.bill_fen for source, part in left.items()})
    # Nothing comes back of a discount that is back already.
    weights = {str(source): part.discount_fen for source, part in left.items()}
    discounts = apportion(pool_fen, weights) if pool_fen else dict.fromkeys(weights, 0)
    return {source: Part(discounts[str(source)], bills[str(source)]) for source in left}


def left_of(redemption: Redemption) -> dict[int, Part]:
    """Return source → what has not come back yet. A bill is cut where its discount is, as reports cut it."""
    document = ("redemption", text_id(redemption.id))
    back: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for source, discount_fen, bill_fen in db.session.execute(
        select(RefundPart.fund_source_id, func.sum(RefundPart.discount_fen), func.sum(RefundPart.bill_fen))
        .join(Refund, Refund.id == RefundPart.refund_id)
        .where(Refund.redemption_id == redemption.id)
        .group_by(RefundPart.fund_source_id)
    ):
        back[source] = (int(discount_fen), int(bill_fen))
    found: dict[int, Part] = {}
    through = bill_through = 0
    for transfer, source in sorted(transfers_of(document, Code.REDEEM), key=lambda pair: pair[1]):
        through += transfer.amount_fen
        cut = redemption.bill_fen * through // redemption.discount_fen
        found[source] = Part(transfer.amount_fen - back[source][0], cut - bill_through - back[source][1])
        bill_through = cut
    return found
