"""Numbers on documents and goods: each is read into the one spelling in which it is kept and compared.

Every function takes what somebody typed or scanned (full-width, lower case, with blanks or dashes), and returns the
canonical spelling or raises the refusal that names its field.
"""

import re
import unicodedata

from stdnum import ean as ean_number
from stdnum import imei as imei_number
from stdnum import luhn
from stdnum.cn import uscc as uscc_number

from evidence.errors import (
    BankCardMalformed,
    BarcodeMalformed,
    ImeiMalformed,
    InvoiceNumberMalformed,
    IssuedNumberMalformed,
    PlateMalformed,
    PolicyNumberMalformed,
    SerialMalformed,
    UsccMalformed,
    VinMalformed,
    VinMistyped,
)

_VIN = re.compile(r"[0-9A-HJ-NPR-Z]{17}")
#: GB 16735: what each letter counts, and what each of the 17 places weighs.
_VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][0-9A-HJ-NP-Z]{{5,6}}")
_SERIAL = re.compile(r"[0-9A-Z]{4,40}")
_ISSUED = re.compile(r"[0-9A-Z]{6,40}")
_LONGEST = 60


def _plain(text: str) -> str:
    """Return ``text`` with half-width characters in upper case, without blanks, dashes and dots."""
    return re.sub(r"[\s\-‐-―－_./·•]", "", unicodedata.normalize("NFKC", text[:_LONGEST])).upper()


def vin(text: str) -> str:
    """Read a vehicle identification number (GB 16735), 17 characters.

    The check digit binds makers in China (numbers that begin with L) and in North America; imported cars may carry
    anything there. Refuses VinMalformed, VinMistyped.
    """
    plain = _plain(text)
    if not _VIN.fullmatch(plain):
        raise VinMalformed
    rest = sum(_VIN_VALUES[char] * weight for char, weight in zip(plain, _VIN_WEIGHTS, strict=True)) % 11
    if plain[0] in "L12345" and plain[8] != "0123456789X"[rest]:
        raise VinMistyped
    return plain


def uscc(text: str) -> str:
    """Read a unified social credit code (GB 32100), 18 characters. Refuses UsccMalformed."""
    plain = _plain(text)
    if not uscc_number.is_valid(plain):
        raise UsccMalformed(given=plain[:20])
    return plain


def bank_card(text: str) -> str:
    """Read a bank card number, 15 to 19 digits with Luhn's check digit. Refuses BankCardMalformed."""
    plain = _plain(text)
    if not re.fullmatch(r"[0-9]{15,19}", plain) or not luhn.is_valid(plain):
        raise BankCardMalformed
    return plain


def barcode(text: str) -> str:
    """Read an EAN-13 of goods. Refuses BarcodeMalformed."""
    plain = _plain(text)
    if len(plain) != 13 or not ean_number.is_valid(plain):
        raise BarcodeMalformed
    return plain


def imei(text: str) -> str:
    """Read the 15 digits of a telephone's IMEI. Refuses ImeiMalformed."""
    plain = _plain(text)
    if len(plain) != 15 or not imei_number.is_valid(plain):
        raise ImeiMalformed
    return plain


def serial(text: str) -> str:
    """Read a serial number: 4 to 40 letters and digits. Refuses SerialMalformed."""
    plain = _plain(text)
    if not _SERIAL.fullmatch(plain):
        raise SerialMalformed
    return plain


def invoice_number(text: str, code: str = "") -> str:
    """Read an invoice's number: 20 digits of a digital one, or the 8 of an older one after its code of 10 or 12.

    The code may stand in ``code`` or before the number. Refuses InvoiceNumberMalformed.
    """
    plain = _plain(code) + _plain(text)
    if not re.fullmatch(r"[0-9]{18}|[0-9]{20}", plain) or (code.strip() and len(_plain(text)) != 8):
        raise InvoiceNumberMalformed
    return plain


def policy(text: str) -> str:
    """Read the number of an insurance policy: 8 to 40 letters and digits, as insurers differ. Refuses
    PolicyNumberMalformed."""
    plain = _plain(text)
    if not re.fullmatch(r"[0-9A-Z]{8,40}", plain) or not re.search(r"[0-9]", plain):
        raise PolicyNumberMalformed
    return plain


def plate(text: str) -> str:
    """Read a number plate: 7 characters, or 8 of a new-energy car. Refuses PlateMalformed."""
    plain = _plain(text)
    if not _PLATE.fullmatch(plain):
        raise PlateMalformed
    return plain


def issued_number(text: str) -> str:
    """Read the number of a card or an insurance policy: 6 to 40 letters and digits, as its issuer has them. Refuses
    IssuedNumberMalformed."""
    plain = _plain(text)
    if not _ISSUED.fullmatch(plain):
        raise IssuedNumberMalformed
    return plain
