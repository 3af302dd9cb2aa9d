"""What is written on the evidence of a sale: read from what somebody typed, or from a row of an import.

Every fault is named by its field, all of them at once.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TypeVar

from campaigns.goods import categories
from campaigns.places import counties
from campaigns.terms.benefit.percent_by_grade import INVOICES
from evidence.numbers import invoice_number
from foundation.errors import Refusal
from foundation.money import format_yuan, parse_yuan
from foundation.words import Words
from merchants.hand_in_errors import (
    CategoryOfOldUnknown,
    DayBeforeSale,
    DayInFuture,
    DayMalformed,
    DeliveredElsewhere,
    FieldMissing,
    FileMissing,
    HandInIncomplete,
    InvoiceAmountDiffers,
    TextTooLong,
    WeightMalformed,
)

T = TypeVar("T")

#: item → the fields that it must have
FIELDS = {
    "invoice": ("invoice_number", "invoice_on", "invoice_fen", "invoice_buyer"),
    "delivery": ("delivered_on", "delivery_county", "delivery_address"),
    "device_photo": (),
    "old_appliance": ("old_category", "old_brand", "old_weight", "old_collector", "old_collected_on"),
}
_OLD_TEXTS = {"old_brand": 40, "old_model": 80, "old_collector": 80, "old_dismantler": 80, "old_certificate": 60}


@dataclass(frozen=True)
class Duty:
    """What a sale asks for. items: keys of ITEMS. needs_files: whether each item needs a file too. has_files: slots
    that have one. invoice_fen: what the invoice must say, by ``basis``, a key of INVOICES."""

    items: Collection[str]
    needs_files: bool
    has_files: Collection[str]
    city: str
    sold_on: date
    today: date
    invoice_fen: int
    basis: str


@dataclass(frozen=True)
class Handed:
    """The fields of one hand-in, each in its canonical spelling; what was not given is empty or None."""

    invoice_number: str = ""
    invoice_on: date | None = None
    invoice_fen: int | None = None
    invoice_buyer: str | None = None
    delivered_on: date | None = None
    delivery_county: str = ""
    delivery_address: str | None = None
    old_category: str = ""
    old_brand: str = ""
    old_model: str = ""
    old_weight_grams: int | None = None
    old_collector: str = ""
    old_dismantler: str = ""
    old_certificate: str = ""
    old_collected_on: date | None = None


def read_fields(typed: Mapping[str, str], duty: Duty) -> Handed:
    """Read everything that was typed. Raises HandInIncomplete with every fault; one item alone is still to be there
    whole, also where it is only encouraged."""
    faults: list[Refusal] = []
    given = {key: unicodedata.normalize("NFKC", str(value or "")).strip() for key, value in typed.items()}

    def read(key: str, reader: Callable[[str], T], empty: T) -> T:
        text = given.get(key, "")
        if not text:
            return empty
        try:
            return reader(text)
        except Refusal as refusal:
            refusal.field = key
            faults.append(refusal)
            return empty

    def day(text: str) -> date:
        return _day(text, duty)

    found = Handed(
        invoice_number=read("invoice_number", lambda text: invoice_number(text, given.get("invoice_code", "")), ""),
        invoice_on=read("invoice_on", day, None),
        invoice_fen=read("invoice_fen", lambda text: _invoice_fen(text, duty), None),
        invoice_buyer=read("invoice_buyer", lambda text: _text(text, 60), None),
        delivered_on=read("delivered_on", day, None),
        delivery_county=read("delivery_county", lambda text: _county(text, duty.city), ""),
        delivery_address=read("delivery_address", lambda text: _text(text, 120), None),
        old_category=read("old_category", _category, ""),
        old_weight_grams=read("old_weight", _weight, None),
        old_collected_on=read("old_collected_on", lambda text: _day(text, duty, may_be_before=True), None),
        **{key: read(key, partial(_text, most=most), "") for key, most in _OLD_TEXTS.items()},
    )
    known = {fault.field for fault in faults}
    faults += [missing for missing in _missing(given, duty) if missing.field not in known]
    if faults:
        raise HandInIncomplete(faults)
    return found


def _missing(given: Mapping[str, str], duty: Duty) -> Iterator[Refusal]:
    begun = {"old_appliance"} if any(given.get(key) for key in FIELDS["old_appliance"]) else set()
    for item, keys in FIELDS.items():
        if item in duty.items or item in begun:
            yield from (FieldMissing(field=key) for key in keys if not given.get(key))
        if item in duty.items and duty.needs_files and item not in duty.has_files:
            yield FileMissing(field=item)


def address_spelling(address: str) -> str:
    """Return an address as it is compared: without blanks and marks, which people write as they like."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", address)).upper()


def _day(text: str, duty: Duty, *, may_be_before: bool = False) -> date:
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?", text) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})", text
    )
    try:
        found = date(*map(int, match.groups())) if match else None
    except ValueError:
        found = None
    if found is None:
        raise DayMalformed
    if found > duty.today:
        raise DayInFuture
    if found < duty.sold_on and not may_be_before:
        raise DayBeforeSale(day=duty.sold_on.isoformat())
    return found


def _invoice_fen(text: str, duty: Duty) -> int:
    fen = parse_yuan(text, field="invoice_fen")
    if fen != duty.invoice_fen:
        raise InvoiceAmountDiffers(
            expected=format_yuan(duty.invoice_fen), given=format_yuan(fen), basis=Words(INVOICES[duty.basis])
        )
    return fen


def _county(text: str, city: str) -> str:
    known = counties(city)
    code = next((code for code, name in known.items() if text in (code, name)), None)
    if code is None:
        raise DeliveredElsewhere
    return code


def _category(text: str) -> str:
    code = next((code for code, name in categories().items() if text in (code, name)), None)
    if code is None:
        raise CategoryOfOldUnknown
    return code


def _weight(text: str) -> int:
    try:
        kilograms = Decimal(text.removesuffix("千克").removesuffix("kg"))
    except InvalidOperation as failure:
        raise WeightMalformed from failure
    if not kilograms.is_finite() or not Decimal("0.1") <= kilograms <= 1000:
        raise WeightMalformed
    return int(kilograms * 1000)


def _text(text: str, most: int) -> str:
    if len(text) > most:
        raise TextTooLong(most=most)
    return text
