"""The tills' API for several codes on one bill."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from campaigns.terms.sale import NotUsable
from foundation.errors import Refusal
from foundation.idempotency import Answer
from merchants import orders, redemptions
from merchants.pos_answers import KEY_HEADER, REPLAYED, amounts, answer_once, problems, quoted, refused, till_counter
from merchants.pos_schemas import BetterAnswer, OrderAnswer, OrderBody, QuoteAnswer, RedeemBody
from merchants.redemptions import record_refusal
from merchants.strict_json import StrictJsonParser
from merchants.till_advice import better_than

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
            receipt = orders.redeem_order(counter, body["codes"], body["bill_fen"], **amounts(body))
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
    return quoted(orders.quote_codes(till_counter(), body["codes"], body["bill_fen"], **amounts(body)), body)


@blueprint.post("/advice")
@blueprint.doc(security=[{"tillKey": []}])
@blueprint.arguments(RedeemBody)
@blueprint.response(200, BetterAnswer)
@problems(blueprint, 401, 403, 404, 409, 415, 422, 429, 503)
def advise(body: dict[str, Any]) -> Any:
    """Say what the holder of a code had better use on this bill

    Changes nothing. It says the one better way and nothing else of what the customer holds, and nothing at all for a
    code that is refused for another reason than the campaign's terms.
    """
    counter, refusal, gained_fen = till_counter(), None, 0
    try:
        gained_fen = redemptions.quote_code(counter, body["code"], body["bill_fen"], **amounts(body)).discount_fen
    except NotUsable as found:
        refusal = found
    counts_fen = body["bill_fen"] - (body.get("excluded_fen") or 0)
    better = better_than(counter, body["code"], counts_fen, gained_fen, refusal=refusal)
    return better or {"offer_name": None, "vouchers": None, "discount_fen": None}
