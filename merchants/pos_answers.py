"""What every operation of the tills' API has in common: who asks, once per key, and how a refusal is answered."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, make_response, request
from flask_smorest import Blueprint

from campaigns.terms.quote import Award
from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed, fingerprint, once
from identity import gates
from merchants.pos_schemas import ProblemAnswer
from merchants.register import Counter, counter_of_till_account

PROBLEM = {"schema": ProblemAnswer, "content_type": "application/problem+json"}
KEY_HEADER = {
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
REPLAYED = {"Idempotent-Replayed": {"schema": {"type": "string"}, "description": "true when answered before"}}


def problems(blueprint: Blueprint, *statuses: int) -> Any:
    """Document the refusals of an operation."""

    def decorate(view: Any) -> Any:
        for status in statuses:
            view = blueprint.alt_response(status, **PROBLEM)(view)
        return view

    return decorate


def till_counter() -> Counter:
    return counter_of_till_account(int(gates.principal().id))


def keyed_request(body: dict[str, Any]) -> Keyed:
    """Return this request under its key. Refuses KeyMissing."""
    asked = fingerprint(f"{request.method} {request.path}", body)
    return Keyed.read(gates.principal().actor, request.headers.get("Idempotency-Key"), asked)


def answer_once(body: dict[str, Any], work: Callable[[], Answer]) -> Response:
    keyed = keyed_request(body)
    return respond(once(keyed.caller, keyed.key, keyed.asked, work))


def respond(answer: Answer) -> Response:
    response = make_response(answer.body, answer.status)
    if answer.status >= 400:
        response.content_type = "application/problem+json"
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def refused(refusal: Refusal) -> Answer:
    # The roof knows the status of a family and the words of a refusal; it lends us both.
    status, document = current_app.extensions["tell_refusal"](refusal)
    return Answer(status, document)


def amounts(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a request says beside its bill, as operations take it."""
    return {"list_fen": body.get("list_fen"), "excluded_fen": body.get("excluded_fen")}


def quoted(award: Award, body: dict[str, Any]) -> dict[str, int]:
    """Return what a quote tells a till."""
    excluded_fen = body.get("excluded_fen") or 0
    return {
        "bill_fen": award.bill_fen,
        "excluded_fen": excluded_fen,
        "discount_fen": award.discount_fen,
        "customer_pays_fen": award.customer_pays_fen + excluded_fen,
    }
