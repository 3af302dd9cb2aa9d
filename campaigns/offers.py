"""The read side: what citizens and staff see of campaigns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import select

from campaigns import award_tables, portions, termination
from campaigns.catalog import definition_of, offer_facts, planned_round, release_facts
from campaigns.definition import PeopleRules
from campaigns.errors import CampaignUnknown
from campaigns.models import Campaign, CampaignRound, CampaignVersion, Offer, Release
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.sold import Sold
from foundation import clock
from foundation.db import db
from foundation.errors import N_
from foundation.money import format_yuan_short
from foundation.words import Words


@dataclass(frozen=True)
class OfferView:
    """One ticket of a round: a voucher, or a pack (its face is that of all vouchers in it, its threshold 0).

    ``stock_band`` is "plenty", "few" or "none" of what was released.
    """

    release_id: int
    offer_id: int
    name: str
    face_value_fen: int
    threshold_fen: int
    counties: Sequence[str]
    industries: Sequence[str]
    places: Words
    validity: Words
    released: int
    remaining: int
    #: (how many, offer) of what is in a pack; empty for a single voucher
    contents: Sequence[tuple[int, "OfferView"]] = ()
    #: the choice group it belongs to, or empty
    group: str = ""
    #: category → how many articles per person, where it is claimed by category, and what it gives for one
    categories: Mapping[str, int] = field(default_factory=dict)
    worth: Words | None = None
    #: what it may not buy, in words
    goods_excluded: Sequence[str] = ()
    #: who scans whom, in words, where it is not the till that scans
    scan: Words | None = None
    #: how it is sold, None where it is free
    sold: Sold | None = None

    @property
    def count(self) -> int:
        """How many vouchers one claim gives."""
        return sum(count for count, _ in self.contents) or 1

    @property
    def lines(self) -> list[Words]:
        """What it says under its name: what a pack holds, else where and until when the voucher may be used."""
        if not self.contents:
            told = [self.places, self.validity]
            if self.goods_excluded:
                told.append(Words(N_("不能买%(goods)s"), goods="、".join(self.goods_excluded)))
            if self.scan:
                told.append(self.scan)
            if self.sold:
                told.append(self.sold.describe())
            return told
        inside = [
            Words(N_("%(count)s 张 %(rule)s %(name)s"), count=count, rule=offer.rule, name=offer.name)
            for count, offer in self.contents
        ]
        where = (
            Words(N_("%(places)s · %(validity)s"), places=offer.places, validity=offer.validity)
            for _, offer in self.contents
        )
        return inside + list(dict.fromkeys(where))

    @property
    def rule(self) -> Words:
        """What one voucher takes off which bill, in short."""
        threshold, face = format_yuan_short(self.threshold_fen), format_yuan_short(self.face_value_fen)
        return Words(N_("满%(threshold)s减%(face)s"), threshold=threshold, face=face)

    @property
    def stock_band(self) -> str:
        if self.remaining == 0:
            return "none"
        return "few" if self.remaining * 5 <= self.released else "plenty"


@dataclass(frozen=True)
class RoundView:
    """``phase``: "upcoming" before it opens, "open", "drawing" (registration for a draw is over), "sold_out", or
    "closed"."""

    round_id: int
    code: str
    name: str
    opens_at: datetime
    closes_at: datetime
    phase: str
    limits: Sequence[Words]
    issuance: Words
    offers: Sequence[OfferView]
    lottery: Lottery | None = None
    #: staff claim it for people, and nobody else
    assisted: bool = False
    #: when the next daily portion comes, None where there is none to come
    next_portion_at: datetime | None = None
    #: whether one applies for it and is reviewed
    by_application: bool = False


@dataclass(frozen=True)
class CampaignView:
    campaign_id: int
    code: str
    name: str
    kind: str
    notice: str
    starts_at: datetime
    ends_at: datetime
    #: names of those who pay
    sources: Sequence[str]
    rounds: Sequence[RoundView]
    people: PeopleRules
    #: (when it took effect, why, first day of papers for which raised awards are, or None) of each, newest first
    amendments: Sequence[tuple[datetime, str, date | None]] = ()
    #: why it has ended early, where it has
    ended_why: str = ""
    #: how much one person may have off, in words
    discount_limits: Sequence[Words] = ()

    @property
    def assisted_rounds(self) -> list[RoundView]:
        """The rounds that staff claim in for people, those that are over left out."""
        return [a_round for a_round in self.rounds if a_round.assisted and a_round.phase != "closed"]

    @property
    def next_round(self) -> RoundView | None:
        """The round to show first: one that is open to citizens, else the next to open."""
        for phase in ("open", "drawing", "upcoming", "sold_out"):
            for a_round in self.rounds:
                if a_round.phase == phase and not a_round.assisted:
                    return a_round
        return None


def open_campaigns() -> list[CampaignView]:
    """Return the published campaigns that have not ended, those that end first first."""
    now = clock.now()
    statement = (
        select(Campaign)
        .where(Campaign.version_id.is_not(None), Campaign.ends_at > now)
        .order_by(Campaign.ends_at, Campaign.id)
    )
    return [_view(campaign, now) for campaign in db.session.scalars(statement)]


def campaign_view(code: str) -> CampaignView:
    """Return one published campaign, ended or not. Refuses CampaignUnknown."""
    campaign = db.session.scalar(select(Campaign).where(Campaign.code == code, Campaign.version_id.is_not(None)))
    if campaign is None:
        raise CampaignUnknown
    return _view(campaign, clock.now())


def _view(campaign: Campaign, now: datetime) -> CampaignView:
    assert campaign.version_id is not None
    definition = definition_of(campaign.version_id)
    rows = db.session.execute(
        select(CampaignRound, Release, Offer)
        .join(Release, Release.round_id == CampaignRound.id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(CampaignRound.campaign_id == campaign.id)
        .order_by(CampaignRound.opens_at, CampaignRound.id, Release.id)
    ).all()
    by_round: dict[int, list[tuple[Release, Offer]]] = {}
    rounds: dict[int, CampaignRound] = {}
    for a_round, release, offer in rows:
        rounds[a_round.id] = a_round
        by_round.setdefault(a_round.id, []).append((release, offer))
    return CampaignView(
        campaign_id=campaign.id,
        code=campaign.code,
        name=campaign.name,
        kind=campaign.kind,
        notice=campaign.notice,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        sources=[source.name for source in definition.sources],
        people=definition.people,
        discount_limits=[limit.describe() for limit in definition.discount_limits],
        amendments=_amendments(campaign),
        ended_why=_ended_why(campaign.id),
        rounds=[_round_view(rounds[round_id], _tickets(parts), now) for round_id, parts in by_round.items()],
    )


def _ended_why(campaign_id: int) -> str:
    found = termination.of_campaign(campaign_id)
    return found.reason if found is not None and found.approved_by is not None else ""


def _amendments(campaign: Campaign) -> list[tuple[datetime, str, date | None]]:
    in_force = select(CampaignVersion.number).where(CampaignVersion.id == campaign.version_id).scalar_subquery()
    versions = db.session.scalars(
        select(CampaignVersion)
        .where(
            CampaignVersion.campaign_id == campaign.id,
            CampaignVersion.status == "published",
            CampaignVersion.amends_id.is_not(None),
            CampaignVersion.number <= in_force,
        )
        .order_by(CampaignVersion.number.desc())
    )
    told = []
    for version in versions:
        amendment = definition_of(version.id).amendment
        if amendment is not None and version.published_at is not None:
            at = max(version.published_at, amendment.effective_at or version.published_at)
            told.append((at, amendment.reason, award_tables.since_of(version)))
    return told


def _round_view(a_round: CampaignRound, offers: Sequence[OfferView], now: datetime) -> RoundView:
    planned = planned_round(a_round)
    return RoundView(
        round_id=a_round.id,
        code=a_round.code,
        name=a_round.name,
        opens_at=a_round.opens_at,
        closes_at=a_round.closes_at,
        phase="open"
        if planned.application and a_round.opens_at <= now < a_round.closes_at
        else _phase(a_round, offers, planned.lottery, now),
        limits=[limit.describe() for limit in planned.limits],
        issuance=planned.issuance.describe(),
        offers=offers,
        lottery=planned.lottery,
        assisted=planned.assisted is not None,
        next_portion_at=portions.next_due(a_round.id, now) if planned.daily else None,
        by_application=planned.application is not None,
    )


def _phase(a_round: CampaignRound, offers: Sequence[OfferView], lottery: Lottery | None, now: datetime) -> str:
    if now >= a_round.closes_at or a_round.status == "closed":
        return "closed"
    if now < a_round.opens_at or a_round.status == "scheduled":
        return "upcoming"
    if lottery:
        return "open" if now < lottery.register_until else "drawing"
    return "open" if any(offer.remaining for offer in offers) else "sold_out"


def _tickets(parts: Sequence[tuple[Release, Offer]]) -> list[OfferView]:
    """Return the tickets of a round in the order of the file, each pack as one."""
    together: dict[int, list[tuple[int, OfferView]]] = {}
    for release, offer in parts:
        facts = release_facts(release.id)
        assert facts is not None
        view = replace(_offer_view(release, offer), release_id=facts.release_id, group=facts.group)
        together.setdefault(facts.release_id, []).append((release.per_pack, view))
    return [_pack_view(release_id, contents) for release_id, contents in together.items()]


def _pack_view(release_id: int, contents: Sequence[tuple[int, OfferView]]) -> OfferView:
    count, first = contents[0]
    if len(contents) == 1 and count == 1:
        return first
    facts = release_facts(release_id)
    assert facts is not None
    return replace(
        first,
        name=facts.name,
        face_value_fen=sum(count * offer.face_value_fen for count, offer in contents),
        threshold_fen=0,
        released=first.released // count,
        remaining=first.remaining // count,
        contents=contents,
    )


def _offer_view(release: Release, offer: Offer) -> OfferView:
    facts = offer_facts(offer.id)
    terms = facts.terms
    # Only what is applied for has a table that an amendment may raise.
    benefit = award_tables.current(facts).benefit if facts.is_priced_when_claimed else terms.benefit
    return OfferView(
        release_id=release.id,
        offer_id=offer.id,
        name=offer.name,
        face_value_fen=offer.face_value_fen,
        threshold_fen=offer.threshold_fen,
        counties=terms.scope.counties,
        industries=terms.scope.industries,
        places=terms.scope.describe(),
        validity=terms.validity.describe(),
        goods_excluded=terms.scope.goods_excluded,
        scan=terms.use.describe_way() if terms.use.may_scan else None,
        sold=offer_facts(offer.id).sold,
        released=release.released,
        remaining=release.remaining,
        categories=terms.categories,
        worth=benefit.describe(),
    )
