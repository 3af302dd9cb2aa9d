"""Claims: a citizen takes an entitlement out of a release.

Claims are granted in batches: all that wait share one transaction, and a refused one never fails its
neighbours. The web door's batch has one claim in it; the operation is the same.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.models import CampaignRound, Release
from campaigns.rounds import take_stock
from foundation import clock
from foundation.db import db, insert_rows
from foundation.errors import Refusal
from foundation.ids import new_id, text_id
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher import quotas
from voucher.errors import LimitReached, NotOpenYet, ReleaseUnknown, RoundClosed, SoldOut
from voucher.models import ClaimBatch, Entitlement
from voucher.states import ENTITLEMENT


@dataclass(frozen=True)
class ClaimRequest:
    citizen_id: UUID
    release_id: int


@dataclass(frozen=True)
class Granted:
    """A claim that was granted: the entitlement, and when it ends (exclusive)."""

    entitlement_id: UUID
    expires_at: datetime


Outcome = Granted | Refusal


def claim(citizen_id: UUID, release_id: int) -> Granted:
    """Grant one entitlement. Refuses ReleaseUnknown, NotOpenYet, RoundClosed, SoldOut, LimitReached."""
    outcome = claim_batch([ClaimRequest(citizen_id, release_id)])[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def claim_batch(requests: Sequence[ClaimRequest]) -> list[Outcome]:
    """Grant or refuse each request, in the order given, within the caller's transaction.

    Who comes first in the list is served first. Batches that run side by side are each of one release: people are
    locked before stock, so two batches over several releases could wait for each other in a circle.
    """
    now = clock.now()
    outcomes: dict[int, Outcome] = {}
    waiting: dict[int, list[int]] = defaultdict(list)
    for place, request in enumerate(requests):
        waiting[request.release_id].append(place)
    for release_id in sorted(waiting):
        places = waiting[release_id]
        facts = release_facts(release_id)
        closed = ReleaseUnknown() if facts is None else _closed(facts, now)
        if closed is not None or facts is None:
            outcomes.update(dict.fromkeys(places, closed or ReleaseUnknown()))
            continue
        outcomes.update(_serve(facts, [(place, requests[place].citizen_id) for place in places], now))
    return [outcomes[place] for place in range(len(requests))]


def _closed(facts: ReleaseFacts, now: datetime) -> Refusal | None:
    """Return why nothing can be claimed from this release now, if so."""
    if now < facts.opens_at:
        return NotOpenYet(opens_at=facts.opens_at)
    if now >= facts.closes_at:
        return RoundClosed(closes_at=facts.closes_at)
    status, remaining = db.session.execute(
        select(CampaignRound.status, Release.remaining)
        .join(Release, Release.round_id == CampaignRound.id)
        .where(Release.id == facts.release_id)
    ).one()
    if status == "scheduled":
        return NotOpenYet(opens_at=facts.opens_at)
    if status == "closed":
        return RoundClosed(closes_at=facts.closes_at)
    return SoldOut() if remaining == 0 else None


def _serve(facts: ReleaseFacts, claimants: Sequence[tuple[int, UUID]], now: datetime) -> dict[int, Outcome]:
    """Grant what limits and stock allow to (place, person) pairs of one release."""
    outcomes: dict[int, Outcome] = {}
    granted: list[tuple[int, UUID]] = []
    for group in _each_person_once(claimants):
        within, over = _within_limits(facts, group)
        outcomes.update(over)
        taken = take_stock(facts.release_id, len(within))
        granted.extend(within[:taken])
        sold_out = within[taken:]
        outcomes.update({place: SoldOut() for place, _ in sold_out})
        for scope, _ in facts.quotas:
            quotas.give_back(scope, [person for _, person in sold_out])
    outcomes.update(_grant(facts, granted, now))
    return outcomes


def _each_person_once(claimants: Sequence[tuple[int, UUID]]) -> list[list[tuple[int, UUID]]]:
    """Split claimants into groups in which nobody occurs twice, keeping their order."""
    groups: list[list[tuple[int, UUID]]] = []
    times: Counter[UUID] = Counter()
    for claimant in claimants:
        turn = times[claimant[1]]
        times[claimant[1]] += 1
        if turn == len(groups):
            groups.append([])
        groups[turn].append(claimant)
    return groups


def _within_limits(
    facts: ReleaseFacts, claimants: Sequence[tuple[int, UUID]]
) -> tuple[list[tuple[int, UUID]], dict[int, Outcome]]:
    """Count each claimant under every limit; return those within all of them, and the refusals of the others."""
    within = list(claimants)
    over: dict[int, Outcome] = {}
    passed: list[str] = []
    for scope, most in facts.quotas:
        counted = quotas.take(scope, [person for _, person in within], most=most)
        refused = [(place, person) for place, person in within if person not in counted]
        over.update({place: LimitReached(most=most) for place, _ in refused})
        for earlier in passed:
            quotas.give_back(earlier, [person for _, person in refused])
        within = [(place, person) for place, person in within if person in counted]
        passed.append(scope)
    return within, over


def _grant(facts: ReleaseFacts, granted: Sequence[tuple[int, UUID]], now: datetime) -> dict[int, Outcome]:
    """Write the entitlements, their history and the one posting that sets their money aside."""
    if not granted:
        return {}
    offer = facts.offer
    batch_id = new_id()
    expires_at = offer.terms.expires_at(claimed_at=now, campaign_ends_at=offer.campaign_ends_at)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "citizen_id": person,
            "campaign_id": offer.campaign_id,
            "campaign_version_id": offer.campaign_version_id,
            "offer_id": offer.offer_id,
            "release_id": facts.release_id,
            "claim_batch_id": batch_id,
            "face_value_fen": offer.face_value_fen,
            "status": "claimed",
            "claimed_at": now,
            "valid_from": offer.terms.valid_from(claimed_at=now),
            "expires_at": expires_at,
        }
        for _, person in granted
    ]
    batch = {"id": batch_id, "release_id": facts.release_id, "count": len(rows), "claimed_at": now}
    insert_rows(ClaimBatch, [batch])
    insert_rows(Entitlement, rows)
    step = Step("", now, campaign_version_id=offer.campaign_version_id)
    holders = {row["id"]: f"citizen:{row['citizen_id']}" for row in rows}
    ENTITLEMENT.record_created(holders, "claim", step, actors=holders)
    post(
        [
            Posting(
                Code.CLAIM,
                accounts.released(offer.campaign_id, source, offer_id=offer.offer_id, release_id=facts.release_id),
                accounts.outstanding(offer.campaign_id, source, offer_id=offer.offer_id),
                fen * len(rows),
                ("claim_batch", text_id(batch_id)),
            )
            for source, fen in offer.split.items()
        ],
        at=now,
    )
    return {place: Granted(row["id"], expires_at) for (place, _), row in zip(granted, rows, strict=True)}
