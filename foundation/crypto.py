"""Personal data at rest: AES-256-GCM for what must be read back, a keyed hash for what must be found.

All cryptography passes through here, so that a certified module (SM4/SM3) can replace it in one place.
"""

import hashlib
import hmac
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from foundation.config import Settings

_KEY_VERSION = b"\x01"
_NONCE_BYTES = 12


class _Keyring:
    def __init__(self) -> None:
        self.cipher: AESGCM | None = None
        self.index_key: bytes | None = None


_keys = _Keyring()


def init_keys(settings: Settings) -> None:
    """Load the keys of this installation; called once when the application is built."""
    _keys.cipher = AESGCM(settings.data_key)
    _keys.index_key = settings.index_key


def encrypt(text: str, *, place: str) -> bytes:
    """Return key version ‖ nonce ‖ ciphertext. ``place`` (table.column) is bound in: a value moved to another
    column does not decrypt."""
    return encrypt_bytes(text.encode(), place=place)


def encrypt_bytes(plain: bytes, *, place: str) -> bytes:
    """As ``encrypt``, for what is not text."""
    assert _keys.cipher is not None, "init_keys has not been called"
    nonce = os.urandom(_NONCE_BYTES)
    return _KEY_VERSION + nonce + _keys.cipher.encrypt(nonce, plain, place.encode())


def decrypt(blob: bytes, *, place: str) -> str:
    """Return the text. Raises ``cryptography.exceptions.InvalidTag`` if it was altered or moved."""
    return decrypt_bytes(blob, place=place).decode()


def decrypt_bytes(blob: bytes, *, place: str) -> bytes:
    """As ``decrypt``, for what is not text."""
    assert _keys.cipher is not None, "init_keys has not been called"
    if blob[:1] != _KEY_VERSION:
        raise ValueError(f"unknown key version in {place}")
    nonce, sealed = blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
    return _keys.cipher.decrypt(nonce, sealed, place.encode())


def keyed_hash(purpose: str, value: str) -> bytes:
    """Return HMAC-SHA256 of ``value`` under this installation's index key (32 bytes).

    Equal values of one purpose hash alike, so rows can be found and kept unique without storing the value;
    without the key, the small space of phone numbers or codes cannot be searched.
    """
    assert _keys.index_key is not None, "init_keys has not been called"
    return hmac.digest(_keys.index_key, f"{purpose}\x00{value}".encode(), "sha256")


def token_hash(token: str) -> bytes:
    """Return SHA-256 of a random token of >= 128 bits, which needs no key."""
    return hashlib.sha256(token.encode()).digest()


class EncryptedText(TypeDecorator[str]):
    """A text column that is ciphertext in the database."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else encrypt(value, place=self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(bytes(value), place=self.place)


class EncryptedBytes(TypeDecorator[bytes]):
    """A column of bytes that is ciphertext in the database."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__()

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else encrypt_bytes(value, place=self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else decrypt_bytes(bytes(value), place=self.place)
