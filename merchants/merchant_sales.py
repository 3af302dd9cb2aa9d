"""The cashiers' pages of trade-in: confirming a qualification, what its article would get, and what waits."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.tables import TableUnreadable
from merchants import gifts
from merchants.asking import asked_of, qualification_document
from merchants.confirmations import confirm, confirmed_at
from merchants.errors import NotAQualification, SalesHaveFaults
from merchants.gift_errors import GiftToHandOut
from merchants.merchant_pages import place_of_cashier, refused
from merchants.product_file import Fault
from merchants.products import products_on
from merchants.redemptions import quote_code
from merchants.sale_file import blank, import_sales

blueprint = Blueprint("till_sales", __name__, template_folder="templates")

FAULTS_SHOWN = 200


@blueprint.post("/confirmations")
def confirm_code() -> Response:
    """Confirm a qualification for this store; a voucher answers that there is none, and nothing has changed. Of a gift
    it answers where it is handed out."""

    def work() -> dict[str, Any]:
        given = _body().get("code")
        code, counter = (given if isinstance(given, str) else ""), place_of_cashier().counter
        try:
            with transaction():
                confirmed = confirm(counter, code)
        except NotAQualification:
            return {"qualification": None}
        except GiftToHandOut:
            with transaction():
                gift = gifts.scan(counter, code)
            return {"qualification": None, "gift": url_for("till_gifts.gift", entitlement_id=gift.entitlement_id)}
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


@blueprint.get("/products/<barcode>")
def product(barcode: str) -> Response:
    """Say what the catalogue knows of a barcode; ``null`` where it does not have it."""
    found = products_on([barcode], bureau_day(clock.now())).get(barcode)
    told = found and {"grade": found.grade, "model_name": f"{found.brand} {found.model_name}"}
    return jsonify({"ok": True, "product": told})


@blueprint.get("/confirmed")
def confirmed() -> str:
    """List what this store has confirmed and not sold yet."""
    return _confirmed_page()


@blueprint.get("/confirmed.csv")
def blank_file() -> Response:
    """Give the same list as a file to fill in."""
    response = make_response(blank(confirmed_at(place_of_cashier().counter.store_id)))
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = "attachment; filename=sales.csv"
    return response


@blueprint.post("/import")
def import_file() -> Response:
    """Make the sales of a file, all of them or none."""
    uploaded = request.files.get("file")
    try:
        if uploaded is None or not uploaded.filename:
            raise TableUnreadable(why=_("没有选择文件"))
        with transaction():
            imported = import_sales(uploaded.read(), uploaded.filename, place_of_cashier().counter)
    except Refusal as refusal:
        if refusal.retryable:
            raise
        faults = refusal.faults[:FAULTS_SHOWN] if isinstance(refusal, SalesHaveFaults) else ()
        return make_response(_confirmed_page(refusal, faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("已登记 %(made)s 笔销售，%(known)s 笔以前登记过", made=imported.made, known=imported.known), "success")
    return make_response(redirect(url_for("till_pages.today"), HTTPStatus.SEE_OTHER))


def _confirmed_page(refusal: Refusal | None = None, faults: Sequence[Fault] = ()) -> str:
    place = place_of_cashier()
    return render_template(
        "merchants/till_confirmed.html",
        store=place.store,
        waiting=confirmed_at(place.counter.store_id),
        refusal=refusal,
        faults=faults,
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
