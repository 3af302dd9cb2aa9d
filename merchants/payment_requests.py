"""Payment requests (主扫): a till asks for a bill, and the customer scans it and chooses vouchers on the phone.

The other way round than a code: what is scanned is the till's, so a photograph of a voucher is worth nothing, and who
uses one stands before the till. The till shows a token that is good for a minute, and a new one while it waits.
Who scans it in time has some minutes to sign in and to choose; then the request is redeemed at most once, by the update
that carries all of that as its condition (``take``).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, literal, select, update

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.models import Campaign, Offer
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed, upsert
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.money import check_amount_fen
from foundation.prepared import insert_rows
from merchants.errors import GoodsToConfirm
from merchants.models import Enrollment
from merchants.payment_errors import (
    NothingToScan,
    PaymentCancelled,
    PaymentDone,
    PaymentTimedOut,
    PaymentTokenExpired,
    PaymentUnknown,
)
from merchants.payment_models import PaymentRequest, PaymentToken, PaymentVisit
from merchants.register import Counter
from merchants.scans import Paying, Scan, check_excluded, check_list_price
from merchants.sites import require_site

#: How long a token is shown, and how much longer it may be opened: a phone's camera takes time.
SHOWN_FOR = timedelta(seconds=60)
GRACE = timedelta(seconds=15)
#: How long whoever has scanned may sign in and choose.
DECIDE_FOR = timedelta(minutes=5)
#: How long a request may wait in all.
LIVES_FOR = timedelta(minutes=10)
#: How long what was not redeemed is kept, so that an old token is told from an unknown one.
KEPT_FOR = timedelta(days=2)
_TOKEN_BYTES = 16


@dataclass(frozen=True)
class ShownToken:
    """``token`` is to be shown until ``expires_at``, then a new one is due."""

    request_id: UUID
    token: str
    expires_at: datetime


def scannable_offers(merchant_id: int) -> list[OfferFacts]:
    """Return the offers of running campaigns that a merchant takes part in, whose holders may scan its tills."""
    ids = db.session.scalars(
        select(Offer.id)
        .join(Campaign, Campaign.id == Offer.campaign_id)
        .join(Enrollment, Enrollment.campaign_id == Campaign.id)
        .where(Enrollment.merchant_id == merchant_id, Campaign.ends_at > clock.now())
        .order_by(Offer.id)
    )
    return [facts for facts in map(offer_facts, ids) if facts.terms.use.may_scan]


def ask(
    counter: Counter,
    bill_fen: int,
    *,
    list_fen: int | None = None,
    excluded_fen: int | None = None,
    asks_goods: bool = False,
) -> ShownToken:
    """Begin to wait for a customer's vouchers on this bill, and return the first token. excluded_fen: what of the bill
    is goods that vouchers may not buy; asks_goods: refuse where there are such vouchers and nobody has said.

    Refuses a bad amount as ``redeem`` does, StoreUnknown, MerchantSuspended, TillSuspended, NothingToScan,
    GoodsToConfirm.
    """
    check_amount_fen(bill_fen, field="bill_fen")
    scan = Scan(counter, "", bill_fen, list_fen, excluded_fen)
    check_list_price(scan)
    check_excluded(scan)
    offers = scannable_offers(require_site(counter).merchant_id)
    if not offers:
        raise NothingToScan
    goods = dict.fromkeys(word for facts in offers for word in facts.terms.scope.goods_excluded)
    if goods and asks_goods and excluded_fen is None:
        raise GoodsToConfirm(goods="、".join(goods))
    now, request_id = clock.now(), new_id()
    row = {
        "id": request_id,
        "store_id": counter.store_id,
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "bill_fen": bill_fen,
        "list_fen": list_fen,
        "excluded_fen": excluded_fen,
        "asked_at": now,
    }
    insert_rows(PaymentRequest, [row])
    return _show(request_id, now)


def renew(request_id: UUID, counter: Counter) -> ShownToken:
    """Return the next token of a request of this counter. The token before stays good for the rest of its time.

    Refuses PaymentUnknown, PaymentDone, PaymentCancelled, PaymentTimedOut.
    """
    request = request_of(request_id, counter)
    now = clock.now()
    over = why_over(request, now)
    if over is not None:
        raise over
    return _show(request.id, now)


def cancel(request_id: UUID, counter: Counter) -> None:
    """Wait no longer; a request that is over already stays what it is. Refuses PaymentUnknown, PaymentDone."""
    cancelled = rows_changed(
        update(PaymentRequest)
        .where(PaymentRequest.id == request_id, *_of(counter), *_not_ended())
        .values(cancelled_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if not cancelled and request_of(request_id, counter).redeemed_at is not None:
        raise PaymentDone


def request_of(request_id: UUID, counter: Counter) -> PaymentRequest:
    """Return a request of this counter. Refuses PaymentUnknown, also for another counter's."""
    found = db.session.scalar(
        select(PaymentRequest)
        .where(PaymentRequest.id == request_id, *_of(counter))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise PaymentUnknown
    return found


def why_over(request: PaymentRequest, now: datetime) -> PaymentDone | PaymentCancelled | PaymentTimedOut | None:
    """Return why nobody can pay a request any more, None while somebody can."""
    if request.redeemed_at is not None:
        return PaymentDone()
    if request.cancelled_at is not None:
        return PaymentCancelled()
    return PaymentTimedOut() if now >= request.asked_at + LIVES_FOR else None


def counter_of(request: PaymentRequest) -> Counter:
    return Counter(request.store_id, till_id=request.till_id, cashier_id=request.cashier_id)


def require_known(token: str) -> None:
    """Refuse PaymentUnknown for a token that no till has shown lately."""
    if not db.session.scalar(select(exists().where(PaymentToken.token_hash == _token_hash(token)))):
        raise PaymentUnknown


def open_request(token: str, device_hash: bytes) -> PaymentRequest:
    """Return what a till asks for, to a device that scans its token in time, or has lately; in whatever state it is.

    Refuses PaymentUnknown, PaymentTokenExpired.
    """
    now = clock.now()
    hashed = _token_hash(token)
    in_time = select(PaymentToken.request_id, _device(device_hash), _moment(now)).where(
        PaymentToken.token_hash == hashed, PaymentToken.expires_at > now
    )
    visit = upsert(PaymentVisit).from_select(["request_id", "device_hash", "opened_at"], in_time)
    db.session.execute(
        visit.on_conflict_do_update(
            index_elements=["request_id", "device_hash"], set_={"opened_at": visit.excluded.opened_at}
        )
    )
    request = db.session.scalar(
        select(PaymentRequest)
        .join(PaymentToken, PaymentToken.request_id == PaymentRequest.id)
        .where(PaymentToken.token_hash == hashed)
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise PaymentUnknown
    if not db.session.scalar(select(_visited(request.id, device_hash, now))):
        raise PaymentTokenExpired
    return request


def take(wanted: Sequence[tuple[UUID, Paying]], now: datetime) -> dict[UUID, Refusal]:
    """Redeem requests by (redemption, who pays): each is taken once at most, while it waits, by a device that has
    scanned it in time. Return redemption → PaymentDone, PaymentCancelled, PaymentTimedOut, PaymentTokenExpired of those
    that were not. By id, so that nobody waits in a circle."""
    refused: dict[UUID, Refusal] = {}
    for redemption_id, paying in sorted(wanted, key=lambda one: one[1].request_id):
        taken = rows_changed(
            update(PaymentRequest)
            .where(
                PaymentRequest.id == paying.request_id,
                *_not_ended(),
                PaymentRequest.asked_at > now - LIVES_FOR,
                _visited(paying.request_id, paying.device_hash, now),
            )
            .values(
                redeemed_at=now,
                citizen_id=paying.citizen_id,
                redemption_id=redemption_id,
                inside=True if paying.located else None,
            )
            .execution_options(synchronize_session=False)
        )
        if not taken:
            refused[redemption_id] = _why_not_taken(paying.request_id, now)
    return refused


def _why_not_taken(request_id: UUID, now: datetime) -> Refusal:
    request = db.session.get(PaymentRequest, request_id, populate_existing=True)
    if request is None:
        return PaymentUnknown()
    return why_over(request, now) or PaymentTokenExpired()


def give_back(redemption_ids: Sequence[UUID]) -> None:
    """Let the requests wait on whose redemptions came to nothing, in the transaction that has taken them."""
    if redemption_ids:
        db.session.execute(
            update(PaymentRequest)
            .where(PaymentRequest.redemption_id.in_(redemption_ids))
            .values(redeemed_at=None, citizen_id=None, redemption_id=None, inside=None)
            .execution_options(synchronize_session=False)
        )


def forget_old_requests() -> int:
    """Delete what nobody can ask about any more: old tokens and visits, and requests that came to nothing. Return how
    many requests."""
    old = select(PaymentRequest.id).where(PaymentRequest.asked_at < clock.now() - KEPT_FOR)
    for model in (PaymentToken, PaymentVisit):
        db.session.execute(delete(model).where(model.request_id.in_(old)).execution_options(synchronize_session=False))
    unused = delete(PaymentRequest).where(
        PaymentRequest.asked_at < clock.now() - KEPT_FOR, PaymentRequest.redeemed_at.is_(None)
    )
    return rows_changed(unused.execution_options(synchronize_session=False))


def _show(request_id: UUID, now: datetime) -> ShownToken:
    shown = ShownToken(request_id, secrets.token_urlsafe(_TOKEN_BYTES), now + SHOWN_FOR)
    row = {
        "token_hash": _token_hash(shown.token),
        "request_id": request_id,
        "shown_at": now,
        "expires_at": shown.expires_at + GRACE,
    }
    insert_rows(PaymentToken, [row])
    return shown


def _token_hash(token: str) -> bytes:
    return keyed_hash("payment_token", token)


def _of(counter: Counter) -> tuple[ColumnElement[bool], ...]:
    return (
        PaymentRequest.store_id == counter.store_id,
        PaymentRequest.till_id.is_not_distinct_from(counter.till_id),
        PaymentRequest.cashier_id.is_not_distinct_from(counter.cashier_id),
    )


def _not_ended() -> tuple[ColumnElement[bool], ...]:
    return PaymentRequest.redeemed_at.is_(None), PaymentRequest.cancelled_at.is_(None)


def _visited(request_id: UUID, device_hash: bytes, now: datetime) -> ColumnElement[bool]:
    return exists().where(
        PaymentVisit.request_id == request_id,
        PaymentVisit.device_hash == device_hash,
        PaymentVisit.opened_at > now - DECIDE_FOR,
    )


def _device(device_hash: bytes) -> ColumnElement[bytes]:
    return literal(device_hash, PaymentVisit.device_hash.type)


def _moment(now: datetime) -> ColumnElement[datetime]:
    return literal(now, PaymentVisit.opened_at.type)
