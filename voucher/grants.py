"""Grants: approved applications become entitlements that are worth their award, and floating pools are divided.

Locks are taken as in ``reservations.py``.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from campaigns import priced_releases
from campaigns.catalog import OfferFacts, ReleaseFacts, release_facts
from campaigns.models import Release, ReleaseTier
from campaigns.terms.sale import VoucherExpired
from foundation import clock
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher.claims import Granted
from voucher.errors import NotPricedYet, NotReserved
from voucher.models import ClaimBatch, Entitlement
from voucher.reservation_models import Reservation, document
from voucher.states import ENTITLEMENT, RESERVATION

#: What is paid out after its approval is not used by anybody; its validity only has to last that long.
PAY_OUT_WITHIN = timedelta(days=1)


def grant(application_id: UUID, *, actor: str) -> Granted:
    """Grant an approved application: one entitlement whose face is the award, with the application's id.

    Refuses NotReserved, NotPricedYet (its tier floats and its round is not over), VoucherExpired (it is to come off a
    bill or to be handed out, and by its terms it would be over already).
    """
    return grant_batch([application_id], actor=actor)[application_id]


def grant_batch(application_ids: Sequence[UUID], *, actor: str) -> dict[UUID, Granted]:
    """Grant several applications, all or none, and return what each was granted. Refuses as ``grant``."""
    step = Step(actor, clock.now())
    with db.session.begin_nested():
        granted = RESERVATION.apply(Reservation, application_ids, "grant", step)
        if len(granted) < len(set(application_ids)):
            raise NotReserved
        by_release: dict[int, list[Any]] = defaultdict(list)
        for row in db.session.execute(
            select(
                Reservation.id,
                Reservation.citizen_id,
                Reservation.release_id,
                Reservation.tier,
                Reservation.amount_fen,
            )
            .where(Reservation.id.in_(granted))
            .order_by(Reservation.id)
        ):
            by_release[row.release_id].append(row)
        outcomes: dict[UUID, Granted] = {}
        postings: list[Posting] = []
        for release_id in sorted(by_release):
            facts = release_facts(release_id)
            assert facts is not None  # it was reserved from
            _check_priced(facts, {row.tier for row in by_release[release_id]})
            given, moves = _entitle(facts, by_release[release_id], step)
            outcomes |= given
            postings += moves
        post(postings, at=step.at)
        return outcomes


def _check_priced(facts: ReleaseFacts, tiers: set[str]) -> None:
    floating = [tier for tier in tiers if priced_releases.floating_least_fen(facts.offer, tier) is not None]
    open_ones = select(ReleaseTier.tier).where(
        ReleaseTier.release_id == facts.release_id, ReleaseTier.tier.in_(floating), ReleaseTier.each_fen.is_(None)
    )
    if floating and db.session.scalar(open_ones.limit(1)) is not None:
        raise NotPricedYet


def _entitle(facts: ReleaseFacts, reserved: Sequence[Any], step: Step) -> tuple[dict[UUID, Granted], list[Posting]]:
    """Write the entitlements of one release's applications, as one batch; return them and what sets them aside."""
    offer, now = facts.offer, step.at
    valid_from, expires_at = validity_of(facts, now)
    batch_id = new_id()
    batch = {"id": batch_id, "release_id": facts.release_id, "count": len(reserved), "claimed_at": now}
    insert_rows(ClaimBatch, [batch])
    rows: list[dict[str, Any]] = [
        {
            "id": row.id,
            "citizen_id": row.citizen_id,
            "campaign_id": offer.campaign_id,
            "campaign_version_id": offer.campaign_version_id,
            "offer_id": offer.offer_id,
            "release_id": facts.release_id,
            "claim_batch_id": batch_id,
            "face_value_fen": row.amount_fen,
            "status": "claimed",
            "claimed_at": now,
            "valid_from": valid_from,
            "expires_at": expires_at,
        }
        for row in reserved
    ]
    insert_rows(Entitlement, rows)
    versioned = Step(step.actor, now, campaign_version_id=offer.campaign_version_id)
    ENTITLEMENT.record_created([row["id"] for row in rows], "claim", versioned)
    parts: Counter[int] = Counter()
    for row in rows:
        parts.update(offer.split_of(row["face_value_fen"]))
    return {row["id"]: Granted((row["id"],), expires_at) for row in rows}, claim_reserved(offer, parts, batch_id)


def claim_reserved(offer: OfferFacts, parts: Mapping[int, int], batch_id: UUID) -> list[Posting]:
    """Return what puts money that was set aside into vouchers. parts: fund source id → fen."""
    return [
        Posting(
            Code.CLAIM,
            accounts.reserved(offer.campaign_id, source, offer_id=offer.offer_id),
            accounts.outstanding(offer.campaign_id, source, offer_id=offer.offer_id),
            fen,
            ("claim_batch", text_id(batch_id)),
        )
        for source, fen in sorted(parts.items())
    ]


def validity_of(facts: ReleaseFacts, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when (exclusive) what is granted now may be used."""
    offer = facts.offer
    expires_at = offer.terms.expires_at(claimed_at=now, campaign_ends_at=offer.campaign_ends_at)
    if getattr(offer.terms.benefit, "given_as", "discount") == "cash":
        return now, max(expires_at, now + PAY_OUT_WITHIN)
    if expires_at <= now:
        raise VoucherExpired(expires_at=expires_at)
    return offer.terms.valid_from(claimed_at=now), expires_at


def divide_floating(release: Release, step: Step) -> list[Posting]:
    """Divide the floating pools of a release whose round closes among its applications, and return what that moves
    from the money on release: each gets the pool's share, and never less than the least."""
    facts = release_facts(release.id)
    assert facts is not None  # the round has it
    tiers = db.session.scalars(
        select(ReleaseTier)
        .where(ReleaseTier.release_id == release.id)
        .order_by(ReleaseTier.tier)
        .execution_options(populate_existing=True)
    )
    postings: list[Posting] = []
    for tier in tiers:
        least_fen = priced_releases.floating_least_fen(facts.offer, tier.tier)
        if least_fen is None or tier.each_fen is not None:
            continue
        ids = db.session.scalars(
            select(Reservation.id)
            .where(Reservation.release_id == release.id, Reservation.tier == tier.tier, Reservation.status == "held")
            .order_by(Reservation.id)
        ).all()
        each_fen = least_fen
        if ids:
            pool = priced_releases.floating_of(facts.offer, tier.tier)
            assert pool is not None  # it has a least amount
            each_fen = _affordable_each(facts, pool.amount_fen(len(ids)), least_fen, len(ids), postings)
        tier.each_fen, tier.taken_fen = each_fen, each_fen * len(ids)
        db.session.flush()
        postings += _top_up(facts, ids, least_fen, each_fen)
    return postings


def _affordable_each(
    facts: ReleaseFacts, wished_fen: int, least_fen: int, count: int, before: Sequence[Posting]
) -> int:
    """Return what each of ``count`` can be raised to out of the money that is still on release."""
    left = {
        source: priced_releases.left_fen(priced_releases.on_release(facts.offer, facts.release_id, source), before)
        for source in facts.offer.split
    }
    have = facts.offer.split_of(least_fen)
    each_fen = wished_fen
    while each_fen > least_fen:
        want = facts.offer.split_of(each_fen)
        short = max((want.get(source, 0) - have.get(source, 0)) * count - left[source] for source in left)
        if short <= 0:
            break
        # Fewer by what one source lacks of each; at least by one fen, so that this ends.
        each_fen -= max(1, short // count)
    return max(each_fen, least_fen)


def _top_up(facts: ReleaseFacts, ids: Sequence[UUID], least_fen: int, each_fen: int) -> list[Posting]:
    if each_fen == least_fen or not ids:
        return []
    db.session.execute(
        update(Reservation)
        .where(Reservation.id.in_(ids))
        .values(amount_fen=each_fen)
        .execution_options(synchronize_session=False)
    )
    offer = facts.offer
    have, want = offer.split_of(least_fen), offer.split_of(each_fen)
    postings = []
    for application_id in ids:
        for source in sorted({*have, *want}):
            fen = want.get(source, 0) - have.get(source, 0)
            on_release = priced_releases.on_release(offer, facts.release_id, source)
            held = accounts.reserved(offer.campaign_id, source, offer_id=offer.offer_id)
            pair = (Code.RESERVE, on_release, held) if fen > 0 else (Code.UNRESERVE, held, on_release)
            if fen:
                postings.append(Posting(*pair, abs(fen), document(application_id)))
    return postings


priced_releases.on_close(divide_floating)
