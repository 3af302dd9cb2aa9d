"""How much one person may use: counted up, before anything is spent, by the statement that checks the limit.

What a void or a returned voucher takes back is given back; money that only goes back to the pool stays counted.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from campaigns.catalog import OfferFacts, definition_of
from campaigns.terms.sale import TooManyToday
from foundation.errors import Refusal
from identity import persons
from voucher import quotas


@dataclass(frozen=True)
class Use:
    """One entitlement that is about to be spent, or was: whose it is, and of what offer."""

    citizen_id: UUID
    facts: OfferFacts


def daily_scope(offer_id: int, day: date) -> str:
    """Return the scope in which a person's uses of an offer on a bureau day are counted."""
    return f"use:{offer_id}:{day.isoformat()}"


def take(uses: Sequence[Use], day: date) -> dict[int, Refusal]:
    """Count each use under its limits, and return place → refusal (TooManyToday) of those that are over; nothing is
    counted for them. Whoever comes first in the list is served first."""
    limited = [place for place, use in enumerate(uses) if use.facts.terms.use.per_day is not None]
    over: dict[int, Refusal] = {}
    if not limited:
        return over
    people = _people([uses[place] for place in limited])
    by_scope: dict[str, list[int]] = defaultdict(list)
    for place in limited:
        by_scope[daily_scope(uses[place].facts.offer_id, day)].append(place)
    for scope in sorted(by_scope):
        for group in _each_person_once(by_scope[scope], uses, people):
            most = uses[group[0]].facts.terms.use.per_day or 0
            counted = quotas.take(scope, [_person(uses[place], people) for place in group], most=most)
            refused = [place for place in group if _person(uses[place], people) not in counted]
            over.update({place: TooManyToday(most=most) for place in refused})
    return over


def give_back(uses: Sequence[Use], day: date) -> None:
    """Count what was counted on that day no longer."""
    limited = [use for use in uses if use.facts.terms.use.per_day is not None]
    people = _people(limited)
    for use in sorted(limited, key=lambda one: (daily_scope(one.facts.offer_id, day), _person(one, people))):
        quotas.give_back(daily_scope(use.facts.offer_id, day), [_person(use, people)])


def _people(uses: Sequence[Use]) -> dict[tuple[int, UUID], UUID]:
    """Return (campaign, citizen) → the person they count as in that campaign."""
    found: dict[tuple[int, UUID], UUID] = {}
    for campaign_id in sorted({use.facts.campaign_id for use in uses}):
        mine = [use for use in uses if use.facts.campaign_id == campaign_id]
        kinds = definition_of(mine[0].facts.campaign_version_id).people.same_person
        known = persons.persons_of(kinds, [use.citizen_id for use in mine])
        found |= {(campaign_id, citizen_id): person_id for citizen_id, person_id in known.items()}
    return found


def _person(use: Use, people: dict[tuple[int, UUID], UUID]) -> UUID:
    return people[use.facts.campaign_id, use.citizen_id]


def _each_person_once(
    places: Sequence[int], uses: Sequence[Use], people: dict[tuple[int, UUID], UUID]
) -> list[list[int]]:
    """Split places into groups in which nobody occurs twice, keeping their order."""
    groups: list[list[int]] = []
    turns: Counter[UUID] = Counter()
    for place in places:
        person = _person(uses[place], people)
        if turns[person] == len(groups):
            groups.append([])
        groups[turns[person]].append(place)
        turns[person] += 1
    return groups
