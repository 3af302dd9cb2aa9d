"""Payments: what a notification of the payment service does, and how money goes back to who paid it.

Of a payment and the end of its order one wins, by the order's conditional update: a payment that comes after the stock
was given back is kept on record and returned, and never buys anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from campaigns.catalog import OfferFacts, offer_facts
from foundation import clock
from foundation.db import db, upsert
from foundation.ids import new_id, text_id
from foundation.money import format_yuan
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher.grants import claim_reserved
from voucher.models import ClaimBatch, Entitlement
from voucher.payment_adapters import Paid, chosen
from voucher.purchase_errors import AmountWrong, PaymentContradicts, PurchaseUnknown
from voucher.purchase_models import Payment, Purchase, payment_document
from voucher.states import ENTITLEMENT, PAYMENT, PURCHASE

#: The payment service, as histories name it.
SERVICE = "payment service"
RETURNS_AT_ONCE = 100


@dataclass(frozen=True)
class Arrived:
    """What became of a payment: its own id here, and one of ``voucher.purchase_models.ARRIVALS``."""

    payment_id: UUID
    arrival: str


def notified(headers: Mapping[str, str], body: bytes) -> Arrived:
    """Take a notification of the payment service, in the caller's transaction; the same one again changes nothing and
    is answered alike.

    Refuses SignatureWrong, NotificationMalformed, PaymentNotSetUp, and what ``receive`` refuses.
    """
    return receive(chosen().read(headers, body))


def receive(paid: Paid) -> Arrived:
    """Take one payment: its order is paid and its voucher can be used; or, where the order has ended or is paid
    already, the payment is on record and goes back.

    Refuses PurchaseUnknown, AmountWrong (nothing is recorded then), PaymentContradicts (the number stands for another
    payment already).
    """
    now = clock.now()
    purchase = db.session.scalars(
        select(Purchase)
        .where(Purchase.id == paid.purchase_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if purchase is None:
        raise PurchaseUnknown
    known = db.session.scalars(select(Payment).where(Payment.reference == paid.reference)).one_or_none()
    if known is not None:
        if (known.purchase_id, known.amount_fen) != (purchase.id, paid.amount_fen):
            raise PaymentContradicts
        return Arrived(known.id, known.arrival)
    if paid.amount_fen != purchase.price_fen:
        raise AmountWrong(paid=format_yuan(paid.amount_fen), price=format_yuan(purchase.price_fen))
    return _take(purchase, paid, now)


def _take(purchase: Purchase, paid: Paid, now: datetime) -> Arrived:
    offer = offer_facts(purchase.offer_id)
    step = Step(SERVICE, now, campaign_version_id=offer.campaign_version_id)
    expires_at = offer.terms.expires_at(claimed_at=now, campaign_ends_at=offer.campaign_ends_at)
    # An order that nobody has ended may still be paid a little late, if its voucher is of any use then.
    buys = expires_at > now and bool(PURCHASE.apply(Purchase, [purchase.id], "pay", step))
    arrival = "bought" if buys else "twice" if purchase.status == "paid" else "late"
    payment_id = _record(purchase, paid, arrival, step)
    credit = accounts.proceeds if buys else accounts.returning
    postings = [_move(Code.SELL, offer, accounts.buyers, credit, paid.amount_fen, payment_id)]
    if buys:
        postings += _entitle(purchase, offer, expires_at, step)
    post(postings, at=now)
    return Arrived(payment_id, arrival)


def _record(purchase: Purchase, paid: Paid, arrival: str, step: Step) -> UUID:
    event = "accept" if arrival == "bought" else "turn_away"
    row: dict[str, Any] = {
        "id": new_id(),
        "reference": paid.reference,
        "purchase_id": purchase.id,
        "amount_fen": paid.amount_fen,
        "status": PAYMENT.steps["", event],
        "arrival": arrival,
        "arrived_at": step.at,
        "taken_back_at": None if arrival == "bought" else step.at,
        "problem": "",
    }
    first = upsert(Payment).values(row).on_conflict_do_nothing().returning(Payment.id)
    if db.session.scalar(first) is None:
        # The number was taken for another order a moment ago.
        raise PaymentContradicts
    PAYMENT.record_created([row["id"]], event, step)
    return row["id"]


def _entitle(purchase: Purchase, offer: OfferFacts, expires_at: datetime, step: Step) -> list[Posting]:
    """Write the entitlement of a paid order, with its id; return what puts its money into it."""
    batch_id = new_id()
    fence = offer.terms.scope.geofence
    insert_rows(ClaimBatch, [{"id": batch_id, "release_id": purchase.release_id, "count": 1, "claimed_at": step.at}])
    insert_rows(
        Entitlement,
        [
            {
                "id": purchase.id,
                "citizen_id": purchase.citizen_id,
                "campaign_id": offer.campaign_id,
                "campaign_version_id": offer.campaign_version_id,
                "offer_id": offer.offer_id,
                "release_id": purchase.release_id,
                "claim_batch_id": batch_id,
                "face_value_fen": purchase.face_value_fen,
                "status": "claimed",
                "claimed_at": step.at,
                # Who ordered it was looked at then, or there would be no order.
                "claimed_inside": True if fence is not None and fence.at("claim") else None,
                "valid_from": offer.terms.valid_from(claimed_at=step.at),
                "expires_at": expires_at,
            }
        ],
    )
    ENTITLEMENT.record_created([purchase.id], "claim", step)
    return claim_reserved(offer, offer.split, batch_id)


def take_back(entitlement_ids: Sequence[UUID], offer_id: int, step: Step) -> list[Posting]:
    """Decide that the prices of these vouchers go back; return what that moves. Those that were not bought, or whose
    price goes back already, are left alone."""
    ids = list(
        db.session.scalars(
            select(Payment.id)
            .where(Payment.purchase_id.in_(entitlement_ids), Payment.status == "kept")
            .order_by(Payment.id)
        )
    )
    moved = PAYMENT.apply(Payment, ids, "take_back", step, also_set={"taken_back_at": step.at})
    amounts = select(Payment.id, Payment.amount_fen).where(Payment.id.in_(moved)).order_by(Payment.id)
    offer = offer_facts(offer_id)
    return [
        _move(Code.TAKE_BACK, offer, accounts.proceeds, accounts.returning, fen, payment_id)
        for payment_id, fen in db.session.execute(amounts)
    ]


@dataclass(frozen=True)
class DueBack:
    """A payment that goes back: its id here and its number at the payment service."""

    payment_id: UUID
    reference: str
    amount_fen: int


def due_back(most: int = RETURNS_AT_ONCE) -> list[DueBack]:
    """Return payments that are to go back, those last that the payment service would not take before."""
    rows = db.session.execute(
        select(Payment.id, Payment.reference, Payment.amount_fen)
        .where(Payment.status == "returning")
        .order_by(Payment.problem != "", Payment.arrived_at, Payment.id)
        .limit(most)
    )
    return [DueBack(*row) for row in rows]


def send_back(due: DueBack) -> None:
    """Ask the payment service to give a payment back, outside any transaction: nothing is locked while it works. Asked
    twice, it gives back once, since the number is the same. Raises PaymentFailed."""
    chosen().send_back(due.reference, due.amount_fen, text_id(due.payment_id))


def note_problem(payment_id: UUID, problem: str) -> None:
    """Keep for the bureau why the payment service would not give a payment back."""
    statement = update(Payment).where(Payment.id == payment_id, Payment.status == "returning")
    db.session.execute(statement.values(problem=problem[:200]).execution_options(synchronize_session=False))


def returned(payment_id: UUID, *, actor: str) -> bool:
    """Record that a payment is back with who paid it; return whether that was not known yet."""
    step = Step(actor, clock.now())
    back = {"returned_at": step.at, "problem": ""}
    if not PAYMENT.apply(Payment, [payment_id], "send_back", step, also_set=back):
        return False
    offer_id, amount_fen = db.session.execute(
        select(Purchase.offer_id, Payment.amount_fen)
        .join(Purchase, Purchase.id == Payment.purchase_id)
        .where(Payment.id == payment_id)
    ).one()
    offer = offer_facts(offer_id)
    post([_move(Code.SEND_BACK, offer, accounts.returning, accounts.buyers, amount_fen, payment_id)], at=step.at)
    return True


def _move(code: Code, offer: OfferFacts, debit: Any, credit: Any, fen: int, payment_id: UUID) -> Posting:
    """Return one move of a price, between two kinds of account of its offer."""
    source = offer.proceeds_source_id
    assert source is not None  # what is sold has one
    return Posting(
        code,
        debit(offer.campaign_id, source, offer_id=offer.offer_id),
        credit(offer.campaign_id, source, offer_id=offer.offer_id),
        fen,
        payment_document(payment_id),
    )
