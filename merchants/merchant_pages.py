"""The cashiers' pages: the till, the store's day, receipts and voids."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import clock
from foundation.clock import bureau_day, local
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed, fingerprint
from foundation.speech import translate
from identity import gates
from merchants.errors import MerchantSuspended
from merchants.models import Store
from merchants.photo import PhotoUnreadable, code_in_photo
from merchants.receipts import Receipt, receipt_of, receipts_of_day, totals
from merchants.redeem_line import redeem_in_line
from merchants.redemptions import void as void_operation
from merchants.refunds import refunds_of
from merchants.register import Counter, counter_of_cashier_account
from merchants.scans import Scan
from merchants.till_words import payer_words, till_words, void_reasons

blueprint = Blueprint("till_pages", __name__, template_folder="templates")

LATEST_RECEIPTS = 6


@dataclass(frozen=True)
class Place:
    """Where the signed-in cashier stands."""

    counter: Counter
    store: Store

    @property
    def suspended(self) -> MerchantSuspended | None:
        return None if self.store.merchant.status == "active" else MerchantSuspended()


@blueprint.app_template_filter("local_clock")
def local_clock(moment: datetime) -> str:
    """10:05:09, on Shanghai's clock."""
    return f"{local(moment):%H:%M:%S}"


@blueprint.get("/")
def till() -> str:
    """Show the till."""
    place = _place()
    return render_template(
        "merchants/till.html",
        counter=place.counter,
        store=place.store,
        suspended=translate(place.suspended) if place.suspended else None,
        words=till_words(),
        **_latest(place.counter.store_id),
    )


@blueprint.get("/latest")
def latest() -> str:
    """Show the store's last receipts and totals, for the till's side."""
    return render_template("merchants/till_latest.html", **_latest(_place().counter.store_id))


@blueprint.post("/redemptions")
def redeem() -> Response:
    """Redeem one scan, once per Idempotency-Key; a refusal is an answer too, and stays on the trail."""
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    code_text = body["code"] if isinstance(body.get("code"), str) else ""
    try:
        # The text as it came: what cannot be written again as JSON (2**70) can still be compared.
        asked = fingerprint("till.redeem", request.get_data(as_text=True))
        keyed = Keyed.read(gates.principal().actor, request.headers.get("Idempotency-Key"), asked)
        scan = Scan(_place().counter, code_text, body.get("bill_fen"), body.get("list_fen"))  # type: ignore[arg-type]
        answer = redeem_in_line(keyed, scan, _tell_redemption)
    except Refusal as refusal:
        answer = _refused(refusal)
    return make_response(jsonify(answer.body), answer.status)


def _tell_redemption(outcome: Receipt | Refusal) -> Answer:
    if isinstance(outcome, Refusal):
        return _refused(outcome)
    return Answer(HTTPStatus.CREATED, {"ok": True, "receipt": _receipt_document(outcome)})


def _refused(refusal: Refusal) -> Answer:
    """The till's own page asks only whether it is done; the reason is in the body."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if refusal.retryable else HTTPStatus.CONFLICT
    return Answer(
        status, {"ok": False, "code": refusal.code, "retryable": refusal.retryable, **translate(refusal)._asdict()}
    )


def _receipt_document(receipt: Receipt) -> dict[str, Any]:
    return {
        "id": str(receipt.redemption_id),
        "offer_name": receipt.offer_name,
        "list_fen": receipt.list_fen,
        "merchant_discount_fen": receipt.merchant_discount_fen,
        "bill_fen": receipt.bill_fen,
        "discount_fen": receipt.discount_fen,
        "customer_pays_fen": receipt.customer_pays_fen,
        "redeemed_at": receipt.redeemed_at.isoformat(),
    }


@blueprint.post("/photo")
def photo() -> Response:
    """Read the code in a photo that the browser could not read."""
    upload = request.files.get("photo")
    try:
        if upload is None:
            raise PhotoUnreadable
        return jsonify({"ok": True, "text": code_in_photo(upload.stream)})
    except Refusal as refusal:
        answer = {"ok": False, "code": refusal.code, **translate(refusal)._asdict()}
        return make_response(jsonify(answer), HTTPStatus.UNPROCESSABLE_ENTITY)


@blueprint.get("/today")
def today() -> str:
    """List the store's day; ``?day=`` shows an earlier one, for refunds."""
    place = _place()
    now = bureau_day(clock.now())
    asked = request.args.get("day", type=date.fromisoformat)
    day = min(asked or now, now)
    receipts = receipts_of_day(place.counter.store_id, day)
    return render_template(
        "merchants/till_today.html", store=place.store, day=day, today=now, receipts=receipts, totals=totals(receipts)
    )


@blueprint.get("/redemptions/<uuid:redemption_id>")
def receipt(redemption_id: UUID) -> str:
    """Show one receipt."""
    return _receipt_page(_place().counter, redemption_id)


@blueprint.post("/redemptions/<uuid:redemption_id>/void")
def void(redemption_id: UUID) -> Response:
    """Take a redemption of today back."""
    counter = _place().counter
    try:
        with transaction():
            void_operation(redemption_id, counter, request.form.get("reason", ""))
    except Refusal as refusal:
        if refusal.retryable:
            raise
        return make_response(_receipt_page(counter, redemption_id, refusal), HTTPStatus.CONFLICT)
    flash(_("已撤销，券已退还给顾客"), "success")
    return make_response(redirect(url_for("till_pages.receipt", redemption_id=redemption_id), HTTPStatus.SEE_OTHER))


def _receipt_page(counter: Counter, redemption_id: UUID, refusal: Refusal | None = None) -> str:
    shown = receipt_of(redemption_id, counter.store_id)
    is_today = bureau_day(shown.redeemed_at) == bureau_day(clock.now())
    return render_template(
        "merchants/till_receipt.html",
        receipt=shown,
        may_void=is_today and shown.status == "redeemed" and not shown.refunded_bill_fen,
        may_refund=shown.status == "redeemed",
        refunds=refunds_of(redemption_id),
        payers=payer_words(shown.payers),
        void_reasons=void_reasons(),
        refusal=refusal,
    )


def _latest(store_id: int) -> dict[str, Any]:
    receipts = receipts_of_day(store_id, bureau_day(clock.now()))
    return {"receipts": receipts[:LATEST_RECEIPTS], "totals": totals(receipts)}


def _place() -> Place:
    counter = counter_of_cashier_account(int(gates.principal().id))
    return Place(counter, db.session.get_one(Store, counter.store_id))
