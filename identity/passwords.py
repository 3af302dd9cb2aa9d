"""Argon2id, with a cap on how many run at once: each takes 19 MiB and about 17 ms of a core."""

import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from identity.errors import SignInBusy

T = TypeVar("T")

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
AT_ONCE = 4
LONGEST_WAIT_SECONDS = 5
LONGEST_PASSWORD = 128
_places = threading.BoundedSemaphore(AT_ONCE)
#: Verified when there is no such login, so that an unknown login takes as long as a wrong password.
NOBODYS_HASH = _hasher.hash("no account has this password")


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise SignInBusy
    try:
        yield
    finally:
        _places.release()


def _beside_the_loop(work: Callable[[], T]) -> T:
    # Under gevent a native computation would stop every other request of the worker; a real thread does not.
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return work()
    from gevent import get_hub

    return get_hub().threadpool.apply(work)


def hash_password(password: str) -> str:
    """Return the Argon2id hash, with its salt and parameters. Refuses SignInBusy."""
    with _place():
        return _beside_the_loop(lambda: _hasher.hash(_normal(password)))


def matches(password_hash: str, password: str) -> bool:
    """Return whether the password is right, in the same time either way. Refuses SignInBusy."""
    with _place():
        return _beside_the_loop(lambda: _verify(password_hash, _normal(password)[: LONGEST_PASSWORD + 1]))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    # The same characters may be typed composed or decomposed, depending on the keyboard.
    return unicodedata.normalize("NFC", password)
