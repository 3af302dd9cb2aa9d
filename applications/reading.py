"""Reading one answer as it was typed: its canonical spelling, or why it is not one."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from applications.answers import BY_KEY, Field, fen_of, issuance_of, options, owner
from applications.errors import (
    AccountMalformed,
    AnswerMissing,
    AnswerNotAChoice,
    AnswerTooLong,
    CertificateNumberMalformed,
    DateInFuture,
    DateMalformed,
    DateOutside,
    OwnersDiffer,
    PlateElsewhere,
    PolicyNotOneYear,
    PriceMalformed,
)
from campaigns.catalog import ReleaseFacts
from campaigns.terms.benefit.price_tiers import without_tax
from campaigns.terms.subsidy_refusals import PricesDisagree
from evidence import numbers
from foundation import clock
from foundation.errors import Malformed, Refusal
from foundation.money import parse_yuan
from identity.citizens import read_id_number, read_name

Reader = Callable[[str, Field, ReleaseFacts, Mapping[str, str]], str]

_BRACKETS = str.maketrans("（）", "()")
#: How long after the first invoice a car may be registered where the file sets no end.
_NO_END = timedelta(days=3650)


def read(key: str, text: str, facts: ReleaseFacts, answers: Mapping[str, str]) -> str:
    """Return the canonical spelling of one answer; "" for an optional one that is left empty.

    ``answers``: the others and the kind of ``buyer``, for what is read together. Refuses AnswerMissing,
    AnswerTooLong and what the field's own reader refuses; a refusal's ``field`` is the key.
    """
    field = BY_KEY[key]
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        if field.optional:
            return ""
        raise AnswerMissing(name=field.name, field=key)
    if len(text) > field.longest:
        raise AnswerTooLong(name=field.name, most=field.longest, field=key)
    reader = _owner if field.is_owner else _READERS.get(key) or _READERS_BY_SHAPE.get(field.shape, _plain)
    try:
        return reader(text, field, facts, answers)
    except Refusal as refusal:
        refusal.field = key
        raise


def prices_disagree(answers: Mapping[str, str]) -> Refusal | None:
    """Return the refusal where the two prices do not fit 13 % value-added tax, to a fen."""
    with_fen, without_fen = fen_of(answers, "price_with_tax"), fen_of(answers, "price_without_tax")
    if with_fen is None or without_fen is None or abs(without_fen - without_tax(with_fen)) <= 1:
        return None
    return PricesDisagree(
        field="price_without_tax", without_fen=without_fen, with_fen=with_fen, expected_fen=without_tax(with_fen)
    )


def _plain(text: str, _field: Field, _facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    return " ".join(text.split())


def _owner(text: str, field: Field, _facts: ReleaseFacts, answers: Mapping[str, str]) -> str:
    """Read the name on a document, which must be the applicant's; brackets and blanks make no difference."""
    name, given = owner(answers), "".join(text.split())
    if name and _same_letters(given) != _same_letters(name):
        raise OwnersDiffer(name=field.name, owner=name)
    return name or given


def _same_letters(name: str) -> str:
    return unicodedata.normalize("NFKC", "".join(name.split())).translate(_BRACKETS)


def _choice(text: str, field: Field, facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    chosen = text.split(",") if field.shape == "checks" else [text]
    known = options(field.key, facts)
    if any(one not in known for one in chosen):
        raise AnswerNotAChoice(name=field.name)
    return ",".join(one for one in known if one in chosen)


def _money(text: str, field: Field, _facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    try:
        fen = parse_yuan(re.sub(r"[,¥\s]", "", text), field=field.key)
    except Malformed as failure:
        raise PriceMalformed(name=field.name) from failure
    return f"{fen // 100}.{fen % 100:02d}"


def _invoice_number(text: str, _field: Field, _facts: ReleaseFacts, answers: Mapping[str, str]) -> str:
    code = answers.get("invoice_code", "")
    whole = numbers.invoice_number(text, code)
    # A code that was typed before the number stays with it; the mark is over both together.
    return whole.removeprefix(code)


def _invoice_code(text: str, _field: Field, _facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    return numbers.invoice_number("00000000", text)[:-8]


def _date(text: str, field: Field) -> date:
    found = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", text)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        raise DateMalformed(name=field.name)
    return day


def _day(text: str, field: Field, facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    day = _date(text, field)
    if day > clock.bureau_day(clock.now()):
        raise DateInFuture(name=field.name)
    issuance = issuance_of(facts)
    first = clock.bureau_day(issuance.invoices_from)
    until = issuance.invoices_until if field.key == "invoice_date" else issuance.registered_until
    last = clock.bureau_day(until - clock.TICK) if until else first + _NO_END
    if not first <= day <= last:
        raise DateOutside(name=field.name, first=first.isoformat(), last=last.isoformat())
    return day.isoformat()


def _policy_day(text: str, field: Field, facts: ReleaseFacts, answers: Mapping[str, str]) -> str:
    """Read a day of the insurance: its first in the window, which may be a day to come, and its last a year later."""
    day = _date(text, field)
    if field.key == "policy_from":
        begins, ends = issuance_of(facts).policy_window
        first, last = clock.bureau_day(begins), clock.bureau_day(ends - clock.TICK)
        if not first <= day <= last:
            raise DateOutside(name=field.name, first=first.isoformat(), last=last.isoformat())
    elif answers.get("policy_from"):
        begun = date.fromisoformat(answers["policy_from"])
        whole = _a_year_after(begun)
        # Insurers write the last day, or the midnight that ends it as the same day of the next year.
        if day not in (whole - timedelta(days=1), whole):
            raise PolicyNotOneYear(last=(whole - timedelta(days=1)).isoformat())
    return day.isoformat()


def _a_year_after(day: date) -> date:
    """The same day of the next year; 1 March for 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def _plate(text: str, _field: Field, facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    plate = numbers.plate(text)
    allowed = issuance_of(facts).plates
    if allowed and not plate.startswith(allowed):
        raise PlateElsewhere(plates="、".join(allowed))
    return plate


def _certificate_number(text: str, _field: Field, _facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    plain = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{12}", plain):
        raise CertificateNumberMalformed
    return plain


def _account(text: str, _field: Field, _facts: ReleaseFacts, _answers: Mapping[str, str]) -> str:
    plain = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{8,30}", plain):
        raise AccountMalformed
    return plain


def _one(reader: Callable[[str], str]) -> Reader:
    return lambda text, _field, _facts, _answers: reader(text)


_READERS_BY_SHAPE: dict[str, Reader] = {"choice": _choice, "checks": _choice, "money": _money, "date": _day}
_READERS: dict[str, Reader] = {
    "name": _one(read_name),
    "id_number": _one(read_id_number),
    "uscc": _one(numbers.uscc),
    "seller_uscc": _one(numbers.uscc),
    "vin": _one(numbers.vin),
    "bank_card": _one(numbers.bank_card),
    "invoice_number": _invoice_number,
    "invoice_code": _invoice_code,
    "plate": _plate,
    "policy_number": _one(numbers.policy),
    "policy_from": _policy_day,
    "policy_until": _policy_day,
    "certificate_number": _certificate_number,
    "bank_account": _account,
}
