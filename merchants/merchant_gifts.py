"""The cashiers' pages of gifts: what a scanned gift lets this desk hand out, and handing it out."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import idempotency
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer, fingerprint
from foundation.ids import new_id, text_id
from identity import gates
from merchants import gifts
from merchants.merchant_pages import place_of_cashier
from merchants.redemptions import record_refusal

blueprint = Blueprint("till_gifts", __name__, template_folder="templates")


@blueprint.get("/<uuid:entitlement_id>")
def gift(entitlement_id: UUID) -> Response:
    """Show what this desk may hand out of a gift that it has scanned."""
    return _page(entitlement_id)


@blueprint.post("/<uuid:entitlement_id>")
def hand_out(entitlement_id: UUID) -> Response:
    """Hand out the chosen parts with their numbers, once however often the form is sent."""
    counter, form = place_of_cashier().counter, request.form
    chosen = {int(text): form.get(f"number_{text}", "") for text in form.getlist("part") if _is_part(text)}

    def work() -> Answer:
        return Answer(HTTPStatus.CREATED, {"redemption_id": str(gifts.hand_out(counter, entitlement_id, chosen))})

    asked = {str(part): number for part, number in chosen.items()}
    try:
        answer = idempotency.once(
            gates.principal().actor, form.get("key"), fingerprint(f"till.gift {entitlement_id}", asked), work
        )
    except Refusal as refusal:
        if refusal.retryable:
            raise
        with transaction():
            record_refusal(counter, refusal, code_text="", bill_fen=None, named_id=entitlement_id)
        return _page(entitlement_id, refusal, chosen)
    flash(_("已发放，请把礼品交给领取人"), "success")
    address = url_for("till_pages.receipt", redemption_id=UUID(answer.body["redemption_id"]))
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _page(entitlement_id: UUID, refusal: Refusal | None = None, chosen: dict[int, str] | None = None) -> Response:
    place = place_of_cashier()
    found, why = None, refusal
    try:
        found = gifts.gift_of(entitlement_id, place.counter)
    except Refusal as gone:
        why = refusal or gone
    context: dict[str, Any] = {"gift": found, "refusal": why, "typed": chosen or {}, "first": chosen is None}
    page = render_template("merchants/till_gift.html", store=place.store, key=text_id(new_id()), **context)
    return make_response(page, HTTPStatus.CONFLICT if why else HTTPStatus.OK)


def _is_part(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4
