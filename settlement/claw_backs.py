"""Claw-backs: what merchants still have to return of refunds whose redemption was settled before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from foundation import clock
from foundation.db import db, rows_changed
from foundation.ids import text_id
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants.models import Merchant, Redemption, Refund
from settlement.deductions import parts_owed_back
from settlement.errors import NotPaidYet, PaymentReferenceMissing, RefundNotPending
from settlement.models import SettlementBatch, Statement


@dataclass(frozen=True)
class ClawBack:
    """A refund that has not come back: it is netted in the merchant's next statement, or repaid once the redemption
    was paid."""

    refund_id: UUID
    redemption_id: UUID
    merchant_id: int
    merchant_name: str
    campaign_name: str
    refunded_at: datetime
    fen: int
    is_paid: bool


def pending(*, most: int = 200) -> Sequence[ClawBack]:
    """Return what has not come back, oldest first."""
    rows = db.session.execute(
        select(Refund, Merchant.name, SettlementBatch.status)
        .join(Merchant, Merchant.id == Refund.merchant_id)
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .outerjoin(Statement, Statement.id == Redemption.statement_id)
        .outerjoin(SettlementBatch, SettlementBatch.id == Statement.batch_id)
        .where(
            Redemption.payee == "merchant",
            Refund.recovery == "later",
            Refund.statement_id.is_(None),
            Refund.repaid_at.is_(None),
        )
        .order_by(Refund.refunded_at, Refund.id)
        .limit(most)
    )
    return [
        ClawBack(
            refund_id=refund.id,
            redemption_id=refund.redemption_id,
            merchant_id=refund.merchant_id,
            merchant_name=name,
            campaign_name=refund.campaign.name,
            refunded_at=refund.refunded_at,
            fen=refund.owed_back_fen,
            is_paid=status == "paid",
        )
        for refund, name, status in rows
    ]


def record_repaid(refund_id: UUID, *, by: str, reference: str) -> None:
    """Record that a merchant has paid a refund back, by the number of that payment.

    Refuses PaymentReferenceMissing, RefundNotPending, NotPaidYet (it is netted in the next statement).
    """
    reference = reference.strip()
    if not 2 <= len(reference) <= 60:
        raise PaymentReferenceMissing
    now = clock.now()
    status = db.session.scalar(
        select(SettlementBatch.status)
        .join(Statement, Statement.batch_id == SettlementBatch.id)
        .join(Redemption, Redemption.statement_id == Statement.id)
        .join(Refund, Refund.redemption_id == Redemption.id)
        .where(Refund.id == refund_id)
    )
    if status is not None and status != "paid":
        raise NotPaidYet
    repaid = update(Refund).where(
        Refund.id == refund_id,
        Refund.recovery == "later",
        Refund.statement_id.is_(None),
        Refund.repaid_at.is_(None),
    )
    if status is None or not rows_changed(repaid.values(repaid_at=now, repaid_by=by, repayment_reference=reference)):
        raise RefundNotPending
    refund = db.session.get_one(Refund, refund_id, populate_existing=True)
    post(
        [
            Posting(
                Code.REPAY,
                accounts.paid(refund.campaign_id, source_id, merchant_id=refund.merchant_id),
                accounts.budget(refund.campaign_id, source_id),
                fen,
                ("refund", text_id(refund_id)),
            )
            for source_id, fen in parts_owed_back([refund_id])[refund_id].items()
        ],
        at=now,
    )
