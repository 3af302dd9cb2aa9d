import time
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from sqlalchemy import select

import webapp
from foundation.db import db, engine_options
from foundation.prepared import Prepared
from ledger import posting
from ledger.accounts import AccountKey
from ledger.models import LedgerAccount
from tests import databases

_IDS = Prepared(
    lambda given: select(LedgerAccount.address, LedgerAccount.id).where(
        given.matches(LedgerAccount.address, "address")
    ),
    address=LedgerAccount.address,
)


@pytest.fixture
def _connection_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all threads of a race into the database at once, instead of a pool's worth of them."""
    monkeypatch.setattr(
        webapp, "engine_options", lambda url: {**engine_options(url), "pool_size": 40, "pool_timeout": 60}
    )


@pytest.fixture
def race_app(_connection_for_everybody: None, request: pytest.FixtureRequest) -> Flask:
    """The application on PostgreSQL, audited after the test."""
    app: Flask = request.getfixturevalue("postgres_app")
    return app


@pytest.fixture
def broken_app(_connection_for_everybody: None, postgres_url: str) -> Iterator[Flask]:
    """The application on PostgreSQL for tests that take its guards away: nobody audits it but they themselves."""
    app = webapp.create_app(databases.settings_for(postgres_url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def slow_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold each account for a moment before the next one is taken, so that a circle has time to close."""
    at_full_speed = posting._change

    def slowly(deltas_fen: Mapping[AccountKey, int]) -> dict[str, int]:
        by_address = {key.address: {key: fen} for key, fen in deltas_fen.items()}
        in_turn = sorted(_IDS.rows([{"address": address} for address in by_address]), key=lambda row: row.id)
        ids: dict[str, int] = {}
        for address, _ in in_turn:
            ids |= at_full_speed(by_address[address])
            time.sleep(0.003)
        return ids

    monkeypatch.setattr(posting, "_change", slowly)
