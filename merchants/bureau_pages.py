"""The bureau's pages of the register: finding, admitting and keeping merchants, stores, tills and cashiers."""

import secrets
from collections.abc import Collection
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.models import Campaign
from campaigns.places import counties, county_name, industries, industry_name
from foundation import clock
from foundation.db import db, transaction
from foundation.errors import N_, Malformed, Refusal
from foundation.ids import LARGEST_ROW_ID
from foundation.states import Step
from identity import accounts, gates
from identity.directory import history
from identity.form_again import form_again
from identity.models import Account
from ledger import naming
from merchants import listing, register
from merchants.errors import StoreUnknown, TillUnknown
from merchants.listing import MerchantFilter
from merchants.models import Cashier, Merchant, Store, Till

blueprint = Blueprint("merchants_desk", __name__, template_folder="templates")

LATEST_REFUSED = 8


class SuspendReasonMissing(Malformed):
    code = "suspend_reason_missing"
    message = N_("请写明暂停的原因（2 至 100 个字）")
    way_out = N_("原因会留在商户的记录里")
    field = "reason"


@blueprint.get("")
def merchants() -> str:
    """List merchants, by search words and filters."""
    wanted = MerchantFilter(
        words=request.args.get("words", ""),
        county=request.args.get("county", ""),
        industry=request.args.get("industry", ""),
        status=request.args.get("status", ""),
        is_above_quota={"yes": True, "no": False}.get(request.args.get("above_quota", "")),
        campaign_id=request.args.get("campaign", type=_row_id),
    )
    page = listing.find_merchants(wanted, request.args.get("page", 1, type=_row_id))
    return render_template(
        "merchants/bureau_list.html",
        wanted=wanted,
        page=page,
        store_counts=listing.store_counts([merchant.id for merchant in page.rows]),
        campaigns=db.session.execute(select(Campaign.id, Campaign.name).order_by(Campaign.starts_at.desc())).all(),
        **_places(),
    )


@blueprint.get("/new")
def new() -> str:
    """Show the form for admitting a merchant."""
    return render_template("merchants/bureau_new.html", typed={}, refusal=None, **_places())


@blueprint.post("/new")
def admit() -> Response:
    """Admit a merchant with its first store."""
    gates.require_role("editor")
    typed = request.form.to_dict()
    try:
        with transaction():
            found = register.register_merchant(
                name=typed.get("name", ""),
                uscc=typed.get("uscc", ""),
                county=typed.get("county", ""),
                industry=typed.get("industry", ""),
                bank_name=typed.get("bank_name", ""),
                bank_account=typed.get("bank_account", ""),
                is_above_quota="is_above_quota" in typed,
                by=gates.principal().actor,
            )
            merchant_id = found.id
    except Refusal as refusal:
        return form_again("merchants/bureau_new.html", refusal, typed=typed, **_places())
    flash(_("商户已登记，请接着添加门店并加入活动。"))
    return _go_to(merchant_id)


@blueprint.get("/<int:merchant_id>")
def merchant(merchant_id: int) -> str:
    """Show one merchant."""
    return render_template("merchants/bureau_merchant.html", **_merchant_page(merchant_id), refusal=None, typed={})


@blueprint.get("/<int:merchant_id>/refused")
def refused(merchant_id: int) -> str:
    """Show every refused scan at a merchant's stores."""
    found = listing.merchant(merchant_id)
    page = listing.refused_scans(found.id, request.args.get("page", 1, type=_row_id))
    return render_template("merchants/bureau_refused.html", merchant=found, page=page)


@blueprint.post("/<int:merchant_id>/suspend")
def suspend(merchant_id: int) -> Response:
    """Stop a merchant from redeeming, at once."""
    gates.require_role("editor")
    reason = request.form.get("reason", "").strip()
    if not 2 <= len(reason) <= 100:
        return _merchant_again(merchant_id, SuspendReasonMissing())
    with transaction():
        done = register.suspend_merchant(listing.merchant(merchant_id).id, by=gates.principal().actor, reason=reason)
    flash(_("已暂停，该商户的门店现在不能核销。") if done else _("该商户已经是暂停状态。"))
    return _go_to(merchant_id)


@blueprint.post("/<int:merchant_id>/resume")
def resume(merchant_id: int) -> Response:
    """Let a suspended merchant redeem again."""
    gates.require_role("editor")
    with transaction():
        register.resume_merchant(listing.merchant(merchant_id).id, by=gates.principal().actor)
    flash(_("已恢复，该商户的门店可以核销。"))
    return _go_to(merchant_id)


@blueprint.post("/<int:merchant_id>/campaigns")
def enroll(merchant_id: int) -> Response:
    """Let a merchant take part in a campaign."""
    gates.require_role("editor")
    campaign_id = request.form.get("campaign", type=_row_id)
    with transaction():
        found = listing.merchant(merchant_id)
        if campaign_id in {campaign.id for campaign in listing.campaigns_to_join(found.id)}:
            register.enroll(int(campaign_id or 0), [found.id], by=gates.principal().actor)
    flash(_("已加入活动。"))
    return _go_to(merchant_id)


@blueprint.post("/<int:merchant_id>/stores")
def add_store(merchant_id: int) -> Response:
    """Add a store."""
    gates.require_role("editor")
    form = request.form
    try:
        with transaction():
            register.add_store(
                listing.merchant(merchant_id).id,
                name=form.get("store_name", ""),
                county=form.get("store_county", ""),
                address=form.get("address", ""),
            )
    except Malformed as refusal:
        return _merchant_again(merchant_id, refusal)
    flash(_("门店已添加。"))
    return _go_to(merchant_id)


@blueprint.post("/<int:merchant_id>/stores/<int:store_id>/tills")
def add_till(merchant_id: int, store_id: int) -> Response:
    """Add a till, and show its API key this once."""
    gates.require_role("editor")
    try:
        with transaction():
            till, key = register.add_till(
                _store(merchant_id, store_id).id, name=request.form.get("till_name", ""), by=gates.principal().actor
            )
            name = till.name
    except Malformed as refusal:
        return _merchant_again(merchant_id, refusal)
    return _secret(merchant_id, _("收银台“%(name)s”的密钥", name=name), key, _("填入收银系统的 X-Api-Key。"))


@blueprint.post("/<int:merchant_id>/tills/<int:till_id>/<any(suspend, resume, key):act>")
def change_till(merchant_id: int, till_id: int, act: str) -> Response:
    """Stop a till, start it again, or give it another key."""
    gates.require_role("editor")
    actor, secret, login = gates.principal().actor, accounts.new_secret(), ""
    with transaction():
        till = _till(merchant_id, till_id)
        name = till.name
        if act == "suspend":
            register.suspend_till(till.id, by=actor, reason=_("由商务局停用"))
        elif act == "resume":
            register.resume_till(till.id, by=actor)
        else:
            login = db.session.get_one(Account, till.account_id).login
            accounts.set_password(till.account_id, secret)
    if act == "key":
        title = _("收银台“%(name)s”的新密钥", name=name)
        return _secret(merchant_id, title, f"{login}.{secret}", _("原来的密钥已经失效。"))
    flash(_("收银台已停用。") if act == "suspend" else _("收银台已恢复。"))
    return _go_to(merchant_id)


@blueprint.post("/<int:merchant_id>/stores/<int:store_id>/cashiers")
def add_cashier(merchant_id: int, store_id: int) -> Response:
    """Add a cashier; a password made here is shown this once."""
    gates.require_role("editor")
    form = request.form
    login = form.get("login", "").strip().lower()
    typed = form.get("password", "")
    password = typed or _new_password()
    try:
        with transaction():
            register.add_cashier(
                _store(merchant_id, store_id).id,
                login=login,
                password=password,
                name=form.get("cashier_name", ""),
                by=gates.principal().actor,
            )
    except Refusal as refusal:
        return _merchant_again(merchant_id, refusal)
    if typed:
        flash(_("收银员“%(login)s”已添加，用您填的密码登录。", login=login))
        return _go_to(merchant_id)
    return _secret(merchant_id, _("收银员“%(login)s”的密码", login=login), password, _("请当面交给本人。"))


@blueprint.post("/<int:merchant_id>/cashiers/<int:cashier_id>/<any(suspend, resume, password):act>")
def change_cashier(merchant_id: int, cashier_id: int, act: str) -> Response:
    """Stop a cashier's account, start it again, or give it another password."""
    gates.require_role("editor")
    step = Step(gates.principal().actor, clock.now(), _("由商务局办理"))
    password = _new_password()
    with transaction():
        cashier = _cashier(merchant_id, cashier_id)
        login = cashier.account.login
        if act == "suspend":
            accounts.suspend_account(cashier.account_id, step)
        elif act == "resume":
            accounts.resume_account(cashier.account_id, step)
        else:
            accounts.set_password(cashier.account_id, password)
    if act == "password":
        return _secret(merchant_id, _("收银员“%(login)s”的新密码", login=login), password, _("原来的密码已经失效。"))
    flash(_("收银员账号已停用。") if act == "suspend" else _("收银员账号已恢复。"))
    return _go_to(merchant_id)


def _merchant_page(merchant_id: int) -> dict[str, Any]:
    found = listing.merchant(merchant_id)
    return {
        "merchant": found,
        "stores": listing.stores_of(found.id),
        "enrolled": register.enrolled_campaigns(found.id),
        "to_join": listing.campaigns_to_join(found.id),
        "refused_scans": listing.refused_scans(found.id, 1, size=LATEST_REFUSED),
        "history": history("merchant", found.id),
        "events": {"register": _("登记"), "suspend": _("暂停"), "resume": _("恢复")},
        **_places(),
    }


def _merchant_again(merchant_id: int, refusal: Refusal) -> Response:
    page = _merchant_page(merchant_id)
    return form_again("merchants/bureau_merchant.html", refusal, typed=request.form.to_dict(), **page)


def _secret(merchant_id: int, title: str, secret: str, advice: str) -> Response:
    # Shown by the answer itself: a redirect would have to keep the secret somewhere on the way.
    return make_response(
        render_template(
            "merchants/bureau_secret.html", merchant_id=merchant_id, title=title, secret=secret, advice=advice
        )
    )


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _store(merchant_id: int, store_id: int) -> Store:
    found = db.session.get(Store, min(store_id, LARGEST_ROW_ID))
    if found is None or found.merchant_id != merchant_id:
        raise StoreUnknown
    return found


def _till(merchant_id: int, till_id: int) -> Till:
    found = db.session.get(Till, min(till_id, LARGEST_ROW_ID))
    if found is None or found.store.merchant_id != merchant_id:
        raise TillUnknown
    return found


def _cashier(merchant_id: int, cashier_id: int) -> Cashier:
    found = db.session.get(Cashier, min(cashier_id, LARGEST_ROW_ID))
    if found is None or found.store.merchant_id != merchant_id:
        raise TillUnknown
    return found


def _places() -> dict[str, Any]:
    return {
        "counties": counties(current_app.config["CITY_CODE"]),
        "industries": industries(),
        "county_name": county_name,
        "industry_name": industry_name,
    }


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number


def _go_to(merchant_id: int) -> Response:
    response = redirect(url_for("merchants_desk.merchant", merchant_id=merchant_id), code=303)
    assert isinstance(response, Response)
    return response


def _merchant_names(ids: Collection[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Merchant.id, Merchant.name).where(Merchant.id.in_(ids))).all())


naming.register_names("merchant", _merchant_names)
