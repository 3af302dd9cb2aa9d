"""Qualifications: entitlements for one article of a category, and how many articles a person may have.

Articles count against the quantity of a category while their qualification is held or used; what ran out, or whose
article came back, no longer does. Claims count for good (``campaigns.catalog.ReleaseFacts.quotas_of``).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from campaigns.catalog import definition_of, item_scope
from foundation.db import db
from identity.models import SamePerson
from identity.persons import key_set, persons_of
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
    found: dict[UUID, Mapping[str, int]] = {}
    by_campaign: dict[int, list[Presented]] = defaultdict(list)
    for each in presented:
        if each.category:
            by_campaign[each.campaign_version_id].append(each)
    mine, me, they, theirs = aliased(Entitlement), aliased(SamePerson), aliased(SamePerson), aliased(Entitlement)
    for version_id, group in by_campaign.items():
        keys = key_set(definition_of(version_id).people.same_person)
        rows = db.session.execute(
            select(mine.id, mine.category, func.count())
            .join(me, (me.citizen_id == mine.citizen_id) & (me.keys == keys))
            .join(they, (they.person_id == me.person_id) & (they.keys == keys))
            .join(
                theirs,
                (theirs.citizen_id == they.citizen_id)
                & (theirs.campaign_id == mine.campaign_id)
                & (theirs.category == mine.category)
                & (theirs.status == "redeemed"),
            )
            .where(
                mine.id.in_([each.entitlement_id for each in group]),
                func.coalesce(theirs.refunded_bill_fen, 0) < theirs.redeemed_bill_fen,
            )
            .group_by(mine.id, mine.category)
        )
        for entitlement_id, category, count in rows:
            found[entitlement_id] = {category: int(count)}
    return found
