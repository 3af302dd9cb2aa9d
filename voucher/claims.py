"""Claims: a citizen takes an entitlement out of a release.

Claims are granted in batches: all that wait share one transaction, and a refused one never fails its
neighbours. The web door's batch has whoever waits in the line (``voucher.claim_line``); the operation is the same.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from campaigns import rollover
from campaigns.catalog import CHANCE, CHOICE, ITEM, ReleaseFacts, ReleasePart, release_facts
from campaigns.goods import category_name
from campaigns.models import CampaignRound, Release
from campaigns.rounds import take_packs, take_stock
from campaigns.terms.periods import PERIODS, THIS, next_start
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import new_id, text_id
from foundation.prepared import Prepared, in_one_go, insert_rows
from foundation.states import Step
from identity import persons
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher import elsewhere, named_lists, payment_adapters, quotas
from voucher.closed_releases import by_the_clock, from_memory, reading
from voucher.errors import (
    ByApplication,
    ByLottery,
    ByStaff,
    CategoryNeeded,
    ChancesUsedUp,
    ChoiceTaken,
    EndedEarly,
    LimitReached,
    NotOpenYet,
    PeriodLimitReached,
    QuantityReached,
    ReleaseUnknown,
    SoldOut,
)
from voucher.location import Location, fences_of, outside
from voucher.models import ClaimBatch, Entitlement
from voucher.people_rules import barred
from voucher.purchase_errors import MustBePaidFor, PaymentNotSetUp
from voucher.purchase_orders import Ordered, order
from voucher.states import ENTITLEMENT


@dataclass(frozen=True)
class ClaimRequest:
    """device_hash: the device that asks, where one does; kept only for campaigns that count by devices. category:
    what it is wanted for, of what is claimed by category; else empty. location: where it is, for offers that ask;
    looked at and not kept."""

    citizen_id: UUID
    release_id: int
    device_hash: bytes | None = None
    category: str = ""
    location: Location | None = None


class Claimant(NamedTuple):
    """A request's place in its batch, who asks, and the person who they count as."""

    place: int
    citizen_id: UUID
    person_id: UUID


@dataclass(frozen=True)
class Granted:
    """A claim that was granted: its entitlements (several when a pack was claimed), and when the first of them
    to end ends (exclusive)."""

    entitlement_ids: tuple[UUID, ...]
    expires_at: datetime

    @property
    def entitlement_id(self) -> UUID:
        """The first entitlement."""
        return self.entitlement_ids[0]


FreeOutcome = Granted | Refusal
Outcome = FreeOutcome | Ordered


def claim(
    citizen_id: UUID,
    release_id: int,
    device_hash: bytes | None = None,
    *,
    category: str = "",
    location: Location | None = None,
) -> Granted:
    """Grant one claim: a voucher, a pack with everything in it, or the qualification for one article of a category.

    Refuses ReleaseUnknown, CategoryNeeded, ByLottery, ByApplication, ByStaff, NotOpenYet, RoundClosed, RealNameNeeded,
    TooYoung, SoldOut, LimitReached, QuantityReached, ChancesUsedUp, ChoiceTaken, NotListed, ListedOnce,
    HadSubsidyElsewhere, LocationMissing, OutsideGeofence; and MustBePaidFor where it is sold, which ``claim_batch``
    orders.
    """
    outcome = claim_batch([ClaimRequest(citizen_id, release_id, device_hash, category, location)])[0]
    if isinstance(outcome, Refusal):
        raise outcome
    if isinstance(outcome, Ordered):
        raise MustBePaidFor
    return outcome


def claim_batch(requests: Sequence[ClaimRequest]) -> list[Outcome]:
    """Grant or refuse each request, in the order given, within the caller's transaction.

    Who comes first in the list is served first. Batches that run side by side are each of one release and category:
    people are locked before stock, so two batches over several could wait for each other in a circle.
    """
    now = clock.now()
    outcomes: dict[int, Outcome] = {}
    waiting: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, request in enumerate(requests):
        waiting[request.release_id, request.category].append(place)
    for release_id, category in sorted(waiting):
        places = waiting[release_id, category]
        facts = release_facts(release_id)
        if facts is None or facts.release_id != release_id:
            # Of a pack only its first part can be claimed, and that claims it whole.
            outcomes.update(dict.fromkeys(places, ReleaseUnknown()))
            continue
        if category not in (facts.categories or ("",)):
            outcomes.update(dict.fromkeys(places, CategoryNeeded()))
            continue
        why_not = _otherwise(facts) or closed(facts, now)
        if why_not is not None:
            outcomes.update(dict.fromkeys(places, why_not))
            continue
        fences = fences_of(facts, "claim")
        away = {place: why for place in places if (why := outside(fences, requests[place].location)) is not None}
        outcomes.update(away)
        places = [place for place in places if place not in away]
        if "device" in facts.people.same_person:
            for place in places:
                _note_device(requests[place])
        asked = [(place, requests[place].citizen_id) for place in places]
        if facts.sold:
            outcomes.update(_order(facts, asked, now, category=category))
            continue
        grant = _grant_listed if facts.by_list else grant_to
        outcomes.update(grant(facts, asked, now, category=category))
    return [outcomes[place] for place in range(len(requests))]


def _otherwise(facts: ReleaseFacts) -> Refusal | None:
    """Return the refusal where one comes by it in another way than by claiming."""
    if facts.application:
        return ByApplication()
    if facts.assisted:
        return ByStaff()
    if facts.sold and not payment_adapters.is_set_up():
        return PaymentNotSetUp()
    return ByLottery() if facts.lottery else None


def _grant_listed(
    facts: ReleaseFacts, asked: Sequence[tuple[int, UUID]], now: datetime, *, category: str = ""
) -> dict[int, FreeOutcome]:
    """Grant to those who stand on a list of the release; a line is used up by what it gave and by nothing else."""
    lines, unlisted = named_lists.take(facts, asked, now)
    outcomes: dict[int, FreeOutcome] = dict(unlisted)
    granted = grant_to(facts, [(place, who) for place, who in asked if place in lines], now, category=category)
    named_lists.give_back([lines[place] for place, outcome in granted.items() if isinstance(outcome, Refusal)])
    return outcomes | granted


def _note_device(request: ClaimRequest) -> None:
    if request.device_hash is not None:
        persons.note(request.citizen_id, "device", request.device_hash)


def refused_unasked(facts: ReleaseFacts, now: datetime) -> Refusal | None:
    """Return why nobody can claim this now, as far as it is known without the database; None: it has to be asked."""
    return _otherwise(facts) or from_memory(facts, now)


def closed(facts: ReleaseFacts, now: datetime) -> Refusal | None:
    """Return why nothing can be claimed from this release now, if so."""
    return by_the_clock(facts, now) or reading(facts.release_id, lambda: _closed_in_the_database(facts))


def _closed_in_the_database(facts: ReleaseFacts) -> Refusal | None:
    [(status, remaining)] = _STOCK.rows([{"release_id": facts.release_id}])
    if status == "scheduled":
        return NotOpenYet(opens_at=facts.opens_at)
    if status == "closed":
        # Before its time: a campaign that was terminated, or a round for which no money was left.
        return EndedEarly()
    return SoldOut() if remaining == 0 else None


_STOCK = Prepared(
    lambda given: (
        select(CampaignRound.status, Release.remaining)
        .join(Release, Release.round_id == CampaignRound.id)
        .where(given.matches(Release.id, "release_id"))
    ),
    release_id=Release.id,
)


def grant_to(
    facts: ReleaseFacts, asked: Sequence[tuple[int, UUID]], now: datetime, *, actor: str = "", category: str = ""
) -> dict[int, FreeOutcome]:
    """Grant what the campaign's rules, limits and stock allow to (place, citizen) pairs of one release.

    actor: who gives it, where it is not the citizen who takes it. category: one of the release's, where it has any.
    """
    granted, outcomes = _taken(facts, asked, now, category)
    return outcomes | _grant(facts, granted, now, actor, category)


def _order(
    facts: ReleaseFacts, asked: Sequence[tuple[int, UUID]], now: datetime, *, category: str = ""
) -> dict[int, Outcome]:
    """Order what is sold, where the same rules, limits and stock allow it."""
    taken, outcomes = _taken(facts, asked, now, category)
    return {**outcomes, **order(facts, {each.place: each.citizen_id for each in taken}, now)}


def _taken(
    facts: ReleaseFacts, asked: Sequence[tuple[int, UUID]], now: datetime, category: str
) -> tuple[list[Claimant], dict[int, FreeOutcome]]:
    """Count (place, citizen) pairs under the release's rules and limits and take its stock for them; return for whom
    there was everything, and the refusals of the others."""
    refusals = barred(facts.people, {citizen_id for _, citizen_id in asked}, now)
    refusals |= elsewhere.refused_claims(facts, [who for _, who in asked if who not in refusals])
    outcomes: dict[int, FreeOutcome] = {place: refusals[who] for place, who in asked if who in refusals}
    allowed = [(place, who) for place, who in asked if who not in refusals]
    people = persons.persons_of(facts.people.same_person, [who for _, who in allowed])
    granted: list[Claimant] = []
    limits = facts.quotas_of(category, bureau_day(now))
    for group in _each_person_once([Claimant(place, who, people[who]) for place, who in allowed]):
        within, over = _within_limits(limits, group, now)
        outcomes.update(over)
        taken = _take(facts, len(within))
        granted.extend(within[:taken])
        sold_out = within[taken:]
        outcomes.update({claimant.place: SoldOut() for claimant in sold_out})
        for scope, _ in limits:
            quotas.give_back(scope, [claimant.person_id for claimant in sold_out])
    return granted, outcomes


def _take(facts: ReleaseFacts, wanted: int) -> int:
    if len(facts.parts) == 1 and facts.parts[0].count == 1:
        return take_stock(facts.release_id, wanted)
    return take_packs([(part.release_id, part.count) for part in facts.parts], wanted)


def _each_person_once(claimants: Sequence[Claimant]) -> list[list[Claimant]]:
    """Split claimants into groups in which nobody occurs twice, keeping their order."""
    groups: list[list[Claimant]] = []
    times: Counter[UUID] = Counter()
    for claimant in claimants:
        turn = times[claimant.person_id]
        times[claimant.person_id] += 1
        if turn == len(groups):
            groups.append([])
        groups[turn].append(claimant)
    return groups


def _within_limits(
    limits: Sequence[tuple[str, int]], claimants: Sequence[Claimant], now: datetime
) -> tuple[list[Claimant], dict[int, FreeOutcome]]:
    """Count each claimant under every limit; return those within all of them, and the refusals of the others."""
    within = list(claimants)
    over: dict[int, FreeOutcome] = {}
    passed: list[str] = []
    for scope, most in limits:
        counted = quotas.take(scope, [claimant.person_id for claimant in within], most=most)
        refused = [claimant for claimant in within if claimant.person_id not in counted]
        over.update({claimant.place: _over(scope, most, now) for claimant in refused})
        for earlier in passed:
            quotas.give_back(earlier, [claimant.person_id for claimant in refused])
        within = [claimant for claimant in within if claimant.person_id in counted]
        passed.append(scope)
    return within, over


def _over(scope: str, most: int, now: datetime) -> Refusal:
    for prefix, refusal in ((ITEM, QuantityReached), (CHANCE, ChancesUsedUp)):
        if scope.startswith(prefix):
            return refusal(category=category_name(scope.rpartition(":")[2]), most=most)
    period = scope.partition(":")[0]
    if period in PERIODS:
        return PeriodLimitReached(
            most=most, period=THIS[period], moment=next_start(period, bureau_day(now)).isoformat()
        )
    return ChoiceTaken() if scope.startswith(CHOICE) else LimitReached(most=most)


def _grant(
    facts: ReleaseFacts, granted: Sequence[Claimant], now: datetime, actor: str, category: str
) -> dict[int, FreeOutcome]:
    """Write the entitlements of every part, their history, and what sets their money aside, posted together."""
    if not granted:
        return {}
    postings: list[Posting] = []
    given: dict[int, list[UUID]] = {claimant.place: [] for claimant in granted}
    ends = [_ends_at(part, now) for part in facts.parts]
    with in_one_go():
        for part, expires_at in zip(facts.parts, ends, strict=True):
            holders = [each for each in granted for _ in range(part.count)]
            ids = [new_id() for _ in holders]
            for entitlement_id, claimant in zip(ids, holders, strict=True):
                given[claimant.place].append(entitlement_id)
            owners = dict(zip(ids, (claimant.citizen_id for claimant in holders), strict=True))
            batch_id = _write_part(part, owners, now, expires_at, actor, category)
            postings += _set_aside(part, len(ids), batch_id)
        post(postings, at=now)
    return {place: Granted(tuple(ids), min(ends)) for place, ids in given.items()}


def _ends_at(part: ReleasePart, now: datetime) -> datetime:
    return part.offer.terms.expires_at(claimed_at=now, campaign_ends_at=part.offer.campaign_ends_at)


def _write_part(
    part: ReleasePart, owners: Mapping[UUID, UUID], now: datetime, expires_at: datetime, actor: str, category: str
) -> UUID:
    """Write the entitlements of one part of the claims (id → citizen), as one batch, and return its id."""
    offer = part.offer
    fence = offer.terms.scope.geofence
    batch_id = new_id()
    batch = {"id": batch_id, "release_id": part.release_id, "count": len(owners), "claimed_at": now}
    insert_rows(ClaimBatch, [batch])
    insert_rows(
        Entitlement,
        [{"id": entitlement_id, "citizen_id": citizen_id} for entitlement_id, citizen_id in owners.items()],
        campaign_id=offer.campaign_id,
        campaign_version_id=offer.campaign_version_id,
        offer_id=offer.offer_id,
        release_id=part.release_id,
        claim_batch_id=batch_id,
        face_value_fen=offer.face_value_fen,
        category=category,
        status="claimed",
        claimed_at=now,
        claimed_inside=True if fence is not None and fence.at("claim") and not actor else None,
        valid_from=offer.terms.valid_from(claimed_at=now),
        expires_at=expires_at,
    )
    step = Step("", now, campaign_version_id=offer.campaign_version_id)
    actors = {entitlement_id: actor or f"citizen:{citizen_id}" for entitlement_id, citizen_id in owners.items()}
    ENTITLEMENT.record_created(owners, "claim", step, actors=actors)
    return batch_id


def _set_aside(part: ReleasePart, count: int, batch_id: UUID) -> list[Posting]:
    offer = part.offer
    return [
        Posting(
            Code.CLAIM,
            accounts.released(offer.campaign_id, source, offer_id=offer.offer_id, release_id=part.release_id),
            accounts.outstanding(offer.campaign_id, source, offer_id=offer.offer_id),
            fen * count,
            ("claim_batch", text_id(batch_id)),
        )
        for source, fen in offer.split.items()
    ]


def held_or_used(release_ids: Sequence[int]) -> dict[int, int]:
    """Return release id → how many of its vouchers citizens hold or have used: those whose money has not come back."""
    rows = db.session.execute(
        select(Entitlement.release_id, func.count())
        .where(Entitlement.release_id.in_(release_ids), Entitlement.status != "expired")
        .group_by(Entitlement.release_id)
    )
    return dict(rows.all())


rollover.on_count(held_or_used)
