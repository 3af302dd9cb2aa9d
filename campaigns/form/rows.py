"""Adding, removing and moving rows of the form: what its buttons do to what was typed."""

import re
from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from campaigns.form import typed as texts
from campaigns.form.typed import Typed
from campaigns.terms.axis import StrategyField

_STEP = re.compile(r"([A-Za-z0-9_-]+)|\[([0-9]{1,4})\]")


def change(schema: Schema, typed: Typed, action: str) -> str:
    """Do ``add:PLACE``, ``remove:PLACE[N]``, ``up:PLACE[N]`` or ``down:PLACE[N]``; return the place of the row that was
    added or moved, "" where there is none. What names no list of the form changes nothing."""
    verb, _, place = action.partition(":")
    number = 0
    if verb != "add":
        found = re.fullmatch(r"(.*)\[([0-9]{1,4})\]", place)
        if not found:
            return ""
        place, number = found[1], int(found[2])
    at = _list_at(schema, typed, place)
    if at is None:
        return ""
    rows, field = at
    if verb == "add" and len(rows) < texts.Posted.MOST_ROWS:
        rows.append(_empty(field))
        return f"{place}[{len(rows)}]"
    if not 1 <= number <= len(rows):
        return ""
    if verb == "remove":
        del rows[number - 1]
        return ""
    target = number + {"up": -1, "down": 1}.get(verb, 0)
    if 1 <= target <= len(rows) and target != number:
        rows.insert(target - 1, rows.pop(number - 1))
        return f"{place}[{target}]"
    return ""


def _empty(field: fields.Field[Any]) -> Typed:
    row = texts.rows_of(field)
    return texts.typed_row(row, None) if row is not None else {"key": "", "value": ""}


def _list_at(schema: Schema, typed: Any, place: str) -> tuple[list[Any], fields.Field[Any]] | None:
    """Return the rows at a place and the field that they belong to."""
    steps: Sequence[tuple[str, str]] = _STEP.findall(place)
    known = texts.keys_of(schema)
    field: fields.Field[Any] | None = None
    for key, number in steps:
        if number:
            row = texts.rows_of(field) if field is not None else None
            if row is None or not isinstance(typed, list) or not 1 <= int(number) <= len(typed):
                return None
            typed, field = typed[int(number) - 1], row
        else:
            field = known.get(key)
            if field is None or not isinstance(typed, dict):
                return None
            typed = typed.get(key)
        known = _keys_within(field, typed)
    is_list = field is not None and (texts.rows_of(field) is not None or texts.is_mapping(field))
    return (typed, field) if field is not None and is_list and isinstance(typed, list) else None


def _keys_within(field: fields.Field[Any], typed: Any) -> dict[str, fields.Field[Any]]:
    if isinstance(field, StrategyField):
        chosen = texts.axis_of(field).get(typed.get("kind", "")) if isinstance(typed, dict) else None
        return texts.keys_of(chosen) if chosen is not None else {}
    return texts.keys_of(field.schema) if isinstance(field, fields.Nested) else {}
