"""Citizens' page 「为什么不能用」: a bill and a shop, and what each voucher would save there or why it cannot."""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from campaigns.places import counties, industries
from campaigns.terms.sale import Sale
from foundation import clock
from foundation.errors import Refusal
from foundation.money import format_yuan, parse_yuan
from foundation.speech import translate
from identity import gates
from merchants.register import find_store, store_names_for
from merchants.sites import require_admitted, site_of_store
from voucher.advice import Advice, Line, advise
from voucher.holdings import vouchers_of

blueprint = Blueprint("advice_pages", __name__, template_folder="templates")

DEFAULT_CITY = "4417"


@blueprint.get("/vouchers/advice")
def ask() -> str:
    """Show the form, and below it the answer once a bill is given. Nothing is changed or kept."""
    citizen_id = UUID(gates.principal().id)
    held = {voucher.id: voucher for voucher in vouchers_of(citizen_id, "unused")}
    campaign_ids = sorted({voucher.campaign_id for voucher in held.values()})
    typed = {name: request.args.get(name, "").strip()[:80] for name in ("bill", "shop", "county", "industry")}
    advice, refusal = None, None
    if typed["bill"]:
        try:
            advice = _advice(citizen_id, campaign_ids, typed)
        except Refusal as found:
            refusal = found
    return render_template(
        "merchants/advice.html",
        typed=typed,
        advice=advice,
        lines=[_told(line, held) for line in advice.lines if line.held.entitlement_id in held] if advice else [],
        refusal=refusal,
        shops=store_names_for(campaign_ids),
        counties=counties(next((each.city for each in held.values()), DEFAULT_CITY)),
        industries=industries(),
        held=held,
    )


def _advice(citizen_id: UUID, campaign_ids: list[int], typed: dict[str, str]) -> Advice:
    """Refuses a bill that is no amount, and ShopUnknown."""
    bill_fen = parse_yuan(typed["bill"], field="bill")
    now = clock.now()
    if not typed["shop"]:
        return advise(citizen_id, Sale(bill_fen, typed["county"], typed["industry"], now, is_above_quota=True))
    site = site_of_store(find_store(typed["shop"], campaign_ids).id)
    sale = Sale(bill_fen, site.county, site.industry, now, is_above_quota=site.is_above_quota)
    return advise(citizen_id, sale, admit=lambda facts: require_admitted(site, facts))


def _told(line: Line, held: dict[UUID, Any]) -> dict[str, Any]:
    """Return a line as the page has it. Refusals are written for the cashier to pass on; here they are passed on."""
    told: dict[str, Any] = {"voucher": held[line.held.entitlement_id], "saves": "", "why": "", "way_out": ""}
    if line.award:
        told["saves"] = _("可减 %(yuan)s 元", yuan=format_yuan(line.saves_fen))
    elif line.refusal:
        words = translate(line.refusal)
        told |= {"why": words.message, "way_out": words.way_out.removeprefix(_("请告诉顾客："))}
    return told
