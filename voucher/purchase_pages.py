"""Citizens' pages of what they buy: the order with its time for paying, giving it up, giving a voucher back; and the
simulator's page, where no money moves."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation.db import transaction
from identity import gates
from voucher import expiry, payment_adapters, payments, purchases
from voucher.payment_adapters import Paid, Simulator
from voucher.purchase_errors import PurchaseUnknown

purchase_pages = Blueprint("purchase_pages", __name__, template_folder="templates")


@purchase_pages.get("/purchases/<uuid:purchase_id>")
def purchase(purchase_id: UUID) -> str:
    """Show one order: what it is for, what it costs, until when it can be paid, and what became of it."""
    bought = purchases.bought(purchase_id, _citizen_id())
    can_pay = bought.state == "awaiting" and payment_adapters.is_set_up()
    pay = payment_adapters.chosen().address(bought.id, bought.price_fen) if can_pay else ""
    return render_template("voucher/purchase.html", bought=bought, pay=pay, citizen=gates.principal())


@purchase_pages.post("/purchases/<uuid:purchase_id>/give-up")
def give_up(purchase_id: UUID) -> Response:
    """End an order without paying, and go back to the campaign."""
    return _given_up(purchase_id)


@purchase_pages.post("/vouchers/<uuid:entitlement_id>/withdraw")
def withdraw(entitlement_id: UUID) -> Response:
    """Give a bought voucher back for its price."""
    with transaction():
        expiry.withdraw(entitlement_id, _citizen_id())
    flash(_("券已退，售价将原路退回。"))
    return _on_to(url_for("voucher_pages.voucher", entitlement_id=entitlement_id))


@purchase_pages.get("/payments/simulator/<uuid:purchase_id>")
def simulator(purchase_id: UUID) -> str:
    """Show the simulator's page of an order. It is there only while the simulator takes the payments."""
    _simulator()
    return render_template("voucher/simulator.html", bought=purchases.bought(purchase_id, _citizen_id()))


@purchase_pages.post("/payments/simulator/<uuid:purchase_id>")
def simulate(purchase_id: UUID) -> Response:
    """Pay, by the same signed notification as a payment service would send; or give up."""
    adapter = _simulator()
    bought = purchases.bought(purchase_id, _citizen_id())
    if "pay" not in request.form:
        return _given_up(purchase_id)
    # One number per order: whoever presses twice has paid once.
    paid = Paid(f"simulator-{purchase_id.hex}", bought.id, bought.price_fen)
    with transaction():
        arrived = payments.notified(*adapter.notification(paid))
    if arrived.arrival != "bought":
        flash(_("付款时订单已经结束，这笔款会原路退回。"), "error")
        return _on_to(url_for("purchase_pages.purchase", purchase_id=purchase_id))
    flash(_("付款成功，券已到账。"))
    return _on_to(url_for("voucher_pages.voucher", entitlement_id=purchase_id))


def _given_up(purchase_id: UUID) -> Response:
    with transaction():
        purchases.give_up(purchase_id, _citizen_id())
    flash(_("订单已取消，没有收款。"))
    return _on_to(url_for("purchase_pages.purchase", purchase_id=purchase_id))


def _simulator() -> Simulator:
    adapter = payment_adapters.chosen()
    if not isinstance(adapter, Simulator):
        raise PurchaseUnknown
    return adapter


def _citizen_id() -> UUID:
    return UUID(gates.principal().id)


def _on_to(address: str) -> Response:
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))
