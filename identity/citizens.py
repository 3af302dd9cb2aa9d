"""Citizens: signing in by phone, registering many at once, and the real name."""

import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import delete, select, update
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, rows_changed, transaction, upsert
from foundation.errors import N_, Refusal
from foundation.ids import new_id
from identity import limits, persons, sms
from identity.errors import (
    CitizenNotFound,
    CodeAskedTooOften,
    CodeUsedUp,
    CodeWrong,
    IdNumberMalformed,
    IdNumberTaken,
    NameMalformed,
    RealNameSettled,
    SmsUnavailable,
    TooManyTries,
)
from identity.limits import Limit
from identity.models import Citizen, SignInCode
from identity.phones import phone_hash, read_phone, read_sign_in_code

CODE_LIVES_FOR = timedelta(minutes=5)
WRONG_TRIES_PER_CODE = 5
RESEND_AFTER = timedelta(seconds=60)
SENDS_PER_PHONE = (Limit(1, RESEND_AFTER), Limit(10, timedelta(days=1)))
SENDS_PER_DEVICE = (Limit(20, timedelta(days=1)),)
#: A mobile carrier puts thousands of phones behind one address, so this only stops a machine that floods.
SENDS_PER_ADDRESS = (Limit(300, timedelta(hours=1)), Limit(2_000, timedelta(days=1)))
#: Wrong codes per phone over all its codes: asking for a new code must not give new tries.
WRONG_TRIES_PER_PHONE = (Limit(10, timedelta(hours=1)), Limit(30, timedelta(days=1)))
SMS_TEXT = N_("【漠阳品】验证码 %(code)s，5 分钟内有效。请勿告诉他人，工作人员不会向您索要。")
ROWS_AT_ONCE = 2_000


def request_sign_in_code(phone: str, *, device_hash: bytes, address: str = "") -> None:
    """Send a six-digit code that signs in ``phone`` on this device for five minutes.

    An older code for the same phone and device ends. Runs in its own transactions, because no gateway may be
    waited for while a write lock is held; so it must not be called inside one.
    Refuses PhoneMalformed, CodeAskedTooOften, SmsUnavailable (the code is then void).
    """
    phone = read_phone(phone)
    code = f"{secrets.randbelow(10**6):06d}"
    with transaction():
        code_id = _write_code(phone, code, device_hash, address)
    try:
        sms.send(phone, gettext(SMS_TEXT, code=code))
    except Exception as failure:
        with transaction():
            _end_code(code_id)
        if isinstance(failure, sms.SmsFailed | OSError):
            raise SmsUnavailable from failure
        raise


def _write_code(phone: str, code: str, device_hash: bytes, address: str) -> UUID:
    now = clock.now()
    waits = [limits.count_attempt("send_phone", phone, SENDS_PER_PHONE, at=now)]
    waits.append(limits.count_attempt("send_device", device_hash.hex(), SENDS_PER_DEVICE, at=now))
    if address:
        waits.append(limits.count_attempt("send_address", address, SENDS_PER_ADDRESS, at=now))
    if any(waits):
        refusal = CodeAskedTooOften(seconds=max(waits))
        refusal.retry_after_seconds = max(waits)
        raise refusal
    hashed = phone_hash(phone)
    db.session.execute(
        update(SignInCode)
        .where(
            SignInCode.phone_hash == hashed,
            SignInCode.device_hash == device_hash,
            SignInCode.ended_at.is_(None),
        )
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    row = SignInCode(
        id=new_id(),
        phone_hash=hashed,
        device_hash=device_hash,
        code_hash=_code_hash(phone, device_hash, code),
        sent_at=now,
        expires_at=now + CODE_LIVES_FOR,
    )
    db.session.add(row)
    return row.id


def _end_code(code_id: UUID) -> None:
    db.session.execute(
        update(SignInCode)
        .where(SignInCode.id == code_id)
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _code_hash(phone: str, device_hash: bytes, code: str) -> bytes:
    return keyed_hash("sign_in_code", f"{phone}:{device_hash.hex()}:{code}")


def confirm_sign_in_code(phone: str, code: str, *, device_hash: bytes) -> Citizen:
    """Return the citizen of ``phone``, registered now if new, and spend the code.

    A wrong try is kept although it is refused, so this runs in its own transaction and must not be called
    inside one. Refuses PhoneMalformed, SignInCodeMalformed, CodeWrong, CodeUsedUp, TooManyTries.
    """
    phone, code = read_phone(phone), read_sign_in_code(code)
    with transaction():
        outcome = _confirm(phone, code, device_hash)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _confirm(phone: str, code: str, device_hash: bytes) -> Citizen | Refusal:
    now = clock.now()
    wait = limits.seconds_to_wait("wrong_code", phone, WRONG_TRIES_PER_PHONE, at=now)
    if wait:
        return too_many_tries(wait)
    row = db.session.execute(
        select(SignInCode.id, SignInCode.code_hash, SignInCode.failures)
        .where(
            SignInCode.phone_hash == phone_hash(phone),
            SignInCode.device_hash == device_hash,
            SignInCode.ended_at.is_(None),
            SignInCode.expires_at > now,
        )
        .order_by(SignInCode.sent_at.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if row is not None and row.failures >= WRONG_TRIES_PER_CODE:
        return CodeUsedUp()
    if row is None or not hmac.compare_digest(bytes(row.code_hash), _code_hash(phone, device_hash, code)):
        limits.count_attempt("wrong_code", phone, WRONG_TRIES_PER_PHONE, at=now)
        return _count_wrong_try(row.id, row.failures + 1) if row is not None else CodeWrong()
    _end_code(row.id)
    (citizen_id,) = register_citizens([phone], [""])
    return db.session.get_one(Citizen, citizen_id)


def _count_wrong_try(code_id: UUID, failures: int) -> Refusal:
    db.session.execute(
        update(SignInCode)
        .where(SignInCode.id == code_id)
        .values(failures=failures)
        .execution_options(synchronize_session=False)
    )
    return CodeUsedUp() if failures >= WRONG_TRIES_PER_CODE else CodeWrong()


def too_many_tries(wait_seconds: int) -> TooManyTries:
    """Return the refusal that says when to come back."""
    refusal = TooManyTries(minutes=-(-wait_seconds // 60))
    refusal.retry_after_seconds = wait_seconds
    return refusal


def register_citizens(phones: Sequence[str], names: Sequence[str]) -> list[UUID]:
    """Return the ids of the citizens of ``phones``, in order; those not known yet are registered.

    ``names`` is as long as ``phones``; "" leaves the name unknown, and a known citizen keeps theirs.
    Refuses PhoneMalformed.
    """
    now = clock.now()
    found: dict[bytes, UUID] = {}
    people = [(read_phone(phone), name) for phone, name in zip(phones, names, strict=True)]
    hashes = [phone_hash(phone) for phone, _ in people]
    for start in range(0, len(people), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        fresh: list[dict[str, Any]] = [
            {"id": new_id(), "phone": phone, "phone_hash": hashed, "name": name or None, "created_at": now}
            for (phone, name), hashed in zip(people[part], hashes[part], strict=True)
        ]
        db.session.execute(upsert(Citizen).on_conflict_do_nothing(index_elements=["phone_hash"]), fresh)
        known = select(Citizen.phone_hash, Citizen.id).where(Citizen.phone_hash.in_(hashes[part]))
        found.update((bytes(hashed or b""), citizen_id) for hashed, citizen_id in db.session.execute(known))
        persons.register([row["id"] for row in fresh if found[row["phone_hash"]] == row["id"]])
    return [found[hashed] for hashed in hashes]


def save_real_name(citizen_id: UUID, *, name: str, id_number: str) -> None:
    """Keep the name and identity number (18 characters) of a citizen, encrypted.

    The same number again may bring a corrected name. Who has given the same number with another phone is the same
    person from now on. Refuses NameMalformed, IdNumberMalformed, IdNumberTaken (somebody has it under another
    name), RealNameSettled (another number than the one on file), CitizenNotFound.
    """
    name, id_number = read_name(name), read_id_number(id_number)
    hashed = keyed_hash("id_number", id_number)
    citizen = db.session.get(Citizen, citizen_id, with_for_update=True)
    if citizen is None:
        raise CitizenNotFound
    if citizen.id_number_hash is not None and bytes(citizen.id_number_hash) != hashed:
        raise RealNameSettled
    same_number = select(Citizen.name).where(Citizen.id_number_hash == hashed, Citizen.id != citizen_id)
    if any(other != name for other in db.session.scalars(same_number)):
        raise IdNumberTaken
    citizen.name, citizen.id_number, citizen.id_number_hash = name, id_number, hashed
    db.session.flush()
    persons.note(citizen_id, "id_number", hashed)


def register_in_person(*, name: str, id_number: str, phone: str = "") -> UUID:
    """Return the id of somebody who has shown their identity card, registering them where needed. phone: "" where
    they have none, and then they are known by the number alone.

    Refuses PhoneMalformed, NameMalformed, IdNumberMalformed, IdNumberTaken, RealNameSettled.
    """
    if phone.strip():
        (citizen_id,) = register_citizens([phone], [""])
        save_real_name(citizen_id, name=name, id_number=id_number)
        return citizen_id
    name, number = read_name(name), read_id_number(id_number)
    hashed = keyed_hash("id_number", number)
    fresh = {
        "id": new_id(),
        "name": name,
        "id_number": number,
        "id_number_hash": hashed,
        "created_at": clock.now(),
    }
    db.session.execute(upsert(Citizen).on_conflict_do_nothing(), [fresh])
    known = select(Citizen.id).where(Citizen.id_number_hash == hashed, Citizen.phone_hash.is_(None))
    citizen_id = db.session.execute(known).scalar_one()
    save_real_name(citizen_id, name=name, id_number=id_number)
    return citizen_id


def born_on(id_number: str) -> date:
    """Return the birthday in an identity number that was read by ``read_id_number``."""
    born: date = ric.get_birth_date(id_number)
    return born


def age_on(day: date, born: date) -> int:
    """Return the age in full years on a day: a birthday counts, and who was born on 29 February has theirs on
    1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def read_name(text: str) -> str:
    """Return a Chinese personal name, its separator dot spelled one way. Refuses NameMalformed."""
    name = unicodedata.normalize("NFC", text.strip())
    for dot in "•‧・．.":
        name = name.replace(dot, "·")
    if not 2 <= len(name) <= 30 or name.startswith("·") or name.endswith("·") or "··" in name:
        raise NameMalformed
    if not all(sign in "·〇" or _is_han(sign) for sign in name):
        raise NameMalformed
    return name


def _is_han(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH"))


def read_id_number(text: str) -> str:
    """Return an identity number of 18 characters with a right check digit and a past birthday.

    Refuses IdNumberMalformed.
    """
    if not text.isascii():
        raise IdNumberMalformed
    try:
        id_number = ric.compact(text)
        if not re.fullmatch(r"[1-8][0-9]{16}[0-9X]", id_number) or ric.calc_check_digit(id_number) != id_number[-1]:
            raise IdNumberMalformed
        # The library's own check also wants the county to have existed in the year of birth. It need not have: numbers
        # were first given in 1984, to everybody, with the county of that day.
        born = ric.get_birth_date(id_number)
    except ValidationError as failure:
        raise IdNumberMalformed from failure
    if not date(1900, 1, 1) <= born <= clock.local(clock.now()).date():
        raise IdNumberMalformed
    return str(id_number)


def forget_old_codes(now: datetime) -> int:
    """Delete codes that ended over a day ago and return how many; counters older than two days go with them."""
    old = delete(SignInCode).where(SignInCode.expires_at < now - timedelta(days=1))
    limits.forget_attempts_before(now - timedelta(days=2))
    return rows_changed(old)
