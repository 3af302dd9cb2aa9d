"""The bureau's page of what was paid for vouchers: the proceeds, and what goes back to whom paid too late."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.models import Campaign, Offer
from foundation.db import db
from foundation.ids import LARGEST_ROW_ID
from ledger import naming
from settlement.downloads import file_of
from settlement.purchase_figures import (
    ARRIVALS,
    NOT_DRIVEN,
    STATES,
    PurchaseFilter,
    payments_page,
    payments_sheet,
    proceeds,
)
from voucher.purchase_models import Payment, Purchase

blueprint = Blueprint("purchases_desk", __name__, template_folder="templates")


@blueprint.get("")
def payments() -> str:
    """Show proceeds by offer, and the payments by filters."""
    wanted = _asked(request.args)
    sold = select(Offer.campaign_id).where(Offer.id.in_(select(Purchase.offer_id)))
    campaigns = select(Campaign.id, Campaign.name).where(Campaign.id.in_(sold))
    return render_template(
        "settlement/purchases.html",
        wanted=wanted,
        lines=proceeds(wanted),
        page=payments_page(wanted, request.args.get("page", 1, type=_row_id)),
        campaigns=db.session.execute(campaigns.order_by(Campaign.starts_at.desc())).all(),
        arrivals={key: _(name) for key, name in ARRIVALS.items()},
        states={key: _(name) for key, name in STATES.items()},
        tones={"kept": "good", "returning": "soon", "returned": ""},
        not_driven=NOT_DRIVEN,
        arguments={name: value for name, value in request.args.items() if value and name != "page"},
    )


@blueprint.get("/payments.<any(csv, xlsx):kind>")
def download(kind: str) -> Response:
    """Download the payments that the page shows, whole."""
    return file_of(payments_sheet(_asked(request.args)), kind, "payments")


def _asked(args: Mapping[str, str]) -> PurchaseFilter:
    """Read the filters; what cannot be read is no filter."""
    return PurchaseFilter(
        campaign_id=request.args.get("campaign", type=_row_id),
        offer_id=request.args.get("offer", type=_row_id),
        first_day=request.args.get("first_day", type=date.fromisoformat),
        last_day=request.args.get("last_day", type=date.fromisoformat),
        state=args.get("state", "") if args.get("state", "") in STATES else "",
        arrival=args.get("arrival", "") if args.get("arrival", "") in ARRIVALS else "",
        reference=args.get("reference", "").strip()[:64],
    )


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number


def _payment_page(document_id: str) -> str | None:
    reference = db.session.scalar(select(Payment.reference).where(Payment.id == UUID(document_id)))
    return url_for("purchases_desk.payments", reference=reference) if reference else None


naming.register_page("payment", _payment_page)
