"""Lotteries: entering, the list, the draw, prizes taken up or drawn again.

The steps of a draw are driven by a job and each happens once: the state machine lets one of two jobs through. Prizes
are granted by the same path as claims, with the same limits, stock and postings.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update

from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.models import CampaignRound, Release
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, upsert
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.states import Step
from identity import persons
from voucher import lottery_order
from voucher.claims import Granted, grant_to
from voucher.errors import (
    AlreadyEntered,
    NotByLottery,
    NothingToTakeUp,
    NotOpenYet,
    RegistrationOver,
    ReleaseUnknown,
)
from voucher.models import LotteryDraw, LotteryEntry
from voucher.people_rules import barred
from voucher.states import DRAW, ENTRY

#: How many prizes are given out by one round of statements; engines bound the parameters of one.
PRIZES_AT_ONCE = 500


def facts_of(draw: LotteryDraw) -> ReleaseFacts:
    """Return what a draw is about."""
    facts = release_facts(draw.release_id)
    assert facts is not None
    assert facts.lottery is not None
    return facts


def enter(citizen_id: UUID, release_id: int, device_hash: bytes | None = None) -> int:
    """Enter a person to the draw of a release and return the draw's id.

    Refuses ReleaseUnknown, NotByLottery, NotOpenYet, RegistrationOver, RealNameNeeded, TooYoung, AlreadyEntered
    (one entry per person and round).
    """
    now = clock.now()
    facts = release_facts(release_id)
    if facts is None or facts.release_id != release_id:
        raise ReleaseUnknown
    if facts.lottery is None:
        raise NotByLottery
    if now >= facts.lottery.register_until:
        raise RegistrationOver(register_until=facts.lottery.register_until)
    if device_hash is not None and "device" in facts.people.same_person:
        persons.note(citizen_id, "device", device_hash)
    # Held until the end: the list is not made while an entry is on its way.
    open_draw = select(LotteryDraw).where(LotteryDraw.release_id == release_id).with_for_update(read=True)
    draw = db.session.scalar(open_draw.execution_options(populate_existing=True))
    if draw is None or now < facts.opens_at:
        raise NotOpenYet(opens_at=facts.opens_at)
    if draw.status != "committed":
        raise RegistrationOver(register_until=facts.lottery.register_until)
    refusal = barred(facts.people, [citizen_id], now).get(citizen_id)
    if refusal is not None:
        raise refusal
    person_id = persons.persons_of(facts.people.same_person, [citizen_id])[citizen_id]
    row = {
        "id": new_id(),
        "draw_id": draw.id,
        "round_id": facts.round_id,
        "citizen_id": citizen_id,
        "person_id": person_id,
        "entry_hash": keyed_hash("lottery_entry", f"{draw.id}:{citizen_id}").hex(),
        "status": "entered",
        "entered_at": now,
    }
    statement = upsert(LotteryEntry).values(row).on_conflict_do_nothing().returning(LotteryEntry.id)
    if db.session.scalar(statement) is None:
        raise AlreadyEntered
    ENTRY.record_created([row["id"]], "enter", _step(facts, f"citizen:{citizen_id}", now))
    return draw.id


def take_up(entry_id: UUID, citizen_id: UUID) -> Granted:
    """Take up a prize in time. Refuses NothingToTakeUp, and whatever a claim is refused for."""
    now = clock.now()
    entry = db.session.scalar(
        select(LotteryEntry).where(LotteryEntry.id == entry_id, LotteryEntry.citizen_id == citizen_id)
    )
    if entry is None:
        raise NothingToTakeUp
    facts = facts_of(db.session.get_one(LotteryDraw, entry.draw_id))
    step = _step(facts, f"citizen:{citizen_id}", now)
    in_time = (LotteryEntry.take_up_until > now,)
    if not ENTRY.apply(LotteryEntry, [entry_id], "take_up", step, only_if=in_time):
        raise NothingToTakeUp
    outcome = grant_to(facts, [(0, citizen_id)], now)[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


# --- what the job does ----------------------------------------------------------------------------------------


def commit_due(*, actor: str) -> int:
    """Commit to a seed for each draw whose round has been put on release; return how many."""
    now = clock.now()
    drawn = select(LotteryDraw.release_id)
    due = db.session.scalars(
        select(Release.id)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .where(CampaignRound.status == "released", CampaignRound.closes_at > now, Release.id.not_in(drawn))
        .order_by(Release.id)
    ).all()
    committed = 0
    for release_id in due:
        facts = release_facts(release_id)
        if facts is None or facts.lottery is None or facts.release_id != release_id:
            continue
        seed = secrets.token_hex(32)
        row = {
            "release_id": release_id,
            "status": "committed",
            "seed": seed,
            "commitment": lottery_order.commitment(seed),
            "committed_at": now,
            "entry_count": 0,
            "considered": 0,
        }
        statement = upsert(LotteryDraw).values(row).on_conflict_do_nothing().returning(LotteryDraw.id)
        draw_id = db.session.scalar(statement)
        if draw_id is not None:
            DRAW.record_created([draw_id], "commit", _step(facts, actor, now))
            committed += 1
    return committed


def list_due(*, actor: str) -> int:
    """Make the list of entries stand for each draw whose registration is over; return how many."""
    now = clock.now()
    listed = 0
    for draw in _in_state("committed"):
        facts = facts_of(draw)
        assert facts.lottery is not None
        if facts.lottery.register_until > now:
            continue
        listed += close_list(draw, actor=actor, now=now)
    return listed


def close_list(draw: LotteryDraw, *, actor: str, now: datetime) -> bool:
    """Make the list of one draw stand; return whether it did not yet. Waits for entries that are on their way."""
    step = _step(facts_of(draw), actor, now)
    if not DRAW.apply(LotteryDraw, [draw.id], "list", step, also_set={"listed_at": now}):
        return False
    hashes = entry_hashes(draw.id)
    _set(draw.id, entry_count=len(hashes), list_sha256=lottery_order.list_sha256(lottery_order.list_text(hashes)))
    return True


def draw_due(*, actor: str) -> int:
    """Draw each listed draw whose time has come, and offer its prizes; return how many were drawn."""
    now = clock.now()
    drawn = 0
    for draw in _in_state("listed"):
        facts = facts_of(draw)
        assert facts.lottery is not None
        if facts.lottery.draw_at > now:
            continue
        step = _step(facts, actor, now)
        if DRAW.apply(LotteryDraw, [draw.id], "draw", step, also_set={"drawn_at": now}):
            _offer_prizes(draw.id, facts, step)
            drawn += 1
    return drawn


def redraw_due(*, actor: str) -> int:
    """Let prizes lapse that were not taken up, and offer them to the next in the same order; end what is over.

    Return how many prizes lapsed.
    """
    now = clock.now()
    lapsed = 0
    for draw in _in_state("drawn"):
        facts = facts_of(draw)
        step = _step(facts, actor, now)
        late = select(LotteryEntry.id).where(
            LotteryEntry.draw_id == draw.id, LotteryEntry.status == "won", LotteryEntry.take_up_until <= now
        )
        while ids := list(db.session.scalars(late.limit(PRIZES_AT_ONCE))):
            lapsed += len(ENTRY.apply(LotteryEntry, ids, "lapse", step))
        if now >= facts.closes_at:
            DRAW.apply(LotteryDraw, [draw.id], "finish", step)
        else:
            _offer_prizes(draw.id, facts, step)
    return lapsed


def _offer_prizes(draw_id: int, facts: ReleaseFacts, step: Step) -> None:
    """Offer the prizes that nobody has to the next in the order, as long as there are both."""
    lottery = facts.lottery
    assert lottery is not None
    locked = select(LotteryDraw).where(LotteryDraw.id == draw_id).with_for_update()
    draw = db.session.scalars(locked.execution_options(populate_existing=True)).one()
    if draw.considered >= draw.entry_count:
        return
    free = _free_prizes(draw)
    if free <= 0:
        return
    assert draw.list_sha256 is not None
    waiting = lottery_order.ordered(draw.seed, draw.list_sha256, entry_hashes(draw_id))[draw.considered :]
    considered, until = draw.considered, lottery.take_up_until(step.at, closes_at=facts.closes_at)
    while free > 0 and waiting:
        next_ones = min(free, PRIZES_AT_ONCE)
        winners, waiting = waiting[:next_ones], waiting[next_ones:]
        entries = _win(draw_id, winners, considered, None if not lottery.take_up_hours else until, step)
        considered += len(winners)
        free -= len(entries) if lottery.take_up_hours else _grant(facts, entries, step)
    _set(draw_id, considered=considered)


def _free_prizes(draw: LotteryDraw) -> int:
    """Return how many prizes are neither granted nor waiting to be taken up. The waiting are counted first: one
    that is taken up in between is then missing from both, and never offered twice."""
    waiting = select(func.count()).select_from(LotteryEntry)
    won = db.session.scalar(waiting.where(LotteryEntry.draw_id == draw.id, LotteryEntry.status == "won")) or 0
    left, per_pack = db.session.execute(
        select(Release.remaining, Release.per_pack).where(Release.id == draw.release_id)
    ).one()
    return int(left) // int(per_pack) - won


def _win(
    draw_id: int, winners: Sequence[str], considered: int, until: datetime | None, step: Step
) -> list[tuple[UUID, UUID]]:
    """Give winners their ranks; return (entry, citizen) in the order drawn."""
    rows = db.session.execute(
        select(LotteryEntry.entry_hash, LotteryEntry.id, LotteryEntry.citizen_id).where(
            LotteryEntry.draw_id == draw_id, LotteryEntry.entry_hash.in_(winners)
        )
    )
    found = {entry_hash: (entry_id, citizen_id) for entry_hash, entry_id, citizen_id in rows}
    entries = [found[winner] for winner in winners]
    ranks: list[dict[str, Any]] = [
        {"id": entry_id, "rank": considered + place, "take_up_until": until}
        for place, (entry_id, _) in enumerate(entries, 1)
    ]
    db.session.execute(update(LotteryEntry), ranks)
    ENTRY.apply(LotteryEntry, [entry_id for entry_id, _ in entries], "win", step)
    return entries


def _grant(facts: ReleaseFacts, entries: Sequence[tuple[UUID, UUID]], step: Step) -> int:
    """Grant prizes at once; return how many were, for those whose limits are used up are passed over."""
    asked = [(place, citizen_id) for place, (_, citizen_id) in enumerate(entries)]
    outcomes = grant_to(facts, asked, step.at, actor=step.actor)
    won = [entries[place][0] for place, outcome in outcomes.items() if isinstance(outcome, Granted)]
    over: dict[str, list[UUID]] = {}
    for place, outcome in outcomes.items():
        if isinstance(outcome, Refusal):
            over.setdefault(outcome.code, []).append(entries[place][0])
    ENTRY.apply(LotteryEntry, won, "take_up", step)
    for code, ids in over.items():
        why = Step(step.actor, step.at, reason=code, campaign_version_id=step.campaign_version_id)
        ENTRY.apply(LotteryEntry, ids, "pass_over", why)
    return len(won)


def entry_hashes(draw_id: int) -> list[str]:
    """Return what stands for the entries, sorted."""
    statement = select(LotteryEntry.entry_hash).where(LotteryEntry.draw_id == draw_id)
    return sorted(db.session.scalars(statement))


def _in_state(status: str) -> list[LotteryDraw]:
    statement = select(LotteryDraw).where(LotteryDraw.status == status).order_by(LotteryDraw.id)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def _set(draw_id: int, **values: Any) -> None:
    statement = update(LotteryDraw).where(LotteryDraw.id == draw_id).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.expire_all()


def _step(facts: ReleaseFacts, actor: str, at: datetime) -> Step:
    return Step(actor, at, campaign_version_id=facts.offer.campaign_version_id)


def one_entry_each(gone: Sequence[UUID], into: UUID) -> None:
    """When persons become one, keep the earliest of their entries in each round whose list does not stand yet."""
    rows = db.session.execute(
        select(LotteryEntry.id, LotteryEntry.round_id, LotteryEntry.person_id)
        .join(LotteryDraw, LotteryDraw.id == LotteryEntry.draw_id)
        .where(LotteryEntry.person_id.in_([*gone, into]), LotteryDraw.status == "committed")
        .order_by(LotteryEntry.entered_at, LotteryEntry.id)
        .with_for_update(read=True, of=LotteryDraw)
    ).all()
    first: dict[int, UUID] = {}
    second = [entry_id for entry_id, round_id, _ in rows if first.setdefault(round_id, entry_id) != entry_id]
    db.session.execute(
        delete(LotteryEntry).where(LotteryEntry.id.in_(second)).execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(LotteryEntry)
        .where(LotteryEntry.id.in_(list(first.values())))
        .values(person_id=into)
        .execution_options(synchronize_session=False)
    )


persons.on_join(one_entry_each)
