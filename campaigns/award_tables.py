"""Award tables over time: which version's table says what an application is worth.

An amendment may raise the awards of what is applied for. The date on the application's papers decides, not the day on
which it is handed in or looked at: of the versions in force, the newest whose table applies from that date or before.
Offers, rounds and entitlements keep the version that made them; only the table of amounts is looked up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app
from sqlalchemy import select

from campaigns.campaign_file import check
from campaigns.catalog import OfferFacts, definition_of
from campaigns.definition import Definition
from campaigns.models import Campaign, CampaignVersion, FundSource
from campaigns.terms.quote import OfferTerms
from foundation import clock
from foundation.db import db


@dataclass(frozen=True)
class AwardTable:
    """Terms as a version says them. newest: the last version in force that changed this offer's table, whether or not
    it decides here; it says how much was known when something was priced."""

    version_id: int
    terms: OfferTerms
    newest: int


@dataclass(frozen=True)
class Raise:
    """A version that raises tables: from which day on, and what the offers that it changes are then worth."""

    version_id: int
    from_day: date
    terms: Mapping[str, OfferTerms]


def table_on(
    offer: OfferFacts, day: date | None, *, known: int | None = None, draft: Sequence[Raise] = ()
) -> AwardTable:
    """Return the table for papers of a bureau day; None is the newest, for what has no papers yet.

    known: only as far as this version, which was the newest once. draft: what a version that is not in force raises
    (``raises_of``), as if it were.
    """
    raises = _raises(offer, draft)
    newest = raises[0].version_id if raises else offer.campaign_version_id
    for each in raises:
        if (day is None or each.from_day <= day) and (known is None or each.version_id <= known):
            return AwardTable(each.version_id, each.terms[offer.code], newest)
    return AwardTable(offer.campaign_version_id, offer.terms, newest)


def current(offer: OfferFacts) -> OfferTerms:
    """Return an offer's terms with the newest table in force, for screens."""
    return table_on(offer, None).terms


def changed_offers(before: Definition, after: Definition) -> dict[str, OfferTerms]:
    """Return offer → terms of those whose table an amendment changes."""
    earlier = {offer.code: offer.terms for offer in before.offers}
    return {
        offer.code: offer.terms
        for offer in after.offers
        if offer.code in earlier and earlier[offer.code].benefit != offer.terms.benefit
    }


def applies_from(version: CampaignVersion, definition: Definition) -> date:
    """Return the first day of papers for which a version's tables are: as it says, or from its effect on."""
    amendment = definition.amendment
    if amendment is not None and amendment.applies_from is not None:
        return clock.bureau_day(amendment.applies_from)
    published_at = version.published_at or clock.now()
    return clock.bureau_day(max(published_at, version.effective_at or published_at))


def raises_of(version: CampaignVersion) -> tuple[Raise, ...]:
    """Return the raise that an amendment brings, nothing where it raises no table."""
    if version.amends_id is None:
        return ()
    after = definition_of(version.id) if version.status == "published" else check(version.document)
    terms = changed_offers(definition_of(version.amends_id), after)
    return (Raise(version.id, applies_from(version, after), terms),) if terms else ()


def since_of(version: CampaignVersion) -> date | None:
    """Return the first day of papers for which an amendment's raised tables are, None where it raises none."""
    return next((each.from_day for each in raises_of(version)), None)


def sources_of(version: CampaignVersion) -> list[int]:
    """Return the ids of the fund sources of a version that are registered."""
    codes = [source.code for source in check(version.document).sources]
    return list(db.session.scalars(select(FundSource.id).where(FundSource.code.in_(codes)).order_by(FundSource.id)))


def _raises(offer: OfferFacts, draft: Sequence[Raise]) -> list[Raise]:
    """Return what raised this offer's table since it was published, the newest first."""
    in_force = db.session.scalar(select(Campaign.version_id).where(Campaign.id == offer.campaign_id))
    found = _chain(in_force) if in_force is not None else ()
    return [each for each in (*draft, *found) if offer.code in each.terms]


def _chain(version_id: int) -> tuple[Raise, ...]:
    """Return every raise up to a version in force; kept, for what is in force was published and never changes."""
    cache: dict[int, tuple[Raise, ...]] = _cache()
    if version_id not in cache:
        version = db.session.get_one(CampaignVersion, version_id)
        earlier = _chain(version.amends_id) if version.amends_id is not None else ()
        cache[version_id] = (*raises_of(version), *earlier)
    return cache[version_id]


def _cache() -> Any:
    # On the application, as the catalog's: two databases never share it.
    return current_app.extensions.setdefault("campaigns.award_tables", {})
