"""Accounts of officers and cashiers (password) and of tills (API key)."""

import re
import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, transaction
from foundation.prepared import Prepared
from foundation.states import Step
from identity import limits, passwords
from identity.citizens import too_many_tries
from identity.errors import (
    AccountNotFound,
    AccountNotThere,
    ApiKeyRefused,
    LoginMalformed,
    LoginTaken,
    PasswordWeak,
    RoleUnknown,
    SignInWrong,
)
from identity.limits import Limit
from identity.models import Account
from identity.principals import Principal
from identity.sessions import account_principal, close_all_sessions
from identity.states import ACCOUNT

KINDS = ("officer", "cashier", "till")
#: editor keeps campaigns and merchants, finance keeps settlement, reviewer reviews applications, auditor only reads,
#: chief may do everything
ROLES = ("editor", "finance", "reviewer", "auditor", "chief")
SHORTEST_PASSWORD = 10
WRONG_PASSWORDS_PER_LOGIN = (Limit(10, timedelta(minutes=15)),)
#: A key has 256 random bits and cannot be guessed; this only keeps a broken till from burning processor time.
WRONG_KEYS_PER_ADDRESS = (Limit(30, timedelta(minutes=15)),)
KEY_REMEMBERED_FOR = timedelta(minutes=5)
MOST_KEYS_REMEMBERED = 10_000

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")


def create_account(
    *, kind: str, login: str, password: str, name: str, role: str = "", step: Step | None = None
) -> Account:
    """Return a new active account.

    role: one of ROLES for an officer, "" otherwise. Refuses LoginMalformed, LoginTaken, PasswordWeak,
    RoleUnknown.
    """
    if kind not in KINDS:
        raise ValueError(f"an account is one of {KINDS}, not {kind!r}")
    if not _LOGIN.fullmatch(login):
        raise LoginMalformed
    if (role not in ROLES) if kind == "officer" else (role != ""):
        raise RoleUnknown(role=role)
    _check_strength(login, password)
    step = step or Step(actor="job:setup", at=clock.now())
    account = Account(
        kind=kind,
        login=login,
        password_hash=passwords.hash_password(password),
        name=name.strip(),
        role=role,
        created_at=step.at,
    )
    try:
        with db.session.begin_nested():
            db.session.add(account)
    except IntegrityError as failure:
        raise LoginTaken(login=login) from failure
    ACCOUNT.record_created([account.id], "create", step)
    return account


def _check_strength(login: str, password: str) -> None:
    long_enough = SHORTEST_PASSWORD <= len(password) <= passwords.LONGEST_PASSWORD
    if not long_enough or login.lower() in password.lower() or len(set(password)) < 3:
        raise PasswordWeak(shortest=SHORTEST_PASSWORD)


def check_password(kind: str, login: str, password: str) -> Account:
    """Return the active account of this kind whose password this is.

    Counts the attempt before it looks, and in its own transactions, so that no lock is held while Argon2 runs
    and a refused attempt stays counted; must not be called inside a transaction.
    Refuses SignInWrong (unknown, wrong or suspended: alike and after alike time), TooManyTries, SignInBusy.
    """
    login = login.strip().lower()
    now = clock.now()
    subject = f"{kind}:{login}"
    with transaction():
        wait = limits.count_attempt("password", subject, WRONG_PASSWORDS_PER_LOGIN, at=now)
    if wait:
        raise too_many_tries(wait)
    account = _find(kind, login)
    right = passwords.matches(account.password_hash if account else passwords.NOBODYS_HASH, password)
    if account is None or not right or account.status != "active":
        raise SignInWrong
    with transaction():
        limits.take_back_attempt("password", subject, at=now)
    return account


def _find(kind: str, login: str) -> Account | None:
    statement = select(Account).where(Account.login == login, Account.kind == kind)
    account = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    # The read transaction ends here: Argon2 is slow, and nothing of the database may wait for it.
    if account is not None:
        db.session.expunge(account)
    db.session.rollback()
    return account


def set_password(account_id: int, password: str) -> None:
    """Replace the password and sign the account out everywhere. Refuses AccountNotFound, PasswordWeak."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    _check_strength(account.login, password)
    account.password_hash = passwords.hash_password(password)
    db.session.flush()
    if account.kind != "till":
        close_all_sessions(account.kind, str(account_id))  # type: ignore[arg-type]


def suspend_account(account_id: int, step: Step) -> None:
    """Suspend the account and sign it out everywhere at once. Refuses AccountNotFound, AccountNotThere."""
    account = _move(account_id, "suspend", step)
    if account.kind != "till":
        close_all_sessions(account.kind, str(account_id))  # type: ignore[arg-type]


def resume_account(account_id: int, step: Step) -> None:
    """Let a suspended account in again. Refuses AccountNotFound, AccountNotThere."""
    _move(account_id, "resume", step)


def _move(account_id: int, event: str, step: Step) -> Account:
    account = db.session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    if not ACCOUNT.apply(Account, [account_id], event, step):
        raise AccountNotThere
    db.session.refresh(account)
    return account


def account_by_login(login: str) -> Account:
    """Return the account. Refuses AccountNotFound."""
    account = db.session.scalars(select(Account).where(Account.login == login)).one_or_none()
    if account is None:
        raise AccountNotFound
    return account


def new_secret() -> str:
    """Return a random secret of 256 bits for a till's key; it has no full stop, which parts login and secret."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class KnownKey:
    """A till's key that was found right lately: whose it is, and the hash that stood in its account then."""

    principal: Principal
    password_hash: str = field(repr=False)


class _KnownKeys:
    """Keys that Argon2 has found right, by keyed digest, so that the next request of a till need not wait."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[KnownKey, datetime]] = {}
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(256)]

    def turn(self, digest: bytes) -> threading.Lock:
        """Return what those wait for who bring one key at the same moment, while the first of them has it checked."""
        return self._turns[digest[0]]

    def recall(self, digest: bytes, now: datetime) -> KnownKey | None:
        known, at = self._known.get(digest, (None, now))
        return known if now - at < KEY_REMEMBERED_FOR else None

    def knows(self, digest: bytes, password_hash: str, now: datetime) -> bool:
        known = self.recall(digest, now)
        return known is not None and known.password_hash == password_hash

    def remember(self, digest: bytes, account: Account, now: datetime) -> None:
        with self._lock:
            if len(self._known) >= MOST_KEYS_REMEMBERED:
                self._known.clear()
            self._known[digest] = (KnownKey(account_principal(account), account.password_hash), now)


_known_keys = _KnownKeys()


def check_api_key(text: str, *, address: str = "") -> Account:
    """Return the active till account of a key "<login>.<secret>".

    The account is read on every call, so a suspended till or a replaced key is out at once; only the outcome
    of Argon2 is remembered, for five minutes, in this process. Must not be called inside a transaction.
    Refuses ApiKeyRefused, TooManyTries, SignInBusy.
    """
    login, dot, secret = text.rpartition(".")
    if not dot or not text.isascii() or len(text) > 200 or not _LOGIN.fullmatch(login):
        raise ApiKeyRefused
    now = clock.now()
    account = _find("till", login)
    digest = keyed_hash("api_key", text)
    if account is None:
        _check_unknown_key(account, secret, address, now)
    elif not _known_keys.knows(digest, account.password_hash, now):
        # Who waits for their turn must not keep a connection from those who work.
        db.session.rollback()
        with _known_keys.turn(digest):
            if not _known_keys.knows(digest, account.password_hash, now):
                _check_unknown_key(account, secret, address, now)
                _known_keys.remember(digest, account, now)
    if account is None or account.status != "active":
        raise ApiKeyRefused
    return account


def recall_api_key(text: str) -> KnownKey | None:
    """Return a key that ``check_api_key`` found right in the last minutes, without asking the database; whoever goes by
    it asks ``standing`` in the transaction that does the work."""
    return _known_keys.recall(keyed_hash("api_key", text), clock.now())


def standing(keys: Collection[KnownKey]) -> set[KnownKey]:
    """Return those of ``keys`` that are good now: their account is active and its key has not been replaced.

    One statement for all who redeem together.
    """
    hashes = dict(_ACTIVE.rows([{"id": int(account_id)} for account_id in {key.principal.id for key in keys}]))
    return {key for key in keys if hashes.get(int(key.principal.id)) == key.password_hash}


_ACTIVE = Prepared(
    lambda given: select(Account.id, Account.password_hash).where(
        given.matches(Account.id, "id"), Account.status == "active"
    ),
    id=Account.id,
)


def _check_unknown_key(account: Account | None, secret: str, address: str, now: datetime) -> None:
    with transaction():
        wait = limits.count_attempt("api_key", address, WRONG_KEYS_PER_ADDRESS, at=now)
    if wait:
        raise too_many_tries(wait)
    if not passwords.matches(account.password_hash if account else passwords.NOBODYS_HASH, secret):
        raise ApiKeyRefused
    with transaction():
        limits.take_back_attempt("api_key", address, at=now)
