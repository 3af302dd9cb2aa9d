"""Codes: what a citizen shows and a till scans.

Twenty digits: the prefix 96, seventeen random digits, and an ISO 7064 MOD 11,10 check digit. Digits only, so
that a scanner gun types them through any input method; a prefix that no payment code uses (WeChat Pay 10–15,
Alipay 25–30, UnionPay 62), so that neither is taken for the other; a check digit, so that a mistyped code is
told from an unknown one without asking the database. Seventeen digits are 56 bits: too few for a long-lived
secret, enough for one that lives 60 seconds, is used once and can only be tried by a known till.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from stdnum.iso7064 import mod_11_10

from campaigns.catalog import offer_facts
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed
from foundation.prepared import insert_rows
from voucher.errors import (
    CodeForeign,
    CodeMalformed,
    CodeMistyped,
    OpenedElsewhere,
    ShowsNoCode,
    VoucherNotShowable,
    VoucherUnknown,
)
from voucher.location import Location, fence_at_use, outside
from voucher.models import Entitlement, VoucherCode

PREFIX = "96"
#: Of codes on paper, which live as long as their voucher (``voucher/assisted.py``).
PRINTED_PREFIX = "97"
PREFIXES = (PREFIX, PRINTED_PREFIX)
LENGTH = 20
#: How long a code is shown.
SHOWN_FOR = timedelta(seconds=60)
#: How much longer a till may still send it: scanning takes time.
GRACE = timedelta(seconds=15)
#: How long codes are kept so that a used or expired one is told from an unknown one.
KEPT_FOR = timedelta(days=2)

_SEPARATORS = str.maketrans("", "", " -\t\r\n")


@dataclass(frozen=True)
class ShownCode:
    """``digits`` are to be shown until ``expires_at``, then a new code is due."""

    digits: str
    expires_at: datetime


def new_digits(prefix: str = PREFIX) -> str:
    """Return a fresh code."""
    random_digits = LENGTH - len(prefix) - 1
    body = f"{prefix}{secrets.randbelow(10**random_digits):0{random_digits}d}"
    return body + str(mod_11_10.calc_check_digit(body))


def code_hash(digits: str) -> bytes:
    return keyed_hash("voucher_code", digits)


def read_code(text: str) -> bytes:
    """Return the hash of the code in what a till scanned or typed.

    Spaces and hyphens are dropped; anything else but ASCII digits is refused, never guessed at.
    Refuses CodeForeign (a payment code or another QR code), CodeMalformed, CodeMistyped.
    """
    digits = text.translate(_SEPARATORS)
    if len(text) > 512 or not digits:
        raise CodeMalformed
    if not re.fullmatch(r"[0-9]+", digits):
        # Ours with a slip of the finger in it, or something else altogether.
        raise CodeMalformed if digits.isnumeric() or digits.startswith(PREFIXES) else CodeForeign
    if len(digits) != LENGTH:
        raise CodeMalformed if digits.startswith(PREFIXES) or len(digits) < 13 else CodeForeign
    if not digits.startswith(PREFIXES):
        raise CodeForeign
    if not mod_11_10.is_valid(digits):
        raise CodeMistyped
    return code_hash(digits)


def open_voucher(
    entitlement_id: UUID, citizen_id: UUID, device_hash: bytes, *, location: Location | None = None
) -> ShownCode:
    """Open a voucher on this device: codes shown on any other device are retired, and a new one is returned.

    Refuses VoucherUnknown, VoucherNotShowable, ShowsNoCode, LocationMissing, OutsideGeofence.
    """
    now = clock.now()
    inside = _require_shown_here(entitlement_id, location)
    opened = db.session.scalar(
        update(Entitlement)
        .where(*_showable(entitlement_id, citizen_id, now))
        .values(device_hash=device_hash)
        .returning(Entitlement.id)
        .execution_options(synchronize_session=False)
    )
    if opened is None:
        raise _why_not_showable(entitlement_id, citizen_id)
    _retire_elsewhere([entitlement_id], device_hash, now)
    return _show([entitlement_id], device_hash, now, inside=inside)[0]


def show_code(
    entitlement_id: UUID, citizen_id: UUID, device_hash: bytes, *, location: Location | None = None
) -> ShownCode:
    """Return the next code for a voucher that is open on this device.

    Refuses VoucherUnknown, VoucherNotShowable, OpenedElsewhere when another device has opened it since,
    ShowsNoCode, LocationMissing, OutsideGeofence.
    """
    now = clock.now()
    inside = _require_shown_here(entitlement_id, location)
    row = db.session.execute(
        select(Entitlement.device_hash).where(*_showable(entitlement_id, citizen_id, now)).with_for_update()
    ).one_or_none()
    if row is None:
        raise _why_not_showable(entitlement_id, citizen_id)
    if row.device_hash != device_hash:
        raise OpenedElsewhere
    return _show([entitlement_id], device_hash, now, inside=inside)[0]


def _require_shown_here(entitlement_id: UUID, location: Location | None) -> bool | None:
    """Refuse what shows no code, or not here; return True where the area is looked at for use and the phone is inside,
    None where it is not looked at."""
    offer_id = db.session.scalar(select(Entitlement.offer_id).where(Entitlement.id == entitlement_id))
    if offer_id is not None and not offer_facts(offer_id).terms.use.may_show:
        raise ShowsNoCode
    fence = fence_at_use(offer_id) if offer_id is not None else None
    if fence is None:
        return None
    away = outside([fence], location)
    if away is not None:
        raise away
    return True


def open_vouchers(held: Sequence[tuple[UUID, UUID]], device_hash: bytes) -> list[ShownCode | None]:
    """Open many (entitlement, citizen) pairs at once, each as ``open_voucher`` would; None where it is refused."""
    now = clock.now()
    statement = (
        update(Entitlement)
        .where(
            tuple_(Entitlement.id, Entitlement.citizen_id).in_(held),
            Entitlement.status == "claimed",
            Entitlement.expires_at > now,
        )
        .values(device_hash=device_hash)
        .returning(Entitlement.id, Entitlement.citizen_id)
        .execution_options(synchronize_session=False)
    )
    opened = [(entitlement_id, citizen_id) for entitlement_id, citizen_id in db.session.execute(statement)]
    ids = [entitlement_id for entitlement_id, _ in opened]
    _retire_elsewhere(ids, device_hash, now)
    shown = dict(zip(opened, _show(ids, device_hash, now), strict=True))
    return [shown.get(pair) for pair in held]


def _retire_elsewhere(entitlement_ids: Sequence[UUID], device_hash: bytes, now: datetime) -> None:
    """Retire the codes of these vouchers that other devices show."""
    db.session.execute(
        update(VoucherCode)
        .where(
            VoucherCode.entitlement_id.in_(entitlement_ids),
            VoucherCode.device_hash != device_hash,
            # What is on paper stays good; the voucher is spent once all the same.
            VoucherCode.printed.is_(False),
            VoucherCode.retired_at.is_(None),
        )
        .values(retired_at=now)
        .execution_options(synchronize_session=False)
    )


def _showable(entitlement_id: UUID, citizen_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Entitlement.id == entitlement_id,
        Entitlement.citizen_id == citizen_id,
        Entitlement.status == "claimed",
        Entitlement.expires_at > now,
    )


def _why_not_showable(entitlement_id: UUID, citizen_id: UUID) -> VoucherUnknown | VoucherNotShowable:
    held = db.session.scalar(
        select(Entitlement.id).where(Entitlement.id == entitlement_id, Entitlement.citizen_id == citizen_id)
    )
    return VoucherUnknown() if held is None else VoucherNotShowable()


def _show(
    entitlement_ids: Sequence[UUID], device_hash: bytes, now: datetime, *, inside: bool | None = None
) -> list[ShownCode]:
    shown = [ShownCode(new_digits(), now + SHOWN_FOR) for _ in entitlement_ids]
    insert_rows(
        VoucherCode,
        [
            {
                "code_hash": code_hash(code.digits),
                "entitlement_id": entitlement_id,
                "device_hash": device_hash,
                "shown_at": now,
                "shown_inside": inside,
                "expires_at": code.expires_at + GRACE,
            }
            for entitlement_id, code in zip(entitlement_ids, shown, strict=True)
        ],
    )
    return shown


def forget_old_codes() -> int:
    """Delete codes that expired longer than KEPT_FOR ago and return how many."""
    return rows_changed(delete(VoucherCode).where(VoucherCode.expires_at < clock.now() - KEPT_FOR))
