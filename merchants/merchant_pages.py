"""The cashiers' pages: the till, the store's day, receipts and voids."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.goods import category_name
from campaigns.terms.sale import NotUsable
from foundation import clock, idempotency
from foundation.clock import bureau_day, local
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed, fingerprint
from foundation.speech import translate
from identity import gates
from merchants.asking import Asked, asked_of, waiting_qualification
from merchants.confirmations import confirmed_at
from merchants.errors import MerchantSuspended
from merchants.models import Store
from merchants.payment_requests import scannable_offers
from merchants.photo import PhotoUnreadable, code_in_photo
from merchants.receipts import Receipt, receipt_of, receipts_of_day, receipts_of_order, totals
from merchants.redeem_line import redeem_once
from merchants.redemptions import void as void_operation
from merchants.refunds import refunds_of
from merchants.register import Counter, counter_of_cashier_account
from merchants.scans import Scan, is_question
from merchants.till_advice import better_than
from merchants.till_orders import redeem_together
from merchants.till_words import advice_words, gift_void_reasons, item_lines, payer_words, till_words, void_reasons
from voucher.gifts import CAME_BACK, masked

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
    place = place_of_cashier()
    return render_template(
        "merchants/till.html",
        counter=place.counter,
        store=place.store,
        suspended=translate(place.suspended) if place.suspended else None,
        words=till_words(),
        qualification=waiting_qualification(place.counter),
        waiting=len(confirmed_at(place.counter.store_id)),
        scannable=bool(scannable_offers(place.store.merchant_id)),
        **_latest(place.counter.store_id),
    )


@blueprint.get("/latest")
def latest() -> str:
    """Show the store's last receipts and totals, for the till's side."""
    return render_template("merchants/till_latest.html", **_latest(place_of_cashier().counter.store_id))


@blueprint.post("/redemptions")
def redeem() -> Response:
    """Redeem one scan, once per Idempotency-Key; a refusal is an answer too, and stays on the trail."""
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    try:
        counter = place_of_cashier().counter
        asked = asked_of(body)
        # The text as it came: what cannot be written again as JSON (2**70) can still be compared.
        digest = fingerprint("till.redeem", request.get_data(as_text=True))
        keyed = Keyed.read(gates.principal().actor, request.headers.get("Idempotency-Key"), digest)
        answer = _redeem(keyed, counter, asked)
    except Refusal as refusal:
        answer = refused(refusal)
    return make_response(jsonify(answer.body), answer.status)


def _redeem(keyed: Keyed, counter: Counter, asked: Asked) -> Answer:
    if asked.code_texts is not None:
        return idempotency.once(keyed.caller, keyed.key, keyed.asked, lambda: redeem_together(counter, asked, refused))
    scan = Scan(counter, asked.code_text, asked.bill_fen, **asked.more, asks_goods=True)
    return _with_advice(counter, asked, redeem_once(keyed, scan, lambda outcome: _tell_redemption(scan, outcome)))


def _tell_redemption(scan: Scan, outcome: Receipt | Refusal) -> Answer:
    if not isinstance(outcome, Refusal):
        return Answer(HTTPStatus.CREATED, {"ok": True, "receipt": receipt_document(outcome)})
    answer = refused(outcome)
    by_terms = isinstance(outcome, NotUsable) and not is_question(scan, outcome)
    return Answer(answer.status, answer.body | {"by_terms": by_terms})


def _with_advice(counter: Counter, asked: Asked, answer: Answer) -> Answer:
    """Add what the holder had better use. It is asked when all is done and kept with no answer: what is true of a purse
    now, no part of the sale, and nothing for which others in the line should wait."""
    if answer.body["ok"]:
        receipt = answer.body["receipt"]
        better = better_than(counter, asked.code_text, receipt["bill_fen"], receipt["discount_fen"])
    elif answer.body.get("by_terms"):
        better = better_than(counter, asked.code_text, asked.counts_fen, 0)
    else:
        better = None
    return replace(answer, body=answer.body | {"advice": advice_words(better, refused=not answer.body["ok"])})


def refused(refusal: Refusal) -> Answer:
    """The till's own page asks only whether it is done; the reason is in the body."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if refusal.retryable else HTTPStatus.CONFLICT
    return Answer(
        status, {"ok": False, "code": refusal.code, "retryable": refusal.retryable, **translate(refusal)._asdict()}
    )


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the till's script takes it."""
    return {
        "id": str(receipt.redemption_id),
        "offer_name": receipt.offer_name,
        "list_fen": receipt.list_fen,
        "merchant_discount_fen": receipt.merchant_discount_fen,
        "bill_fen": receipt.bill_fen,
        "excluded_fen": receipt.excluded_fen,
        "discount_fen": receipt.discount_fen,
        "customer_pays_fen": receipt.customer_pays_fen,
        "invoice_fen": receipt.invoice_fen,
        "item_name": category_name(receipt.item.category) if receipt.item else "",
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
    place = place_of_cashier()
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
    return _receipt_page(place_of_cashier().counter, redemption_id)


@blueprint.post("/redemptions/<uuid:redemption_id>/void")
def void(redemption_id: UUID) -> Response:
    """Take a redemption of today back."""
    counter = place_of_cashier().counter
    came_back = {
        int(name.removeprefix("came_back_")): how
        for name, how in request.form.items()
        if name.removeprefix("came_back_").isdecimal() and name.startswith("came_back_") and len(name) < 20
    }
    try:
        with transaction():
            void_operation(redemption_id, counter, request.form.get("reason", ""), came_back=came_back)
    except Refusal as refusal:
        if refusal.retryable:
            raise
        return make_response(_receipt_page(counter, redemption_id, refusal), HTTPStatus.CONFLICT)
    flash(_("已撤销，顾客可以再领一次") if came_back else _("已撤销，券已退还给顾客"), "success")
    return make_response(redirect(url_for("till_pages.receipt", redemption_id=redemption_id), HTTPStatus.SEE_OTHER))


def _receipt_page(counter: Counter, redemption_id: UUID, refusal: Refusal | None = None) -> str:
    shown = receipt_of(redemption_id, counter.store_id)
    is_today = bureau_day(shown.redeemed_at) == bureau_day(clock.now())
    return render_template(
        "merchants/till_receipt.html",
        receipt=shown,
        order=receipts_of_order(shown, counter.store_id),
        item=item_lines(shown),
        may_void=is_today and shown.status == "redeemed" and not shown.refunded_bill_fen,
        may_refund=shown.status == "redeemed" and not shown.is_gift,
        refunds=refunds_of(redemption_id),
        payers=payer_words(shown.payers),
        void_reasons=gift_void_reasons() if shown.is_gift else void_reasons(),
        masked=masked,
        came_back=CAME_BACK,
        refusal=refusal,
    )


def _latest(store_id: int) -> dict[str, Any]:
    receipts = receipts_of_day(store_id, bureau_day(clock.now()))
    return {"receipts": receipts[:LATEST_RECEIPTS], "totals": totals(receipts)}


def place_of_cashier() -> Place:
    """Return where the signed-in cashier stands."""
    counter = counter_of_cashier_account(int(gates.principal().id))
    return Place(counter, db.session.get_one(Store, counter.store_id))
