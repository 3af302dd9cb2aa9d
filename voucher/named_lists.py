"""Lists of people who may claim: imported, looked at, confirmed; and who stands on them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, bindparam, exists, func, or_, select, union, update
from sqlalchemy.orm import aliased

from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.models import Campaign, CampaignRound, Release
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed
from foundation.errors import Refusal
from foundation.ids import new_id
from foundation.prepared import Given, Prepared, insert_rows
from foundation.states import Step
from identity.models import Citizen
from identity.phones import phone_hash
from voucher.errors import ListedOnce, ListNotDraft, ListUnknown, NoSuchListRelease, NotListed
from voucher.list_file import ReadList, Remark
from voucher.models import NamedList, NamedPerson
from voucher.states import NAMED_LIST

LARGEST_ROW_ID = 2**31 - 1


@dataclass(frozen=True)
class ListRelease:
    """A release that is given to people on lists."""

    release_id: int
    name: str
    campaign_name: str
    round_name: str
    stock: int


def open_releases() -> list[ListRelease]:
    """Return the releases for which lists can be imported: those of rounds that are not over."""
    rows = db.session.execute(
        select(Release.id, Release.stock, Release.per_pack, CampaignRound.name, Campaign.name)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Campaign, Campaign.id == CampaignRound.campaign_id)
        .where(CampaignRound.status.in_(("scheduled", "released")), CampaignRound.closes_at > clock.now())
        .order_by(CampaignRound.opens_at, Release.id)
    )
    found = []
    for release_id, stock, per_pack, round_name, campaign_name in rows:
        facts = release_facts(release_id)
        if facts is not None and facts.by_list and facts.release_id == release_id:
            found.append(ListRelease(release_id, facts.name, campaign_name, round_name, stock // per_pack))
    return found


def import_list(release_id: int, read: ReadList, *, data: bytes, file_name: str, by: str) -> NamedList:
    """Keep a list that was read without errors as a draft. Refuses NoSuchListRelease."""
    assert not read.errors
    if release_id not in {release.release_id for release in open_releases()}:
        raise NoSuchListRelease
    now = clock.now()
    draft = NamedList(
        release_id=release_id,
        status="draft",
        file_name=file_name[-200:],
        sha256=hashlib.sha256(data).hexdigest(),
        imported_by=by,
        imported_at=now,
    )
    db.session.add(draft)
    db.session.flush()
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "list_id": draft.id,
            "row": line.row,
            "name": line.name or None,
            "phone": line.phone or None,
            "phone_hash": phone_hash(line.phone) if line.phone else None,
            "id_number": line.id_number or None,
            "id_number_hash": keyed_hash("id_number", line.id_number) if line.id_number else None,
        }
        for line in read.lines
    ]
    for start in range(0, len(rows), 2_000):
        insert_rows(NamedPerson, rows[start : start + 2_000])
    NAMED_LIST.record_created([draft.id], "import", Step(by, now))
    return draft


def named_list(list_id: int) -> NamedList:
    """Return a list. Refuses ListUnknown."""
    found = db.session.get(NamedList, min(list_id, LARGEST_ROW_ID))
    if found is None:
        raise ListUnknown
    return found


def confirm(list_id: int, *, by: str) -> int:
    """Let a draft count: everybody on it who does not stand on an earlier list of the same release. Return how many.

    Refuses ListUnknown, ListNotDraft, NoSuchListRelease.
    """
    found = named_list(list_id)
    if found.release_id not in {release.release_id for release in open_releases()}:
        raise NoSuchListRelease
    # Lists of one release are confirmed one after the other.
    db.session.execute(select(Release.id).where(Release.id == found.release_id).with_for_update())
    if not NAMED_LIST.apply(NamedList, [list_id], "confirm", Step(by, clock.now())):
        raise ListNotDraft
    fresh = update(NamedPerson).where(NamedPerson.list_id == list_id, ~_stands_already(found.release_id))
    return rows_changed(fresh.values(live_release_id=found.release_id))


def discard(list_id: int, *, by: str) -> None:
    """Put a draft aside for good. Refuses ListUnknown, ListNotDraft."""
    named_list(list_id)
    if not NAMED_LIST.apply(NamedList, [list_id], "discard", Step(by, clock.now())):
        raise ListNotDraft


def repeated(found: NamedList) -> list[Remark]:
    """Return the lines of a draft that stand on an earlier list of the same release, and will not count again."""
    rows = db.session.scalars(
        select(NamedPerson.row)
        .where(NamedPerson.list_id == found.id, _stands_already(found.release_id))
        .order_by(NamedPerson.row)
    )
    return [Remark(row, "", "已在先前确认的名单上，不会重复发放") for row in rows]


def _stands_already(release_id: int) -> ColumnElement[bool]:
    earlier = aliased(NamedPerson)
    return exists().where(
        earlier.live_release_id == release_id,
        or_(earlier.phone_hash == NamedPerson.phone_hash, earlier.id_number_hash == NamedPerson.id_number_hash),
    )


# --- who stands on them ---------------------------------------------------------------------------------------


def take(
    facts: ReleaseFacts, asked: Sequence[tuple[int, UUID]], now: datetime
) -> tuple[dict[int, UUID], dict[int, Refusal]]:
    """Use up one line for each (place, citizen); return place → line, and the refusals of the others.

    Lines are taken in the order of ids, so that two transactions with the same people cannot wait for each other in a
    circle. Whoever loses a line to another transaction looks for a second one of theirs.
    """
    lines: dict[int, UUID] = {}
    refusals: dict[int, Refusal] = {}
    waiting = list(asked)
    while waiting:
        theirs: dict[UUID, list[UUID]] = {citizen_id: [] for _, citizen_id in waiting}
        had: set[UUID] = set()
        for citizen_id, line, taken_by in _LINES.rows([{"id": who} for who in theirs], release_id=facts.release_id):
            had.add(citizen_id)
            if taken_by is None:
                theirs[citizen_id].append(line)
        wished: dict[UUID, tuple[int, UUID]] = {}
        for place, citizen_id in waiting:
            line = next((line for line in sorted(theirs[citizen_id]) if line not in wished), None)
            if line is None:
                refusals[place] = ListedOnce() if citizen_id in had else NotListed()
            else:
                wished[line] = place, citizen_id
        rows = [{"id": line, "taken_by": citizen_id} for line, (_, citizen_id) in sorted(wished.items())]
        taken = {line for (line,) in _TAKE.rows(rows, now=now)}
        lines |= {wished[line][0]: line for line in taken}
        waiting = [each for line, each in wished.items() if line not in taken]
    return lines, refusals


def _lines(given: Given) -> CompoundSelect[UUID, UUID, UUID | None]:
    """Every line of a release that names a citizen by the phone they sign in with or the number they have given, or
    that they have taken: three at most."""
    live = NamedPerson.live_release_id
    named = (
        (NamedPerson.phone_hash == Citizen.phone_hash, live),
        (NamedPerson.id_number_hash == Citizen.id_number_hash, live),
        # Known by no index: the planner must not look through the whole release for what one has taken.
        (NamedPerson.taken_by == Citizen.id, live + 0),
    )
    return union(
        *(
            select(Citizen.id.label("citizen_id"), NamedPerson.id.label("line"), NamedPerson.taken_by)
            .join(NamedPerson, by)
            .where(given.matches(Citizen.id, "id"), of == bindparam("release_id"))
            for by, of in named
        )
    )


_LINES = Prepared(_lines, id=Citizen.id)


def _take(given: Given) -> Any:
    citizen_id, these = given.in_turn(NamedPerson.id, NamedPerson.id, "id", "taken_by")
    free = update(NamedPerson).where(*these, NamedPerson.taken_by.is_(None))
    return free.values(taken_by=citizen_id, taken_at=bindparam("now")).returning(NamedPerson.id)


_TAKE = Prepared(_take, id=NamedPerson.id, taken_by=NamedPerson.taken_by)


def give_back(lines: Sequence[UUID]) -> None:
    """Free lines that were used up in this transaction for somebody who was refused all the same."""
    if lines:
        statement = update(NamedPerson).where(NamedPerson.id.in_(lines)).values(taken_by=None, taken_at=None)
        db.session.execute(statement.execution_options(synchronize_session=False))


def _of(citizen_id: UUID) -> ColumnElement[bool]:
    """Lines that name this citizen, by the phone they sign in with or the number they have given."""
    phone = select(Citizen.phone_hash).where(Citizen.id == citizen_id).scalar_subquery()
    number = select(Citizen.id_number_hash).where(Citizen.id == citizen_id).scalar_subquery()
    return or_(NamedPerson.phone_hash == phone, NamedPerson.id_number_hash == number)


def listed_for(citizen_id: UUID) -> dict[int, int]:
    """Return release id → how many lines wait for this citizen."""
    rows = db.session.execute(
        select(NamedPerson.live_release_id, func.count())
        .where(_of(citizen_id), NamedPerson.live_release_id.is_not(None), NamedPerson.taken_by.is_(None))
        .group_by(NamedPerson.live_release_id)
    )
    return {int(release_id): int(count) for release_id, count in rows if release_id is not None}


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a citizen who stands on a list."""

    name: str
    campaign_code: str
    opens_at: datetime
    closes_at: datetime


def waiting_for(citizen_id: UUID) -> list[Waiting]:
    """Return what a citizen may claim as one who is listed, by when it closes."""
    now = clock.now()
    found = []
    for release_id in listed_for(citizen_id):
        facts = release_facts(release_id)
        if facts is None or facts.closes_at <= now:
            continue
        code = db.session.scalar(select(Campaign.code).where(Campaign.id == facts.offer.campaign_id)) or ""
        found.append(Waiting(facts.name, code, facts.opens_at, facts.closes_at))
    return sorted(found, key=lambda waiting: waiting.closes_at)


@dataclass(frozen=True)
class ListLine:
    """A list with how many lines it has, how many count, and how many have been claimed."""

    list: NamedList
    name: str
    lines: int
    live: int
    taken: int


def all_lists() -> list[ListLine]:
    """Return every list, the newest first."""
    rows = db.session.execute(
        select(
            NamedList,
            func.count(NamedPerson.id),
            func.count(NamedPerson.live_release_id),
            func.count(NamedPerson.taken_by),
        )
        .join(NamedPerson, NamedPerson.list_id == NamedList.id)
        .group_by(NamedList.id)
        .order_by(NamedList.id.desc())
    )
    found = []
    for named, lines, live, taken in rows:
        facts = release_facts(named.release_id)
        found.append(ListLine(named, facts.name if facts else "", lines, live, taken))
    return found


def people_of(list_id: int, *, most: int = 100) -> list[NamedPerson]:
    """Return the first lines of a list, to be shown masked."""
    statement = select(NamedPerson).where(NamedPerson.list_id == list_id).order_by(NamedPerson.row).limit(most)
    return list(db.session.scalars(statement))
