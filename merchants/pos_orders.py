"""The tills' API for several codes on one bill."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from foundation.errors import Refusal
from foundation.idempotency import Answer
from merchants import orders
from merchants.pos_answers import KEY_HEADER, REPLAYED, answer_once, problems, refused, till_counter
from merchants.pos_schemas import OrderAnswer, OrderBody, QuoteAnswer, StrictJsonParser
from merchants.redemptions import record_refusal

blueprint = Blueprint("pos_orders", __name__, description="Several codes on one bill.")
blueprint.ARGUMENTS_PARSER = StrictJsonParser()

_order_answer = OrderAnswer()


@blueprint.post("")
@blueprint.doc(parameters=[KEY_HEADER], security=[{"tillKey": []}])
@blueprint.arguments(OrderBody)
@blueprint.response(201, OrderAnswer, headers=REPLAYED)
@problems(blueprint, 400, 401, 403, 404, 409, 415, 422, 429, 503)
def redeem(body: dict[str, Any]) -> Response:
    """Redeem several codes on one bill

    All of them or none, where the campaign allows several of one offer on an order; the codes must be one customer's.
    The bill has to reach the sum of their thresholds, unless the campaign counts the threshold once.
    """
    counter = till_counter()

    def work() -> Answer:
        try:
            receipt = orders.redeem_order(counter, body["codes"], body["bill_fen"], list_fen=body.get("list_fen"))
        except Refusal as refusal:
            if refusal.retryable:
                raise
            for code_text in body["codes"]:
                record_refusal(counter, refusal, code_text=code_text, bill_fen=body["bill_fen"])
            return refused(refusal)
        told: dict[str, Any] = _order_answer.dump(receipt)
        return Answer(201, told)

    return answer_once(body, work)


@blueprint.post("/quotes")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(OrderBody)
@blueprint.response(200, QuoteAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def quote(body: dict[str, Any]) -> Any:
    """Say what several codes would be worth together on this bill

    Changes nothing, and promises nothing.
    """
    return orders.quote_codes(till_counter(), body["codes"], body["bill_fen"], list_fen=body.get("list_fen"))
