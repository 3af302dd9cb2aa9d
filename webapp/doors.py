"""Every door of the product in one table: who it is for, where it is, and the gate that stands before it.

A route that belongs to no door is closed: requests to it are refused, and a test fails.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, request

from applications.bureau_pages import blueprint as review_desk
from applications.bureau_raises import blueprint as raises_desk
from applications.citizen_pages import blueprint as application_pages
from applications.notice_pages import blueprint as notice_pages
from campaigns.bureau_form import blueprint as form_desk
from campaigns.bureau_pages import blueprint as campaigns_desk
from campaigns.bureau_simulation import blueprint as simulation_desk
from campaigns.bureau_termination import blueprint as termination_desk
from identity import gates
from identity.citizen_pages import blueprint as sign_in
from identity.gates import Gate
from identity.staff_pages import blueprint as staff_sign_in
from ledger.bureau_pages import blueprint as ledger_desk
from merchants.advice_pages import blueprint as advice_pages
from merchants.bureau_hand_ins import blueprint as hand_ins_desk
from merchants.bureau_pages import blueprint as merchants_desk
from merchants.bureau_products import blueprint as products_desk
from merchants.bureau_split_orders import blueprint as split_orders_desk
from merchants.citizen_pages import blueprint as shop_pages
from merchants.citizen_payments import blueprint as pay_pages
from merchants.merchant_events import blueprint as till_events
from merchants.merchant_gifts import blueprint as till_gifts
from merchants.merchant_hand_ins import blueprint as till_hand_ins
from merchants.merchant_pages import blueprint as till_pages
from merchants.merchant_payments import blueprint as till_payments
from merchants.merchant_refunds import blueprint as till_refunds
from merchants.merchant_sales import blueprint as till_sales
from merchants.pos_api import blueprint as pos
from merchants.pos_gifts import blueprint as pos_gifts
from merchants.pos_orders import blueprint as pos_orders
from merchants.pos_payments import blueprint as pos_payments
from settlement.bureau_disputes import blueprint as disputes_desk
from settlement.bureau_elsewhere import blueprint as elsewhere_desk
from settlement.bureau_events import blueprint as events_desk
from settlement.bureau_pages import blueprint as desk
from settlement.bureau_payouts import blueprint as payouts_desk
from settlement.bureau_prefunding import blueprint as prefunding_desk
from settlement.bureau_purchases import blueprint as purchases_desk
from settlement.bureau_reports import blueprint as settlement_desk
from settlement.bureau_seals import blueprint as seals_desk
from settlement.bureau_statements import blueprint as statements_desk
from settlement.bureau_trade_ins import blueprint as trade_ins_desk
from settlement.merchant_statements import blueprint as till_statements
from voucher.bureau_assisted import blueprint as assisted_desk
from voucher.bureau_lists import blueprint as lists_desk
from voucher.bureau_pages import blueprint as draws_desk
from voucher.citizen_pages import campaign_pages, claim_pages, voucher_pages
from voucher.draw_pages import draw_pages
from voucher.payment_api import blueprint as payment_api
from voucher.purchase_pages import purchase_pages
from webapp.api_docs import blueprint as api_docs
from webapp.health import blueprint as health
from webapp.security import csrf


@dataclass(frozen=True)
class Door:
    """A blueprint at a prefix behind a gate. ``forms``: its changes come from our own pages, with a CSRF token;
    an API whose callers bring a key and no cookie has none."""

    blueprint: Blueprint
    prefix: str
    gate: Gate
    forms: bool = True


DOORS: tuple[Door, ...] = (
    Door(sign_in, "/sign-in", gates.open_to_all),
    Door(staff_sign_in, "/staff", gates.open_to_all),
    Door(campaign_pages, "/", gates.open_to_all),
    Door(claim_pages, "/", gates.citizen_with_token),
    Door(voucher_pages, "/", gates.citizen),
    Door(purchase_pages, "/", gates.citizen),
    Door(draw_pages, "/", gates.open_to_all),
    Door(application_pages, "/", gates.citizen),
    Door(notice_pages, "/", gates.open_to_all),
    Door(shop_pages, "/", gates.open_to_all),
    Door(advice_pages, "/", gates.citizen),
    # A scan counts before its citizen has signed in; using vouchers asks who it is.
    Door(pay_pages, "/pay", gates.open_to_all),
    Door(till_pages, "/till", gates.cashier),
    Door(till_events, "/till/events", gates.cashier),
    Door(till_payments, "/till/payments", gates.cashier),
    Door(till_refunds, "/till/refunds", gates.cashier),
    Door(till_sales, "/till/sales", gates.cashier),
    Door(till_hand_ins, "/till/after-sales", gates.cashier),
    Door(till_gifts, "/till/gifts", gates.cashier),
    Door(till_statements, "/till/statements", gates.cashier),
    Door(desk, "/bureau", gates.officer()),
    Door(campaigns_desk, "/bureau/campaigns", gates.officer()),
    Door(form_desk, "/bureau/campaigns", gates.officer()),
    Door(termination_desk, "/bureau/campaigns", gates.officer()),
    Door(simulation_desk, "/bureau/campaigns", gates.officer()),
    Door(events_desk, "/bureau/events", gates.officer()),
    Door(draws_desk, "/bureau/draws", gates.officer()),
    Door(assisted_desk, "/bureau/assisted", gates.officer()),
    Door(lists_desk, "/bureau/lists", gates.officer()),
    Door(elsewhere_desk, "/bureau/elsewhere", gates.officer()),
    Door(review_desk, "/bureau/applications", gates.officer()),
    Door(raises_desk, "/bureau/raises", gates.officer()),
    Door(merchants_desk, "/bureau/merchants", gates.officer()),
    Door(split_orders_desk, "/bureau/merchants/split-orders", gates.officer()),
    Door(trade_ins_desk, "/bureau/trade-ins", gates.officer()),
    Door(hand_ins_desk, "/bureau/after-sales", gates.officer()),
    Door(products_desk, "/bureau/products", gates.officer()),
    Door(settlement_desk, "/bureau/settlement", gates.officer()),
    Door(statements_desk, "/bureau/statements", gates.officer()),
    Door(disputes_desk, "/bureau/statements/disputes", gates.officer()),
    Door(prefunding_desk, "/bureau/statements/prefunding", gates.officer()),
    Door(purchases_desk, "/bureau/purchases", gates.officer()),
    Door(payouts_desk, "/bureau/payouts", gates.officer()),
    Door(ledger_desk, "/bureau/ledger", gates.officer()),
    Door(seals_desk, "/bureau/ledger/seals", gates.officer()),
    Door(pos, "/api/pos/v1", gates.till_key_but("pos.redeem"), forms=False),
    Door(pos_payments, "/api/pos/v1/payments", gates.till_key, forms=False),
    Door(pos_orders, "/api/pos/v1/orders", gates.till_key, forms=False),
    Door(pos_gifts, "/api/pos/v1/gifts", gates.till_key, forms=False),
    # Whoever signs a notification is who they say.
    Door(payment_api, "/api/payments", gates.open_to_all, forms=False),
    Door(api_docs, "/api/docs", gates.open_to_all),
    Door(health, "/", gates.open_to_all),
)


class RouteWithoutDoor(RuntimeError):
    """A route was registered outside the table of doors."""


def init_doors(app: Flask) -> None:
    for door in DOORS:
        app.register_blueprint(door.blueprint, url_prefix=door.prefix)
        if not door.forms:
            csrf.exempt(door.blueprint)
    gate_of = {door.blueprint.name: door.gate for door in DOORS}

    @app.before_request
    def pass_gate() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        gate = gate_of.get(request.blueprint or "")
        if gate is None:
            raise RouteWithoutDoor(request.endpoint)
        gate()
