"""Qualifications: entitlements for one article of a category, and how many articles a person may have.

Articles count against the quantity of a category while their qualification is held or used; what ran out, or whose
article came back, no longer does. Claims count for good (``campaigns.catalog.ReleaseFacts.quotas_of``).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from campaigns.catalog import definition_of, item_scope, offer_facts
from foundation.db import db
from identity import persons
from identity.persons import persons_of
from voucher import quotas
from voucher.models import Entitlement
from voucher.spending import Presented


def free(entitlement_ids: Sequence[UUID]) -> None:
    """Count the articles of these qualifications no longer, since they were not bought or came back. Entitlements that
    are no qualifications are left out."""
    rows = db.session.execute(
        select(
            Entitlement.campaign_id, Entitlement.campaign_version_id, Entitlement.category, Entitlement.citizen_id
        ).where(Entitlement.id.in_(entitlement_ids), Entitlement.category != "")
    )
    holders: dict[tuple[int, int], list[tuple[str, UUID]]] = defaultdict(list)
    for campaign_id, version_id, category, citizen_id in rows:
        holders[campaign_id, version_id].append((category, citizen_id))
    for (campaign_id, version_id), held in sorted(holders.items()):
        kinds = definition_of(version_id).people.same_person
        people = persons_of(kinds, [citizen_id for _, citizen_id in held])
        times = Counter((category, people[citizen_id]) for category, citizen_id in held)
        for turn in range(max(times.values())):
            by_category: dict[str, list[UUID]] = defaultdict(list)
            for category, person_id in sorted(one for one, count in times.items() if count > turn):
                by_category[category].append(person_id)
            for category, person_ids in by_category.items():
                quotas.give_back(item_scope(campaign_id, category), person_ids)


def bought_before(presented: Sequence[Presented]) -> dict[UUID, Mapping[str, int]]:
    """Return entitlement id → category → how many articles its holder, as a person, has already bought with
    qualifications of the campaign and kept."""
    by_campaign: dict[int, list[Presented]] = defaultdict(list)
    for each in presented:
        if each.category:
            by_campaign[offer_facts(each.offer_id).campaign_id].append(each)
    found: dict[UUID, Mapping[str, int]] = {}
    for campaign_id, group in by_campaign.items():
        kinds = definition_of(group[0].campaign_version_id).people.same_person
        people = persons.accounts_of(kinds, {each.citizen_id for each in group})
        bought = _bought(campaign_id, people)
        for each in group:
            count = bought[people[each.citizen_id], each.category]
            if count:
                found[each.entitlement_id] = {each.category: count}
    return found


def _bought(campaign_id: int, people: Mapping[UUID, UUID]) -> Counter[tuple[UUID, str]]:
    """Return (person, category) → how many articles were bought and kept by the citizens of ``people``."""
    rows = db.session.execute(
        select(Entitlement.citizen_id, Entitlement.category, func.count())
        .where(
            Entitlement.citizen_id.in_(people),
            Entitlement.campaign_id == campaign_id,
            Entitlement.category != "",
            Entitlement.status == "redeemed",
            func.coalesce(Entitlement.refunded_bill_fen, 0) < Entitlement.redeemed_bill_fen,
        )
        .group_by(Entitlement.citizen_id, Entitlement.category)
    )
    bought: Counter[tuple[UUID, str]] = Counter()
    for citizen_id, category, count in rows:
        bought[people[citizen_id], category] += count
    return bought
