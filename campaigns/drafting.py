"""From a document to a published campaign: import a draft, publish it by a second person, export it again."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select, update

from campaigns import amendments, award_tables, priced_releases, termination
from campaigns.campaign_file import check
from campaigns.catalog import definition_of
from campaigns.consistency import MOST_VOUCHERS
from campaigns.definition import Definition, RoundDefinition, Source
from campaigns.errors import (
    AmendmentOutdated,
    CampaignAlreadyPublished,
    CampaignTerminated,
    CampaignUnknown,
    FourEyesNeeded,
    FundSourceDiffers,
    VersionNotDraft,
    VersionUnknown,
)
from campaigns.models import (
    Campaign,
    CampaignApart,
    CampaignRound,
    CampaignVersion,
    FundSource,
    Offer,
    Release,
    ReleaseTier,
)
from campaigns.portions import RoundPortion
from campaigns.states import ROUND, VERSION
from campaigns.terms.benefit.price_tiers import PriceTiers
from foundation import clock
from foundation.db import db, rows_changed, upsert
from foundation.prepared import insert_rows
from foundation.states import Step
from identity import persons
from ledger import accounts
from ledger.accounts import AccountKey, Code
from ledger.posting import Posting, post


def import_draft(text: str, *, by: str) -> CampaignVersion:
    """Check a campaign file and keep it as a new draft version. ``by`` is the drafter's actor name. For a published
    campaign it is a draft of an amendment of the version in force.

    Refuses DefinitionFaulty, AmendmentRefused, CampaignTerminated.
    """
    definition = check(text)
    now = clock.now()
    fresh = upsert(Campaign).values(code=definition.code, **_description(definition)).on_conflict_do_nothing()
    db.session.execute(fresh)
    # Whoever imports the same campaign at this moment waits here, so that their version has the next number.
    campaign = db.session.scalars(select(Campaign).where(Campaign.code == definition.code).with_for_update()).one()
    if campaign.version_id is None:
        _describe(campaign, definition)
    else:
        if termination.is_terminated(campaign.id):
            raise CampaignTerminated
        amendments.require_amends(campaign, definition)
    latest = db.session.scalar(
        select(func.max(CampaignVersion.number)).where(CampaignVersion.campaign_id == campaign.id)
    )
    version = CampaignVersion(
        campaign_id=campaign.id,
        number=(latest or 0) + 1,
        document=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        status="draft",
        drafted_by=by,
        drafted_at=now,
        amends_id=campaign.version_id,
        effective_at=definition.amendment.effective_at if definition.amendment and campaign.version_id else None,
    )
    db.session.add(version)
    db.session.flush()
    VERSION.record_created([version.id], "draft", Step(by, now, campaign_version_id=version.id))
    return version


def publish(version_id: int, *, by: str) -> Campaign:
    """Put a draft in force: its offers and rounds become rows and its budgets are granted in the ledger.

    An amendment brings what it adds, at once or from its ``effective_at`` (``take_effect_due``).

    Refuses VersionUnknown, VersionNotDraft, FourEyesNeeded (the drafter cannot publish), FundSourceDiffers,
    CampaignAlreadyPublished, AmendmentOutdated, CampaignTerminated.
    """
    version = db.session.get(CampaignVersion, version_id)
    if version is None:
        raise VersionUnknown
    if version.drafted_by == by:
        raise FourEyesNeeded
    now = clock.now()
    step = Step(by, now, campaign_version_id=version_id)
    stamps = {"published_by": by, "published_at": now}
    if not VERSION.apply(CampaignVersion, [version_id], "publish", step, also_set=stamps):
        raise VersionNotDraft
    definition = check(version.document)
    if version.amends_id is None:
        first = update(Campaign).where(Campaign.id == version.campaign_id, Campaign.version_id.is_(None))
        if not rows_changed(first.values(version_id=version_id)):
            raise CampaignAlreadyPublished(campaign=definition.code)
        db.session.expire_all()
        # A later draft may have changed the description since this one was imported.
        _describe(version.campaign, definition)
        return _put_in_force(version, definition, step)
    db.session.expire_all()
    if version.campaign.version_id != version.amends_id:
        raise AmendmentOutdated
    if version.effective_at is not None and version.effective_at > now:
        return version.campaign
    return _take_effect(version, step)


def take_effect_due(*, actor: str) -> int:
    """Put the published amendments in force whose time has come; return how many there were."""
    due = [each for each in amendments.due_versions() if not termination.is_terminated(each.campaign_id)]
    for version in due:
        _take_effect(version, Step(actor, clock.now(), campaign_version_id=version.id))
    return len(due)


def _take_effect(version: CampaignVersion, step: Step) -> Campaign:
    """Put an amendment in force. Refuses AmendmentOutdated, CampaignTerminated."""
    assert version.amends_id is not None
    if termination.is_terminated(version.campaign_id):
        raise CampaignTerminated
    new = amendments.definition_between(version)
    amendments.switch(version.campaign_id, base=version.amends_id, to=version.id)
    db.session.expire_all()
    version.campaign.notice = new.notice
    _raise_awards(version)
    return _put_in_force(version, new, step)


def _raise_awards(version: CampaignVersion) -> None:
    """Let screens and releases follow the tables that a version in force has raised. What applications are then worth
    is looked up in the tables; those there are already are priced anew by a job of the room above."""
    assert version.amends_id is not None
    after = definition_of(version.id)
    for code, terms in award_tables.changed_offers(definition_of(version.amends_id), after).items():
        offer = db.session.scalars(
            select(Offer).where(Offer.campaign_id == version.campaign_id, Offer.code == code)
        ).one()
        offer.face_value_fen, offer.threshold_fen = terms.benefit.face_value_fen, terms.benefit.threshold_fen
        priced_releases.fit(offer.id, code, after)
    db.session.flush()


def _put_in_force(version: CampaignVersion, new: Definition, step: Step) -> Campaign:
    """Make the offers and rounds that a version brings, and grant what it brings of each source."""
    campaign = version.campaign
    sources = {source.code: _register_source(source) for source in new.sources}
    known = db.session.scalars(select(Offer).where(Offer.campaign_id == campaign.id)).all()
    offers = {offer.code: offer for offer in known} | _make_offers(new, version)
    _make_rounds(new, version, offers, step, new if version.amends_id is None else definition_of(version.id))
    persons.register_key_set(new.people.same_person)
    own = (other.code for other in new.people.apart_from if not other.listed)
    apart = {code: {"campaign_id": campaign.id, "other_code": code} for code in own}
    if apart:
        db.session.execute(upsert(CampaignApart).values(list(apart.values())).on_conflict_do_nothing())
    post(
        [
            Posting(
                Code.FUND,
                accounts.treasury(sources[source.code].id),
                _granted_to(new, source)(campaign.id, sources[source.code].id),
                source.budget_fen,
                ("campaign_version", str(version.id)),
            )
            for source in new.sources
            if source.budget_fen
        ],
        at=step.at,
    )
    return campaign


def _granted_to(new: Definition, source: Source) -> Callable[[int, int], AccountKey]:
    """Return where a grant goes: to the pool, or where sources pay in advance, to what is still to come. A merchant
    gives its share at the till and pays nothing in."""
    return accounts.pledged if new.settlement.prefunded and source.level != "merchant" else accounts.budget


def discard(version_id: int, *, by: str) -> None:
    """Put a draft aside for good. Refuses VersionNotDraft."""
    step = Step(by, clock.now(), campaign_version_id=version_id)
    if not VERSION.apply(CampaignVersion, [version_id], "discard", step):
        raise VersionNotDraft


def export(campaign_code: str) -> str:
    """Return the document in force, or the latest draft while nothing is published. Refuses CampaignUnknown."""
    campaign = db.session.scalar(select(Campaign).where(Campaign.code == campaign_code))
    if campaign is None:
        raise CampaignUnknown
    versions = select(CampaignVersion.document).where(CampaignVersion.campaign_id == campaign.id)
    if campaign.version_id is not None:
        versions = versions.where(CampaignVersion.id == campaign.version_id)
    return str(db.session.scalar(versions.order_by(CampaignVersion.number.desc()).limit(1)))


def versions_of(campaign_id: int) -> Sequence[CampaignVersion]:
    """Return every version of a campaign, newest first."""
    return db.session.scalars(
        select(CampaignVersion)
        .where(CampaignVersion.campaign_id == campaign_id)
        .order_by(CampaignVersion.number.desc())
    ).all()


def _description(definition: Definition) -> dict[str, Any]:
    names = ("name", "kind", "city", "starts_at", "ends_at", "notice")
    return {name: getattr(definition, name) for name in names}


def _describe(campaign: Campaign, definition: Definition) -> None:
    for name, value in _description(definition).items():
        setattr(campaign, name, value)


def _register_source(source: Source) -> FundSource:
    """Return the fund source of that code, registering it the first time it is named."""
    described = {"name": source.name, "level": source.level, "county": source.county}
    db.session.execute(upsert(FundSource).values(code=source.code, **described).on_conflict_do_nothing())
    known = db.session.scalars(select(FundSource).where(FundSource.code == source.code)).one()
    if any(getattr(known, name) != value for name, value in described.items()):
        raise FundSourceDiffers(source=source.code, registered=known.name)
    return known


def _make_offers(definition: Definition, version: CampaignVersion) -> dict[str, Offer]:
    offers = {}
    for offer in definition.offers:
        benefit, scope = offer.terms.benefit, offer.terms.scope
        offers[offer.code] = Offer(
            campaign_id=version.campaign_id,
            campaign_version_id=version.id,
            code=offer.code,
            name=offer.name,
            face_value_fen=benefit.face_value_fen,
            threshold_fen=benefit.threshold_fen,
            county=scope.counties[0] if len(scope.counties) == 1 else "",
            industry=scope.industries[0] if len(scope.industries) == 1 else "",
        )
    db.session.add_all(offers.values())
    db.session.flush()
    return offers


def _make_rounds(
    new: Definition, version: CampaignVersion, offers: dict[str, Offer], step: Step, definition: Definition
) -> None:
    """Make the rounds that are ``new``; ``definition`` is the whole version, whose offers they may release."""
    for planned in new.rounds:
        a_round = CampaignRound(
            campaign_id=version.campaign_id,
            campaign_version_id=version.id,
            code=planned.code,
            name=planned.name,
            opens_at=planned.opens_at,
            closes_at=planned.closes_at,
            status="scheduled",
        )
        db.session.add(a_round)
        db.session.flush()
        if definition.preset.priced_when_claimed:
            _release_money(definition, planned, a_round.id, offers)
        else:
            db.session.add_all(
                Release(
                    round_id=a_round.id,
                    offer_id=offers[content.offer].id,
                    pack=release.pack,
                    per_pack=content.count,
                    stock=release.stock * content.count,
                )
                for release in planned.releases
                for content in definition.contents(release)
            )
        if planned.daily:
            db.session.add_all(
                RoundPortion(round_id=a_round.id, number=number, due_at=due_at)
                for number, due_at in enumerate(planned.daily.due_at(planned.opens_at), 1)
            )
        ROUND.record_created([a_round.id], "schedule", step)
    db.session.flush()


def _release_money(definition: Definition, planned: RoundDefinition, round_id: int, offers: dict[str, Offer]) -> None:
    """Make the releases of a round whose subsidies are priced when they are applied for, and their tiers."""
    for wanted in planned.releases:
        benefit = definition.offer(wanted.offer).terms.benefit
        asked_fen = wanted.asked_fen(benefit)
        release = Release(
            round_id=round_id,
            offer_id=offers[wanted.offer].id,
            stock=min(wanted.stock or asked_fen // benefit.least_fen, MOST_VOUCHERS),
            asked_fen=asked_fen,
        )
        db.session.add(release)
        db.session.flush()
        tiers = benefit.limited_tiers() if isinstance(benefit, PriceTiers) else {}
        insert_rows(
            ReleaseTier,
            [
                {
                    "release_id": release.id,
                    "tier": name,
                    "pool_fen": tier.own_fen,
                    "most": tier.own_cars,
                    "taken_fen": 0,
                    "taken": 0,
                }
                for name, tier in tiers.items()
            ],
        )
