"""What was paid, or was to be paid, out to a citizen and comes back whole, because what was bought was returned."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import update

from foundation.db import db
from foundation.states import Step
from merchants.errors import AlreadyRefunded
from merchants.models import Redemption
from merchants.refund_parts import keep_refund, left_of
from merchants.states import REDEMPTION
from voucher import spending


@dataclass(frozen=True)
class TakenBack:
    """A refund of the whole redemption; parts: fund source id → fen of the discount."""

    refund_id: UUID
    campaign_id: int
    parts: dict[int, int]


def take_back(redemption_id: UUID, step: Step, *, at_once: bool) -> TakenBack:
    """Write the refund of a whole redemption that was paid out to its citizen; the caller posts what it moves, now
    (``at_once``) or when the citizen has paid it back. The entitlement stays used. Refuses AlreadyRefunded."""
    redemption = db.session.get_one(Redemption, redemption_id, populate_existing=True)
    parts = left_of(redemption)
    counted = (
        update(Redemption)
        .where(Redemption.id == redemption_id, Redemption.payee == "citizen", Redemption.refunded_bill_fen == 0)
        .values(refunded_bill_fen=Redemption.bill_fen, refunded_discount_fen=Redemption.discount_fen)
        .returning(Redemption.id)
        .execution_options(synchronize_session=False)
    )
    if db.session.scalar(counted) is None or not REDEMPTION.apply(Redemption, [redemption_id], "refund", step):
        raise AlreadyRefunded
    row = {
        "till_id": None,
        "cashier_id": None,
        "bill_fen": redemption.bill_fen,
        "discount_fen": redemption.discount_fen,
        "borne_fen": 0,
        "customer_fen": 0,
        "restored": False,
        "recovery": "at_once" if at_once else "later",
    }
    refund_id = keep_refund(redemption, row, parts, step)
    spending.record_refund(redemption.entitlement_id, redemption.bill_fen)
    db.session.expire(redemption)
    return TakenBack(refund_id, redemption.campaign_id, {source: part.discount_fen for source, part in parts.items()})
