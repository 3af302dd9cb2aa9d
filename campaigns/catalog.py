"""What is published, as values: read once per process, for published versions never change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from campaigns.campaign_file import check
from campaigns.definition import Definition, PeopleRules, RoundDefinition
from campaigns.models import Campaign, CampaignRound, CampaignVersion, FundSource, Offer, Release
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.discount_limits import DiscountLimit
from campaigns.terms.issuance.application import Application
from campaigns.terms.issuance.lottery import Lottery
from campaigns.terms.limits.chances import Chances
from campaigns.terms.limits.per_person import PerPerson, period_scope
from campaigns.terms.quote import OfferTerms
from campaigns.terms.sold import Sold
from foundation.db import db


@dataclass(frozen=True)
class OfferFacts:
    """A published offer: its terms, and what it costs each source to the fen."""

    offer_id: int
    campaign_id: int
    campaign_version_id: int
    campaign_name: str
    city: str
    code: str
    name: str
    face_value_fen: int
    threshold_fen: int
    terms: OfferTerms
    #: fund source id → fen of one entitlement's committed money, in the order of the file
    split: dict[int, int]
    #: fund source code → id
    source_ids: dict[str, int]
    #: fund source id → level; what a source of level merchant pays is the merchant's own share, and owed to nobody
    levels: dict[int, str]
    campaign_ends_at: datetime
    #: whether each is worth what its application was awarded, instead of the face
    is_priced_when_claimed: bool = False
    #: how much one person may have off, over all offers of the campaign
    discount_limits: tuple[DiscountLimit, ...] = ()
    #: how it is sold, None where it is free, and the id of the source whose the price is
    sold: Sold | None = None
    proceeds_source_id: int | None = None

    def split_of(self, fen: int) -> dict[int, int]:
        """Return fund source id → fen of an amount, sources without a part left out."""
        if fen == self.face_value_fen and not self.is_priced_when_claimed:
            return self.split
        return {self.source_ids[code]: part for code, part in self.terms.funding.split(fen).items() if part}

    def is_borne(self, source_id: int) -> bool:
        """Return whether what this source pays is the merchant's own share."""
        return self.levels[source_id] == "merchant"

    def by_payer(self, discount_fen: int) -> dict[str, int]:
        """Return payer ("government", "bank", "merchant") → fen of a discount, payers without a part left out."""
        found = {"government": 0, "bank": 0, "merchant": 0}
        for code, fen in self.terms.split(discount_fen).items():
            level = self.levels[self.source_ids[code]]
            found[level if level in found else "government"] += fen
        return {payer: fen for payer, fen in found.items() if fen}


@dataclass(frozen=True)
class ReleasePart:
    """One offer of what is claimed: ``count`` vouchers of it, from a stock of its own."""

    release_id: int
    offer: OfferFacts
    count: int


@dataclass(frozen=True)
class ReleaseFacts:
    """A published release: what one claim of it gives, and when and how often it may be claimed.

    A pack is claimed under the id of its first part.
    """

    release_id: int
    round_id: int
    name: str
    #: what one claim gives: one part, or the several parts of a pack
    parts: tuple[ReleasePart, ...]
    #: the choice group it belongs to, or empty
    group: str
    opens_at: datetime
    closes_at: datetime
    #: (scope key, most per person) of what counts on every day alike, in one fixed order
    quotas: tuple[tuple[str, int], ...]
    #: who may claim, and who counts as one person
    people: PeopleRules
    #: how it is drawn, if it is
    lottery: Lottery | None
    #: whether only people on an imported list may claim
    by_list: bool
    #: how it is applied for and reviewed, if it is
    application: Application | None = None
    #: whether staff claim it for people, and nobody else
    assisted: bool = False
    #: how often a person may claim each category, where the round says so
    chances: int | None = None
    #: (calendar period, most per person) of what counts anew in each
    periods: tuple[tuple[str, int], ...] = ()

    @property
    def categories(self) -> Mapping[str, int]:
        """category → how many articles per person, where it is claimed by category."""
        return self.offer.terms.categories

    def quotas_of(self, category: str, day: date) -> tuple[tuple[str, int], ...]:
        """Return (scope key, most per person) of a claim of this category, "" for what has none, on a bureau day, in
        one fixed order.

        Articles are counted while they are held or bought, chances for good; both over all rounds of the campaign.
        """
        campaign_id = self.offer.campaign_id
        of_period = tuple((period_scope(period, campaign_id, day), most) for period, most in self.periods)
        if not category:
            return tuple(sorted((*self.quotas, *of_period))) if of_period else self.quotas
        quantity = self.categories[category]
        of_category = (
            (item_scope(campaign_id, category), quantity),
            (f"{CHANCE}{campaign_id}:{category}", quantity if self.chances is None else self.chances),
        )
        return tuple(sorted((*self.quotas, *of_period, *of_category)))

    @property
    def offer(self) -> OfferFacts:
        """The (first) offer."""
        return self.parts[0].offer

    @property
    def sold(self) -> Sold | None:
        """How it is sold; None where it is free, as every pack is."""
        return self.offer.sold


def _cache(name: str) -> dict[int, Any]:
    # Kept on the application, so that two applications (two databases) never share it.
    caches: dict[str, dict[int, Any]] = current_app.extensions.setdefault("campaigns.catalog", {})
    return caches.setdefault(name, {})


def definition_of(version_id: int) -> Definition:
    """Return the definition of a version."""
    cache = _cache("definition")
    if version_id not in cache:
        version = db.session.get_one(CampaignVersion, version_id)
        definition = check(version.document)
        if version.status != "published":
            return definition
        cache[version_id] = definition
    found: Definition = cache[version_id]
    return found


def offer_facts(offer_id: int) -> OfferFacts:
    """Return the facts of an offer. Raises ``NoResultFound`` for an id that is not an offer's."""
    cache = _cache("offer")
    if offer_id not in cache:
        offer, campaign = db.session.execute(
            select(Offer, Campaign).join(Campaign, Campaign.id == Offer.campaign_id).where(Offer.id == offer_id)
        ).one()
        definition = definition_of(offer.campaign_version_id)
        terms = definition.offer(offer.code).terms
        by_code = terms.funding.split(terms.benefit.committed_fen)
        sources = db.session.scalars(select(FundSource).where(FundSource.code.in_(by_code))).all()
        ids = {source.code: source.id for source in sources}
        sold = definition.offer(offer.code).sold
        cache[offer_id] = OfferFacts(
            offer_id=offer.id,
            campaign_id=campaign.id,
            campaign_version_id=offer.campaign_version_id,
            campaign_name=campaign.name,
            city=campaign.city,
            code=offer.code,
            name=offer.name,
            face_value_fen=offer.face_value_fen,
            threshold_fen=offer.threshold_fen,
            terms=terms,
            split={ids[code]: fen for code, fen in by_code.items() if fen},
            source_ids=ids,
            levels={source.id: source.level for source in sources},
            campaign_ends_at=campaign.ends_at,
            is_priced_when_claimed=definition.preset.priced_when_claimed,
            discount_limits=tuple(definition.discount_limits),
            sold=sold,
            proceeds_source_id=_source_id(sold.proceeds) if sold else None,
        )
    found: OfferFacts = cache[offer_id]
    return found


def _source_id(code: str) -> int:
    return db.session.scalars(select(FundSource.id).where(FundSource.code == code)).one()


def release_facts(release_id: int) -> ReleaseFacts | None:
    """Return the facts of a release, or None if there is no such release."""
    cache = _cache("release")
    if release_id not in cache:
        row = db.session.execute(
            select(Release, CampaignRound)
            .join(CampaignRound, CampaignRound.id == Release.round_id)
            .where(Release.id == release_id)
        ).one_or_none()
        if row is None:
            return None
        cache[release_id] = _release_facts(*row)
    found: ReleaseFacts = cache[release_id]
    return found


def _release_facts(release: Release, a_round: CampaignRound) -> ReleaseFacts:
    planned = planned_round(a_round)
    rows = [release]
    if release.pack:
        parts = select(Release).where(Release.round_id == a_round.id, Release.pack == release.pack)
        rows = list(db.session.scalars(parts.order_by(Release.id)))
    first = rows[0].id
    definition = definition_of(a_round.campaign_version_id)
    offer = offer_facts(rows[0].offer_id)
    unit = next(
        each for each in planned.releases if (each.pack == release.pack if release.pack else each.offer == offer.code)
    )
    counted = _counted_in(a_round, planned, rows[0])
    per_person = [limit for limit in planned.limits if isinstance(limit, PerPerson)]
    quotas = {limit.scope_key(**counted): limit.count for limit in per_person if not limit.period}
    periods: dict[str, int] = {}
    for limit in per_person:
        if limit.period:
            periods[limit.period] = min(limit.count, periods.get(limit.period, limit.count))
    if offer.is_priced_when_claimed and isinstance(offer.terms.benefit, PriceTiers):
        # A buyer has no more in all rounds together than the table allows, and other campaigns may ask for that.
        whole = f"campaign:{a_round.campaign_id}"
        quotas[whole] = min(quotas.get(whole, MOST), offer.terms.benefit.buyers.get("person", 0))
    if unit.group:
        quotas[choice_scope(a_round.id, planned.groups.index(unit.group) + 1)] = 1
    return ReleaseFacts(
        release_id=first,
        round_id=a_round.id,
        name=definition.release_name(unit),
        parts=tuple(ReleasePart(row.id, offer_facts(row.offer_id), row.per_pack) for row in rows),
        group=unit.group,
        opens_at=a_round.opens_at,
        closes_at=a_round.closes_at,
        quotas=tuple(sorted(quotas.items())),
        periods=tuple(sorted(periods.items())),
        people=definition.people,
        lottery=planned.lottery,
        by_list=planned.by_list,
        application=planned.application,
        assisted=planned.assisted is not None,
        chances=next((limit.count for limit in planned.limits if isinstance(limit, Chances)), None),
    )


def _counted_in(a_round: CampaignRound, planned: RoundDefinition, first: Release) -> dict[str, int]:
    """Return the ids in which a release's claims are counted: those of the round that an assisted round stands
    beside, so that nobody claims in both, else its own."""
    ids = {"campaign_id": a_round.campaign_id, "round_id": a_round.id, "release_id": first.id}
    if planned.assisted is None or not planned.assisted.beside:
        return ids
    online = db.session.scalars(
        select(CampaignRound).where(
            CampaignRound.campaign_id == a_round.campaign_id, CampaignRound.code == planned.assisted.beside
        )
    ).one()
    same = db.session.scalar(
        select(Release.id)
        .where(Release.round_id == online.id, Release.pack == first.pack, Release.offer_id == first.offer_id)
        .order_by(Release.id)
    )
    return ids | {"round_id": online.id, "release_id": first.id if same is None else same}


CHOICE = "choice:"
ITEM = "item:"
CHANCE = "chance:"
#: Above every limit per person.
MOST = 1_000


def item_scope(campaign_id: int, category: str) -> str:
    """Return the scope in which a person's articles of one category are counted over a campaign."""
    return f"{ITEM}{campaign_id}:{category}"


def choice_scope(round_id: int, number: int) -> str:
    """Return the scope in which a person takes one of a choice group, the groups of a round counted from 1."""
    return f"{CHOICE}{round_id}:{number}"


def planned_round(a_round: CampaignRound) -> RoundDefinition:
    """Return the part of the definition that a round was made from."""
    rounds = definition_of(a_round.campaign_version_id).rounds
    return next(planned for planned in rounds if planned.code == a_round.code)
