"""The merchants' pages of promotional events: what to report, what was reported, and reporting it."""

from datetime import date
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns import events
from campaigns.events import KINDS
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.money import parse_yuan
from identity import gates
from identity.form_again import form_again
from merchants import event_sales
from merchants.errors import DealsMalformed, NotAtEvent, SalesDayOutside
from merchants.event_sales import LARGEST_SALES_FEN, MOST_DEALS, SalesReport
from merchants.models import Store
from merchants.register import counter_of_cashier_account

blueprint = Blueprint("till_events", __name__, template_folder="templates")


@blueprint.get("")
def overview() -> str:
    """List the merchant's events, with how many of their days were reported."""
    store = _store()
    found = event_sales.events_of_merchant(store.merchant_id)
    reports = event_sales.standing_reports([event.id for event in found], merchant_id=store.merchant_id)
    reported = {event.id: [one for one in reports if one.event_id == event.id] for event in found}
    return render_template(
        "merchants/till_events.html",
        store=store,
        events=[(event, KINDS[event.kind], reported[event.id], event_sales.begun_days(event)) for event in found],
    )


@blueprint.get("/<int:event_id>")
def event(event_id: int) -> str:
    """Show the days of one event: what was reported, and the form of the day that is asked for."""
    return render_template("merchants/till_event.html", refusal=None, typed={}, **_page(event_id))


@blueprint.post("/<int:event_id>")
def report(event_id: int) -> Response:
    """Report a day, or correct what was reported; what was typed stays where it is refused."""
    store = _store()
    typed = request.form
    try:
        sales = SalesReport(
            event_id,
            store.merchant_id,
            _day(typed.get("day", ""), event_id),
            deals=_deals(typed.get("deals", "")),
            amount_fen=_amount_fen(typed.get("amount", "")),
            corrects=typed.get("corrects", 0, type=int),
        )
        with transaction():
            event_sales.report(sales, by=gates.principal().actor)
    except NotAtEvent:
        raise
    except Refusal as refusal:
        return form_again("merchants/till_event.html", refusal, typed=typed, **_page(event_id))
    flash(_("%(day)s 已上报", day=sales.day), "success")
    return make_response(redirect(url_for("till_events.event", event_id=event_id), HTTPStatus.SEE_OTHER))


def _page(event_id: int) -> dict[str, object]:
    store = _store()
    found = events.event_of(event_id)
    if found.id not in {one.id for one in event_sales.events_of_merchant(store.merchant_id)}:
        raise NotAtEvent
    days = event_sales.begun_days(found)
    reports = event_sales.all_reports(event_id, store.merchant_id)
    standing = {one.sales_day: one for one in reversed(reports)}
    asked = request.values.get("day", "")
    first_missing = next((day for day in days if day not in standing), None)
    chosen = next((day for day in days if day.isoformat() == asked), first_missing)
    return {
        "store": store,
        "event": found,
        "kind": KINDS[found.kind],
        "days": days,
        "standing": standing,
        "earlier": [one for one in reports if one is not standing[one.sales_day]],
        "chosen": chosen,
    }


def _day(text: str, event_id: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as failure:
        found = events.event_of(event_id)
        raise SalesDayOutside(event=found.name, first=found.starts_on, last=found.ends_on) from failure


def _deals(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 7:
        raise DealsMalformed(most=f"{MOST_DEALS:,}")
    return int(text)


def _amount_fen(text: str) -> int:
    # Nothing sold is an answer too.
    return (
        0 if text.strip() in ("0", "0.0", "0.00") else parse_yuan(text, field="amount", largest_fen=LARGEST_SALES_FEN)
    )


def _store() -> Store:
    counter = counter_of_cashier_account(int(gates.principal().id))
    return db.session.get_one(Store, counter.store_id)
