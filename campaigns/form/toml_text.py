"""Writing TOML, as campaign files have it: tables of one thing per line, and small tables within them on one line.

The standard library reads TOML and does not write it. What is written here is read back as the same values:
texts, whole numbers, decimals, flags, dates, times, lists and tables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_INDENT = "    "
#: What stands within quotes of any kind, or a comment. Long quotes come first, since short ones would split them.
_PARTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""+|\'\'\'.*?\'\'\'+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|(#[^\n]*)',
    flags=re.DOTALL,
)


def write(document: Mapping[str, Any]) -> str:
    """Return a document as TOML. What is neither table nor list of tables comes first, as TOML needs it."""
    plain = {key: value for key, value in document.items() if not _is_section(value)}
    blocks = [_lines_of(plain)] if plain else []
    for key, value in document.items():
        if isinstance(value, Mapping):
            blocks.append(f"[{_key(key)}]\n{_lines_of(value)}")
        elif _is_section(value):
            blocks += [f"[[{_key(key)}]]\n{_lines_of(item)}" for item in value]
    return "\n".join(blocks)


def comments(text: str) -> int:
    """Return how many comments a TOML text has."""
    return sum(1 for part in _PARTS.finditer(text) if part[1])


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) or _is_rows(value)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _lines_of(table: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value, depth=0)}\n" for key, value in table.items())


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _value(value: Any, *, depth: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value, alone=depth == 0)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        # What is within braces stays on the line; only lists in it may be broken.
        return "{ " + ", ".join(f"{_key(key)} = {_value(item, depth=depth + 1)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence):
        return _list(value, depth=depth)
    return str(value)


def _list(values: Sequence[Any], *, depth: int) -> str:
    if len(values) > 1 and _is_rows(values):
        indent = _INDENT * (depth + 1)
        rows = "".join(f"{indent}{_value(item, depth=depth + 1)},\n" for item in values)
        return f"[\n{rows}{_INDENT * depth}]"
    return "[" + ", ".join(_value(item, depth=depth + 1) for item in values) + "]"


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        return str(value).lower().replace("infinity", "inf").removeprefix("s")
    words = f"{value:f}"
    return words if "." in words else f"{words}.0"


def _text(text: str, *, alone: bool) -> str:
    """Several lines stand as several lines where the text has the line for itself; TOML drops the first line end."""
    if not alone or "\n" not in text:
        return _quoted(text)
    lines = [_quoted(line)[1:-1] for line in text.split("\n")]
    return '"""\n' + "\n".join(lines) + '"""'


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
