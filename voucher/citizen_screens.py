"""What the citizens' screens say: which tickets can be taken, and what the one button does.

A button is never grey without a reason and, where there is one, the moment when that changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from campaigns.catalog import release_facts
from campaigns.offers import CampaignView, OfferView, RoundView
from foundation import clock
from foundation.clock import local
from foundation.db import db
from voucher.holdings import HeldVoucher, held_of_releases
from voucher.models import PersonQuota

TAB_LABELS = {
    "unused": lazy_gettext("未使用"),
    "used": lazy_gettext("已使用"),
    "expired": lazy_gettext("已过期"),
}


@dataclass(frozen=True)
class Choice:
    """One ticket of a round. ``why_not`` is empty when it can be taken; ``stock`` is how much is left, in words."""

    offer: OfferView
    why_not: str
    stock: str
    preselected: bool


@dataclass(frozen=True)
class Action:
    """The page's one button: a link when ``href`` is set, else the form's. ``opens_at`` starts a countdown."""

    label: str
    why: str = ""
    opens_at: datetime | None = None
    href: str = ""
    grey: bool = False


def choices(round_: RoundView, citizen_id: UUID | None) -> list[Choice]:
    """Return the tickets of a round, the first that can be taken chosen already, so that one tap claims."""
    barred = _barred(round_, citizen_id) if citizen_id else {}
    reasons = [barred.get(offer.release_id) or _sold_out(round_, offer) for offer in round_.offers]
    first = next((place for place, reason in enumerate(reasons) if not reason), None)
    return [
        Choice(offer, reason, _stock(round_, offer, reason), preselected=place == first)
        for place, (offer, reason) in enumerate(zip(round_.offers, reasons, strict=True))
    ]


def _barred(round_: RoundView, citizen_id: UUID) -> dict[int, str]:
    """Return release id → why this person may have no more of it."""
    facts = [found for offer in round_.offers if (found := release_facts(offer.release_id)) is not None]
    scopes = {scope for release in facts for scope, _most in release.quotas}
    mine = (PersonQuota.person_id == citizen_id, PersonQuota.scope.in_(scopes))
    used = dict(db.session.execute(select(PersonQuota.scope, PersonQuota.used).where(*mine)).all())
    held = held_of_releases(citizen_id, [release.release_id for release in facts])
    return {
        release.release_id: _("您已领取") if release.release_id in held else _("已达上限")
        for release in facts
        if any(used.get(scope, 0) >= most for scope, most in release.quotas)
    }


def _sold_out(round_: RoundView, offer: OfferView) -> str:
    # Before the opening nothing may be set aside yet, and that is no reason against choosing.
    return _("已领完") if round_.phase in ("open", "sold_out") and not offer.remaining else ""


def _stock(round_: RoundView, offer: OfferView, why_not: str) -> str:
    if round_.phase != "open" or why_not:
        return ""
    return {"plenty": _("充足"), "few": _("紧张"), "none": ""}[offer.stock_band]


def action(campaign: CampaignView, tickets: Sequence[Choice], *, signed_in: bool, sign_in: str, mine: str) -> Action:
    """Return what the button of a campaign's page does now. ``sign_in`` and ``mine`` are addresses."""
    round_ = campaign.next_round
    if round_ is None:
        return Action(_("活动已结束"), _("各轮都已结束；已领的券在有效期内仍可使用"), grey=True)
    if round_.phase == "upcoming":
        why = _("%(moment)s 开抢，还有", moment=_moment(round_.opens_at))
        if not signed_in:
            return Action(_("先登录，到点直接领"), why, round_.opens_at, href=sign_in)
        return Action(_("还没到时间"), why, round_.opens_at, grey=True)
    if any(not ticket.why_not for ticket in tickets):
        if not signed_in:
            return Action(_("登录后领取"), href=sign_in)
        return Action(_("领取"))
    if signed_in and any(ticket.offer.remaining for ticket in tickets):
        return Action(_("查看我的券"), _("这一轮您已领到上限"), href=mine)
    return Action(_("本轮已领完"), _what_next(campaign), grey=True)


def _what_next(campaign: CampaignView) -> str:
    upcoming = next((each for each in campaign.rounds if each.phase == "upcoming"), None)
    if upcoming is not None:
        return _("%(name)s %(moment)s 开抢", name=upcoming.name, moment=_moment(upcoming.opens_at))
    return _("过期未用的券会退回资金池，如再发放会写在这里")


def _moment(moment: datetime) -> str:
    there = local(moment)
    return _("%(month)s月%(day)s日 %(time)s", month=there.month, day=there.day, time=f"{there:%H:%M}")


def state_of(voucher: HeldVoucher, device_hash: bytes) -> str:
    """Return which of its faces a voucher shows on this device: used, expired, later, elsewhere, code or ask."""
    if voucher.tab in ("used", "expired"):
        return voucher.tab
    if clock.now() < voucher.valid_from:
        return "later"
    if voucher.device_hash is None:
        return "ask"
    return "code" if voucher.device_hash == device_hash else "elsewhere"
