"""Who is signed in where, in rows: a revoked row signs out at the next request."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update

from foundation import clock
from foundation.crypto import token_hash
from foundation.db import db, rows_changed
from foundation.prepared import Prepared
from identity.masking import mask_name, mask_phone
from identity.models import Account, Citizen, LoginSession
from identity.principals import Audience, Principal

LIVES_FOR: dict[str, timedelta] = {
    "citizen": timedelta(days=30),
    "cashier": timedelta(hours=12),
    "officer": timedelta(hours=8),
}


def citizen_principal(citizen: Citizen) -> Principal:
    return Principal("citizen", str(citizen.id), _citizen_name(citizen.name, citizen.phone))


def account_principal(account: Account) -> Principal:
    return Principal(account.kind, str(account.id), account.name, account.role)  # type: ignore[arg-type]


def _citizen_name(name: str | None, phone: str | None) -> str:
    return mask_name(name) or mask_phone(phone)


def open_session(principal: Principal, *, device_hash: bytes) -> str:
    """Return a fresh token of 256 bits; only its hash is stored. Tills have no sessions."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        LoginSession(
            token_hash=token_hash(token),
            audience=principal.audience,
            device_hash=device_hash,
            created_at=now,
            expires_at=now + LIVES_FOR[principal.audience],
            **_principal_column(principal.audience, principal.id),
        )
    )
    db.session.flush()
    return token


def _principal_column(audience: str, principal_id: str) -> dict[str, Any]:
    if audience == "citizen":
        return {"citizen_id": UUID(principal_id)}
    return {"account_id": int(principal_id)}


def find_session(audience: Audience, token: str) -> Principal | None:
    """Return who is signed in by this token, or None if it is unknown, expired, revoked or of another audience.

    One statement; it also finds a suspended account out.
    """
    live = (
        LoginSession.token_hash == token_hash(token),
        LoginSession.audience == audience,
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > clock.now(),
    )
    if audience == "citizen":
        citizen = db.session.execute(
            select(Citizen.id, Citizen.name, Citizen.phone)
            .join(LoginSession, LoginSession.citizen_id == Citizen.id)
            .where(*live)
        ).first()
        return Principal(audience, str(citizen.id), _citizen_name(citizen.name, citizen.phone)) if citizen else None
    account = db.session.execute(
        select(Account.id, Account.name, Account.role)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(*live, Account.kind == audience, Account.status == "active")
    ).first()
    return Principal(audience, str(account.id), account.name, account.role) if account else None


_HOLDERS = Prepared(
    lambda given: select(LoginSession.token_hash, LoginSession.citizen_id, LoginSession.device_hash).where(
        given.matches(LoginSession.token_hash, "token_hash"),
        LoginSession.audience == "citizen",
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > bindparam("now"),
    ),
    token_hash=LoginSession.token_hash,
)


@dataclass(frozen=True)
class Holder:
    """A citizen who is signed in, and the device on which they are."""

    citizen_id: UUID
    device_hash: bytes


def holders_of(token_hashes: Collection[bytes]) -> dict[bytes, Holder]:
    """Return hash of a citizen's token → who is signed in by it; those unknown, expired or revoked are left out.

    One statement for all who claim together; it reads no name and no phone.
    """
    rows = _HOLDERS.rows([{"token_hash": token_hash} for token_hash in token_hashes], now=clock.now())
    return {bytes(row.token_hash): Holder(row.citizen_id, bytes(row.device_hash)) for row in rows}


def close_session(token: str) -> None:
    """Revoke the session of this token, if there is one."""
    _revoke(LoginSession.token_hash == token_hash(token))


def close_all_sessions(audience: Audience, principal_id: str) -> int:
    """Revoke every session of this principal and return how many were open."""
    column, value = next(iter(_principal_column(audience, principal_id).items()))
    return _revoke(getattr(LoginSession, column) == value)


def _revoke(which: Any) -> int:
    statement = (
        update(LoginSession)
        .where(which, LoginSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return rows_changed(statement)


def forget_old_sessions(now: datetime, kept_for: timedelta = timedelta(days=180)) -> int:
    """Delete sessions that expired longer ago than ``kept_for`` (sign-in logs are kept six months)."""
    old = delete(LoginSession).where(LoginSession.expires_at < now - kept_for)
    return rows_changed(old)
