"""A campaign file as texts, the way a form has it, and back.

A *typed* table is a dict of key → texts; rows are lists of typed tables. Nothing is judged here: what cannot be a
number or a date goes into the document as the text that was typed, so that ``campaign_file.check`` finds its fault and
names it. Which of the possible values a text means is asked of the schema's own field, so that a new kind of field
needs nothing here.

    schema            typed
    one value         text
    list of values    list of texts
    table             dict
    strategy          dict, with its ``kind``
    list of tables    list of dicts
    table of values   list of {"key": text, "value": text}
    anything else     its TOML as text
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields

from campaigns.form import toml_text
from campaigns.terms.axis import StrategyField, StrategySchema, strategies
from campaigns.terms.file_fields import Flag
from foundation.clock import SHANGHAI, local

Typed = dict[str, Any]

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
#: One of several values that are typed into one input; what stands in square brackets is one, whatever parts it.
_ONE_VALUE = re.compile(r"(?:\[[^\]\n]*\]|[^、,，;；\n\[])+")
#: What a ticked flag is as text.
TICKED = "true"


def keys_of(schema: Schema) -> dict[str, fields.Field[Any]]:
    """Return key in the file → field, in the order of the schema."""
    return {field.data_key or name: field for name, field in schema.fields.items()}


def axis_of(field: StrategyField) -> dict[str, StrategySchema]:
    """Return kind → schema of the strategies that a field chooses from."""
    return strategies(f"campaigns.terms.{field.axis}")


def rows_of(field: fields.Field[Any]) -> fields.Nested | StrategyField | None:
    """Return what each row is, of a field that is a list of tables or strategies."""
    inner = field.inner if isinstance(field, fields.List) else None
    return inner if isinstance(inner, fields.Nested | StrategyField) else None


def is_plain(field: fields.Field[Any]) -> bool:
    """Return whether a field takes one value that is written without brackets or braces."""
    return not isinstance(field, fields.List | fields.Dict | fields.Tuple | fields.Nested | StrategyField)


def is_values(field: fields.Field[Any]) -> bool:
    """Return whether a field takes a list of plain values."""
    return isinstance(field, fields.List) and is_plain(field.inner)


def is_mapping(field: fields.Field[Any]) -> bool:
    """Return whether a field takes a table whose keys are data, such as source code → share."""
    keys, values = getattr(field, "key_field", None), getattr(field, "value_field", None)
    return isinstance(field, fields.Dict) and keys is not None and values is not None and is_plain(values)


# --- from a document ------------------------------------------------------------------------------------------


def typed_table(schema: Schema, raw: Any) -> Typed:
    """Return a document's table as texts. What the schema does not have is not taken over; see ``left_behind``."""
    table = raw if isinstance(raw, Mapping) else {}
    return {key: _typed(field, table, key) for key, field in keys_of(schema).items()}


def typed_strategy(field: StrategyField, raw: Any) -> Typed:
    """Return a strategy's table as texts; its ``kind`` is the default one where the table names none."""
    table = raw if isinstance(raw, Mapping) else {}
    kind = str(table.get("kind") or field.default_kind or "")
    known = axis_of(field)
    return {"kind": kind, **(typed_table(known[kind], table) if kind in known else {})}


def _typed(field: fields.Field[Any], table: Mapping[str, Any], key: str) -> Any:
    raw = table.get(key)
    row = rows_of(field)
    if isinstance(field, StrategyField):
        return typed_strategy(field, raw)
    if isinstance(field, fields.Nested):
        return typed_table(field.schema, raw)
    if row is not None:
        given = raw if isinstance(raw, list) else []
        return [typed_row(row, item) for item in given]
    if is_mapping(field):
        pairs = raw if isinstance(raw, Mapping) else {}
        return [{"key": name, "value": _as_text(value)} for name, value in pairs.items()]
    if is_values(field):
        given = raw if isinstance(raw, list) else _default(field) if key not in table else [raw]
        return [_as_text(value) for value in given or ()]
    if key not in table:
        standard = _default(field)
        # A choice shows what counts where nothing is written; an input shows it beside itself.
        shown = isinstance(standard, bool) or (isinstance(standard, str) and has_choices(field))
        return _as_text(standard) if shown else ""
    return _as_text(raw) if is_plain(field) else toml_text.write({"x": raw}).partition(" = ")[2].strip()


def typed_row(row: fields.Nested | StrategyField, raw: Any) -> Typed:
    """Return one row of a list as texts; an empty one for None."""
    return typed_strategy(row, raw) if isinstance(row, StrategyField) else typed_table(row.schema, raw)


def has_choices(field: fields.Field[Any]) -> bool:
    """Return whether a field takes one of certain words."""
    return hasattr(getattr(field, "validate", None), "choices")


def _default(field: fields.Field[Any]) -> Any:
    return field.load_default() if callable(field.load_default) else field.load_default


def _as_text(raw: Any) -> str:
    if isinstance(raw, bool):
        return TICKED if raw else ""
    if isinstance(raw, datetime) and raw.tzinfo is not None:
        # As people read clocks here; seconds stand only where there are some.
        try:
            words = local(raw).replace(tzinfo=None).isoformat()
        except OverflowError:
            return raw.isoformat()
        return words.removesuffix(":00") if len(words) > 16 else words
    if isinstance(raw, date | time):
        return raw.isoformat()
    if isinstance(raw, Decimal):
        return f"{raw:f}"
    return raw if isinstance(raw, str) else toml_text.write({"x": raw}).partition(" = ")[2].strip()


# --- to a document --------------------------------------------------------------------------------------------


def document_table(schema: Schema, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table that was typed as a document has it; what was left empty is not in it."""
    found = ((key, field, _raw(field, typed.get(key))) for key, field in keys_of(schema).items())
    return {key: raw for key, field, raw in found if raw is not None}


def says_nothing(schema: Schema, typed: Mapping[str, Any] | None) -> bool:
    """Return whether a table says no more than one that is left out."""
    return document_table(schema, typed or {}) == document_table(schema, typed_table(schema, {}))


def _raw(field: fields.Field[Any], typed: Any) -> Any:
    row = rows_of(field)
    if isinstance(field, StrategyField):
        return _raw_strategy(field, typed or {})
    if isinstance(field, fields.Nested):
        needed = field.required or not says_nothing(field.schema, typed)
        return document_table(field.schema, typed or {}) if needed else None
    if row is not None:
        rows = [_raw_row(row, item) for item in typed or ()]
        return rows if rows or field.required else None
    if is_mapping(field):
        pairs = [pair for pair in typed or () if pair["key"] or pair["value"]]
        table = {pair["key"].strip(): plain_value(field.value_field, pair["value"]) for pair in pairs}  # type: ignore[attr-defined]
        return table if table or field.required else None
    if is_values(field):
        values = [plain_value(field.inner, text) for text in typed or () if text]  # type: ignore[attr-defined]
        # None ticked is something else than nothing said where something would count by itself.
        return values if values or field.required or _default(field) else None
    if isinstance(field, Flag | fields.Boolean):
        return typed == TICKED if typed == TICKED or _default(field) is True else None
    return plain_value(field, typed) if typed else None


def _raw_row(row: fields.Nested | StrategyField, typed: Mapping[str, Any]) -> dict[str, Any]:
    return _raw_strategy(row, typed) if isinstance(row, StrategyField) else document_table(row.schema, typed)


def _raw_strategy(field: StrategyField, typed: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(typed.get("kind") or "")
    known = axis_of(field)
    named = {"kind": kind} if kind else {}
    return {**named, **(document_table(known[kind], typed) if kind in known else {})}


def plain_value(field: fields.Field[Any], text: str) -> Any:
    """Return what a text means to a field: the first reading that the field takes, else the most likely one."""
    readings = list(_readings(field, text.strip() if "\n" not in text else f"{text.strip()}\n"))
    for reading in readings:
        try:
            field.deserialize(reading)
        except ValidationError:
            continue
        return reading
    # The field's fault should be about the number, not about its being a text.
    number = next((reading for reading in readings if isinstance(reading, int | Decimal)), None)
    return readings[0] if number is None or isinstance(field, fields.String) else number


def _readings(field: fields.Field[Any], text: str) -> Iterator[Any]:
    """Yield what a text may mean: itself, a number, a percentage, a flag, a date or time, and TOML."""
    yield text
    bare = text.replace(",", "").replace("，", "").removesuffix("元").strip()
    if _NUMBER.fullmatch(bare):
        yield Decimal(bare) if "." in bare else int(bare)
        yield f"{bare}%"
    if text == TICKED:
        yield True
    for read in (date.fromisoformat, _moment, time.fromisoformat, _toml):
        try:
            yield read(text)
        except ValueError:
            continue


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=SHANGHAI) if read.tzinfo is None else read


def _toml(text: str) -> Any:
    return tomllib.loads(f"x = {text}", parse_float=Decimal)["x"]


# --- from a posted form ---------------------------------------------------------------------------------------


class Posted:
    """The names and texts of a posted form; a name is the place of its input, counted from 1."""

    #: More rows than that are no campaign.
    MOST_ROWS = 500

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._texts = {name: [text.replace("\r\n", "\n") for text in texts] for name, texts in names.items()}
        self._rows: dict[str, set[int]] = {}
        for name in names:
            for found in re.finditer(r"\[([0-9]{1,4})\]", name):
                self._rows.setdefault(name[: found.start()], set()).add(int(found[1]))

    def text(self, place: str) -> str:
        return self._texts.get(place, [""])[0]

    def texts(self, place: str) -> list[str]:
        """Return several values: ticked ones, or those typed into one input."""
        parts = (part.strip() for text in self._texts.get(place, ()) for part in _ONE_VALUE.findall(text))
        return [part for part in parts if part]

    def rows(self, place: str) -> list[str]:
        """Return the places of the rows of a list, in order."""
        return [f"{place}[{number}]" for number in sorted(self._rows.get(place, ()))[: self.MOST_ROWS]]

    def table(self, schema: Schema, place: str = "") -> Typed:
        """Return a table as it was typed."""
        return {key: self._field(field, f"{place}.{key}" if place else key) for key, field in keys_of(schema).items()}

    def _field(self, field: fields.Field[Any], place: str) -> Any:
        row = rows_of(field)
        if row is not None:
            return [self._field(row, one) for one in self.rows(place)]
        if isinstance(field, StrategyField):
            kind = self.text(f"{place}.kind")
            known = axis_of(field)
            return {"kind": kind, **(self.table(known[kind], place) if kind in known else {})}
        if isinstance(field, fields.Nested):
            return self.table(field.schema, place)
        if is_mapping(field):
            return [{"key": self.text(f"{one}.key"), "value": self.text(f"{one}.value")} for one in self.rows(place)]
        return self.texts(place) if is_values(field) else self.text(place)


# --- what a form cannot hold ----------------------------------------------------------------------------------


def left_behind(schema: Schema, raw: Any, place: str = "") -> list[str]:
    """Return the places in a document that no input stands for: keys and kinds that no schema has."""
    if not isinstance(raw, Mapping):
        return [place] if raw is not None else []
    known = keys_of(schema)
    lost = [f"{place}.{key}" if place else str(key) for key in raw if key not in known]
    for key, field in known.items():
        if key in raw:
            lost += _left_in(field, raw[key], f"{place}.{key}" if place else key)
    return lost


def _left_in(field: fields.Field[Any], raw: Any, place: str) -> list[str]:
    row = rows_of(field)
    if isinstance(field, StrategyField):
        kind = raw.get("kind", field.default_kind) if isinstance(raw, Mapping) else None
        known = axis_of(field)
        rest = {key: value for key, value in raw.items() if key != "kind"} if isinstance(raw, Mapping) else raw
        return left_behind(known[kind], rest, place) if kind in known else [place]
    if isinstance(field, fields.Nested):
        return left_behind(field.schema, raw, place)
    if row is not None:
        rows = raw if isinstance(raw, list) else []
        return [lost for number, item in enumerate(rows, 1) for lost in _left_in(row, item, f"{place}[{number}]")]
    return []
