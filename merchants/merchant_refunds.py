"""The cashiers' pages of refunds: how much comes back, what that means for voucher and customer, and done once."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.terms.refunding import NotPaidBack
from foundation import idempotency
from foundation.errors import Refusal, TooMany, Unavailable
from foundation.idempotency import Answer, RequestInFlight, fingerprint
from foundation.ids import new_id, text_id
from foundation.money import format_yuan, parse_yuan
from identity import gates
from merchants.receipts import receipt_of
from merchants.refunds import preview_refund, refund, refund_rule
from merchants.register import Counter, counter_of_cashier_account
from merchants.till_words import refund_reasons

blueprint = Blueprint("till_refunds", __name__, template_folder="templates")


@blueprint.get("/<uuid:redemption_id>")
def ask(redemption_id: UUID) -> Response:
    """Ask how much comes back; with an amount in the address, show what that comes to and ask to confirm."""
    counter = _counter()
    typed = request.args.get("goods_yuan", "")
    if not typed:
        return _page(counter, redemption_id)
    try:
        goods_fen = parse_yuan(typed, field="goods_yuan")
        shown = preview_refund(redemption_id, counter, goods_fen, paid_back=True)
    except Refusal as refusal:
        return _page(counter, redemption_id, refusal, typed=typed)
    return _page(counter, redemption_id, typed=typed, goods_fen=goods_fen, preview=shown)


@blueprint.post("/<uuid:redemption_id>")
def carry_out(redemption_id: UUID) -> Response:
    """Take the goods back, once however often the form is sent."""
    counter, form = _counter(), request.form
    typed = form.get("goods_yuan", "")

    def work() -> Answer:
        slip = refund(
            redemption_id,
            counter,
            parse_yuan(typed, field="goods_yuan"),
            form.get("reason", ""),
            paid_back=form.get("paid_back") == "yes",
        )
        return Answer(HTTPStatus.CREATED, {"customer_fen": slip.customer_fen, "restored": slip.restored})

    try:
        asked = {name: form.get(name, "") for name in ("goods_yuan", "reason", "paid_back")}
        answer = idempotency.once(
            gates.principal().actor, form.get("key"), fingerprint(f"till.refund {redemption_id}", asked), work
        )
    except (Unavailable, TooMany, RequestInFlight):
        raise
    except NotPaidBack as refusal:
        goods_fen = parse_yuan(typed, field="goods_yuan")
        shown = preview_refund(redemption_id, counter, goods_fen, paid_back=True)
        return _page(counter, redemption_id, refusal, typed=typed, goods_fen=goods_fen, preview=shown)
    except Refusal as refusal:
        return _page(counter, redemption_id, refusal, typed=typed)
    back = _("券已退回给顾客，有效期不变") if answer.body["restored"] else _("券不退回")
    flash(
        _("已退货：请退给顾客 %(yuan)s 元；%(back)s", yuan=format_yuan(answer.body["customer_fen"]), back=back),
        "success",
    )
    address = url_for("till_pages.receipt", redemption_id=redemption_id)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _page(counter: Counter, redemption_id: UUID, refusal: Refusal | None = None, **shown: Any) -> Response:
    receipt = receipt_of(redemption_id, counter.store_id)
    page = render_template(
        "merchants/till_refund.html",
        receipt=receipt,
        rule=refund_rule(redemption_id),
        reasons=refund_reasons(),
        key=text_id(new_id()),
        refusal=refusal,
        **shown,
    )
    return make_response(page, HTTPStatus.CONFLICT if refusal else HTTPStatus.OK)


def _counter() -> Counter:
    return counter_of_cashier_account(int(gates.principal().id))
