"""Fixtures for every test.

``app`` is an application on a database of its own; a test that uses it (or ``client``) runs twice, on SQLite
and on PostgreSQL, and after it the ledger is audited. ``postgres_app`` is for what only PostgreSQL shows, such
as races between transactions. REQUIRE_ALL=1 makes a missing PostgreSQL or browser a failure instead of a skip.
"""

import gc
import os
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from argon2 import PasswordHasher
from flask import Flask

from foundation import clock as clocks
from foundation.clock import SHANGHAI, SimulatedClock
from foundation.db import db
from identity import passwords
from ledger import audit
from tests import databases, people, sharing
from tests.browsing import Browser
from webapp import create_app

# A test decides for itself what kind of installation it looks at.
for _name in ("VOUCHER_ENV", "DATABASE_URL", "TRUSTED_PROXIES", "PROMETHEUS_MULTIPROC_DIR"):
    os.environ.pop(_name, None)

# Argon2 as slow as it should be would be most of the time that these tests take.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
passwords.NOBODYS_HASH = passwords._hasher.hash("no account has this password")

sharing.share_addresses()

#: When tests with the ``clock`` fixture begin: a Monday morning during the 2023 campaign.
BEGINNING = datetime(2023, 5, 8, 10, 0, tzinfo=SHANGHAI)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        databases.begin_run()


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later garbage collection: it stays until the end anyway."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    starter = not hasattr(config, "workerinput")
    if starter:
        databases.drop_postgres_template()
    databases.close()
    if starter:
        databases.end_run()


def missing(what: str) -> None:
    """Skip the test because ``what`` is not there; fail it where everything has to be."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, but {what}")
    pytest.skip(what)


@pytest.fixture
def clock() -> Iterator[SimulatedClock]:
    """A clock that stands at BEGINNING until the test moves it; name it before ``app`` to build the past."""
    with clocks.simulated(BEGINNING) as simulated:
        yield simulated


def _postgres_url() -> Iterator[str]:
    try:
        fresh = databases.fresh_postgres()
        with fresh as url:
            yield url
    except databases.NoPostgres as reason:
        missing(str(reason))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database; the test runs once on each engine."""
    if request.param == "postgres":
        yield from _postgres_url()
    else:
        with databases.fresh_sqlite() as url:
            yield url


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL database."""
    yield from _postgres_url()


@pytest.fixture
def sqlite_url() -> Iterator[str]:
    """A fresh SQLite database."""
    with databases.fresh_sqlite() as url:
        yield url


def _running(url: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    app = create_app(databases.settings_for(url))
    sharing.share_statements(app)
    app.testing = True
    app.test_client_class = Browser
    # An unexpected exception is answered as in production; a test that wants to see it turns this on.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        try:
            yield app
            db.session.remove()
            _audit(ledger_alone=request.node.get_closest_marker("ledger_alone") is not None)
        finally:
            # Also after a finding: connections left open would be reported in a later test.
            db.session.remove()
            db.engine.dispose()


def _audit(*, ledger_alone: bool) -> None:
    """Prove the books; of a test that posts without documents, only what the ledger itself promises."""
    findings = [found for found in audit.run() if not ledger_alone or found.check.name.startswith("ledger_")]
    assert not findings, f"the ledger audit found: {findings}"


@pytest.fixture
def app(database_url: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application, its context pushed, on a fresh database."""
    yield from _running(database_url, request)


@pytest.fixture
def postgres_app(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on PostgreSQL only: for races."""
    yield from _running(postgres_url, request)


@pytest.fixture
def sqlite_app(sqlite_url: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on SQLite only: for what does not depend on the engine."""
    yield from _running(sqlite_url, request)


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser with nobody signed in; ``people.sign_in(client, LIN)`` signs someone in."""
    return people.browser_of(app)


@pytest.fixture
def browser_of(app: Flask) -> Callable[..., Browser]:
    """Make browsers, each a device of its own: ``browser_of(ZHOU)``."""
    return lambda who=None: people.browser_of(app, who)
