"""What the citizens' screens say: which tickets can be taken, and what the one button does.

A button is never grey without a reason and, where there is one, the moment when that changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select

from campaigns.catalog import CHANCE, CHOICE, ITEM, ReleaseFacts, release_facts
from campaigns.goods import category_name
from campaigns.offers import CampaignView, OfferView, RoundView
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.periods import PERIODS
from foundation import clock
from foundation.clock import bureau_day, local
from foundation.db import db
from identity.models import Citizen
from identity.persons import person_of
from voucher.holdings import HeldVoucher, held_of_releases
from voucher.models import LotteryDraw, LotteryEntry, PersonQuota
from voucher.named_lists import listed_for
from voucher.purchases import awaiting

TAB_LABELS = {
    "unused": lazy_gettext("未使用"),
    "used": lazy_gettext("已使用"),
    "expired": lazy_gettext("已过期"),
}


@dataclass(frozen=True)
class Choice:
    """One ticket of a round, or one category of it. ``why_not`` is empty when it can be taken; ``stock`` is how much
    is left, in words; ``left`` how many of a category this person may still claim now."""

    offer: OfferView
    why_not: str
    stock: str
    preselected: bool
    category: str = ""
    left: int = 0

    @property
    def category_name(self) -> str:
        return category_name(self.category)

    @property
    def value(self) -> str:
        """What the form sends for it."""
        return f"{self.offer.release_id}:{self.category}" if self.category else str(self.offer.release_id)


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
    tickets = [(offer, category) for offer in round_.offers for category in (offer.categories or ("",))]
    used = _used(round_, citizen_id) if citizen_id else {}
    barred = _barred(round_, citizen_id, used) if citizen_id else {}
    if round_.lottery and citizen_id:
        entered = _entered(round_, citizen_id)
        barred = {(release_id, ""): reason for release_id, reason in entered.items()} or barred
    reasons = [barred.get((offer.release_id, what)) or _sold_out(round_, offer) for offer, what in tickets]
    if citizen_id and _by_list(round_):
        listed = listed_for(citizen_id)
        reasons = [
            reason or ("" if offer.release_id in listed else _("不在名单"))
            for (offer, _category), reason in zip(tickets, reasons, strict=True)
        ]
    if citizen_id and any(offer.sold for offer in round_.offers):
        unpaid = {order.release_id for order in awaiting(citizen_id)}
        reasons = [
            _("待付款") if reason and offer.release_id in unpaid else reason
            for (offer, _category), reason in zip(tickets, reasons, strict=True)
        ]
    first = next((place for place, reason in enumerate(reasons) if not reason), None)
    return [
        Choice(
            offer,
            reason,
            _stock(round_, offer, reason),
            preselected=place == first and not category,
            category=category,
            left=_left(offer, category, used),
        )
        for place, ((offer, category), reason) in enumerate(zip(tickets, reasons, strict=True))
    ]


def _used(round_: RoundView, citizen_id: UUID) -> dict[str, int]:
    """Return scope → how many this person has had within it, of all scopes that limit the round's claims."""
    facts = _facts(round_)
    day = bureau_day(clock.now())
    scopes = {
        scope
        for release in facts
        for category in (release.categories or ("",))
        for scope, _most in release.quotas_of(category, day)
    }
    person_id = person_of(facts[0].people.same_person, citizen_id) if facts else citizen_id
    mine = (PersonQuota.person_id == person_id, PersonQuota.scope.in_(scopes))
    return dict(db.session.execute(select(PersonQuota.scope, PersonQuota.used).where(*mine)).all())


def _barred(round_: RoundView, citizen_id: UUID, used: Mapping[str, int]) -> dict[tuple[int, str], str]:
    """Return (release id, category) → why this person may have no more of it."""
    facts = _facts(round_)
    day = bureau_day(clock.now())
    held = held_of_releases(citizen_id, [release.release_id for release in facts])
    return {
        (release.release_id, category): _("您已领取")
        if release.release_id in held and not category
        else _over(release.quotas_of(category, day), used)
        for release in facts
        for category in (release.categories or ("",))
        if any(used.get(scope, 0) >= most for scope, most in release.quotas_of(category, day))
    }


def _left(offer: OfferView, category: str, used: Mapping[str, int]) -> int:
    release = release_facts(offer.release_id)
    if not category or release is None:
        return 0
    limits = (most - used.get(scope, 0) for scope, most in release.quotas_of(category, bureau_day(clock.now())))
    return max(0, min(offer.categories[category], *limits))


def _facts(round_: RoundView) -> list[ReleaseFacts]:
    return [found for offer in round_.offers if (found := release_facts(offer.release_id)) is not None]


def _entered(round_: RoundView, citizen_id: UUID) -> dict[int, str]:
    """Return release id → why this person enters no more: one entry per round."""
    person_id = person_of(_people(round_), citizen_id)
    mine = db.session.execute(
        select(LotteryEntry.citizen_id, LotteryDraw.release_id)
        .join(LotteryDraw, LotteryDraw.id == LotteryEntry.draw_id)
        .where(LotteryEntry.round_id == round_.round_id, LotteryEntry.person_id == person_id)
    ).one_or_none()
    if mine is None:
        return {}
    return {
        offer.release_id: _("已报名") if offer.release_id == mine.release_id else _("已报其他")
        for offer in round_.offers
    }


def _by_list(round_: RoundView) -> bool:
    facts = release_facts(round_.offers[0].release_id)
    return facts is not None and facts.by_list


def _people(round_: RoundView) -> Sequence[str]:
    facts = release_facts(round_.offers[0].release_id)
    return facts.people.same_person if facts else ()


def _over(limits: Sequence[tuple[str, int]], used: Mapping[str, int]) -> str:
    over = [scope for scope, most in limits if used.get(scope, 0) >= most]
    for prefix, why in ((CHOICE, _("已选其他")), (CHANCE, _("次数用完")), (ITEM, _("已领满"))):
        if any(scope.startswith(prefix) for scope in over):
            return why
    periods = {scope.partition(":")[0] for scope in over} & set(PERIODS)
    if periods and len(over) == len(periods):
        # Whichever begins anew last.
        return {"day": _("今天已领"), "week": _("本周已领"), "month": _("本月已领")}[
            max(periods, key=list(PERIODS).index)
        ]
    return _("已达上限")


def _sold_out(round_: RoundView, offer: OfferView) -> str:
    # Before the opening nothing may be set aside yet, and that is no reason against choosing.
    return _("已领完") if round_.phase in ("open", "sold_out") and not offer.remaining else ""


def _stock(round_: RoundView, offer: OfferView, why_not: str) -> str:
    if round_.phase != "open" or why_not:
        return ""
    if round_.lottery:
        return _("摇号")
    return {"plenty": _("充足"), "few": _("紧张"), "none": ""}[offer.stock_band]


@dataclass(frozen=True)
class Ways:
    """Where the button may lead: addresses. ``names`` is where names are given; ``real_name`` is the same for
    who must give theirs first, else empty; ``apply`` is where one applies."""

    sign_in: str
    mine: str
    names: str
    real_name: str = ""
    apply: str = ""


def action(campaign: CampaignView, tickets: Sequence[Choice], *, signed_in: bool, ways: Ways) -> Action:
    """Return what the button of a campaign's page does now."""
    sign_in = ways.sign_in
    round_ = campaign.next_round
    if round_ is None:
        return Action(_("活动已结束"), _("各轮都已结束；已领的券在有效期内仍可使用"), grey=True)
    if round_.by_application:
        return _application_action(round_, signed_in=signed_in, ways=ways)
    if round_.phase == "upcoming":
        why = _("%(moment)s 开抢，还有", moment=_moment(round_.opens_at))
        if not signed_in:
            return Action(_("先登录，到点直接领"), why, round_.opens_at, href=sign_in)
        if ways.real_name:
            return Action(_("先实名，到点直接领"), why, round_.opens_at, href=ways.real_name)
        return Action(_("还没到时间"), why, round_.opens_at, grey=True)
    if round_.lottery:
        return _lottery_action(
            round_.lottery, tickets, signed_in=signed_in, ways=ways, drawing=round_.phase == "drawing"
        )
    if any(not ticket.why_not for ticket in tickets):
        if not signed_in:
            return Action(_("登录后领取"), href=sign_in)
        if ways.real_name:
            return Action(_("实名后领取"), _("这个活动须实名"), href=ways.real_name)
        return Action(_("领取"))
    return _nothing_to_claim(campaign, round_, tickets, signed_in=signed_in, ways=ways)


def _nothing_to_claim(
    campaign: CampaignView, round_: RoundView, tickets: Sequence[Choice], *, signed_in: bool, ways: Ways
) -> Action:
    """Return what the button does while the round is open and nothing in it can be claimed by this person."""
    if signed_in and _by_list(round_) and not any(ticket.why_not == _("您已领取") for ticket in tickets):
        why = _("这一轮定向发放，您登录的手机号不在名单上；名单登记的是身份证号时，请先实名")
        return Action(_("填写实名信息"), why, href=ways.names)
    if signed_in and any(ticket.why_not == _("待付款") for ticket in tickets):
        return Action(_("去付款"), _("您有订单还没有付款，逾期自动取消"), href=ways.mine)
    if signed_in and any(ticket.offer.remaining for ticket in tickets):
        return Action(_("查看我的券"), _("这一轮您已领到上限"), href=ways.mine)
    if round_.next_portion_at:
        why = _("今天的已领完，%(moment)s 放出下一批，还有", moment=_moment(round_.next_portion_at))
        return Action(_("等下一批"), why, round_.next_portion_at, grey=True)
    return Action(_("本轮已领完"), _what_next(campaign), grey=True)


def _application_action(round_: RoundView, *, signed_in: bool, ways: Ways) -> Action:
    """Return what the button does where one applies: the form may be filled in before the round opens."""
    if round_.phase == "upcoming":
        why = _("%(moment)s 开始受理，可以先填写", moment=_moment(round_.opens_at))
        return Action(_("准备申请") if signed_in else _("登录后准备申请"), why, href=ways.apply)
    last = local(round_.closes_at - clock.TICK)
    why = _("受理到 %(month)s月%(day)s日", month=last.month, day=last.day)
    return Action(_("申请补贴") if signed_in else _("登录后申请"), why, href=ways.apply)


def _lottery_action(
    lottery: Lottery, tickets: Sequence[Choice], *, signed_in: bool, ways: Ways, drawing: bool
) -> Action:
    """Return what the button does while a draw is on."""
    entered = signed_in and not any(not ticket.why_not for ticket in tickets)
    if drawing or entered:
        why = _("%(moment)s 开奖", moment=_moment(lottery.draw_at))
        return Action(_("已报名，等待开奖") if entered else _("报名已截止"), why, grey=True)
    why = _("%(moment)s 截止报名，先后不影响中签", moment=_moment(lottery.register_until))
    if not signed_in:
        return Action(_("登录后报名"), why, href=ways.sign_in)
    if ways.real_name:
        return Action(_("实名后报名"), why, href=ways.real_name)
    return Action(_("报名摇号"), why)


def _what_next(campaign: CampaignView) -> str:
    upcoming = next((each for each in campaign.rounds if each.phase == "upcoming"), None)
    if upcoming is not None:
        return _("%(name)s %(moment)s 开抢", name=upcoming.name, moment=_moment(upcoming.opens_at))
    return _("过期未用的券会退回资金池，如再发放会写在这里")


def lacks_real_name(campaign: CampaignView, citizen_id: UUID | None) -> bool:
    """Return whether the campaign asks for a real name that this citizen has not given."""
    if not campaign.people.real_name or citizen_id is None:
        return False
    return db.session.scalar(select(Citizen.id_number_hash).where(Citizen.id == citizen_id)) is None


def _moment(moment: datetime) -> str:
    there = local(moment)
    return _("%(month)s月%(day)s日 %(time)s", month=there.month, day=there.day, time=f"{there:%H:%M}")


def state_of(voucher: HeldVoucher, device_hash: bytes) -> str:
    """Return which of its faces a voucher shows on this device: used, expired, later, scan, elsewhere, code or ask."""
    if voucher.tab in ("used", "expired"):
        return voucher.tab
    if clock.now() < voucher.valid_from:
        return "later"
    if not voucher.may_show:
        return "scan"
    if voucher.device_hash is None:
        return "ask"
    return "code" if voucher.device_hash == device_hash else "elsewhere"
