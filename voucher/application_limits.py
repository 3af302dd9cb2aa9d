"""Who applications count for: persons and firms under the limits of all rounds, and apart from other campaigns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from campaigns.catalog import ReleaseFacts, definition_of
from campaigns.models import Campaign, CampaignApart
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.subsidy_refusals import BuyerNotCovered
from foundation.db import db
from identity import persons
from identity.firms import firms_of
from voucher import quotas
from voucher.errors import ApplicationLimitReached, HadAnotherSubsidy


@dataclass(frozen=True)
class _Apart:
    """A campaign of which nobody may have had anything who counts here, and how persons are told apart there."""

    campaign_id: int
    name: str
    same_person: tuple[str, ...]


def count(facts: ReleaseFacts, buyers: Sequence[tuple[UUID, str]]) -> dict[str, UUID]:
    """Count each (citizen, unified social credit code or "") under every limit of a release, all or nothing: the
    caller undoes it when this refuses. Return code → firm.

    Persons have the round's own limits as well; a firm has what the price table allows it in all rounds together.
    Refuses ApplicationLimitReached, BuyerNotCovered, HadAnotherSubsidy.
    """
    firms = firms_of({firm for _, firm in buyers if firm})
    citizens = [citizen for citizen, firm in buyers if not firm]
    people = persons.persons_of(facts.people.same_person, citizens) if citizens else {}
    #: (scope, most, whose name a refusal gives) → who counts there
    counted: dict[tuple[str, int, str], list[UUID]] = defaultdict(list)
    for scope, most in facts.quotas:
        counted[scope, most, ""] += [people[citizen] for citizen in citizens]
    bought = [firms[firm] for _, firm in buyers if firm]
    if bought:
        counted[_whole(facts.offer.campaign_id), _most_per_firm(facts), ""] += bought
    for other in _apart(facts):
        theirs = persons.persons_of(other.same_person, citizens) if citizens else {}
        counted[_whole(other.campaign_id), 0, other.name] += [*theirs.values(), *bought]
    for scope, most, name in sorted(counted):
        _take(scope, most, name, counted[scope, most, name])
    return firms


def uncount(facts: ReleaseFacts, citizen_id: UUID, firm_id: UUID | None) -> None:
    """Take back what ``count`` counted for one application."""
    if firm_id is not None:
        quotas.give_back(_whole(facts.offer.campaign_id), [firm_id])
        return
    person = persons.persons_of(facts.people.same_person, [citizen_id])[citizen_id]
    for scope, _ in facts.quotas:
        quotas.give_back(scope, [person])


def _take(scope: str, most: int, name: str, whom: Sequence[UUID]) -> None:
    if name:
        distinct = sorted(set(whom))
        if len(quotas.none(scope, distinct)) < len(distinct):
            raise HadAnotherSubsidy(campaign=name)
        return
    waiting = list(whom)
    while waiting:
        # Whoever occurs twice is counted twice, one time after the other.
        distinct = sorted(set(waiting))
        if len(quotas.take(scope, distinct, most=most)) < len(distinct):
            raise ApplicationLimitReached(most=most)
        for each in distinct:
            waiting.remove(each)


def _whole(campaign_id: int) -> str:
    return f"campaign:{campaign_id}"


def _most_per_firm(facts: ReleaseFacts) -> int:
    benefit = facts.offer.terms.benefit
    buyers = benefit.buyers if isinstance(benefit, PriceTiers) else {}
    most = buyers.get("firm", 0)
    if not most:
        raise BuyerNotCovered(buyer="firm", covered=buyers)
    return most


def _apart(facts: ReleaseFacts) -> list[_Apart]:
    """Return the published campaigns that exclude this one or that it excludes, whichever of them says so."""
    mine = facts.offer.campaign_id
    said_here = select(CampaignApart.other_code).where(CampaignApart.campaign_id == mine)
    my_code = select(Campaign.code).where(Campaign.id == mine).scalar_subquery()
    said_there = select(CampaignApart.campaign_id).where(CampaignApart.other_code == my_code)
    found = db.session.execute(
        select(Campaign.id, Campaign.name, Campaign.version_id).where(
            Campaign.version_id.is_not(None),
            Campaign.id != mine,
            or_(Campaign.code.in_(said_here), Campaign.id.in_(said_there)),
        )
    )
    return [
        _Apart(campaign_id, name, definition_of(version_id).people.same_person)
        for campaign_id, name, version_id in found
        if version_id is not None
    ]
