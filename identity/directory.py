"""Who did it: the names behind the actors that history rows keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from foundation.db import db
from foundation.ids import text_id
from foundation.states import StateChange
from identity.errors import AccountNotFound, RoleForbidden
from identity.models import Account


@dataclass(frozen=True)
class Entry:
    """One step of something's history. ``who`` is a name, or the actor as it is kept where no account has it."""

    event: str
    from_state: str
    to_state: str
    who: str
    reason: str
    at: datetime


def officer_names(actors: Iterable[str | None]) -> dict[str, str]:
    """Return actor → name for those who are officers (``officer:7``); others are left out."""
    ids: dict[int, str] = {}
    for actor in actors:
        kind, _, number = (actor or "").partition(":")
        if kind == "officer" and number.isascii() and number.isdigit() and len(number) < 10:
            ids[int(number)] = f"officer:{number}"
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(ids), Account.kind == "officer"))
    return {ids[account_id]: name for account_id, name in rows}


def officer_actor(login: str, *roles: str) -> str:
    """Return the actor of the active officer with this login, for commands that are given by name.

    Refuses AccountNotFound, RoleForbidden if the officer has none of ``roles``.
    """
    officer = db.session.execute(
        select(Account.id, Account.role).where(
            Account.login == login, Account.kind == "officer", Account.status == "active"
        )
    ).one_or_none()
    if officer is None:
        raise AccountNotFound
    if officer.role not in roles:
        raise RoleForbidden
    return f"officer:{officer.id}"


def history(machine: str, thing_id: UUID | int, *, most: int = 50) -> list[Entry]:
    """Return the latest steps of one thing, newest first."""
    changes = db.session.scalars(
        select(StateChange)
        .where(StateChange.machine == machine, StateChange.thing_id == text_id(thing_id))
        .order_by(StateChange.at.desc(), StateChange.id.desc())
        .limit(most)
    ).all()
    names = officer_names(change.actor for change in changes)
    return [
        Entry(
            change.event,
            change.from_state,
            change.to_state,
            names.get(change.actor, change.actor),
            change.reason,
            change.at,
        )
        for change in changes
    ]
