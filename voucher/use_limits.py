"""How much one person may use: counted up, before anything is spent, by the statement that checks the limit.

Vouchers are counted by offer and day, and what they take off by campaign and period (``discount_limits``). What a void
or a returned voucher takes back is given back. Money that only goes back to the pool gives the person back that much
of what they may have off; the voucher stays counted.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from campaigns.catalog import OfferFacts, definition_of
from campaigns.terms.discount_limits import CAMPAIGN, DiscountLimit
from campaigns.terms.periods import PERIODS, next_start
from campaigns.terms.sale import DiscountLimitReached, DiscountUsedUp, TooManyToday
from foundation.errors import Refusal
from identity import persons
from voucher import quotas


@dataclass(frozen=True)
class Use:
    """What is about to be spent on one order, or was: whose it is, of what offer, what it takes off in fen, and how
    many vouchers it is."""

    citizen_id: UUID
    facts: OfferFacts
    fen: int
    vouchers: int = 1


@dataclass(frozen=True)
class _Counted:
    """amount > 0 of one use under one limit of ``most``."""

    amount: int
    most: int
    limit: DiscountLimit | None = None


def daily_scope(offer_id: int, day: date) -> str:
    """Return the scope in which a person's uses of an offer on a bureau day are counted."""
    return f"use:{offer_id}:{day.isoformat()}"


def take(uses: Sequence[Use], day: date) -> dict[int, Refusal]:
    """Count each use under its limits, and return place → refusal (TooManyToday, DiscountLimitReached, DiscountUsedUp)
    of those that are over; nothing is counted for them. Whoever comes first in the list is served first."""
    counted = {place: found for place, use in enumerate(uses) if (found := _counted(use, day))}
    over: dict[int, Refusal] = {}
    people = _people([uses[place] for place in counted])
    by_scope: dict[str, list[int]] = defaultdict(list)
    for place, found in counted.items():
        for scope in found:
            by_scope[scope].append(place)
    passed: dict[int, list[str]] = defaultdict(list)
    for scope in sorted(by_scope):
        for group in _each_person_once([place for place in by_scope[scope] if place not in over], uses, people):
            who = {place: _person(uses[place], people) for place in group}
            amounts = {who[place]: counted[place][scope].amount for place in group}
            within = quotas.take_amounts(scope, amounts, most=counted[group[0]][scope].most)
            for place in group:
                if who[place] in within:
                    passed[place].append(scope)
                    continue
                over[place] = _refusal(counted[place][scope], quotas.used(scope, who[place]), day)
                for earlier in passed[place]:
                    quotas.give_back(earlier, [who[place]], amount=counted[place][earlier].amount)
    return over


def give_back(uses: Sequence[Use], day: date) -> None:
    """Count what was counted on that day no longer."""
    people = _people([use for use in uses if _counted(use, day)])
    back = [
        (scope, _person(use, people), counted.amount) for use in uses for scope, counted in _counted(use, day).items()
    ]
    for scope, person_id, amount in sorted(back):
        quotas.give_back(scope, [person_id], amount=amount)


def left(citizen_id: UUID, facts: OfferFacts, day: date) -> dict[str, int]:
    """Return scope → what is left to this person under each limit on the use of an offer: vouchers of the day, and fen
    of every discount limit."""
    limits = _counted(Use(citizen_id, facts, 1), day)
    if not limits:
        return {}
    person_id = persons.person_of(definition_of(facts.campaign_version_id).people.same_person, citizen_id)
    return {scope: max(0, limit.most - quotas.used(scope, person_id)) for scope, limit in limits.items()}


def why_not(use: Use, day: date, still: Mapping[str, int]) -> Refusal | None:
    """Return what ``take`` would refuse a use with, where so much is left (``left``)."""
    for scope, counted in sorted(_counted(use, day).items()):
        if counted.amount > still[scope]:
            return _refusal(counted, counted.most - still[scope], day)
    return None


def require_left(use: Use, day: date) -> None:
    """Refuse what ``take`` would, counting nothing."""
    refusal = why_not(use, day, left(use.citizen_id, use.facts, day))
    if refusal is not None:
        raise refusal


def _counted(use: Use, day: date) -> dict[str, _Counted]:
    """Return scope → what a use counts there."""
    found: dict[str, _Counted] = {}
    if use.fen:
        for limit in use.facts.discount_limits:
            found[limit.scope_key(use.facts.campaign_id, day)] = _Counted(use.fen, limit.most_fen, limit)
    per_day = use.facts.terms.use.per_day
    if per_day is not None and use.vouchers:
        found[daily_scope(use.facts.offer_id, day)] = _Counted(use.vouchers, per_day)
    return found


def _refusal(counted: _Counted, used: int, day: date) -> Refusal:
    limit = counted.limit
    if limit is None:
        return TooManyToday(most=counted.most)
    figures = {"most_fen": counted.most, "left_fen": max(0, counted.most - used), "discount_fen": counted.amount}
    if limit.within == CAMPAIGN:
        return DiscountUsedUp(**figures)
    moment = next_start(limit.within, day).isoformat()
    return DiscountLimitReached(**figures, period=PERIODS[limit.within], moment=moment)


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
