"""What is sealed, and its canonical text: the same bytes for a row on either database, for as long as the row is kept.

Each room registers its append-only tables, as it registers its audit checks. A table has forms: which columns a row's
text is made of. Seals remember the form that they were made in, so a column that comes later goes into a new form, and
what was sealed before stays as it was. ``docs/seals.md`` has the text byte by byte.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Date, DateTime, Integer, LargeBinary, String, Table, Uuid, bindparam, text
from sqlalchemy.engine import Connection
from sqlalchemy.types import TypeDecorator

from foundation.crypto import keyed_hash
from foundation.states import StateChange
from ledger.models import Transfer
from ledger.seal_models import SealCheck

#: Bytes of a row's digest that a leaf keeps, and of its id.
DIGEST_BYTES, ID_BYTES = 8, 16
LEAF_BYTES = ID_BYTES + DIGEST_BYTES
_ID_DIGITS = 2 * ID_BYTES


class NoCanonicalText(TypeError):
    """A column whose values have no one spelling on both databases was to be sealed: a fault in our code."""


@dataclass(frozen=True)
class Form:
    """Columns after the id, in order. Of ``hidden`` ones, which come last, only a keyed hash leaves the database: what
    people wrote themselves may name somebody."""

    plain: tuple[str, ...]
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class SealedTable:
    """``forms``: from the first to the one in which rows are sealed now; counted from 1."""

    table: Table
    forms: tuple[Form, ...]

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def key(self) -> str:
        [key] = self.table.primary_key.columns
        return key.name


_tables: dict[str, SealedTable] = {}


def register(model: Any, *forms: Form) -> None:
    """Have a table sealed. Raises ValueError where it is registered twice in other words; what has no canonical text
    is told when it is first read, since columns know their types only once all tables are known."""
    table: Table = model.__table__
    sealed = SealedTable(table, forms)
    if _tables.setdefault(table.name, sealed) != sealed:
        raise ValueError(f"{table.name} is registered twice")


def tables() -> list[SealedTable]:
    """Return every registered table, by name."""
    return [_tables[name] for name in sorted(_tables)]


def form_of(name: str, number: int) -> tuple[SealedTable, Form] | None:
    """Return a table's form by its number, or None where this software knows no such thing."""
    sealed = _tables.get(name)
    if sealed is None or not 1 <= number <= len(sealed.forms):
        return None
    return sealed, sealed.forms[number - 1]


def id_of(line: bytes) -> str:
    """Return the id of a row's line, in 32 hexadecimal digits."""
    return line[:_ID_DIGITS].decode()


def digest_of(line: bytes) -> bytes:
    """Return the digest of what follows the id in a row's line."""
    return hashlib.sha256(line[_ID_DIGITS + 1 :]).digest()[:DIGEST_BYTES]


def leaves_of(lines: Sequence[bytes]) -> bytes:
    """Return id and digest of each line, one after the other."""
    sha256, rest = hashlib.sha256, _ID_DIGITS + 1
    return b"".join(
        [bytes.fromhex(line[:_ID_DIGITS].decode()) + sha256(line[rest:]).digest()[:DIGEST_BYTES] for line in lines]
    )


def parted(leaves: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the digest of each leaf."""
    for start in range(0, len(leaves), LEAF_BYTES):
        yield leaves[start : start + ID_BYTES].hex(), leaves[start + ID_BYTES : start + LEAF_BYTES]


# --- reading -------------------------------------------------------------------------------------------------


def rows_between(
    connection: Connection, sealed: SealedTable, form: Form, after: UUID | None, upto: UUID, most: int | None = None
) -> list[bytes]:
    """Return the lines of rows with ``after`` < id <= ``upto``, by id; at most so many. A line is id, tab, the rest."""
    wanted = f"{_range(sealed, after)} ORDER BY {sealed.key}"
    parameters = _bounds(after, upto)
    if most is not None:
        wanted, parameters = f"{wanted} LIMIT :most", parameters | {"most": most}
    return _rows(connection, sealed, form, wanted, parameters)


def rows_of(connection: Connection, sealed: SealedTable, form: Form, ids: Sequence[str]) -> list[bytes]:
    """Return the lines of those of the ids that are there, by id."""
    wanted = f"{sealed.key} IN :ids ORDER BY {sealed.key}"
    return _rows(connection, sealed, form, wanted, {"ids": [UUID(each) for each in ids]})


def ids_between(connection: Connection, sealed: SealedTable, after: UUID | None, upto: UUID) -> list[str]:
    """Return the ids with ``after`` < id <= ``upto``, sorted."""
    key = _key(sealed, connection.dialect.name)
    statement = f"SELECT {key} FROM {sealed.name} WHERE {_range(sealed, after)} ORDER BY {sealed.key}"  # noqa: S608
    return list(connection.scalars(_bound(statement), _bounds(after, upto)))


def count_upto(connection: Connection, sealed: SealedTable, upto: UUID | None) -> int:
    """Return how many rows have an id <= ``upto``; None: how many there are."""
    statement = f"SELECT COUNT(*) FROM {sealed.name}"  # noqa: S608 - names of our own tables
    if upto is None:
        return connection.scalar(text(statement)) or 0
    return connection.scalar(_bound(f"{statement} WHERE {_range(sealed, None)}"), _bounds(None, upto)) or 0


def _range(sealed: SealedTable, after: UUID | None) -> str:
    upto = f"{sealed.key} <= :upto"
    return upto if after is None else f"{sealed.key} > :after AND {upto}"


def _bounds(after: UUID | None, upto: UUID) -> dict[str, Any]:
    return {"upto": upto} if after is None else {"after": after, "upto": upto}


def _rows(
    connection: Connection, sealed: SealedTable, form: Form, wanted: str, parameters: dict[str, Any]
) -> list[bytes]:
    """Read rows as bytes. Where nothing in them needs escaping, which is nearly always, the database need not look for
    it in every column of every row."""
    lines, found = _lines(connection, _statement(sealed, form, connection.dialect.name, wanted), parameters)
    if not _is_plain(lines, len(form.plain)):
        statement = _statement(sealed, form, connection.dialect.name, wanted, escaped=True)
        lines, found = _lines(connection, statement, parameters)
    for place, name in enumerate(form.hidden, start=1):
        hide = _hider(sealed.table.columns[name])
        lines = [line + (hide(row[place]) if row[place] else b"\t") for line, row in zip(lines, found, strict=True)]
    return lines


def _lines(connection: Connection, statement: str, parameters: dict[str, Any]) -> tuple[list[bytes], list[Any]]:
    found = _fetched(connection, statement, parameters)
    if found and isinstance(found[0][0], bytes):
        return [row[0] or b"" for row in found], found
    return [_bytes(row[0]) for row in found], found


def _fetched(connection: Connection, statement: str, parameters: dict[str, Any]) -> list[Any]:
    # The driver's own tuples: millions of rows are read for their bytes alone.
    with connection.execute(_bound(statement), parameters) as result:
        return list(result.cursor.fetchall())


def _is_plain(lines: list[bytes], columns: int) -> bool:
    joined = b"\n".join(lines)
    is_whole = joined.count(b"\n") == max(0, len(lines) - 1) and joined.count(b"\t") == len(lines) * columns
    return is_whole and b"\\" not in joined


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value or b"")


def _hider(column: Column[Any]) -> Callable[[Any], bytes]:
    """Return what hides the values of one column: a tab, and 64 digits instead of what is there."""
    purpose = f"seal {column.table.name}.{column.name}"
    is_text = isinstance(column.type, String)

    def hide(value: Any) -> bytes:
        shown = _bytes(value).decode(errors="backslashreplace") if is_text else bytes(value).hex()
        return b"\t" + keyed_hash(purpose, shown).hex().encode()

    return hide


# --- statements ----------------------------------------------------------------------------------------------


def _bound(statement: str) -> Any:
    """Return the statement with ids as each database keeps them."""
    clause = text(statement)
    named = [bindparam(name, type_=Uuid()) for name in ("after", "upto") if f":{name}" in statement]
    if ":ids" in statement:
        named.append(bindparam("ids", type_=Uuid(), expanding=True))
    return clause.bindparams(*named)


@cache
def _columns(sealed: SealedTable, form: Form, dialect: str, escaped: bool) -> str:
    tab = " || CHAR(9) || " if dialect == "sqlite" else " || CHR(9) || "
    for name in form.hidden:
        if not isinstance(_kind(sealed.table.columns[name]), String | LargeBinary):
            raise NoCanonicalText(f"{sealed.name}.{name}")
    columns = [_text_of(sealed.table.columns[name], dialect, escaped=escaped) for name in form.plain]
    line, hidden = tab.join([_key(sealed, dialect), *columns]), list(form.hidden)
    if dialect == "sqlite":
        # As bytes: a value that somebody has broken is to be found, and not to stop the search for it.
        line, hidden = f"CAST({line} AS BLOB)", [f"CAST({name} AS BLOB)" for name in hidden]
    return ", ".join([line, *hidden])


def _statement(sealed: SealedTable, form: Form, dialect: str, wanted: str, *, escaped: bool = False) -> str:
    return f"SELECT {_columns(sealed, form, dialect, escaped)} FROM {sealed.name} WHERE {wanted}"  # noqa: S608


def _key(sealed: SealedTable, dialect: str) -> str:
    return _text_of(sealed.table.columns[sealed.key], dialect, escaped=False)


def _text_of(column: Column[Any], dialect: str, *, escaped: bool) -> str:
    """Return the SQL of a column's text. Raises NoCanonicalText."""
    kind = _kind(column)
    sqlite = dialect == "sqlite"
    if isinstance(kind, Uuid):
        found = column.name if sqlite else f"REPLACE(CAST({column.name} AS TEXT), '-', '')"
    elif isinstance(kind, DateTime):
        found = column.name if sqlite else f"TO_CHAR({column.name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    elif isinstance(kind, Date):
        found = column.name if sqlite else f"TO_CHAR({column.name}, 'YYYY-MM-DD')"
    elif isinstance(kind, Integer):
        found = f"CAST({column.name} AS TEXT)"
    elif isinstance(kind, String | JSON) and not column.nullable:
        found = f"CAST({column.name} AS TEXT)" if isinstance(kind, JSON) and not sqlite else column.name
        return _escaped(found, dialect) if escaped else found
    else:
        # Nothing and an empty text would be spelled alike; anything else is spelled by each database in its own way.
        raise NoCanonicalText(f"{column.table.name}.{column.name}")
    return f"COALESCE({found}, '')" if column.nullable else found


def _kind(column: Column[Any]) -> Any:
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def _escaped(found: str, dialect: str) -> str:
    char = "CHAR" if dialect == "sqlite" else "CHR"
    for plain, spelled in (("'\\'", "'\\\\'"), (f"{char}(9)", "'\\t'"), (f"{char}(10)", "'\\n'")):
        found = f"REPLACE({found}, {plain}, {spelled})"
    return found


register(
    Transfer,
    Form(
        (
            "debit_account_id", "credit_account_id", "amount_fen", "code", "document_kind", "document_id",
            "reverses_id", "posted_at", "bureau_day",
        )
    ),
)  # fmt: skip
register(
    StateChange,
    Form(("machine", "thing_id", "event", "from_state", "to_state", "actor", "campaign_version_id", "at"), ("reason",)),
)
register(SealCheck, Form(("checked_at", "checked_by", "number", "seal", "row_count", "found")))
