"""Reservations: the stock and money of applications, from the moment they are made until they are granted or fail.

An application counts its person (or firm), takes one of the stock and its award out of the money on release, and a
place in its tier: all of it or nothing, each by the statement that checks it. Every operation takes its locks in one
order: person_quota by scope and person, release, release_tier, reservation, ledger accounts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from campaigns import priced_releases
from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.rounds import take_stock
from campaigns.terms.quote import Award
from foundation import clock
from foundation.db import db, rows_changed
from foundation.errors import Refusal
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import AccountKey, Code
from ledger.posting import FundsInsufficient, Posting, post
from voucher import application_limits as limits
from voucher.errors import AlreadyReserved, NotByApplication, NotOpenYet, NotReserved, ReleaseUnknown
from voucher.grants import grant, grant_batch
from voucher.people_rules import barred
from voucher.reservation_models import Reservation, document
from voucher.states import RESERVATION

__all__ = ["Wanted", "amounts_of", "change", "give_back", "grant", "grant_batch", "reserve", "reserve_batch"]


@dataclass(frozen=True)
class Wanted:
    """One application's wish. award: as quoted, without a number in its tier. firm: the unified social credit code of
    the firm that buys, "" for a person."""

    application_id: UUID
    citizen_id: UUID
    award: Award
    firm: str = ""


class _NoRoom(Exception):
    """Stock, tier or money is used up."""


def reserve(
    application_id: UUID,
    citizen_id: UUID,
    release_id: int,
    award: Award,
    *,
    tier: str = "",
    firm: str = "",
    actor: str = "",
    version_id: int | None = None,
) -> bool:
    """Set aside what an application is worth; return False, with nothing counted, while stock or money is used up.

    tier: instead of the award's own. firm: the unified social credit code of the firm that buys, in its canonical
    spelling; it has limits of its own. version_id: whose table said the award, None for the offer's. An application
    whose reservation was given back may reserve again.
    Refuses ReleaseUnknown, NotByApplication, NotOpenYet, RealNameNeeded, TooYoung, ApplicationLimitReached,
    BuyerNotCovered, HadAnotherSubsidy, AlreadyReserved.
    """
    wanted = Wanted(application_id, citizen_id, award if not tier else _in_tier(award, tier), firm)
    outcome = reserve_batch(release_id, [wanted], actor=actor, version_id=version_id)[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def reserve_batch(
    release_id: int, wanted: Sequence[Wanted], *, actor: str = "", version_id: int | None = None
) -> list[bool | Refusal]:
    """Reserve for several applications of one release, in the order given, and return what ``reserve`` would."""
    facts, now = _facts(release_id), clock.now()
    if now < facts.opens_at:
        raise NotOpenYet(opens_at=facts.opens_at)
    step = Step(actor, now, campaign_version_id=version_id or facts.offer.campaign_version_id)
    refused = barred(facts.people, {each.citizen_id for each in wanted}, now)
    if len(wanted) > 1 and not refused:
        # Most often there is room for all, and then it is asked once.
        try:
            with db.session.begin_nested():
                _reserve(facts, wanted, step)
                return [True] * len(wanted)
        except (_NoRoom, Refusal):
            pass
    return [refused.get(each.citizen_id) or _reserve_one(facts, each, step) for each in wanted]


def _reserve_one(facts: ReleaseFacts, wanted: Wanted, step: Step) -> bool | Refusal:
    try:
        with db.session.begin_nested():
            _reserve(facts, [wanted], step)
            return True
    except _NoRoom:
        return False
    except Refusal as refusal:
        return refusal


def _reserve(facts: ReleaseFacts, wanted: Sequence[Wanted], step: Step) -> None:
    """Reserve for all of ``wanted``, or raise why not for all."""
    firms = limits.count(facts, [(each.citizen_id, each.firm) for each in wanted])
    if take_stock(facts.release_id, len(wanted)) < len(wanted):
        raise _NoRoom
    amounts = {each.application_id: _set_aside_fen(facts, each.award) for each in wanted}
    if len(amounts) < len(wanted):
        raise AlreadyReserved
    tiers: dict[str, list[int]] = defaultdict(list)
    for each in wanted:
        tiers[each.award.tier].append(amounts[each.application_id])
    for tier in sorted(tiers):
        if not priced_releases.take_of_tier(facts.release_id, tier, len(tiers[tier]), sum(tiers[tier])):
            raise _NoRoom
    _write(facts, wanted, amounts, firms, step)
    _post_or_no_room(
        [
            posting
            for application_id, fen in amounts.items()
            for posting in _moves(facts, application_id, {}, facts.offer.split_of(fen), on_release=True)
        ],
        step.at,
    )


def _write(
    facts: ReleaseFacts,
    wanted: Sequence[Wanted],
    amounts: Mapping[UUID, int],
    firms: Mapping[str, UUID],
    step: Step,
) -> None:
    """Write the reservations, and take up again those that were given back before."""
    before = set(db.session.scalars(select(Reservation.id).where(Reservation.id.in_(amounts))))
    actors = {each.application_id: step.actor or f"citizen:{each.citizen_id}" for each in wanted}
    rows = []
    for each in wanted:
        row = {
            "citizen_id": each.citizen_id,
            "firm_id": firms.get(each.firm),
            "release_id": facts.release_id,
            "tier": each.award.tier,
            "amount_fen": amounts[each.application_id],
            "reserved_at": step.at,
        }
        if each.application_id not in before:
            rows.append({"id": each.application_id, "status": "held", **row})
        elif not RESERVATION.apply(Reservation, [each.application_id], "reserve", step, also_set=row, actors=actors):
            raise AlreadyReserved
    insert_rows(Reservation, rows)
    RESERVATION.record_created([row["id"] for row in rows], "reserve", step, actors=actors)


def change(application_id: UUID, award: Award) -> bool:
    """Set aside another amount for an application whose award has changed; return False, with nothing changed, while
    what it costs more is not there. After its round it costs more, or gives back, to the pool.

    Refuses NotReserved.
    """
    held = _held(application_id)
    facts, now = _facts(held.release_id), clock.now()
    fen = _set_aside_fen(facts, award)
    try:
        with db.session.begin_nested():
            on_release = priced_releases.is_open(facts.release_id)
            _back_into_tier(held)
            if not priced_releases.take_of_tier(facts.release_id, award.tier, 1, fen):
                raise _NoRoom
            _still_held(held, amount_fen=fen, tier=award.tier)
            before, after = facts.offer.split_of(held.amount_fen), facts.offer.split_of(fen)
            _post_or_no_room(_moves(facts, application_id, before, after, on_release=on_release), now)
            return True
    except _NoRoom:
        return False


def give_back(application_id: UUID, *, actor: str = "", reason: str = "") -> None:
    """Give back what an application has set aside, because it was rejected or withdrawn: the person is uncounted, and
    stock and money go back on release while the round is open, else the money to the pool. Refuses NotReserved."""
    held = _held(application_id)
    facts = _facts(held.release_id)
    step = Step(actor or f"citizen:{held.citizen_id}", clock.now(), reason, facts.offer.campaign_version_id)
    with db.session.begin_nested():
        limits.uncount(facts, held.citizen_id, held.firm_id)
        on_release = priced_releases.is_open(facts.release_id)
        if on_release:
            priced_releases.put_back(facts.release_id, 1)
        _back_into_tier(held)
        unchanged = (Reservation.amount_fen == held.amount_fen, Reservation.tier == held.tier)
        if not RESERVATION.apply(Reservation, [application_id], "return", step, only_if=unchanged):
            raise NotReserved
        before = facts.offer.split_of(held.amount_fen)
        post(_moves(facts, application_id, before, {}, on_release=on_release), at=step.at)


@dataclass(frozen=True)
class _Held:
    """A reservation as it was read; what changes it says so in its condition."""

    id: UUID
    citizen_id: UUID
    firm_id: UUID | None
    release_id: int
    tier: str
    amount_fen: int


def _held(application_id: UUID) -> _Held:
    row = db.session.execute(
        select(
            Reservation.id,
            Reservation.citizen_id,
            Reservation.firm_id,
            Reservation.release_id,
            Reservation.tier,
            Reservation.amount_fen,
        ).where(Reservation.id == application_id, Reservation.status == "held")
    ).one_or_none()
    if row is None:
        raise NotReserved
    return _Held(*row)


def _still_held(held: _Held, **changed: Any) -> None:
    mine = (Reservation.id == held.id, Reservation.status == "held")
    as_read = (Reservation.amount_fen == held.amount_fen, Reservation.tier == held.tier)
    if not rows_changed(update(Reservation).where(*mine, *as_read).values(**changed)):
        raise NotReserved


def _back_into_tier(held: _Held) -> None:
    priced_releases.put_back_into_tier(held.release_id, held.tier, 1, held.amount_fen)


def _facts(release_id: int) -> ReleaseFacts:
    facts = release_facts(release_id)
    if facts is None:
        raise ReleaseUnknown
    if not facts.offer.is_priced_when_claimed:
        raise NotByApplication
    return facts


def _in_tier(award: Award, tier: str) -> Award:
    return Award(award.bill_fen, award.discount_fen, award.by_source, given_as=award.given_as, tier=tier)


def _set_aside_fen(facts: ReleaseFacts, award: Award) -> int:
    """Return what an award sets aside. What a floating pool gives each is known when its round is over; until then
    each has the least set aside, and the pool itself is on release."""
    least_fen = priced_releases.floating_least_fen(facts.offer, award.tier)
    return award.discount_fen if least_fen is None else least_fen


def _moves(
    facts: ReleaseFacts,
    application_id: UUID,
    before: Mapping[int, int],
    after: Mapping[int, int],
    *,
    on_release: bool,
) -> list[Posting]:
    """Return what brings the reserved money of an application from one split to another. Of two sources one may have
    more and the other less."""
    postings = []
    for source in sorted({*before, *after}):
        fen = after.get(source, 0) - before.get(source, 0)
        if not fen:
            continue
        from_or_to = _beside(facts, source, on_release=on_release)
        held = accounts.reserved(facts.offer.campaign_id, source, offer_id=facts.offer.offer_id)
        code, debit, credit = (Code.RESERVE, from_or_to, held) if fen > 0 else (Code.UNRESERVE, held, from_or_to)
        postings.append(Posting(code, debit, credit, abs(fen), document(application_id)))
    return postings


def _beside(facts: ReleaseFacts, source: int, *, on_release: bool) -> AccountKey:
    if on_release:
        return priced_releases.on_release(facts.offer, facts.release_id, source)
    return accounts.budget(facts.offer.campaign_id, source)


def _post_or_no_room(postings: Sequence[Posting], at: datetime) -> None:
    try:
        post(postings, at=at)
    except FundsInsufficient as short:
        raise _NoRoom from short


def amounts_of(application_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what each application has set aside or was granted, in fen; those that have nothing are left out."""
    rows = db.session.execute(
        select(Reservation.id, Reservation.amount_fen).where(
            Reservation.id.in_(application_ids), Reservation.status != "returned"
        )
    )
    return dict(rows.all())
