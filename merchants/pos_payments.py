"""The tills' API for customers who scan (主扫): a cash register shows our address, and asks what came of it."""

from typing import Any
from uuid import UUID

from flask import url_for
from flask_smorest import Blueprint

from foundation import clock
from foundation.db import transaction
from merchants import payment_requests
from merchants.paying import receipts_for
from merchants.payment_errors import PaymentCancelled, PaymentDone, PaymentTimedOut
from merchants.payment_models import PaymentRequest
from merchants.payment_requests import ShownToken
from merchants.pos_answers import amounts, problems, till_counter
from merchants.pos_payment_schemas import PaymentAnswer, PaymentBody, PaymentCodeAnswer
from merchants.strict_json import StrictJsonParser

blueprint = Blueprint("pos_payments", __name__, description="Customers scan the till, and choose their vouchers.")
blueprint.ARGUMENTS_PARSER = StrictJsonParser()

_STATUSES: dict[type[Exception], str] = {
    PaymentDone: "redeemed",
    PaymentCancelled: "cancelled",
    PaymentTimedOut: "timed_out",
}


@blueprint.post("")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(PaymentBody)
@blueprint.response(201, PaymentCodeAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def ask(body: dict[str, Any]) -> dict[str, Any]:
    """Create a payment request

    For vouchers whose campaigns let customers scan the till. Show scan_url as a QR code; the customer opens it with the
    phone's camera and uses vouchers there. It moves nothing by itself, so it needs no Idempotency-Key: a request whose
    answer was lost ends unused, and another one is created.
    """
    with transaction():
        return _code(payment_requests.ask(till_counter(), body["bill_fen"], **amounts(body)))


@blueprint.get("/<uuid:payment_id>")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, PaymentAnswer)
@problems(blueprint, 401, 404, 429, 503)
def look_up(payment_id: UUID) -> dict[str, Any]:
    """Poll a payment request of this till

    Every second or two while it waits. Once it is redeemed, collect customer_pays_fen.
    """
    return _told(payment_requests.request_of(payment_id, till_counter()))


@blueprint.post("/<uuid:payment_id>/codes")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(201, PaymentCodeAnswer)
@problems(blueprint, 401, 404, 409, 429, 503)
def renew(payment_id: UUID) -> dict[str, Any]:
    """Get the next code to show

    When scan_expires_at is reached and the request still waits. A customer who has scanned the code before has five
    minutes to choose.
    """
    with transaction():
        return _code(payment_requests.renew(payment_id, till_counter()))


@blueprint.post("/<uuid:payment_id>/cancel")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, PaymentAnswer)
@problems(blueprint, 401, 404, 409, 429, 503)
def cancel(payment_id: UUID) -> Any:
    """Cancel a payment request

    As often as one likes. One that was redeemed in the meantime is refused (409): void its redemptions instead.
    """
    counter = till_counter()
    with transaction():
        payment_requests.cancel(payment_id, counter)
    return _told(payment_requests.request_of(payment_id, counter))


def _code(shown: ShownToken) -> dict[str, Any]:
    return {
        "payment_id": shown.request_id,
        "scan_url": url_for("pay_pages.pay", token=shown.token, _external=True),
        "scan_expires_at": shown.expires_at,
    }


def _told(asked: PaymentRequest) -> dict[str, Any]:
    over = payment_requests.why_over(asked, clock.now())
    receipts = receipts_for(asked)
    discount_fen = sum(receipt.discount_fen for receipt in receipts)
    return {
        "payment_id": asked.id,
        "status": _STATUSES[type(over)] if over else "waiting",
        "bill_fen": asked.bill_fen,
        "discount_fen": discount_fen,
        "customer_pays_fen": asked.bill_fen - discount_fen,
        "waits_until": asked.asked_at + payment_requests.LIVES_FOR,
        "redemptions": receipts,
    }
