"""Citizens' pages: campaigns, claiming, my vouchers, and the code at the till."""

import base64
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.offers import campaign_view, open_campaigns
from foundation import clock
from foundation.db import transaction
from foundation.errors import Conflict
from identity import gates
from voucher import citizen_screens as screens
from voucher import codes, qr
from voucher.claims import claim as claim_operation
from voucher.errors import OpenedElsewhere, ReleaseUnknown, VoucherNotShowable
from voucher.holdings import TABS, HeldVoucher, counts_of, voucher_of, vouchers_of

#: Anyone may look at what is offered.
campaign_pages = Blueprint("campaign_pages", __name__, template_folder="templates")
#: What a person claims and holds.
voucher_pages = Blueprint("voucher_pages", __name__, template_folder="templates")

_MILLISECONDS = 1000


@campaign_pages.app_template_filter("last_date")
def last_date(moment: datetime) -> str:
    """Return the last day before an exclusive end: what ends at midnight ended the day before."""
    return clock.bureau_day(moment - clock.TICK).isoformat()


@campaign_pages.app_template_filter("until")
def until(moment: datetime) -> str:
    """Return an exclusive end as notices write it: 5月8日 24:00 rather than 5月9日 00:00."""
    there = clock.local(moment)
    last = clock.bureau_day(moment - clock.TICK)
    time = "24:00" if last != there.date() else f"{there:%H:%M}"
    return _("%(month)s月%(day)s日 %(time)s", month=last.month, day=last.day, time=time)


@campaign_pages.get("/")
def campaigns() -> str:
    """List the campaigns that run or are coming."""
    return render_template("voucher/campaigns.html", campaigns=open_campaigns(), citizen=gates.signed_in("citizen"))


@campaign_pages.get("/campaigns/<code>")
def campaign(code: str) -> str:
    """Show one campaign with its tickets and the button."""
    return _campaign_page(code)


@voucher_pages.post("/campaigns/<code>/claims")
def claim(code: str) -> Response:
    """Claim one ticket and go to it; a refusal stays on the page, by the button."""
    try:
        with transaction():
            granted = claim_operation(_citizen_id(), _release_id())
    except Conflict as refusal:
        by_htmx = request.headers.get("HX-Request") == "true"
        page = (
            render_template("voucher/_claim_refused.html", refusal=refusal)
            if by_htmx
            else _campaign_page(code, refusal)
        )
        return make_response(page, HTTPStatus.CONFLICT)
    address = url_for("voucher_pages.voucher", entitlement_id=granted.entitlement_id)
    if request.headers.get("HX-Request") == "true":
        return Response(headers={"HX-Redirect": address})
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


@voucher_pages.get("/vouchers")
def holdings() -> str:
    """List what the citizen holds, by tab."""
    tab = request.args.get("tab", "unused")
    tab = tab if tab in TABS else "unused"
    counts = counts_of(_citizen_id())
    return render_template(
        "voucher/holdings.html",
        tab=tab,
        tabs=[(name, screens.TAB_LABELS[name], counts[name]) for name in TABS],
        vouchers=vouchers_of(_citizen_id(), tab),
        citizen=gates.principal(),
    )


@voucher_pages.get("/vouchers/<uuid:entitlement_id>")
def voucher(entitlement_id: UUID) -> str:
    """Show one voucher; the code is asked for by the page itself, or by the citizen where scripts are off."""
    held = voucher_of(entitlement_id, _citizen_id())
    state = screens.state_of(held, gates.device_hash())
    # The code this device showed before a reload is known to nobody any more: the page asks for a fresh one, and
    # to open a voucher here is to take it over from the device that had it.
    return _voucher_page(held, "ask" if state in ("code", "elsewhere") else state)


@voucher_pages.get("/vouchers/<uuid:entitlement_id>/now")
def now(entitlement_id: UUID) -> Response:
    """Answer 204 while the page still shows the truth (``?seen=``), else what it should show."""
    held = voucher_of(entitlement_id, _citizen_id())
    state = screens.state_of(held, gates.device_hash())
    if state == request.args.get("seen"):
        return Response(status=HTTPStatus.NO_CONTENT)
    # A code cannot be shown twice: only its hash is kept.
    return make_response(_fragment(held, "ask" if state == "code" else state, just_now=True))


@voucher_pages.post("/vouchers/<uuid:entitlement_id>/code")
def code(entitlement_id: UUID) -> str:
    """Show a code. ``open=1`` takes the voucher over from another device."""
    device = gates.device_hash()
    operation = codes.open_voucher if request.form.get("open") else codes.show_code
    state, shown = "code", None
    try:
        with transaction():
            shown = operation(entitlement_id, _citizen_id(), device)
    except (OpenedElsewhere, VoucherNotShowable):
        shown = None
    held = voucher_of(entitlement_id, _citizen_id())
    if shown is None:
        state = screens.state_of(held, device)
    context = _code_context(shown) if shown else {}
    if request.headers.get("X-Requested-With") == "fetch":
        return _fragment(held, state, just_now=True, **context)
    return _voucher_page(held, state, **context)


def _campaign_page(code: str, refusal: Conflict | None = None) -> str:
    shown = campaign_view(code)
    citizen = gates.signed_in("citizen")
    round_ = shown.next_round
    tickets = screens.choices(round_, UUID(citizen.id) if citizen else None) if round_ else []
    action = screens.action(
        shown,
        tickets,
        signed_in=citizen is not None,
        sign_in=url_for("sign_in.phone", next=url_for("campaign_pages.campaign", code=code)),
        mine=url_for("voucher_pages.holdings"),
    )
    return render_template(
        "voucher/campaign.html",
        campaign=shown,
        round=round_,
        choices=tickets,
        action=action,
        citizen=citizen,
        refusal=refusal,
    )


def _voucher_page(held: HeldVoucher, state: str, **context: object) -> str:
    return render_template("voucher/voucher.html", voucher=held, state=state, just_now=False, **context)


def _fragment(held: HeldVoucher, state: str, **context: object) -> str:
    return render_template("voucher/_now.html", voucher=held, state=state, **context)


def _code_context(shown: codes.ShownCode) -> dict[str, object]:
    left = shown.expires_at - clock.now()
    picture = base64.b64encode(qr.png(shown.digits)).decode()
    return {
        "groups": [shown.digits[place : place + 4] for place in range(0, len(shown.digits), 4)],
        "picture": f"data:image/png;base64,{picture}",
        "left_ms": int(left.total_seconds() * _MILLISECONDS),
        "lives_ms": int(codes.SHOWN_FOR.total_seconds() * _MILLISECONDS),
    }


def _citizen_id() -> UUID:
    return UUID(gates.principal().id)


def _release_id() -> int:
    text = request.form.get("release_id", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ReleaseUnknown
    return int(text)
