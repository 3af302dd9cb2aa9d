"""The bureau's page of the trade-in register, and its files."""

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.models import Campaign
from foundation.db import db
from foundation.ids import LARGEST_ROW_ID
from settlement.downloads import file_of
from settlement.trade_in_register import STATES, RegisterQuery, register_page, register_sheet

blueprint = Blueprint("trade_ins_desk", __name__, template_folder="templates")


@blueprint.get("")
def register() -> str:
    """Show the register by filters."""
    query = _asked(request.args)
    campaigns = select(Campaign.id, Campaign.name).where(Campaign.kind == "appliance_trade_in")
    return render_template(
        "settlement/trade_ins.html",
        query=query,
        page=register_page(query, request.args.get("page", 1, type=_row_id)),
        campaigns=db.session.execute(campaigns.order_by(Campaign.starts_at.desc())).all(),
        states={state: _(name) for state, name in STATES.items()},
        tones={"accepted": "good", "rejected": "bad", "handed_in": "open", "awaited": "soon", "correction": "soon"},
        arguments={name: value for name, value in request.args.items() if value and name != "page"},
    )


@blueprint.get("/register.<any(csv, xlsx):kind>")
def download(kind: str) -> Response:
    """Download what the page shows, whole."""
    return file_of(register_sheet(_asked(request.args)), kind, "trade-ins")


def _asked(args: Mapping[str, str]) -> RegisterQuery:
    """Read the filters; what cannot be read is no filter."""
    return RegisterQuery(
        campaign_id=request.args.get("campaign", type=_row_id),
        state=args.get("state", "") if args.get("state", "") in STATES else "",
        first_day=request.args.get("first_day", type=date.fromisoformat),
        last_day=request.args.get("last_day", type=date.fromisoformat),
        words=args.get("words", ""),
    )


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number
