"""Statements that are built once per process, and done for many rows in one go.

What SQLAlchemy does for one statement (build it, find it in its cache, bind, make a result) costs as much as thirty
rows do, and a batch of a dozen claims asks fifteen statements. A statement here is written once, in SQLAlchemy's own
words, compiled at its first use, and from then on only handed to the driver.

It is written for the row at hand, whose values are named by ``given``:

    _END = Prepared(
        lambda given: update(Thing).where(given.matches(Thing.id, "id")).values(status=given["status"]),
        id=Thing.id,
        status=Thing.status,
    )
    _END.change([{"id": 1, "status": "gone"}, {"id": 2, "status": "lost"}])

On PostgreSQL all rows travel as one JSON text, from which ``json_to_recordset`` makes a table: one statement and one
round trip, the same text for any number of rows, parsed and planned once per connection. SQLite, without a network to
spare, takes the rows singly, for some microseconds each. What is the same for all rows is a ``bindparam`` of the
statement.

Such a statement is seen by listeners to ``before_cursor_execute`` and fails as any other does; it changes nothing that
the session remembers.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    column,
    func,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

from foundation.db import db

Row = Mapping[str, Any]

#: The rows, and the keys of those that are looked up by one, as parameters; no column is called so.
_ROWS = "_rows"
_KEYS = "_keys_"
_VALUE = "_value_"
#: JSON of more rows at a time gains nothing and takes memory.
_MOST_AT_ONCE = 1_000


class Given:
    """The rows that a statement is done for, as it is being written: ``given["name"]`` is the value of the row at
    hand."""

    def __init__(self, types: Mapping[str, Any], dialect: Dialect) -> None:
        self.types = types
        self.is_postgresql = dialect.name == "postgresql"
        self._values: dict[str, ColumnElement[Any]] = {}
        if self.is_postgresql:
            rows = func.json_to_recordset(bindparam(_ROWS, type_=postgresql.JSON))
            columns = [column(name, _read_as(type_)) for name, type_ in types.items()]
            table = rows.table_valued(*columns).render_derived("given", with_types=True)
            self._values = {name: table.c[name] for name in types}

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        type_ = self.types[name]
        if not self.is_postgresql:
            return bindparam(_VALUE + name, type_=type_)
        return sql_cast(self._values[name], type_) if isinstance(type_, JSON) else self._values[name]

    def matches(self, column: Any, name: str) -> ColumnElement[bool]:
        """Return the condition that a column is this value of the row at hand.

        The planner takes an array of keys for few and goes by the index; a table of unknown size it may join by
        reading everything.
        """
        if self.is_postgresql and len(self.types) == 1:
            return self.among(column, name)
        this_one = cast("ColumnElement[bool]", column == self[name])
        return and_(self.among(column, name), this_one) if self.is_postgresql else this_one

    def among(self, column: Any, name: str) -> ColumnElement[bool]:
        """Return the condition, of PostgreSQL's, that a column is this value of any given row."""
        return cast("ColumnElement[bool]", column == any_(self._keys(name)))

    def all_there(self, column: Any, name: str, *only_if: Any) -> ColumnElement[bool]:
        """Return the condition that every given row is found by this value, so that nothing is locked where one is
        missing. Always so on SQLite, where the writer is alone."""
        if not self.is_postgresql:
            return true()
        there = select(func.count(column)).where(self.among(column, name), *only_if)
        return there.scalar_subquery() == func.cardinality(self._keys(name))

    def in_turn(
        self, key: Any, column: Any, name: str, brings: str, *only_if: ColumnElement[bool]
    ) -> tuple[ColumnElement[Any], list[ColumnElement[bool]]]:
        """Return, for an UPDATE of the rows that are found by a value, another value of the row at hand and the
        conditions.

        PostgreSQL would update in whatever order it finds the rows; it locks them first, in the order of ``key``, where
        ``only_if`` holds.
        """
        if not self.is_postgresql:
            return self[brings], [self.matches(column, name), *only_if]
        chosen = select(key.label("key"), self[brings].label("brings")).where(self.matches(column, name), *only_if)
        turn = chosen.order_by(key).with_for_update(of=key.class_).cte("turn")
        return turn.c.brings, [key == turn.c.key, self.among(column, name)]

    def _keys(self, name: str) -> ColumnElement[Any]:
        return bindparam(_KEYS + name, type_=postgresql.ARRAY(_read_as(self.types[name])))

    def insert(self, table: Any, **same: Any) -> Any:
        """Return an INSERT of the given rows, in their order, to which ON CONFLICT may be added. ``same``: further
        columns and what all rows have there. Columns of neither have their default."""
        table = getattr(table, "__table__", table)
        values = {name: self[name] for name in self.types} | same
        for each in table.columns:
            if each.default is not None and each.name not in values:
                if not each.default.is_scalar:
                    raise ValueError(f"{each} has a default that is made for each row")
                values[each.name] = each.default.arg
        if not self.is_postgresql:
            return sqlite.insert(table).values(values).inline()
        typed = [
            value if name in self.types else sql_cast(value, _without_length(table.columns[name].type))
            for name, value in values.items()
        ]
        return postgresql.insert(table).from_select(list(values), select(*typed), include_defaults=False)


def by_no_index(column: Any) -> ColumnElement[str]:
    """Return a text column as one that no index knows, for a condition beside ``matches``.

    A state that was rare when the table was last analysed may be a million rows in a rush; the planner must not look
    for the given rows among them.
    """
    return cast("ColumnElement[str]", column.concat(""))


class Prepared:
    """A statement that is built once. ``given``: the columns of its rows, as a model's columns or as types."""

    def __init__(self, build: Callable[[Given], Any], **given: Any) -> None:
        self._build = build
        self._given = given
        self._ready: dict[str, _Ready] = {}

    def rows(self, given: Sequence[Row], **same: Any) -> list[Any]:
        """Do it for these rows and return what it finds or returns, named as its columns are."""
        return self._on(_connection()).rows(given, same) if given else []

    def change(self, given: Sequence[Row], **same: Any) -> int:
        """Do it for these rows and return how many were reached."""
        return self._on(_connection()).change(given, same) if given else 0

    def do(self, given: Sequence[Row], **same: Any) -> None:
        """Do it for these rows, whatever it reaches; inside ``in_one_go`` without waiting for it."""
        if given:
            self._on(_connection()).do(given, same)

    def _on(self, connection: Connection) -> "_Run":
        dialect = connection.dialect
        ready = self._ready.get(dialect.name)
        if ready is None:
            types = {name: getattr(of, "type", of) for name, of in self._given.items()}
            ready = self._ready[dialect.name] = _Ready(self._build(Given(types, dialect)), types, dialect)
        return _Run(ready, connection)


class _Ready:
    """A statement compiled for one engine, and how values go in and out."""

    def __init__(self, statement: Any, types: Mapping[str, Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.is_postgresql = dialect.name == "postgresql"
        self.places = None if self.is_postgresql else tuple(compiled.positiontup)
        binds = {compiled.bind_names[bind]: bind for bind in compiled.binds.values()}
        goes_in = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
        #: what stands in the statement itself
        self.fixed = {
            name: _scalar(goes_in[name](bind.value) if goes_in[name] else bind.value, self.is_postgresql)
            for name, bind in binds.items()
            if not bind.required
        }
        self.goes_in = {name: process for name, process in goes_in.items() if process is not None}
        self.keys = [name.removeprefix(_KEYS) for name in binds if name.startswith(_KEYS)]
        self.as_json = {name: into for name, type_ in types.items() if (into := _into_json(type_, dialect))}
        self.takes_rows = _ROWS in binds
        self.values = [(name, _VALUE + name, self.goes_in.get(_VALUE + name)) for name in types]
        found = list(statement.exported_columns) if hasattr(statement, "exported_columns") else []
        self.row: Any = namedtuple("row", [each.key for each in found]) if found else None
        comes_out = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in found]
        self.comes_out = comes_out if any(comes_out) else None


class _Run:
    """One use of a statement, on one connection."""

    def __init__(self, ready: _Ready, connection: Connection) -> None:
        self.ready = ready
        self.connection = connection

    def rows(self, given: Sequence[Row], same: Row) -> list[Any]:
        row = self.ready.row
        assert row is not None, "a statement that returns nothing"
        comes_out = self.ready.comes_out
        with self._cursor(given) as cursor:
            found: list[Any] = []
            for parameters in self._parameters(given, same):
                cursor.execute(self.ready.sql, parameters)
                found += cursor.fetchall()
        if comes_out is None:
            return list(map(row._make, found))
        return [
            row._make([value if out is None else out(value) for out, value in zip(comes_out, line, strict=True)])
            for line in found
        ]

    def change(self, given: Sequence[Row], same: Row) -> int:
        with self._cursor(given) as cursor:
            if not self.ready.is_postgresql and len(given) > 1:
                cursor.executemany(self.ready.sql, list(self._parameters(given, same)))
                return int(cursor.rowcount)
            changed = 0
            for parameters in self._parameters(given, same):
                cursor.execute(self.ready.sql, parameters)
                if self.ready.is_postgresql:
                    _wait_for_all(cursor.connection)
                changed += cursor.rowcount
            return changed

    def do(self, given: Sequence[Row], same: Row) -> None:
        with self._cursor(given) as cursor:
            if not self.ready.is_postgresql:
                cursor.executemany(self.ready.sql, list(self._parameters(given, same)))
                return
            for parameters in self._parameters(given, same):
                cursor.execute(self.ready.sql, parameters)

    def _parameters(self, given: Sequence[Row], same: Row) -> Iterator[Any]:
        """Yield the parameters of each execution that it takes."""
        ready = self.ready
        shared = dict(ready.fixed)
        for name, value in same.items():
            process = ready.goes_in.get(name)
            shared[name] = _scalar(process(value) if process else value, ready.is_postgresql)
        if ready.places is not None:
            for row in given:
                for name, parameter, process in ready.values:
                    shared[parameter] = process(row[name]) if process else row[name]
                yield tuple([shared[place] for place in ready.places])
            return
        for start in range(0, len(given), _MOST_AT_ONCE):
            part = given if len(given) <= _MOST_AT_ONCE else given[start : start + _MOST_AT_ONCE]
            if ready.as_json:
                part = [{**row, **{name: into(row[name]) for name, into in ready.as_json.items()}} for row in part]
            for name in ready.keys:
                shared[_KEYS + name] = _array([row[name] for row in part])
            if ready.takes_rows:
                shared[_ROWS] = orjson.dumps(part).decode()
            yield shared

    @contextmanager
    def _cursor(self, given: Sequence[Row]) -> Iterator[Any]:
        """Yield the driver's cursor; its failures are told as SQLAlchemy tells them."""
        connection, sql = self.connection, self.ready.sql
        cursor = _driver(connection).cursor()
        for notice in connection.dispatch.before_cursor_execute:
            notice(connection, cursor, sql, {}, None, len(given) > 1)
        try:
            with _failures_told(connection, sql):
                yield cursor
        finally:
            cursor.close()


@contextmanager
def in_one_go() -> Iterator[None]:
    """Send the statements of the block one after the other without waiting for each, where there is a network to wait
    for; whoever asks for rows or for a count waits for all that were sent before.

    What has no answer may fail later than it was asked for: at the end of the block at the latest. Only ``Prepared``
    statements may stand in it, for SQLAlchemy looks at once what its own have reached.
    """
    connection = _connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    with _failures_told(connection, "in one go"), _driver(connection).pipeline():
        yield


def _wait_for_all(driver: Any) -> None:
    if driver.pgconn.pipeline_status:
        with driver.pipeline() as pipeline:
            pipeline.sync()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def _failures_told(connection: Connection, sql: str) -> Iterator[None]:
    """Tell the driver's failures as SQLAlchemy tells them."""
    base = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except base as failure:
        lost = connection.dialect.is_disconnect(failure, connection.connection.driver_connection, None)
        if lost:
            connection.invalidate(failure)
        told = DBAPIError.instance(
            sql, None, failure, base, connection_invalidated=lost, dialect=connection.dialect, hide_parameters=True
        )
        raise told from failure


def _without_length(type_: Any) -> Any:
    # A cast to a bounded text cuts off what is too long; an INSERT refuses it.
    return Text() if isinstance(type_, String) else type_


def _read_as(type_: Any) -> Any:
    """Return the type as which a column of the given rows is read out of JSON."""
    return Text() if isinstance(type_, JSON) else _without_length(type_)


def _scalar(value: Any, is_postgresql: bool) -> Any:
    # The driver sends an integer as the smallest type that holds it, and each would be another statement to the server.
    return str(value) if is_postgresql and type(value) is int else value


def _into_json(type_: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes a column's values such as JSON may hold and PostgreSQL reads, None where they are."""
    if isinstance(type_, JSON):
        return lambda value: json.dumps(value, ensure_ascii=False)
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    if not isinstance(getattr(type_, "impl_instance", type_), LargeBinary):
        return cast("Callable[[Any], Any] | None", process)
    # The driver's wrapper around bytes is for the driver; the server reads this text as the same.
    return lambda value: None if value is None else f"\\x{process(value).obj.hex()}"


def _array(keys: Sequence[Any]) -> str:
    """Return the text of an array as PostgreSQL reads it."""
    quoted = [str(key).replace("\\", "\\\\").replace('"', '\\"') for key in keys]
    return '{"' + '","'.join(quoted) + '"}'


def _connection() -> Connection:
    session = db.session()
    session.flush()
    return session.connection()


_inserts: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], Prepared] = {}


def insert_rows(table: Any, rows: Sequence[Mapping[str, Any]], **same: Any) -> None:
    """Insert many rows of one model in one round trip. Each has the same columns; ``same``: further ones, and what all
    rows have there."""
    if not rows:
        return
    table, names, shared = getattr(table, "__table__", table), tuple(rows[0]), tuple(same)
    insert = _inserts.get((table, names, shared))
    if insert is None:
        insert = _inserts[table, names, shared] = Prepared(
            lambda given: given.insert(table, **{name: bindparam(f"same_{name}") for name in shared}),
            **{name: table.columns[name] for name in names},
        )
    insert.do(rows, **{f"same_{name}": value for name, value in same.items()})
