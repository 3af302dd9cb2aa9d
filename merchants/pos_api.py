"""The tills' API: a cash register of a merchant redeems codes over JSON.

The operations are those of the till page. A request that is repeated with its Idempotency-Key is done once.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, current_app, make_response, request
from flask_smorest import Blueprint

from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed, fingerprint, once
from identity import gates
from merchants import redemptions, refunds
from merchants.pos_schemas import (
    ProblemAnswer,
    QuoteAnswer,
    ReceiptAnswer,
    RedeemBody,
    RefundAnswer,
    RefundBody,
    StrictJsonParser,
    VoidBody,
)
from merchants.receipts import Receipt, receipt_of
from merchants.redeem_line import redeem_in_line
from merchants.register import Counter, counter_of_till_account
from merchants.scans import Scan

blueprint = Blueprint("pos", __name__, description="Redemptions at the merchants' tills.")
blueprint.ARGUMENTS_PARSER = StrictJsonParser()

_receipt_answer = ReceiptAnswer()
_refund_answer = RefundAnswer()

_PROBLEM = {"schema": ProblemAnswer, "content_type": "application/problem+json"}
_KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": (
        "New for each business transaction, and the same when it is sent again. Missing: 400. Same key with "
        "another body: 422. The first request still running: 409. A repeated request gets the first answer, "
        "with the header Idempotent-Replayed: true, for 48 hours."
    ),
}
_REPLAYED = {"Idempotent-Replayed": {"schema": {"type": "string"}, "description": "true when answered before"}}


def _problems(*statuses: int) -> Any:
    """Document the refusals of an operation."""

    def decorate(view: Any) -> Any:
        for status in statuses:
            view = blueprint.alt_response(status, **_PROBLEM)(view)
        return view

    return decorate


@blueprint.post("/redemptions")
@blueprint.doc(parameters=[_KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(RedeemBody)
@blueprint.response(201, ReceiptAnswer, headers=_REPLAYED)
@_problems(400, 401, 403, 404, 409, 415, 422, 429, 503)
def redeem(body: dict[str, Any]) -> Response:
    """Redeem a code

    Spends the entitlement behind the code on this bill and returns the receipt, with what to collect from the
    customer. A refused code stays refused under the same Idempotency-Key.
    """
    scan = Scan(_counter(), body["code"], body["bill_fen"], body.get("list_fen"))
    return _respond(redeem_in_line(_keyed(body), scan, _tell_redemption))


@blueprint.get("/redemptions/<uuid:redemption_id>")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, ReceiptAnswer)
@_problems(401, 404, 429, 503)
def look_up(redemption_id: UUID) -> Receipt:
    """Look up a redemption of this store

    For a till that lost its connection and does not know what came of its request.
    """
    return receipt_of(redemption_id, _counter().store_id)


@blueprint.post("/redemptions/<uuid:redemption_id>/void")
@blueprint.doc(parameters=[_KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(VoidBody)
@blueprint.response(200, ReceiptAnswer, headers=_REPLAYED)
@_problems(400, 401, 403, 404, 409, 415, 422, 429, 503)
def void(body: dict[str, Any], redemption_id: UUID) -> Response:
    """Void a redemption of this store on the day it was made

    The customer has the entitlement again, until its original end.
    """
    counter = _counter()

    def work() -> Answer:
        try:
            receipt = redemptions.void(redemption_id, counter, body["reason"])
        except Refusal as refusal:
            if refusal.retryable:
                raise
            return _refused(refusal)
        return Answer(200, _receipt_document(receipt))

    return _once(body, work)


@blueprint.post("/redemptions/<uuid:redemption_id>/refunds")
@blueprint.doc(parameters=[_KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(RefundBody)
@blueprint.response(201, RefundAnswer, headers=_REPLAYED)
@_problems(400, 401, 403, 404, 409, 415, 422, 429, 503)
def refund(body: dict[str, Any], redemption_id: UUID) -> Response:
    """Take back goods of a redemption of this store

    On its day or later, in one refund or in several until the whole bill has come back. The campaign's rule says
    what the customer gets and whether the entitlement goes back to its holder.
    """
    counter = _counter()

    def work() -> Answer:
        try:
            slip = refunds.refund(
                redemption_id, counter, body["goods_fen"], body["reason"], paid_back=body["paid_back"]
            )
        except Refusal as refusal:
            if refusal.retryable:
                raise
            return _refused(refusal)
        told: dict[str, Any] = _refund_answer.dump(slip)
        return Answer(201, told)

    return _once(body, work)


@blueprint.get("/redemptions/<uuid:redemption_id>/refunds")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, RefundAnswer(many=True))
@_problems(401, 404, 429, 503)
def look_up_refunds(redemption_id: UUID) -> list[refunds.RefundSlip]:
    """List the refunds of a redemption of this store"""
    receipt_of(redemption_id, _counter().store_id)
    return refunds.refunds_of(redemption_id)


@blueprint.post("/quotes")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(RedeemBody)
@blueprint.response(200, QuoteAnswer)
@_problems(401, 403, 404, 409, 415, 422, 429, 503)
def quote(body: dict[str, Any]) -> Any:
    """Say what a code would be worth on this bill

    Changes nothing, and promises nothing: the code may be used elsewhere in the meantime.
    """
    return redemptions.quote_code(_counter(), body["code"], body["bill_fen"], list_fen=body.get("list_fen"))


def _counter() -> Counter:
    return counter_of_till_account(int(gates.principal().id))


def _keyed(body: dict[str, Any]) -> Keyed:
    asked = fingerprint(f"{request.method} {request.path}", body)
    return Keyed.read(gates.principal().actor, request.headers.get("Idempotency-Key"), asked)


def _once(body: dict[str, Any], work: Callable[[], Answer]) -> Response:
    keyed = _keyed(body)
    return _respond(once(keyed.caller, keyed.key, keyed.asked, work))


def _respond(answer: Answer) -> Response:
    response = make_response(answer.body, answer.status)
    if answer.status >= 400:
        response.content_type = "application/problem+json"
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _tell_redemption(outcome: Receipt | Refusal) -> Answer:
    return _refused(outcome) if isinstance(outcome, Refusal) else Answer(201, _receipt_document(outcome))


def _receipt_document(receipt: Receipt) -> dict[str, Any]:
    document: dict[str, Any] = _receipt_answer.dump(receipt)
    return document


def _refused(refusal: Refusal) -> Answer:
    # The roof knows the status of a family and the words of a refusal; it lends us both.
    status, document = current_app.extensions["tell_refusal"](refusal)
    return Answer(status, document)
