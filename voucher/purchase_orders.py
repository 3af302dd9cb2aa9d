"""Orders: what a claim becomes where the voucher is sold. ``voucher/claims.py`` has taken stock and limits for it by
then, as for a free one; the order keeps them until it is paid for, or gives them back (``voucher/purchases.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.catalog import ReleaseFacts
from foundation.ids import new_id
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher.purchase_models import Purchase, purchase_document
from voucher.states import PURCHASE


@dataclass(frozen=True)
class Ordered:
    """A claim that has to be paid for, until when (exclusive)."""

    purchase_id: UUID
    pay_until: datetime


def order(facts: ReleaseFacts, buyers: Mapping[int, UUID], now: datetime) -> dict[int, Ordered]:
    """Write an order for each (place → citizen), and set the face of each voucher aside for it."""
    sold, offer = facts.sold, facts.offer
    assert sold is not None  # only what is sold is ordered
    if not buyers:
        return {}
    pay_until = now + sold.pay_within
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "citizen_id": citizen_id,
            "offer_id": offer.offer_id,
            "release_id": facts.release_id,
            "price_fen": sold.price_fen,
            "face_value_fen": offer.face_value_fen,
            "status": "awaiting",
            "ordered_at": now,
            "pay_until": pay_until,
        }
        for citizen_id in buyers.values()
    ]
    insert_rows(Purchase, rows)
    actors = {row["id"]: f"citizen:{row['citizen_id']}" for row in rows}
    step = Step("", now, campaign_version_id=offer.campaign_version_id)
    PURCHASE.record_created(actors, "order", step, actors=actors)
    post(
        [
            Posting(
                Code.RESERVE,
                accounts.released(offer.campaign_id, source, offer_id=offer.offer_id, release_id=facts.release_id),
                accounts.reserved(offer.campaign_id, source, offer_id=offer.offer_id),
                fen,
                purchase_document(row["id"]),
            )
            for row in rows
            for source, fen in offer.split.items()
        ],
        at=now,
    )
    return {place: Ordered(row["id"], pay_until) for place, row in zip(buyers, rows, strict=True)}
