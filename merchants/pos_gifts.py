"""The tills' API for gifts: what a code lets this store hand out, and handing it out."""

from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint

from foundation.db import transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer
from merchants import gifts
from merchants.gifts import GiftHere
from merchants.pos_answers import KEY_HEADER, REPLAYED, answer_once, problems, refused, till_counter
from merchants.pos_gift_schemas import GiftAnswer, HandOutBody
from merchants.pos_schemas import CodeBody, ReceiptAnswer
from merchants.receipts import receipt_of
from merchants.redemptions import record_refusal
from merchants.strict_json import StrictJsonParser

blueprint = Blueprint("pos_gifts", __name__, description="Gifts that are handed out part by part.")
blueprint.ARGUMENTS_PARSER = StrictJsonParser()

_receipt_answer = ReceiptAnswer()


@blueprint.post("/scans")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(CodeBody)
@blueprint.response(200, GiftAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def scan(body: dict[str, Any]) -> GiftHere:
    """Say what a gift's code lets this store hand out

    For half an hour, or until another store scans it, the store hands out without the code.
    """
    with transaction():
        return gifts.scan(till_counter(), body["code"])


@blueprint.post("/<uuid:entitlement_id>/hand-outs")
@blueprint.doc(parameters=[KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(HandOutBody)
@blueprint.response(201, ReceiptAnswer, headers=REPLAYED)
@problems(blueprint, 400, 401, 403, 404, 409, 415, 422, 429, 503)
def hand_out(body: dict[str, Any], entitlement_id: UUID) -> Response:
    """Hand out parts of a gift that this store has scanned

    All of them or none. Each number counts once over all campaigns. What the parts cost is owed to the merchant; the
    receipt has no bill. Void it on its day where it was a mistake.
    """
    counter = till_counter()

    def work() -> Answer:
        try:
            chosen = {each["part"]: each["number"] for each in body["parts"]}
            redemption_id = gifts.hand_out(counter, entitlement_id, chosen)
        except Refusal as refusal:
            if refusal.retryable:
                raise
            record_refusal(counter, refusal, code_text="", bill_fen=None, named_id=entitlement_id)
            return refused(refusal)
        told: dict[str, Any] = _receipt_answer.dump(receipt_of(redemption_id, counter.store_id))
        return Answer(201, told)

    return answer_once(body, work)
