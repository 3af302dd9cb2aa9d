"""Books that may be broken."""

from collections.abc import Iterator

import pytest
from flask import Flask

import webapp
from foundation.db import db
from tests import databases
from tests.ledger.sealed_world import seal, some_life


@pytest.fixture
def books(clock, database_url) -> Iterator[Flask]:
    """Sealed books that nobody audits after the test: it will have broken them."""
    app = webapp.create_app(databases.settings_for(database_url))
    with app.app_context():
        some_life()
        seal()
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()
