"""How Alembic runs our migrations: the same files on SQLite and on PostgreSQL, each run wholly or not at all."""

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy.engine import Connection

from foundation.crypto import EncryptedBytes, EncryptedText
from foundation.db import UTCDateTime, db

#: Any number, so long as nothing else of ours locks it: two nodes that start together migrate one after the other.
MIGRATION_LOCK = 4_417_001


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types as what they are in the database, so that a migration outlives the classes."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedText | EncryptedBytes):
        return "sa.LargeBinary()"
    return False


def skip_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Do not write a migration file that changes nothing."""
    options = context.config.cmd_opts
    if getattr(options, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives.clear()


def configure(**where: Any) -> None:
    options = dict(current_app.extensions["migrate"].configure_args)
    context.configure(
        target_metadata=db.metadata,
        render_item=render_item,
        process_revision_directives=skip_empty,
        transactional_ddl=True,
        **options,
        **where,
    )


def run_offline() -> None:
    """Print the SQL instead of running it: ``flask db upgrade --sql``."""
    configure(url=db.engine.url.render_as_string(hide_password=False), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with db.engine.connect().execution_options(writing=True) as connection:
        if connection.dialect.name == "sqlite":
            _run_on_sqlite(connection)
        else:
            _run_on_postgresql(connection)


def _run_on_postgresql(connection: Connection) -> None:
    configure(connection=connection)
    with context.begin_transaction():
        # A till must not wait long for a lock, but building an index over a large table may.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        context.run_migrations()


def _run_on_sqlite(connection: Connection) -> None:
    # SQLite alters a table by copying and dropping it, which its foreign keys would forbid. The pragma does
    # nothing inside a transaction, so it goes to the driver before one begins.
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"the migration leaves rows that point nowhere: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
