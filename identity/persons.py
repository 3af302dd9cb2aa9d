"""Who is the same person: citizens are joined by any identifier that they share, directly or through others.

One account per phone is certain; beyond that a campaign says which identifiers count (``keys``). For each such set
every citizen belongs to one person: a connected component, named by the smallest id in it. When an identifier
turns up with a second citizen, their persons become one, and who keeps counts per person adds them up
(``on_join``). On PostgreSQL joins take turns, and wait for whoever counts for one of the persons at that moment.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Select, bindparam, select, text, update
from sqlalchemy.orm import aliased

from foundation.db import db, is_postgresql, rows_changed, upsert
from foundation.errors import N_
from foundation.prepared import Given, Prepared, by_no_index
from identity.models import PersonIdentifier, PersonKeySet, SamePerson

#: Identifiers that may make two citizens one person, and how screens call them.
KINDS = {
    "id_number": N_("身份证号"),
    "device": N_("手机设备"),
    "card": N_("银行卡"),
    "payment_account": N_("支付账户"),
}
DEFAULT_KINDS = ("id_number",)

#: Joins of persons take turns: this is the number of the lock that they wait for.
_JOINING = 7_302_001
#: Called with the ids of persons that ceased to be, and the one that they became.
Joined = Callable[[Sequence[UUID], UUID], None]
_told: list[Joined] = []


def on_join(joined: Joined) -> None:
    """Have ``joined`` called, in the joining transaction, whenever persons become one."""
    _told.append(joined)


def key_set(kinds: Collection[str]) -> str:
    """Return the name of a set of identifiers, the same however it is ordered: ``device+id_number``."""
    return "+".join(sorted(set(kinds))) or "account"


def register_key_set(kinds: Collection[str]) -> None:
    """Let persons be kept for this set from now on; done when a campaign that counts by it is published."""
    db.session.execute(upsert(PersonKeySet).values(keys=key_set(kinds)).on_conflict_do_nothing())


def note(citizen_id: UUID, kind: str, value_hash: bytes) -> None:
    """Keep that a citizen has this identifier (a keyed hash), and join them with whoever has it too.

    At most one identifier per transaction: two could wait for each other in a circle.
    """
    mine = (PersonIdentifier.kind == kind, PersonIdentifier.value_hash == value_hash)
    if db.session.scalar(select(PersonIdentifier.kind).where(*mine, PersonIdentifier.citizen_id == citizen_id)):
        return
    # Of two who bring the same new identifier at once, the second must see the first.
    _lock(int.from_bytes(value_hash[:8], "big", signed=True))
    row = {"kind": kind, "value_hash": value_hash, "citizen_id": citizen_id}
    if not rows_changed(upsert(PersonIdentifier).values(row).on_conflict_do_nothing()):
        return
    others = select(PersonIdentifier.citizen_id).where(*mine, PersonIdentifier.citizen_id != citizen_id)
    if db.session.scalar(others.limit(1)) is None:
        return
    for keys in sorted(db.session.scalars(select(PersonKeySet.keys))):
        if kind in keys.split("+"):
            _join(keys, citizen_id)


def persons_of(kinds: Collection[str], citizen_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return citizen id → person id, and keep them so until the end of the caller's transaction."""
    keys = key_set(kinds)
    ids = sorted(set(citizen_ids))
    asked = [{"citizen_id": citizen_id} for citizen_id in ids]
    kept = dict(_KEEP.rows(asked, of=keys))
    if len(kept) == len(ids):
        return kept
    added = _add_single(keys, ids)
    for citizen_id in sorted(_sharing(keys, added)):
        _join(keys, citizen_id)
    return dict(_KEEP.rows(asked, of=keys))


def _keep(given: Given) -> Select[UUID, UUID]:
    """Lock them where all of them are there; where one is not, somebody may have to join first, and whoever joins
    must not wait for those who hold a person."""
    citizen_id, of_set = SamePerson.citizen_id, SamePerson.keys == bindparam("of")
    return (
        select(citizen_id, SamePerson.person_id)
        .where(of_set, given.matches(citizen_id, "citizen_id"), given.all_there(citizen_id, "citizen_id", of_set))
        .order_by(citizen_id)
        .with_for_update(read=True)
    )


_KEEP = Prepared(_keep, citizen_id=SamePerson.citizen_id)


def register(citizen_ids: Collection[UUID]) -> None:
    """Let citizens who were registered just now, and have no identifier yet, be persons of their own under the default
    set: their first claim then has nothing to add."""
    _add_single(key_set(DEFAULT_KINDS), citizen_ids)


def person_of(kinds: Collection[str], citizen_id: UUID) -> UUID:
    """Return the person a citizen belongs to now; for screens, which change and keep nothing."""
    keys = key_set(kinds)
    found = db.session.get(SamePerson, (keys, citizen_id))
    return found.person_id if found else _single(keys, citizen_id)


def accounts_of(kinds: Collection[str], citizen_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return citizen id → person id for these citizens and for everybody who is the same person as one of them now;
    changes and keeps nothing."""
    keys = key_set(kinds)
    found = {citizen_id: _single(keys, citizen_id) for citizen_id in citizen_ids}
    found.update(_ACCOUNTS.rows([{"citizen_id": citizen_id} for citizen_id in citizen_ids], of=keys))
    return found


def _accounts(given: Given) -> Select[UUID, UUID]:
    mine, theirs = aliased(SamePerson), aliased(SamePerson)
    return (
        select(theirs.citizen_id, theirs.person_id)
        .join(mine, (by_no_index(theirs.keys) == mine.keys) & (mine.person_id == theirs.person_id))
        .where(mine.keys == bindparam("of"), given.matches(mine.citizen_id, "citizen_id"))
    )


_ACCOUNTS = Prepared(_accounts, citizen_id=SamePerson.citizen_id)


def _single(keys: str, citizen_id: UUID) -> UUID:
    """Return the id of a person of one citizen. Sets of identifiers never share an id, except that the default
    set's are the citizens' own."""
    return citizen_id if keys == key_set(DEFAULT_KINDS) else uuid5(citizen_id, keys)


def _add_single(keys: str, citizen_ids: Collection[UUID]) -> set[UUID]:
    """Let each be a person of their own who is none yet; return those."""
    rows = [{"citizen_id": citizen_id, "person_id": _single(keys, citizen_id)} for citizen_id in sorted(citizen_ids)]
    return {citizen_id for (citizen_id,) in _ADD.rows(rows, of=keys)}


def _add(given: Given) -> Any:
    insert = given.insert(SamePerson, keys=bindparam("of")).on_conflict_do_nothing()
    return insert.returning(SamePerson.citizen_id)


_ADD = Prepared(_add, citizen_id=SamePerson.citizen_id, person_id=SamePerson.person_id)


def _sharing(keys: str, citizen_ids: Collection[UUID]) -> set[UUID]:
    """Return those who share an identifier of this set with anybody."""
    kinds = set(keys.split("+"))
    shared = _SHARED.rows([{"citizen_id": citizen_id} for citizen_id in citizen_ids])
    return {citizen_id for citizen_id, kind in shared if kind in kinds}


def _shared(given: Given) -> Select[UUID, str]:
    mine, theirs = aliased(PersonIdentifier), aliased(PersonIdentifier)
    return (
        select(mine.citizen_id, mine.kind)
        .join(theirs, (theirs.kind == mine.kind) & (theirs.value_hash == mine.value_hash))
        .where(given.matches(mine.citizen_id, "citizen_id"), theirs.citizen_id != mine.citizen_id)
    )


_SHARED = Prepared(_shared, citizen_id=PersonIdentifier.citizen_id)


def _join(keys: str, citizen_id: UUID) -> None:
    """Make one person of everybody who is connected with this citizen by identifiers of this set."""
    _lock(_JOINING)
    everybody = _connected(keys, citizen_id)
    _add_single(keys, everybody)
    rows: Any = db.session.execute(
        select(SamePerson.person_id)
        .where(SamePerson.keys == keys, SamePerson.citizen_id.in_(everybody))
        .order_by(SamePerson.citizen_id)
        .with_for_update()
    )
    into, *gone = sorted({person_id for (person_id,) in rows})
    if not gone:
        return
    db.session.execute(
        update(SamePerson)
        .where(SamePerson.keys == keys, SamePerson.person_id.in_(gone))
        .values(person_id=into)
        .execution_options(synchronize_session=False)
    )
    for joined in _told:
        joined(gone, into)


def _connected(keys: str, citizen_id: UUID) -> set[UUID]:
    """Return everybody reached from this citizen by shared identifiers, going on until nobody new turns up."""
    reached: set[UUID] = set()
    new = {citizen_id}
    while new:
        reached |= new
        mine, theirs = aliased(PersonIdentifier), aliased(PersonIdentifier)
        statement = (
            select(theirs.citizen_id)
            .join(mine, (theirs.kind == mine.kind) & (theirs.value_hash == mine.value_hash))
            .where(mine.citizen_id.in_(new), mine.kind.in_(keys.split("+")))
        )
        new = set(db.session.scalars(statement)) - reached
    return reached


def _lock(number: int) -> None:
    # On SQLite a writing transaction is alone anyway.
    if is_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
