"""Reading what a person types into the phone and code fields."""

import re

from foundation.crypto import keyed_hash
from identity.errors import PhoneFullWidth, PhoneMalformed, SignInCodeMalformed

_PHONE = re.compile(r"1[3-9][0-9]{9}")
_CODE = re.compile(r"[0-9]{6}")
_SPACING = str.maketrans("", "", " -\u00a0\t\r\n")


def read_phone(text: str) -> str:
    """Return the 11 digits of a mainland mobile number; "+86", spaces and hyphens are tolerated.

    Refuses PhoneFullWidth for digits that are not ASCII (they look right and match nothing), PhoneMalformed.
    """
    bare = text.translate(_SPACING)
    if any(not sign.isascii() for sign in bare):
        raise PhoneFullWidth if any(sign.isdigit() and not sign.isascii() for sign in bare) else PhoneMalformed
    for prefix in ("+86", "0086"):
        bare = bare.removeprefix(prefix)
    if len(bare) == 13:
        bare = bare.removeprefix("86")
    if not _PHONE.fullmatch(bare):
        raise PhoneMalformed
    return bare


def read_sign_in_code(text: str) -> str:
    """Return the six digits of a code, which may have been pasted with spaces around or inside it."""
    bare = text.translate(_SPACING)
    if not _CODE.fullmatch(bare):
        raise SignInCodeMalformed
    return bare


def phone_hash(phone: str) -> bytes:
    """Return the keyed hash by which a citizen is found."""
    return keyed_hash("phone", phone)
