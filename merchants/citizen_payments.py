"""Citizens' page behind a till's code (主扫): the bill, which vouchers take off what, and one press that uses them."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import clock
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer
from foundation.speech import translate
from identity import gates
from merchants import paying, payment_requests
from merchants.orders import OrderReceipt
from merchants.payment_errors import NothingChosen
from merchants.payment_models import PaymentRequest
from merchants.receipts import Receipt
from voucher.location import read_location

blueprint = Blueprint("pay_pages", __name__, template_folder="templates")


@blueprint.get("/<token>")
def pay(token: str) -> Response:
    """Show what a till asks for. The scan counts at once: whoever has to sign in first comes back to it."""
    asked = _scanned(token)
    citizen = gates.signed_in("citizen")
    if citizen is None:
        to = url_for("sign_in.phone", next=url_for("pay_pages.pay", token=token))
        return make_response(redirect(to, HTTPStatus.SEE_OTHER))
    gates.has_passed(citizen)
    return make_response(_page(token, asked, UUID(citizen.id)))


@blueprint.post("/<token>")
def use(token: str) -> Response:
    """Use the vouchers that were chosen; a second press gives the same answer."""
    gates.citizen()
    citizen_id = UUID(gates.principal().id)
    asked = _scanned(token)
    if asked.citizen_id == citizen_id:
        return _done(token)
    request_id = asked.id
    try:
        answer = paying.pay(
            asked,
            citizen_id,
            _chosen(),
            device_hash=gates.device_hash(),
            location=read_location(request.form),
            tell=_tell,
        )
    except NothingChosen as refusal:
        answer = _tell(refusal)
    if answer.body["ok"]:
        return _done(token)
    asked = _scanned(token)
    if asked.id == request_id and asked.citizen_id == citizen_id:
        # Another press of theirs was first: its answer is the answer.
        return _done(token)
    return make_response(_page(token, asked, citizen_id, refused=answer.body), HTTPStatus.CONFLICT)


def _scanned(token: str) -> PaymentRequest:
    # Whoever makes addresses up costs a look, and no place among those that write.
    payment_requests.require_known(token)
    with transaction():
        return payment_requests.open_request(token, gates.device_hash())


def _done(token: str) -> Response:
    return make_response(redirect(url_for("pay_pages.pay", token=token), HTTPStatus.SEE_OTHER))


def _page(token: str, asked: PaymentRequest, citizen_id: UUID, *, refused: dict[str, Any] | None = None) -> str:
    """Refuses PaymentDone (by somebody else), PaymentCancelled, PaymentTimedOut, and what the shop may not do now."""
    if asked.citizen_id == citizen_id:
        return render_template("merchants/paid.html", receipts=paying.receipts_for(asked))
    over = payment_requests.why_over(asked, clock.now())
    if over is not None:
        raise over
    offered = paying.offered(asked, citizen_id)
    return render_template(
        "merchants/pay.html",
        token=token,
        asked=asked,
        offered=offered,
        barred=[(each, *_passed_on(each.refusal)) for each in offered.barred],
        refused=refused,
    )


def _chosen() -> list[UUID]:
    """Return the vouchers that the form names, none where it names nonsense."""
    try:
        return [UUID(text) for text in request.form.get("vouchers", "").split(",")][:50]
    except ValueError:
        return []


def _tell(outcome: Receipt | OrderReceipt | Refusal) -> Answer:
    if not isinstance(outcome, Refusal):
        return Answer(HTTPStatus.CREATED, {"ok": True})
    why, way_out = _passed_on(outcome)
    return Answer(HTTPStatus.CONFLICT, {"ok": False, "code": outcome.code, "why": why, "way_out": way_out})


def _passed_on(refusal: Refusal) -> tuple[str, str]:
    """Return why and the way out. Refusals are written for the cashier to pass on; here they are passed on."""
    words = translate(refusal)
    return words.message, words.way_out.removeprefix(_("请告诉顾客："))
