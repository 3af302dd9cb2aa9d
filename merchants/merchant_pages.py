"""The cashiers' pages: the till, the store's day, receipts and voids."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import clock, idempotency
from foundation.clock import bureau_day, local
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer, fingerprint
from foundation.speech import translate
from identity import gates
from merchants.errors import GoodsToConfirm, MerchantSuspended
from merchants.models import Store
from merchants.photo import PhotoUnreadable, code_in_photo
from merchants.receipts import Receipt, receipt_of, receipts_of_day, receipts_of_order, totals
from merchants.redemptions import record_refusal
from merchants.redemptions import redeem as redeem_operation
from merchants.redemptions import void as void_operation
from merchants.refunds import refunds_of
from merchants.register import Counter, counter_of_cashier_account
from merchants.till_advice import better_than
from merchants.till_orders import redeem_together
from merchants.till_words import advice_words, payer_words, till_words, void_reasons

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
    asked = {name: body.get(name) for name in ("code", "codes", "bill_fen", "list_fen", "excluded_fen")}
    try:
        counter = _place().counter
        answer = idempotency.once(
            gates.principal().actor,
            request.headers.get("Idempotency-Key"),
            # The text as it came: what cannot be written again as JSON (2**70) can still be compared.
            fingerprint("till.redeem", request.get_data(as_text=True)),
            lambda: _redeem_once(counter, asked),
        )
    except Refusal as refusal:
        answer = _refused(refusal)
    return make_response(jsonify(answer.body), answer.status)


def _redeem_once(counter: Counter, asked: dict[str, Any]) -> Answer:
    if isinstance(asked["codes"], list):
        return redeem_together(counter, asked, _refused)
    code_text = asked["code"] if isinstance(asked["code"], str) else ""
    try:
        receipt = redeem_operation(
            counter,
            code_text,
            asked["bill_fen"],
            list_fen=asked["list_fen"],
            excluded_fen=asked["excluded_fen"],
            asks_goods=True,
        )
    except Refusal as refusal:
        if refusal.retryable:
            raise
        if isinstance(refusal, GoodsToConfirm):
            # A question to the cashier and no refused scan; its answer is another request.
            return _refused(refusal)
        record_refusal(counter, refusal, code_text=code_text, bill_fen=asked["bill_fen"])
        answer = _refused(refusal)
        better = better_than(counter, code_text, asked["bill_fen"] - (asked["excluded_fen"] or 0), 0, refusal=refusal)
        return Answer(answer.status, answer.body | {"advice": advice_words(better, refused=True)})
    better = better_than(counter, code_text, receipt.bill_fen, receipt.discount_fen)
    told = {"ok": True, "receipt": _receipt_document(receipt), "advice": advice_words(better)}
    return Answer(HTTPStatus.CREATED, told)


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
        "excluded_fen": receipt.excluded_fen,
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
        order=receipts_of_order(shown, counter.store_id),
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
