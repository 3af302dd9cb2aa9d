"""The cashiers' pages of trade-in: confirming a qualification, what its article would get, and what waits."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from foundation.db import transaction
from foundation.errors import Refusal
from merchants.asking import asked_of, qualification_document
from merchants.confirmations import confirm, confirmed_at
from merchants.errors import NotAQualification
from merchants.merchant_pages import place_of_cashier, refused
from merchants.redemptions import quote_code

blueprint = Blueprint("till_sales", __name__, template_folder="templates")


@blueprint.post("/confirmations")
def confirm_code() -> Response:
    """Confirm a qualification for this store; a voucher answers that there is none, and nothing has changed."""

    def work() -> dict[str, Any]:
        code = _body().get("code")
        try:
            with transaction():
                confirmed = confirm(place_of_cashier().counter, code if isinstance(code, str) else "")
        except NotAQualification:
            return {"qualification": None}
        return {"qualification": qualification_document(confirmed)}

    return _answer(work)


@blueprint.post("/quotes")
def quote() -> Response:
    """Say what a qualification would be worth for an article, and why; nothing changes and nothing is kept."""

    def work() -> dict[str, Any]:
        asked = asked_of(_body())
        award = quote_code(place_of_cashier().counter, asked.code_text, asked.bill_fen, **asked.more)
        return {
            "discount_fen": award.discount_fen,
            "customer_pays_fen": award.customer_pays_fen,
            "invoice_fen": award.invoice_fen,
            "reasons": list(award.reasons),
        }

    return _answer(work)


@blueprint.get("/confirmed")
def confirmed() -> str:
    """List what this store has confirmed and not sold yet."""
    place = place_of_cashier()
    return render_template(
        "merchants/till_confirmed.html", store=place.store, waiting=confirmed_at(place.counter.store_id)
    )


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _answer(work: Callable[[], dict[str, Any]]) -> Response:
    try:
        return make_response(jsonify({"ok": True, **work()}), HTTPStatus.OK)
    except Refusal as refusal:
        answer = refused(refusal)
        return make_response(jsonify(answer.body), answer.status)
