"""The database: one ``db`` object, one way to open a writing transaction, engine settings for both engines.

SQLite serves the demo and small offices, PostgreSQL everything else; the same migrations and the same
operations run on both. Operations never commit: the door, job or command that calls them does, by
``with transaction():``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Executable,
    Integer,
    MetaData,
    Table,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from foundation.errors import N_, Unavailable

#: Row keys of the tables that staff fill: 64 bits on PostgreSQL, and what SQLite can count up by itself.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Constraint names are spelled by rule, so that migrations can name what they change."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)

#: How long a link to PostgreSQL may lie idle without being asked whether it is still there.
ASKED_AFTER_SECONDS = 1.0

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "cache_size=-65536",
    "temp_store=MEMORY",
    # Checkpoints are what commits wait for; one for every 32 MiB of log instead of every 4.
    "wal_autocheckpoint=8000",
)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment must carry its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DatabaseBusy(Unavailable):
    code = "database_busy"
    message = N_("系统正忙，您的操作没有生效")


class DatabaseGone(Unavailable):
    code = "database_unavailable"
    message = N_("系统暂时连不上数据库，您的操作没有生效")


class OutcomeUnknown(Unavailable):
    """The link was lost while the end of a transaction was on its way: it is kept whole, or nothing of it is."""

    code = "outcome_unknown"
    message = N_("系统暂时连不上数据库，还不知道您的操作是否已经生效")
    way_out = N_("请稍等几秒查看结果，或再试一次；不会重复办理")
    #: whoever asked looks first; no page tries again by itself
    retry_after_seconds = 0


def engine_options(database_url: str) -> dict[str, Any]:
    """Return SQLAlchemy's engine options.

    Every wait has an end: a till must hear "not done, try again" within seconds, not hang on a lost link.
    """
    if database_url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10}}
    return {
        "pool_size": 10,
        "max_overflow": 10,
        "pool_timeout": 5,
        # The link that came back last goes out next: its server process has everything at hand, and few are in use.
        "pool_use_lifo": True,
        "connect_args": {
            "connect_timeout": 5,
            # A link that is cut while we send is noticed by the first, while we wait for an answer by the others.
            "tcp_user_timeout": 3000,
            "keepalives_idle": 2,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "options": "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=5s"
            " -c idle_in_transaction_session_timeout=15s"
            # A machine that is gone keeps no locks: the server asks whether it is still there.
            " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        },
    }


def init_db(app: Flask) -> None:
    """Bind ``db`` to the application and install the SQLite settings."""
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_up_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
        else:
            event.listen(db.engine, "do_connect", _connect_bounded)
            event.listen(db.engine, "checkin", _hurry_again)
            event.listen(db.engine, "checkin", _note_when)
            event.listen(db.engine, "checkout", _ask_whether_alive)


def _connect_bounded(_dialect: Dialect, _record: Any, words: list[Any], named: dict[str, Any]) -> Any:
    # Here, since an installation on SQLite has no need of the driver.
    from foundation.postgres import BoundedConnection

    return BoundedConnection.connect(*words, **named)


def take_longer(seconds: int) -> None:
    """Let the statements of this transaction take so long: for jobs that look through what a whole city has done."""
    if is_postgresql():
        from foundation.postgres import BoundedConnection

        db.session.execute(text(f"SET LOCAL statement_timeout = '{seconds}s'"))
        driver = db.session.connection().connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        driver.answer_seconds = seconds + 3.0


def _hurry_again(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.answer_seconds = None


def _note_when(_connection: Any, record: Any) -> None:
    record.info["back_at"] = time.monotonic()


def _ask_whether_alive(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a link that has lain idle; in a rush it comes back and goes out again within milliseconds, and whoever finds
    it lost then hears "not done, try again"."""
    back_at = record.info.get("back_at")
    if back_at is None or time.monotonic() - back_at < ASKED_AFTER_SECONDS:
        return
    try:
        db.engine.dialect.do_ping(connection)
    except db.engine.dialect.loaded_dbapi.Error as failure:
        # The pool makes new ones: the others will be as dead.
        raise InvalidatePoolError from failure


def _set_up_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is deferred and comes too late; we send BEGIN ourselves.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the write lock at once: a deferred one that turns writer later dies with "database is locked".
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def transaction() -> Iterator[None]:
    """Run the block as one writing transaction: all of it is durable at the end, or none of it.

    A block inside another joins it. Refuses DatabaseBusy or DatabaseGone when the engine fails in a way that
    may pass; nothing has changed then. Refuses OutcomeUnknown when the link was lost at the very end.
    """
    session = db.session
    if session.info.get("in_transaction"):
        yield
        return
    with _engine_failures_refused():
        # Whatever was read before must not pin an old snapshot under this transaction.
        session.rollback()
        session.info["in_transaction"] = True
        try:
            session.connection(execution_options={"writing": True})
            yield
            _commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info["in_transaction"] = False


def _commit() -> None:
    session = db.session
    # What has not reached the engine yet goes there now, so that a fault in it is told from a lost answer.
    session.flush()
    try:
        session.commit()
    except DBAPIError as failure:
        if failure.connection_invalidated:
            raise OutcomeUnknown from failure
        raise


@contextmanager
def _engine_failures_refused() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as failure:
        raise DatabaseBusy from failure
    except DBAPIError as failure:
        raise engine_refusal(failure) or failure from failure


#: What SQLite says when its file cannot be used now; anything else it says is a fault of ours.
_SQLITE_GONE = ("unable to open", "disk i/o", "disk is full", "readonly", "not a database", "malformed")


def engine_refusal(failure: DBAPIError) -> Unavailable | None:
    """Return the refusal that an engine failure means for the caller, or None if it is a fault of ours."""
    text = str(failure.orig).lower()
    sqlstate = getattr(failure.orig, "sqlstate", None) or ""
    # Serialisation, deadlock, lock and statement time-outs, and resources that have run out.
    if "is locked" in text or sqlstate.startswith(("40001", "40P01", "55P03", "57014", "53")):
        return DatabaseBusy()
    if failure.connection_invalidated or sqlstate.startswith(("08", "57P", "25P03", "25P04")):
        return DatabaseGone()
    if isinstance(failure, OperationalError):
        on_sqlite = type(failure.orig).__module__ == "sqlite3"
        if any(words in text for words in _SQLITE_GONE) if on_sqlite else not sqlstate:
            return DatabaseGone()
    return None


def rows_changed(statement: Executable) -> int:
    """Execute an UPDATE or DELETE and return how many rows it reached: the answer of every conditional update."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def upsert(table: Any) -> Any:
    """Return the engine's own INSERT for ``table``, which knows ON CONFLICT; both engines spell it alike."""
    dialect = db.session.get_bind().dialect.name
    make: Callable[[Table], Any] = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(_table(table))


def _table(model_or_table: Any) -> Table:
    return getattr(model_or_table, "__table__", model_or_table)


def is_postgresql(engine: Engine | None = None) -> bool:
    return (engine or db.engine).dialect.name == "postgresql"
