"""How many one person may have, or how much: counted up by the statement that checks the limit.

A person is one citizen or several who share an identifier (``identity.persons``). When persons are joined, what they
have had is added up, also beyond the limit: nobody escapes a limit by showing an identifier afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update

from foundation.db import db, upsert
from foundation.prepared import Given, Prepared
from identity import persons
from voucher.models import PersonQuota


def take(scope: str, person_ids: Sequence[UUID], *, most: int) -> set[UUID]:
    """Count one more within ``scope`` for each person who has fewer than ``most``; return those who were counted.

    ``person_ids`` must not repeat. Rows are taken in the order of ids, so that two transactions with the same
    people cannot wait for each other in a circle.
    """
    return take_amounts(scope, dict.fromkeys(person_ids, 1), most=most)


def take_amounts(scope: str, amounts: Mapping[UUID, int], *, most: int) -> set[UUID]:
    """Count each person's amount (> 0) within ``scope`` where it does not lead above ``most``; return those who were
    counted. Rows are taken in the order of ids."""
    rows = [
        {"person_id": person, "used": amounts[person]}
        for person in sorted(amounts)
        # What is above the limit by itself would not meet the condition on a row that is there already.
        if amounts[person] <= most
    ]
    return {person_id for (person_id,) in _TAKE.rows(rows, within=scope, most=most)}


def _take(given: Given) -> Any:
    insert = given.insert(PersonQuota, scope=bindparam("within"))
    raised = PersonQuota.used + insert.excluded.used
    return insert.on_conflict_do_update(
        index_elements=["person_id", "scope"], set_={"used": raised}, where=raised <= bindparam("most")
    ).returning(PersonQuota.person_id)


_TAKE = Prepared(_take, person_id=PersonQuota.person_id, used=PersonQuota.used)


def used(scope: str, person_id: UUID) -> int:
    """Return what is counted for a person within ``scope``."""
    mine = (PersonQuota.person_id == person_id, PersonQuota.scope == scope)
    return db.session.scalar(select(PersonQuota.used).where(*mine)) or 0


def none(scope: str, person_ids: Sequence[UUID]) -> set[UUID]:
    """Return those who have had nothing within ``scope``, and keep it so until the end of the transaction."""
    if not person_ids:
        return set()
    statement: Any = upsert(PersonQuota)
    statement = statement.on_conflict_do_update(
        index_elements=["person_id", "scope"], set_={"used": PersonQuota.used}, where=PersonQuota.used == 0
    ).returning(PersonQuota.person_id)
    rows = [{"person_id": person, "scope": scope, "used": 0} for person in sorted(person_ids)]
    return set(db.session.scalars(statement, rows))


def give_back(scope: str, person_ids: Sequence[UUID], *, amount: int = 1) -> None:
    """Count ``amount`` less within ``scope`` for each person, who has been counted there. ``person_ids`` must not
    repeat."""
    _GIVE_BACK.change([{"person_id": person_id} for person_id in person_ids], within=scope, amount=amount)


_GIVE_BACK = Prepared(
    lambda given: (
        update(PersonQuota)
        .where(given.matches(PersonQuota.person_id, "person_id"), PersonQuota.scope == bindparam("within"))
        .values(used=PersonQuota.used - bindparam("amount"))
    ),
    person_id=PersonQuota.person_id,
)


def add_up(gone: Sequence[UUID], into: UUID) -> None:
    """Count what ``gone`` have had as had by ``into``, the person that they are now."""
    counted = db.session.execute(
        select(PersonQuota.scope, func.sum(PersonQuota.used))
        .where(PersonQuota.person_id.in_(gone))
        .group_by(PersonQuota.scope)
        .order_by(PersonQuota.scope)
    )
    rows = [{"person_id": into, "scope": scope, "used": int(used)} for scope, used in counted]
    db.session.execute(
        delete(PersonQuota).where(PersonQuota.person_id.in_(gone)).execution_options(synchronize_session=False)
    )
    if rows:
        statement: Any = upsert(PersonQuota)
        statement = statement.on_conflict_do_update(
            index_elements=["person_id", "scope"], set_={"used": PersonQuota.used + statement.excluded.used}
        )
        db.session.execute(statement, rows)


persons.on_join(add_up)
