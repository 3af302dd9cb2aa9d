"""Citizens' pages: campaigns, claiming, my vouchers, and the code at the till."""

import base64
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import get_locale
from flask_babel import gettext as _

from campaigns.catalog import release_facts
from campaigns.events import coming_events
from campaigns.offers import campaign_view, open_campaigns
from foundation import clock
from foundation.db import transaction
from foundation.errors import Conflict, Refusal
from identity import gates
from identity.principals import Principal
from voucher import citizen_screens as screens
from voucher import codes, lottery, qr
from voucher.claim_line import claim_in_line
from voucher.claims import Granted, refused_unasked
from voucher.draws import draws_of_releases, entries_of
from voucher.errors import (
    CategoryNeeded,
    LocationMissing,
    OpenedElsewhere,
    OutsideGeofence,
    ReleaseUnknown,
    ShowsNoCode,
    VoucherNotShowable,
)
from voucher.gifts import masked
from voucher.holdings import TABS, HeldVoucher, counts_of, next_of_offer, voucher_of, vouchers_of
from voucher.location import fences_of, outside, read_location
from voucher.named_lists import waiting_for
from voucher.purchase_orders import Ordered
from voucher.purchases import awaiting, price_of

#: Anyone may look at what is offered.
campaign_pages = Blueprint("campaign_pages", __name__, template_folder="templates")
#: The claim itself: the door finds out who asks, for all who claim at the same moment.
claim_pages = Blueprint("claim_pages", __name__, template_folder="templates")
#: What a person holds.
voucher_pages = Blueprint("voucher_pages", __name__, template_folder="templates")

_MILLISECONDS = 1000
#: How many refusals a process keeps drawn.
MOST_DRAWN = 1_000


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
    return render_template(
        "voucher/campaigns.html", campaigns=open_campaigns(), events=coming_events(), citizen=gates.signed_in("citizen")
    )


@campaign_pages.get("/campaigns/<code>")
def campaign(code: str) -> str:
    """Show one campaign with its tickets and the button."""
    return _campaign_page(code)


@claim_pages.post("/campaigns/<code>/claims")
def claim(code: str) -> Response:
    """Claim one ticket and go to it, or a pack and go to all vouchers; a refusal stays on the page, by the button."""
    release_id, category = _wanted()
    facts = release_facts(release_id)
    if facts is None:
        raise ReleaseUnknown
    if facts.lottery:
        gates.citizen()
        return _enter(code, facts.release_id)
    known = refused_unasked(facts, clock.now())
    if known is not None:
        return _told_without_asking(code, facts.release_id, known)
    served = claim_in_line(
        release_id,
        gates.citizen_token() or "",
        address=request.remote_addr or "",
        device_hash=gates.device_hash() if "device" in facts.people.same_person else None,
        category=category,
        location=read_location(request.form),
    )
    gates.has_passed(Principal("citizen", str(served.citizen_id), ""))
    granted = served.outcome
    if isinstance(granted, Conflict | CategoryNeeded):
        return _refused(code, granted)
    if isinstance(granted, Refusal):
        raise granted
    return _on_to(_address_of(granted))


def _address_of(granted: Granted | Ordered) -> str:
    """Return where one goes after a claim: to the voucher, or to pay for it first."""
    if isinstance(granted, Ordered):
        return url_for("purchase_pages.purchase", purchase_id=granted.purchase_id)
    if len(granted.entitlement_ids) > 1:
        flash(_("券包已领取，%(count)s 张券都在这里。", count=len(granted.entitlement_ids)))
        return url_for("voucher_pages.holdings")
    return url_for("voucher_pages.voucher", entitlement_id=granted.entitlement_id)


def _told_without_asking(code: str, release_id: int, refusal: Refusal) -> Response:
    """Answer from memory, with a page that is the same for everybody and is drawn once."""
    by_htmx = request.headers.get("HX-Request") == "true"
    drawn: dict[object, str] = current_app.extensions.setdefault("voucher.refusals_drawn", {})
    # What is said changes with the release and the reason; only a whole page also leads back to its campaign.
    # Which language it is costs as much to find out as all the rest; while there is one, nobody asks.
    language = str(get_locale()) if current_app.extensions["babel"].locale_selector else ""
    page = (release_id, refusal.code, language, "" if by_htmx else code)
    if page not in drawn:
        if len(drawn) >= MOST_DRAWN:
            drawn.clear()
        template = "voucher/_claim_refused.html" if by_htmx else "voucher/claim_refused.html"
        drawn[page] = render_template(template, refusal=refusal, code=code, real_name="")
    return Response(drawn[page], HTTPStatus.CONFLICT)


def _enter(code: str, release_id: int) -> Response:
    """Enter to the draw and go to its page."""
    facts = release_facts(release_id)
    away = outside(fences_of(facts, "claim"), read_location(request.form)) if facts else None
    if isinstance(away, Conflict):
        return _refused(code, away)
    try:
        with transaction():
            draw_id = lottery.enter(_citizen_id(), release_id, gates.device_hash())
    except Conflict as refusal:
        return _refused(code, refusal)
    flash(_("报名成功，结果会公布在这里，中签还会发短信。"))
    return _on_to(url_for("draw_pages.draw", draw_id=draw_id))


def _refused(code: str, refusal: Refusal) -> Response:
    by_htmx = request.headers.get("HX-Request") == "true"
    page = (
        render_template("voucher/_claim_refused.html", refusal=refusal, real_name=_real_name_address(code))
        if by_htmx
        else _campaign_page(code, refusal)
    )
    return make_response(page, HTTPStatus.CONFLICT)


def _on_to(address: str) -> Response:
    if request.headers.get("HX-Request") == "true":
        return Response(headers={"HX-Redirect": address})
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


@voucher_pages.post("/entries/<uuid:entry_id>/take-up")
def take_up(entry_id: UUID) -> Response:
    """Take up a prize and go to it."""
    with transaction():
        granted = lottery.take_up(entry_id, _citizen_id())
    flash(_("领取成功"))
    if len(granted.entitlement_ids) > 1:
        return _on_to(url_for("voucher_pages.holdings"))
    return _on_to(url_for("voucher_pages.voucher", entitlement_id=granted.entitlement_id))


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
        listed=waiting_for(_citizen_id()),
        unpaid=awaiting(_citizen_id()),
        entries=[entry for entry in entries_of(_citizen_id()) if entry.outcome in ("won", "waiting")],
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
    # Of a gift another part may have been handed out meanwhile.
    if state == request.args.get("seen") and str(held.given) == request.args.get("given", "0"):
        return Response(status=HTTPStatus.NO_CONTENT)
    # A code cannot be shown twice: only its hash is kept.
    return make_response(_fragment(held, "ask" if state == "code" else state, just_now=True))


@voucher_pages.post("/vouchers/<uuid:entitlement_id>/code")
def code(entitlement_id: UUID) -> str:
    """Show a code. ``open=1`` takes the voucher over from another device."""
    device = gates.device_hash()
    operation = codes.open_voucher if request.form.get("open") else codes.show_code
    state, shown, away = "code", None, None
    try:
        with transaction():
            shown = operation(entitlement_id, _citizen_id(), device, location=read_location(request.form))
    except (OpenedElsewhere, ShowsNoCode, VoucherNotShowable):
        shown = None
    except (LocationMissing, OutsideGeofence) as refusal:
        away = refusal
    held = voucher_of(entitlement_id, _citizen_id())
    if shown is None:
        state = "where" if away else screens.state_of(held, device)
    context: dict[str, object] = _code_context(shown) if shown else {"refusal": away}
    if request.headers.get("X-Requested-With") == "fetch":
        return _fragment(held, state, just_now=True, **context)
    return _voucher_page(held, state, **context)


def _campaign_page(code: str, refusal: Refusal | None = None) -> str:
    shown = campaign_view(code)
    citizen = gates.signed_in("citizen")
    round_ = shown.next_round
    citizen_id = UUID(citizen.id) if citizen else None
    tickets = screens.choices(round_, citizen_id) if round_ else []
    ways = screens.Ways(
        sign_in=url_for("sign_in.phone", next=url_for("campaign_pages.campaign", code=code)),
        mine=url_for("voucher_pages.holdings"),
        names=_real_name_address(code),
        apply=url_for("application_pages.about", code=code),
        real_name=_real_name_address(code) if screens.lacks_real_name(shown, citizen_id) else "",
    )
    action = screens.action(shown, tickets, signed_in=citizen is not None, ways=ways)
    return render_template(
        "voucher/campaign.html",
        campaign=shown,
        round=round_,
        choices=tickets,
        action=action,
        citizen=citizen,
        refusal=refusal,
        real_name=_real_name_address(code),
        geofence=bool(round_)
        and any(fences_of(facts, "claim") for ticket in tickets if (facts := release_facts(ticket.offer.release_id))),
        draws=draws_of_releases([ticket.offer.release_id for ticket in tickets]) if round_ and round_.lottery else {},
    )


def _real_name_address(code: str) -> str:
    return url_for("sign_in.real_name", next=url_for("campaign_pages.campaign", code=code))


def _voucher_page(held: HeldVoucher, state: str, **context: object) -> str:
    more = next_of_offer(held, _citizen_id()) if held.per_order > 1 and held.tab == "unused" else (None, 1)
    return render_template(
        "voucher/voucher.html",
        voucher=held,
        state=state,
        just_now=False,
        next_id=more[0],
        of_offer=more[1],
        masked=masked,
        price=price_of(held.id) if held.sold else None,
        **context,
    )


def _fragment(held: HeldVoucher, state: str, **context: object) -> str:
    return render_template("voucher/_now.html", voucher=held, state=state, masked=masked, **context)


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


def _wanted() -> tuple[int, str]:
    """Return which release the form names, and of what is claimed by category which one."""
    text, _colon, category = request.form.get("release_id", "").partition(":")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ReleaseUnknown
    return int(text), category
