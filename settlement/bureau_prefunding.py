"""The bureau's page of a prefunded campaign: what came in, what is there, and what goes back to the sources."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns import prefunding as rounds_prefunding
from campaigns.models import CampaignRound
from campaigns.reading import campaign as campaign_of
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID
from foundation.money import parse_yuan
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from ledger import naming
from ledger.accounts import AccountKind
from ledger.reading import money_by_source
from settlement import prefunding
from settlement.errors import NotPrefunded, ReturnUnknown
from settlement.prefunding import LARGEST_DEPOSIT_FEN
from settlement.prefunding_models import Deposit, FundReturn
from settlement.terms import terms_of

blueprint = Blueprint("prefunding_desk", __name__, template_folder="templates")

#: What is on the platform's account, by where it is.
_THERE = (
    AccountKind.BUDGET,
    AccountKind.RELEASED,
    AccountKind.RESERVED,
    AccountKind.OUTSTANDING,
    AccountKind.PAYABLE,
    AccountKind.DUE,
    AccountKind.CLEARED,
)


@blueprint.get("/<int:campaign_id>")
def campaign(campaign_id: int) -> str:
    """Show the money of a prefunded campaign, and record what came in and what goes back."""
    return render_template("settlement/prefunding.html", refusal=None, typed={}, **_page(campaign_id))


@blueprint.post("/<int:campaign_id>/deposits")
def deposit(campaign_id: int) -> Response:
    """Record a payment of a source to the platform's account."""
    gates.require_role("finance")
    form = request.form
    try:
        amount_fen = parse_yuan(form.get("amount", ""), field="amount", largest_fen=LARGEST_DEPOSIT_FEN)
        with transaction():
            prefunding.record_deposit(
                campaign_of(campaign_id).id,
                min(form.get("source", 0, type=int), LARGEST_ROW_ID),
                amount_fen,
                by=gates.principal().actor,
                reference=form.get("reference", ""),
            )
    except Refusal as refusal:
        return _again(campaign_id, refusal)
    flash(_("已登记到账；够一轮投放的，会在开放前自动投放。"))
    return _go(campaign_id)


@blueprint.post("/<int:campaign_id>/returns")
def propose(campaign_id: int) -> Response:
    """Propose that what is left goes back to the sources."""
    gates.require_role("finance")
    try:
        with transaction():
            prefunding.propose_return(campaign_of(campaign_id).id, by=gates.principal().actor)
    except Refusal as refusal:
        return _again(campaign_id, refusal)
    flash(_("已提出原路退回，请另一位财务人员付款后办理。"))
    return _go(campaign_id)


@blueprint.post("/<int:campaign_id>/returns/<int:return_id>/<any(carry_out, withdraw):step>")
def decide_return(campaign_id: int, return_id: int, step: str) -> Response:
    """Carry a return out, by another person than proposed it, or take the proposal back."""
    gates.require_role("finance")
    try:
        with transaction():
            found = db.session.get(FundReturn, min(return_id, LARGEST_ROW_ID))
            if found is None or found.campaign_id != campaign_id:
                raise ReturnUnknown
            by = gates.principal().actor
            if step == "withdraw":
                prefunding.withdraw_return(found.id, by=by)
            else:
                reference = request.form.get("payment_reference", "")
                prefunding.carry_out_return(found.id, by=by, payment_reference=reference)
    except Refusal as refusal:
        return _again(campaign_id, refusal)
    flash(_("已登记原路退回。") if step == "carry_out" else _("已撤回。"))
    return _go(campaign_id)


def _page(campaign_id: int) -> dict[str, Any]:
    found = campaign_of(campaign_id)
    terms = terms_of(found)
    if not terms.prefunded:
        raise NotPrefunded
    sources = prefunding.sources_of(found.id)
    money = {row.fund_source_id: row for row in money_by_source(found.id)}
    deposits = db.session.scalars(select(Deposit).where(Deposit.campaign_id == found.id).order_by(Deposit.id)).all()
    returns = db.session.scalars(
        select(FundReturn).where(FundReturn.campaign_id == found.id).order_by(FundReturn.id.desc())
    ).all()
    scheduled = db.session.scalars(
        select(CampaignRound)
        .where(CampaignRound.campaign_id == found.id, CampaignRound.status == "scheduled")
        .order_by(CampaignRound.opens_at, CampaignRound.id)
        .limit(1)
    ).first()
    actors = [each.recorded_by for each in deposits]
    actors += [each for one in returns for each in (one.proposed_by, one.carried_out_by or "")]
    return {
        "campaign": found,
        "terms": terms,
        "sources": sources,
        "rows": [
            (
                source,
                money[source.id].fen(AccountKind.PLEDGED),
                sum(each.amount_fen for each in deposits if each.fund_source_id == source.id),
                money[source.id].fen(AccountKind.PAID),
                money[source.id].fen(AccountKind.RETURNED),
                sum(money[source.id].fen(kind) for kind in _THERE),
                money[source.id].fen(AccountKind.BUDGET),
            )
            for source in sources
        ],
        "deposits": deposits,
        "returns": [(one, prefunding.lines_of(one.id)) for one in returns],
        "states": {
            "proposed": (_("待办理"), "soon"),
            "returned": (_("已退回"), "good"),
            "withdrawn": (_("已撤回"), ""),
        },
        "names": officer_names(actors),
        "short": rounds_prefunding.shortage(scheduled) if scheduled else None,
        "missing": rounds_prefunding.missing(scheduled) if scheduled else {},
        "why_not_return": prefunding.why_not_return(found.id),
        "me": gates.principal().actor,
    }


def _again(campaign_id: int, refusal: Refusal) -> Response:
    return form_again("settlement/prefunding.html", refusal, typed=request.form.to_dict(), **_page(campaign_id))


def _go(campaign_id: int) -> Response:
    response = redirect(url_for("prefunding_desk.campaign", campaign_id=campaign_id), code=303)
    assert isinstance(response, Response)
    return response


def _deposit_page(document_id: str) -> str | None:
    found = db.session.get(Deposit, int(document_id))
    return None if found is None else url_for("prefunding_desk.campaign", campaign_id=found.campaign_id)


def _return_page(document_id: str) -> str | None:
    found = db.session.get(FundReturn, int(document_id))
    return None if found is None else url_for("prefunding_desk.campaign", campaign_id=found.campaign_id)


naming.register_page("deposit", _deposit_page)
naming.register_page("fund_return", _return_page)
