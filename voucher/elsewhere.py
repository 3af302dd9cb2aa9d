"""Subsidies paid elsewhere: whoever stands on a list of theirs has nothing here that does not go together with them.

An application, or a claim, takes its numbers where no list has them, and a list takes its numbers for itself; both by
an insert of the same row, so that of two at once one waits for the other and sees what it has done. Locks are taken in
the order elsewhere_programme, elsewhere_key by programme, kind and number.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update

from campaigns.catalog import ReleaseFacts
from campaigns.definition import OtherCampaign
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed, upsert
from foundation.errors import N_, Refusal
from foundation.ids import text_id
from foundation.prepared import insert_rows
from foundation.words import Words
from identity.models import Citizen
from voucher.elsewhere_file import ReadNumbers
from voucher.elsewhere_models import (
    ElsewhereKey,
    ElsewhereLine,
    ElsewhereList,
    ElsewhereProgramme,
    ElsewhereWatch,
)
from voucher.errors import ElsewhereListUnknown, ElsewhereRevokeReasonMissing, HadSubsidyElsewhere

#: What people and cars are told apart by on lists → what it is called, and the purpose of its keyed hash.
KINDS = {
    "id_number": (N_("身份证号"), "id_number"),
    "uscc": (N_("统一社会信用代码"), "firm.uscc"),
    "vin": (N_("车架号"), "elsewhere.vin"),
}
AT_ONCE = 1_000


def number_hash(kind: str, number: str) -> bytes:
    """Return what is kept of a number in its canonical spelling. kind: a key of KINDS."""
    return keyed_hash(KINDS[kind][1], number)


@dataclass(frozen=True)
class _Holder:
    """Who is checked: an application, or the citizen of a claim; by which numbers."""

    kind: str
    id: str
    hashes: Mapping[str, bytes]


# --- what counts here -----------------------------------------------------------------------------------------


def take(facts: ReleaseFacts, application_id: UUID, numbers: Mapping[str, str]) -> None:
    """Let an application count where no list of a programme that its campaign excludes has any of its numbers.
    numbers: key of KINDS → number. What it was checked by before is given back. Refuses HadSubsidyElsewhere."""
    if not facts.people.elsewhere:
        return
    release("application", application_id)
    hashes = {kind: number_hash(kind, number) for kind, number in numbers.items() if number}
    refused = _hold(facts, [_Holder("application", text_id(application_id), hashes)])
    for refusal in refused.values():
        raise refusal


def refused_claims(facts: ReleaseFacts, citizen_ids: Sequence[UUID]) -> dict[UUID, Refusal]:
    """Return HadSubsidyElsewhere for each citizen whose identity number a list has; the others are kept as checked."""
    if not facts.people.elsewhere or not citizen_ids:
        return {}
    known = db.session.execute(
        select(Citizen.id, Citizen.id_number_hash).where(
            Citizen.id.in_(citizen_ids), Citizen.id_number_hash.is_not(None)
        )
    )
    holders = {text_id(who): (who, bytes(hash_)) for who, hash_ in known if hash_ is not None}
    refused = _hold(facts, [_Holder("claim", key, {"id_number": hash_}) for key, (_, hash_) in holders.items()])
    return {holders[key][0]: refusal for key, refusal in refused.items()}


def release(holder_kind: str, holder_id: UUID) -> None:
    """Forget that somebody was checked: what they applied for has ended."""
    mine = (ElsewhereWatch.holder_kind == holder_kind, ElsewhereWatch.holder_id == text_id(holder_id))
    db.session.execute(delete(ElsewhereWatch).where(*mine).execution_options(synchronize_session=False))


def found_for(holder_kind: str, holder_id: UUID) -> list[tuple[str, int]]:
    """Return (programme's name, list) of the lists that have found a case after it was checked."""
    rows = db.session.execute(
        select(ElsewhereProgramme.name, ElsewhereWatch.found_in)
        .join(ElsewhereProgramme, ElsewhereProgramme.code == ElsewhereWatch.programme)
        .where(
            ElsewhereWatch.holder_kind == holder_kind,
            ElsewhereWatch.holder_id == text_id(holder_id),
            ElsewhereWatch.found_in.is_not(None),
        )
        .distinct()
        .order_by(ElsewhereWatch.found_in)
    )
    return [(name, list_id) for name, list_id in rows if list_id is not None]


def _hold(facts: ReleaseFacts, holders: Sequence[_Holder]) -> dict[str, HadSubsidyElsewhere]:
    programmes = {other.code: other for other in facts.people.elsewhere}
    wanted = {(code, kind, hash_) for code in programmes for holder in holders for kind, hash_ in holder.hashes.items()}
    free = _take_free(sorted(wanted))
    refused: dict[str, HadSubsidyElsewhere] = {}
    rows: list[dict[str, Any]] = []
    for holder in holders:
        keys = [(code, kind, hash_) for code in programmes for kind, hash_ in holder.hashes.items()]
        listed = [key for key in keys if key not in free]
        if listed:
            code, kind, _ = listed[0]
            refused[holder.id] = _refusal(programmes[code], kind)
            continue
        rows += [
            {
                "programme": code,
                "kind": kind,
                "number_hash": hash_,
                "campaign_id": facts.offer.campaign_id,
                "holder_kind": holder.kind,
                "holder_id": holder.id,
            }
            for code, kind, hash_ in keys
        ]
    if rows:
        db.session.execute(upsert(ElsewhereWatch).on_conflict_do_nothing(), rows)
    return refused


def _refusal(programme: OtherCampaign, kind: str) -> HadSubsidyElsewhere:
    return HadSubsidyElsewhere(campaign=programme.name, what=Words(KINDS[kind][0]), field=kind)


def _take_free(keys: Sequence[tuple[str, str, bytes]]) -> set[tuple[str, str, bytes]]:
    """Return those that stand on no list, and keep it so until the end of the transaction."""
    if not keys:
        return set()
    statement: Any = upsert(ElsewhereKey)
    statement = statement.on_conflict_do_update(
        index_elements=["programme", "kind", "number_hash"],
        set_={"kind": statement.excluded.kind},
        where=ElsewhereKey.listed_in.is_(None),
    ).returning(ElsewhereKey.programme, ElsewhereKey.kind, ElsewhereKey.number_hash)
    rows = [{"programme": code, "kind": kind, "number_hash": hash_} for code, kind, hash_ in keys]
    return {(code, kind, bytes(hash_)) for code, kind, hash_ in db.session.execute(statement, rows)}


# --- lists ----------------------------------------------------------------------------------------------------


def import_list(code: str, name: str, read: ReadNumbers, *, data: bytes, file_name: str, by: str) -> ElsewhereList:
    """Keep a list that was read without errors: from now on nobody on it is given what excludes its programme, and whom
    it finds with something already is found. name: what people call the programme."""
    assert not read.errors
    now = clock.now()
    _lock(code, name)
    found = ElsewhereList(
        programme=code,
        file_name=file_name[-200:],
        sha256=hashlib.sha256(data).hexdigest(),
        line_count=len(read.lines),
        imported_by=by,
        imported_at=now,
    )
    db.session.add(found)
    db.session.flush()
    lines = [
        {"list_id": found.id, "row": line.row, "kind": kind, "number_hash": number_hash(kind, number)}
        for line in read.lines
        for kind, number in line.numbers.items()
    ]
    keys = sorted({(line["kind"], line["number_hash"]) for line in lines})
    statement: Any = upsert(ElsewhereKey)
    statement = statement.on_conflict_do_update(
        index_elements=["programme", "kind", "number_hash"],
        set_={"listed_in": statement.excluded.listed_in},
        where=ElsewhereKey.listed_in.is_(None),
    )
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        db.session.execute(
            statement,
            [{"programme": code, "kind": kind, "number_hash": hash_, "listed_in": found.id} for kind, hash_ in some],
        )
    for start in range(0, len(lines), AT_ONCE):
        insert_rows(ElsewhereLine, lines[start : start + AT_ONCE])
    _find(code, now)
    return found


def revoke(list_id: int, *, by: str, reason: str) -> None:
    """Let a list count no more, because it was wrong. What another list of the programme has stays listed.

    Refuses ElsewhereListUnknown (also one that is revoked), ElsewhereRevokeReasonMissing.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 100:
        raise ElsewhereRevokeReasonMissing
    code = db.session.scalar(select(ElsewhereList.programme).where(ElsewhereList.id == list_id))
    if code is None:
        raise ElsewhereListUnknown
    now = clock.now()
    _lock(code)
    mine = (ElsewhereList.id == list_id, ElsewhereList.revoked_at.is_(None))
    if not rows_changed(update(ElsewhereList).where(*mine).values(revoked_at=now, revoked_by=by, revoke_reason=reason)):
        raise ElsewhereListUnknown
    other = (
        select(func.min(ElsewhereLine.list_id))
        .join(ElsewhereList, ElsewhereList.id == ElsewhereLine.list_id)
        .where(
            ElsewhereList.programme == code,
            ElsewhereList.revoked_at.is_(None),
            ElsewhereLine.kind == ElsewhereKey.kind,
            ElsewhereLine.number_hash == ElsewhereKey.number_hash,
        )
        .correlate(ElsewhereKey)
        .scalar_subquery()
    )
    rows_changed(update(ElsewhereKey).where(ElsewhereKey.listed_in == list_id).values(listed_in=other))
    rows_changed(
        update(ElsewhereWatch)
        .where(ElsewhereWatch.programme == code, ElsewhereWatch.found_in == list_id)
        .values(found_in=None, found_at=None)
    )
    _find(code, now)


def _lock(code: str, name: str = "") -> None:
    """Let the lists of a programme change one after the other."""
    if name:
        statement: Any = upsert(ElsewhereProgramme)
        named = statement.on_conflict_do_update(index_elements=["code"], set_={"name": statement.excluded.name})
        db.session.execute(named, [{"code": code, "name": name}])
    db.session.execute(select(ElsewhereProgramme.code).where(ElsewhereProgramme.code == code).with_for_update())


def _find(code: str, now: datetime) -> int:
    """Say of everybody here whom a list has now which list that is; return how many numbers that are."""
    where = (
        select(ElsewhereKey.listed_in)
        .where(_same(), ElsewhereKey.listed_in.is_not(None))
        .correlate(ElsewhereWatch)
        .scalar_subquery()
    )
    listed = select(ElsewhereKey.programme, ElsewhereKey.kind, ElsewhereKey.number_hash).where(
        ElsewhereKey.programme == code, ElsewhereKey.listed_in.is_not(None)
    )
    new = update(ElsewhereWatch).where(
        ElsewhereWatch.programme == code,
        ElsewhereWatch.found_in.is_(None),
        tuple_(ElsewhereWatch.programme, ElsewhereWatch.kind, ElsewhereWatch.number_hash).in_(listed),
    )
    return rows_changed(new.values(found_in=where, found_at=now))


def _same() -> ColumnElement[bool]:
    return (
        (ElsewhereKey.programme == ElsewhereWatch.programme)
        & (ElsewhereKey.kind == ElsewhereWatch.kind)
        & (ElsewhereKey.number_hash == ElsewhereWatch.number_hash)
    )


@dataclass(frozen=True)
class ListLine:
    """A list with its programme's name, and how many here it found."""

    list: ElsewhereList
    programme_name: str
    found: int


def all_lists() -> list[ListLine]:
    """Return every list, the newest first."""
    found = (
        select(func.count(func.distinct(ElsewhereWatch.holder_id)))
        .where(ElsewhereWatch.found_in == ElsewhereList.id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(ElsewhereList, ElsewhereProgramme.name, found)
        .join(ElsewhereProgramme, ElsewhereProgramme.code == ElsewhereList.programme)
        .order_by(ElsewhereList.id.desc())
    )
    return [ListLine(each, name, int(count)) for each, name, count in rows]


def programmes() -> dict[str, str]:
    """Return code → name of the programmes that have lists."""
    known = select(ElsewhereProgramme.code, ElsewhereProgramme.name).order_by(ElsewhereProgramme.code)
    return dict(db.session.execute(known).all())
