"""Cars that come back: what was to be paid is not, and what was paid is claimed from the citizen.

Before the bank has it, the money goes back to the pool at once. While the bank has it, nobody knows what became of it,
so the bank's answer comes first. Locks are taken in the order payout_batch, payout, payout_line, redemption, ledger
accounts.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select, update

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
from voucher.top_up_models import TopUp

#: States of a payout whose money was not taken back.
STANDING = ("due", "batched", "cleared", "failed", "paid")


def take_back_payout(payout_id: UUID, *, by: str, reason: str, evidence: str, repay_by: date | None = None) -> bool:
    """Take a payout back because what it was paid for was returned; return whether it had been paid, and the citizen is
    to pay it back until ``repay_by`` (not before today). evidence: what proves it, such as the red invoice's number.

    What tops it up, or what it tops up, is taken back with it: it was paid for the same car. Whether car and buyer
    count as subsidised afterwards is said by the benefit (``returned_counts``).
    Refuses ReasonMissing, EvidenceMissing, PayoutUnknown, PaymentUnderway, RepayByMissing, PayoutNotInState.
    """
    reason, evidence = reason.strip(), evidence.strip()
    if not 2 <= len(reason) <= 100:
        raise ReasonMissing
    if not 2 <= len(evidence) <= 100:
        raise EvidenceMissing
    step = Step(by, clock.now(), reason)
    batches = {payout_id: _lock_batch_of(payout_id)}
    payouts = [_lock(payout_id)]
    for other in [each.id for each in for_the_same_car(payout_id)]:
        batches[other] = _lock_batch_of(other)
        payouts.append(_lock(other))
    was_paid = any(payout.status == "paid" for payout in payouts)
    if was_paid and (repay_by is None or repay_by < bureau_day(step.at)):
        raise RepayByMissing
    postings: list[Posting] = []
    for payout in payouts:
        back = PayoutReturn(payout_id=payout.id, evidence=evidence, repay_by=repay_by, recorded_by=by)
        postings += _take_back_one(payout, batches[payout.id], step, back)
    post(postings, at=step.at)
    for payout in payouts:
        _give_up_marks(payout.id)
    return was_paid


def _take_back_one(payout: Payout, batch_id: int | None, step: Step, back: PayoutReturn) -> list[Posting]:
    """Take one payout back and return what that moves now. Refuses PayoutNotInState."""
    was_cleared, was_paid = payout.status == "cleared", payout.status == "paid"
    if not PAYOUT.apply(Payout, [payout.id], "reclaim" if was_paid else "take_off", step):
        raise PayoutNotInState
    if batch_id is not None and not was_paid:
        rows_changed(
            update(PayoutLine)
            .where(PayoutLine.batch_id == batch_id, PayoutLine.payout_id == payout.id, PayoutLine.status == "waiting")
            .values(status="taken_off", reason=step.reason, answered_at=step.at)
        )
    taken = take_back(payout.id, step, at_once=not was_paid)
    back.refund_id = taken.refund_id
    back.repay_by = back.repay_by if was_paid else None
    db.session.add(back)
    db.session.flush()
    return [] if was_paid else _to_pool(taken, was_cleared=was_cleared)


def _lock(payout_id: UUID) -> Payout:
    payout = db.session.get(Payout, payout_id, populate_existing=True, with_for_update=True)
    if payout is None:
        raise PayoutUnknown
    return payout


def for_the_same_car(payout_id: UUID) -> Sequence[Payout]:
    """Return the other payouts of the same application that can still be taken back: its award, and its top-ups, the
    earliest first."""
    mine = db.session.scalar(select(Redemption.entitlement_id).where(Redemption.id == payout_id))
    application_id = db.session.scalar(select(TopUp.application_id).where(TopUp.id == mine)) or mine
    topped_up = select(TopUp.id).where(TopUp.application_id == application_id)
    of_it = or_(Redemption.entitlement_id == application_id, Redemption.entitlement_id.in_(topped_up))
    return db.session.scalars(
        select(Payout)
        .join(Redemption, Redemption.id == Payout.id)
        .where(of_it, Payout.id != payout_id, Payout.status.in_(STANDING))
        .order_by(Payout.owed_at, Payout.id)
    ).all()


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
