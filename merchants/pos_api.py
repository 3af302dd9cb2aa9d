"""The tills' API: a cash register of a merchant redeems codes over JSON.

The operations are those of the till page. A request that is repeated with its Idempotency-Key is done once.
"""

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from foundation.db import transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer
from identity import gates
from merchants import confirmations, redemptions, refunds
from merchants.items import Item
from merchants.pos_answers import (
    KEY_HEADER,
    REPLAYED,
    amounts,
    answer_once,
    keyed_request,
    problems,
    quoted,
    refused,
    respond,
    till_counter,
)
from merchants.pos_schemas import (
    CodeBody,
    ConfirmationAnswer,
    ReceiptAnswer,
    RedeemBody,
    RefundAnswer,
    RefundBody,
    VoidBody,
    WorthAnswer,
)
from merchants.receipts import Receipt, receipt_of
from merchants.redeem_line import redeem_once
from merchants.scans import Scan
from merchants.strict_json import StrictJsonParser

blueprint = Blueprint("pos", __name__, description="Redemptions at the merchants' tills.")
blueprint.ARGUMENTS_PARSER = StrictJsonParser()

_receipt_answer = ReceiptAnswer()
_refund_answer = RefundAnswer()


@blueprint.post("/redemptions")
@blueprint.doc(parameters=[KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(RedeemBody)
@blueprint.response(201, ReceiptAnswer, headers=REPLAYED)
@problems(blueprint, 400, 401, 403, 404, 409, 415, 422, 429, 503)
def redeem(body: dict[str, Any]) -> Response:
    """Redeem a code

    Spends the entitlement behind the code on this bill and returns the receipt, with what to collect from the
    customer. A subsidy qualification is for one article: its price is the bill, and item describes it. A refused code
    stays refused under the same Idempotency-Key.
    """
    scan = Scan(till_counter(), body.get("code", ""), body["bill_fen"], **_more(body))
    return respond(redeem_once(keyed_request(body), scan, _tell_redemption, by=gates.known_key()))


@blueprint.get("/redemptions/<uuid:redemption_id>")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, ReceiptAnswer)
@problems(blueprint, 401, 404, 429, 503)
def look_up(redemption_id: UUID) -> Receipt:
    """Look up a redemption of this store

    For a till that lost its connection and does not know what came of its request.
    """
    return receipt_of(redemption_id, till_counter().store_id)


@blueprint.post("/redemptions/<uuid:redemption_id>/void")
@blueprint.doc(parameters=[KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(VoidBody)
@blueprint.response(200, ReceiptAnswer, headers=REPLAYED)
@problems(blueprint, 400, 401, 403, 404, 409, 415, 422, 429, 503)
def void(body: dict[str, Any], redemption_id: UUID) -> Response:
    """Void a redemption of this store on the day it was made

    The customer has the entitlement again, until its original end. Of an order with several codes all are taken back.
    Where parts of a gift were handed out, came_back says of each how it came back.
    """
    counter = till_counter()

    def work() -> Answer:
        try:
            came_back = {each["part"]: each["how"] for each in body["came_back"]}
            receipt = redemptions.void(redemption_id, counter, body["reason"], came_back=came_back)
        except Refusal as refusal:
            if refusal.retryable:
                raise
            return refused(refusal)
        return Answer(200, _receipt_document(receipt))

    return answer_once(body, work)


@blueprint.post("/redemptions/<uuid:redemption_id>/refunds")
@blueprint.doc(parameters=[KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(RefundBody)
@blueprint.response(201, RefundAnswer, headers=REPLAYED)
@problems(blueprint, 400, 401, 403, 404, 409, 415, 422, 429, 503)
def refund(body: dict[str, Any], redemption_id: UUID) -> Response:
    """Take back goods of a redemption of this store

    On its day or later, in one refund or in several until the whole bill has come back. The campaign's rule says
    what the customer gets and whether the entitlement goes back to its holder. Of an order with several codes the
    goods are of the order's bill, and take the codes' parts one after the other.
    """
    counter = till_counter()

    def work() -> Answer:
        try:
            slip = refunds.refund(
                redemption_id, counter, body["goods_fen"], body["reason"], paid_back=body["paid_back"]
            )
        except Refusal as refusal:
            if refusal.retryable:
                raise
            return refused(refusal)
        told: dict[str, Any] = _refund_answer.dump(slip)
        return Answer(201, told)

    return answer_once(body, work)


@blueprint.get("/redemptions/<uuid:redemption_id>/refunds")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.response(200, RefundAnswer(many=True))
@problems(blueprint, 401, 404, 429, 503)
def look_up_refunds(redemption_id: UUID) -> list[refunds.RefundSlip]:
    """List the refunds of a redemption of this store"""
    receipt_of(redemption_id, till_counter().store_id)
    return refunds.refunds_of(redemption_id)


@blueprint.post("/quotes")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(RedeemBody)
@blueprint.response(200, WorthAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def quote(body: dict[str, Any]) -> Any:
    """Say what a code would be worth on this bill

    Changes nothing, and promises nothing: the code may be used elsewhere in the meantime, and an article's number may
    have counted already.
    """
    award = redemptions.quote_code(till_counter(), body.get("code", ""), body["bill_fen"], **_more(body))
    told = {"invoice_fen": award.invoice_fen, "given_as": award.given_as, "reasons": award.reasons}
    return quoted(award, body) | told


@blueprint.post("/confirmations")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(CodeBody)
@blueprint.response(200, ConfirmationAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def confirm(body: dict[str, Any]) -> confirmations.Confirmation:
    """Confirm a subsidy qualification for this store

    A code lives a minute, a sale takes longer. A confirmed qualification is redeemed with confirmation in place of a
    code, until its end or until another store confirms it.
    """
    with transaction():
        return confirmations.confirm(till_counter(), body["code"])


def _more(body: dict[str, Any]) -> dict[str, Any]:
    """Return what an operation takes of a body beside code and bill."""
    return {
        **amounts(body),
        "item": Item(**body["item"]) if body.get("item") else None,
        "confirmed_id": UUID(body["confirmation"]) if body.get("confirmation") else None,
    }


def _tell_redemption(outcome: Receipt | Refusal) -> Answer:
    return refused(outcome) if isinstance(outcome, Refusal) else Answer(201, _receipt_document(outcome))


def _receipt_document(receipt: Receipt) -> dict[str, Any]:
    document: dict[str, Any] = _receipt_answer.dump(receipt)
    return document
