"""Settings, read once from the environment. A weak secret refuses to start."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SHORTEST_SECRET = 32
#: What VOUCHER_ENV may say; the first is what it says when it is not set.
ENVIRONMENTS = ("production", "development", "demo")


class SettingsError(Exception):
    """A setting is missing or unsafe; the text names it and the way out."""


@dataclass(frozen=True)
class Settings:
    """What an installation decides.

    secret_key signs sessions and forms (>= 32 characters). data_key (32 bytes) encrypts personal data,
    index_key (32 bytes) keys look-ups of it; losing data_key loses names and phones, so back both up apart
    from the database.
    """

    database_url: str
    secret_key: str = field(repr=False)
    data_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    #: a name that ``identity.sms`` knows
    sms_adapter: str = "outbox"
    #: a name that ``voucher.payment_adapters`` knows
    payment_adapter: str = "none"
    city_code: str = "4417"
    #: cookies over HTTPS only, and browsers are told to insist on it
    secure_cookies: bool = True
    #: the demo shows what an outbox would have sent; nothing else may
    demo: bool = False
    #: how many proxies in front of us write X-Forwarded-For; 0 believes none of it
    trusted_proxies: int = 0
    metrics_token: str = field(default="", repr=False)
    var_dir: Path = Path("var")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read DATABASE_URL, SECRET_KEY, DATA_KEY, INDEX_KEY and the optional settings.

        Raises SettingsError for anything missing, short, undecodable or not among the allowed values.
        """
        env = os.environ if environ is None else environ
        environment = _environment(env, "VOUCHER_ENV")
        return cls(
            database_url=_database_url(env),
            secret_key=_secret(env, "SECRET_KEY"),
            data_key=_key(env, "DATA_KEY"),
            index_key=_key(env, "INDEX_KEY"),
            sms_adapter=env.get("SMS_ADAPTER", "outbox"),
            payment_adapter=env.get("PAYMENT_ADAPTER", "none" if environment == "production" else "simulator"),
            city_code=env.get("CITY_CODE", "4417"),
            secure_cookies=environment == "production",
            demo=environment == "demo",
            trusted_proxies=_count(env, "TRUSTED_PROXIES"),
            metrics_token=env.get("METRICS_TOKEN", ""),
            var_dir=Path(env.get("VAR_DIR", "var")),
        )


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is not set; docs/deploy.md says how to make one")
    return value


def _environment(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, ENVIRONMENTS[0])
    if value not in ENVIRONMENTS:
        # A misspelled "production" must not quietly send cookies over plain HTTP.
        raise SettingsError(f"{name} is {value!r}; it must be one of {', '.join(ENVIRONMENTS)}")
    return value


def _count(env: Mapping[str, str], name: str) -> int:
    value = env.get(name, "0")
    if not (value.isascii() and value.isdigit() and len(value) < 3):
        raise SettingsError(f"{name} is {value!r}; it must be a whole number from 0 to 99")
    return int(value)


def _database_url(env: Mapping[str, str]) -> str:
    url = _required(env, "DATABASE_URL")
    # SQLAlchemy needs the driver's name; hosting services hand out the bare scheme.
    for bare in ("postgres://", "postgresql://"):
        if url.startswith(bare):
            return "postgresql+psycopg://" + url.removeprefix(bare)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    return url


def _secret(env: Mapping[str, str], name: str) -> str:
    value = _required(env, name)
    if len(value) < SHORTEST_SECRET or len(set(value)) < 10:
        raise SettingsError(
            f"{name} is too weak: it needs at least {SHORTEST_SECRET} characters that do not repeat a few; "
            "python3 -c 'import secrets; print(secrets.token_hex(32))' makes a good one"
        )
    return value


def _key(env: Mapping[str, str], name: str) -> bytes:
    try:
        key = base64.b64decode(_required(env, name), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32 or len(set(key)) < 10:
        raise SettingsError(
            f"{name} must be the base64 of 32 random bytes; python3 -c 'import base64, secrets; "
            "print(base64.b64encode(secrets.token_bytes(32)).decode())' makes one"
        )
    return key
