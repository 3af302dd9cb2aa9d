"""Cars that come back: what was to be paid is not, and what was paid is claimed from the citizen.

Before the bank has it, the money goes back to the pool at once. While the bank has it, nobody knows what became of it,
so the bank's answer comes first. Locks are taken in the order payout_batch, payout, payout_line, redemption, ledger
accounts.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, update

from campaigns.catalog import offer_facts, release_facts
from campaigns.terms.benefit.price_tiers import PriceTiers
from evidence import marks
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, rows_changed
from foundation.ids import text_id
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants.models import Redemption, Refund
from merchants.payout_models import Payout
from merchants.payout_refunds import TakenBack, take_back
from merchants.states import PAYOUT
from settlement.deductions import parts_owed_back
from settlement.errors import (
    EvidenceMissing,
    PaymentReferenceMissing,
    PaymentUnderway,
    PayoutNotInState,
    PayoutUnknown,
    ReasonMissing,
    RepayByMissing,
)
from settlement.payout_models import PayoutBatch, PayoutLine, PayoutReturn
from voucher import application_limits, elsewhere
from voucher.reservation_models import Reservation, document


def take_back_payout(payout_id: UUID, *, by: str, reason: str, evidence: str, repay_by: date | None = None) -> bool:
    """Take a payout back because what it was paid for was returned; return whether it had been paid, and the citizen is
    to pay it back until ``repay_by`` (not before today). evidence: what proves it, such as the red invoice's number.

    Whether car and buyer count as subsidised afterwards is said by the benefit (``returned_counts``).
    Refuses ReasonMissing, EvidenceMissing, PayoutUnknown, PaymentUnderway, RepayByMissing, PayoutNotInState.
    """
    reason, evidence = reason.strip(), evidence.strip()
    if not 2 <= len(reason) <= 100:
        raise ReasonMissing
    if not 2 <= len(evidence) <= 100:
        raise EvidenceMissing
    step = Step(by, clock.now(), reason)
    batch_id = _lock_batch_of(payout_id)
    payout = db.session.get(Payout, payout_id, populate_existing=True, with_for_update=True)
    if payout is None:
        raise PayoutUnknown
    was_cleared, was_paid = payout.status == "cleared", payout.status == "paid"
    if was_paid and (repay_by is None or repay_by < bureau_day(step.at)):
        raise RepayByMissing
    if not PAYOUT.apply(Payout, [payout_id], "reclaim" if was_paid else "take_off", step):
        raise PayoutNotInState
    if batch_id is not None and not was_paid:
        rows_changed(
            update(PayoutLine)
            .where(PayoutLine.batch_id == batch_id, PayoutLine.payout_id == payout_id, PayoutLine.status == "waiting")
            .values(status="taken_off", reason=reason, answered_at=step.at)
        )
    taken = take_back(payout_id, step, at_once=not was_paid)
    db.session.add(
        PayoutReturn(
            payout_id=payout_id,
            refund_id=taken.refund_id,
            evidence=evidence,
            repay_by=repay_by if was_paid else None,
            recorded_by=by,
        )
    )
    db.session.flush()
    if not was_paid:
        post(_to_pool(taken, was_cleared=was_cleared), at=step.at)
    _give_up_marks(payout_id)
    return was_paid


def record_repaid(payout_id: UUID, *, by: str, reference: str) -> None:
    """Record that a citizen has paid a payout back, by the number of that payment.

    Refuses PaymentReferenceMissing, PayoutNotInState.
    """
    reference = reference.strip()
    if not 2 <= len(reference) <= 60:
        raise PaymentReferenceMissing
    step = Step(by, clock.now(), reference)
    if not PAYOUT.apply(Payout, [payout_id], "repay", step):
        raise PayoutNotInState
    refund = db.session.scalars(select(Refund).where(Refund.redemption_id == payout_id)).one()
    rows_changed(
        update(Refund)
        .where(Refund.id == refund.id, Refund.repaid_at.is_(None))
        .values(repaid_at=step.at, repaid_by=by, repayment_reference=reference)
    )
    post(
        [
            Posting(
                Code.REPAY,
                accounts.paid(refund.campaign_id, source, merchant_id=None),
                accounts.budget(refund.campaign_id, source),
                fen,
                ("refund", text_id(refund.id)),
            )
            for source, fen in parts_owed_back([refund.id])[refund.id].items()
        ],
        at=step.at,
    )


def open_claims(*, most: int = 200) -> Sequence[PayoutReturn]:
    """Return what citizens still have to pay back, the earliest deadline first."""
    return db.session.scalars(
        select(PayoutReturn)
        .join(Payout, Payout.id == PayoutReturn.payout_id)
        .where(Payout.status == "reclaimed")
        .order_by(PayoutReturn.repay_by, PayoutReturn.payout_id)
        .limit(most)
    ).all()


def _lock_batch_of(payout_id: UUID) -> int | None:
    """Lock the batch on which a payout waits, if it does. Refuses PaymentUnderway while the bank has it."""
    batch_id = db.session.scalar(
        select(PayoutLine.batch_id).where(PayoutLine.payout_id == payout_id, PayoutLine.status == "waiting")
    )
    if batch_id is None:
        return None
    status = db.session.scalar(select(PayoutBatch.status).where(PayoutBatch.id == batch_id).with_for_update())
    if status == "sent":
        raise PaymentUnderway
    return batch_id


def _to_pool(taken: TakenBack, *, was_cleared: bool) -> list[Posting]:
    postings = []
    for source, fen in taken.parts.items():
        due = accounts.due(taken.campaign_id, source)
        cleared = accounts.cleared(taken.campaign_id, source, merchant_id=None)
        pool = accounts.budget(taken.campaign_id, source)
        postings.append(
            Posting(Code.REFUND, cleared if was_cleared else due, pool, fen, ("refund", text_id(taken.refund_id)))
        )
    return postings


def _give_up_marks(payout_id: UUID) -> None:
    """Let car and buyer be subsidised again, where the benefit says that a returned car does not count."""
    entitlement_id, offer_id = db.session.execute(
        select(Redemption.entitlement_id, Redemption.offer_id).where(Redemption.id == payout_id)
    ).one()
    benefit = offer_facts(offer_id).terms.benefit
    if not isinstance(benefit, PriceTiers) or benefit.returned_counts:
        return
    application = db.session.get(Reservation, entitlement_id)
    if application is None:
        return
    facts = release_facts(application.release_id)
    assert facts is not None  # it was reserved from
    application_limits.uncount(facts, application.citizen_id, application.firm_id)
    kind, holder = document(entitlement_id)
    marks.give_back(kind, [holder])
    elsewhere.release("application", entitlement_id)
