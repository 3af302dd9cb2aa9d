"""The till page's own code for customers to scan (主扫): shown, changed each minute, and asked whether it was used."""

import base64
from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response, request, url_for

from foundation import clock
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.speech import translate
from merchants import payment_requests
from merchants.merchant_pages import place_of_cashier, receipt_document, refused
from merchants.orders import OrderReceipt
from merchants.paying import receipts_for
from merchants.payment_requests import ShownToken
from merchants.register import Counter
from merchants.till_orders import order_document
from voucher import qr

blueprint = Blueprint("till_payments", __name__, template_folder="templates")

_MILLISECONDS = 1000


@blueprint.post("")
def ask() -> Response:
    """Begin to wait for a customer, and return the code to show."""
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    # Whatever came instead of amounts, the operation refuses it.
    bill_fen: Any = body.get("bill_fen")
    beside: Any = {"list_fen": body.get("list_fen"), "excluded_fen": body.get("excluded_fen")}
    return _answer(
        lambda counter: _shown(payment_requests.ask(counter, bill_fen, **beside, asks_goods=True)), HTTPStatus.CREATED
    )


@blueprint.post("/<uuid:request_id>/token")
def renew(request_id: UUID) -> Response:
    """Return the next code to show."""
    return _answer(lambda counter: _shown(payment_requests.renew(request_id, counter)))


@blueprint.post("/<uuid:request_id>/cancel")
def cancel(request_id: UUID) -> Response:
    """Wait no longer."""

    def work(counter: Counter) -> dict[str, Any]:
        payment_requests.cancel(request_id, counter)
        return {}

    return _answer(work)


@blueprint.get("/<uuid:request_id>")
def look(request_id: UUID) -> Response:
    """Say whether it was used, and with what."""

    def work(counter: Counter) -> dict[str, Any]:
        asked = payment_requests.request_of(request_id, counter)
        receipts = receipts_for(asked)
        if receipts:
            several = OrderReceipt(receipts[0].order_id or receipts[0].redemption_id, tuple(receipts))
            return {"receipt": order_document(several) if len(receipts) > 1 else receipt_document(receipts[0])}
        over = payment_requests.why_over(asked, clock.now())
        return {"over": translate(over)._asdict() if over else None, "receipt": None, "bill_fen": asked.bill_fen}

    return _answer(work, looks=True)


def _answer(
    work: Callable[[Counter], dict[str, Any]], status: HTTPStatus = HTTPStatus.OK, *, looks: bool = False
) -> Response:
    try:
        # Every till that waits looks each second: it must not stand in the way of those that write.
        with nullcontext() if looks else transaction():
            told = work(place_of_cashier().counter)
    except Refusal as refusal:
        answer = refused(refusal)
        return make_response(jsonify(answer.body), answer.status)
    return make_response(jsonify({"ok": True, **told}), status)


def _shown(shown: ShownToken) -> dict[str, Any]:
    left = shown.expires_at - clock.now()
    picture = base64.b64encode(qr.png(url_for("pay_pages.pay", token=shown.token, _external=True))).decode()
    return {
        "id": str(shown.request_id),
        "picture": f"data:image/png;base64,{picture}",
        "left_ms": int(left.total_seconds() * _MILLISECONDS),
        "lives_ms": int(payment_requests.SHOWN_FOR.total_seconds() * _MILLISECONDS),
    }
