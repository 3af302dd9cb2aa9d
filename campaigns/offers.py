"""The read side: what citizens and staff see of campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campaigns.catalog import definition_of, offer_facts, planned_round
from campaigns.errors import CampaignUnknown
from campaigns.models import Campaign, CampaignRound, Offer, Release
from foundation import clock
from foundation.db import db
from foundation.words import Words


@dataclass(frozen=True)
class OfferView:
    """One ticket of a round. ``stock_band`` is "plenty", "few" or "none" of what was released."""

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

    @property
    def stock_band(self) -> str:
        if self.remaining == 0:
            return "none"
        return "few" if self.remaining * 5 <= self.released else "plenty"


@dataclass(frozen=True)
class RoundView:
    """``phase``: "upcoming" before it opens, "open", "sold_out", or "closed"."""

    round_id: int
    code: str
    name: str
    opens_at: datetime
    closes_at: datetime
    phase: str
    limits: Sequence[Words]
    issuance: Words
    offers: Sequence[OfferView]


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

    @property
    def next_round(self) -> RoundView | None:
        """The round to show first: one that is open, else the next to open."""
        for phase in ("open", "upcoming", "sold_out"):
            for a_round in self.rounds:
                if a_round.phase == phase:
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
    by_round: dict[int, list[OfferView]] = {}
    rounds: dict[int, CampaignRound] = {}
    for a_round, release, offer in rows:
        rounds[a_round.id] = a_round
        by_round.setdefault(a_round.id, []).append(_offer_view(release, offer))
    return CampaignView(
        campaign_id=campaign.id,
        code=campaign.code,
        name=campaign.name,
        kind=campaign.kind,
        notice=campaign.notice,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        sources=[source.name for source in definition.sources],
        rounds=[_round_view(rounds[round_id], offers, now) for round_id, offers in by_round.items()],
    )


def _round_view(a_round: CampaignRound, offers: Sequence[OfferView], now: datetime) -> RoundView:
    planned = planned_round(a_round)
    return RoundView(
        round_id=a_round.id,
        code=a_round.code,
        name=a_round.name,
        opens_at=a_round.opens_at,
        closes_at=a_round.closes_at,
        phase=_phase(a_round, offers, now),
        limits=[limit.describe() for limit in planned.limits],
        issuance=planned.issuance.describe(),
        offers=offers,
    )


def _phase(a_round: CampaignRound, offers: Sequence[OfferView], now: datetime) -> str:
    if now >= a_round.closes_at or a_round.status == "closed":
        return "closed"
    if now < a_round.opens_at or a_round.status == "scheduled":
        return "upcoming"
    return "open" if any(offer.remaining for offer in offers) else "sold_out"


def _offer_view(release: Release, offer: Offer) -> OfferView:
    terms = offer_facts(offer.id).terms
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
        released=release.released,
        remaining=release.remaining,
    )
