"""How many one person may have: counted up by the statement that checks the limit."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from foundation.db import db, upsert
from voucher.models import PersonQuota


def take(scope: str, person_ids: Sequence[UUID], *, most: int) -> set[UUID]:
    """Count one more within ``scope`` for each person who has fewer than ``most``; return those who were counted.

    ``person_ids`` must not repeat. Rows are taken in the order of ids, so that two transactions with the same
    people cannot wait for each other in a circle.
    """
    if not person_ids:
        return set()
    statement: Any = upsert(PersonQuota)
    statement = statement.on_conflict_do_update(
        index_elements=["person_id", "scope"],
        set_={"used": PersonQuota.used + 1},
        where=PersonQuota.used < most,
    ).returning(PersonQuota.person_id)
    rows = [{"person_id": person, "scope": scope, "used": 1} for person in sorted(person_ids)]
    return set(db.session.scalars(statement, rows))


def give_back(scope: str, person_ids: Sequence[UUID]) -> None:
    """Count one less within ``scope`` for each person, who was counted in this transaction."""
    if person_ids:
        db.session.execute(
            update(PersonQuota)
            .where(PersonQuota.scope == scope, PersonQuota.person_id.in_(person_ids))
            .values(used=PersonQuota.used - 1)
            .execution_options(synchronize_session=False)
        )
