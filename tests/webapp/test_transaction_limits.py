"""Transactions of requests have an end on the server; jobs have none, and old servers are not asked for it."""

from types import SimpleNamespace

import pytest
from sqlalchemy import text

from foundation import postgres
from foundation.db import db, take_longer, transaction
from webapp import transaction_limits
from webapp.transaction_limits import AT_LEISURE_SECONDS, SECONDS


def setting(name):
    value = db.session.scalar(text(f"SHOW {name}"))
    db.session.rollback()
    return value


def seconds(value):
    number, unit = int(value.rstrip("smin") or 0), value.lstrip("0123456789")
    return number * {"s": 1, "min": 60, "": 1}[unit]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/campaigns/spring", SECONDS),
        ("/till/", SECONDS),
        ("/api/pos/v1/redemptions", SECONDS),
        ("/bureau/settlement/report.xlsx", AT_LEISURE_SECONDS),
        ("/till/sales", AT_LEISURE_SECONDS),
        ("/till/after-sales/sheet.csv", AT_LEISURE_SECONDS),
    ],
)
def test_a_request_has_the_limit_of_its_kind_whichever_came_before(postgres_app, path, limit):
    assert setting("transaction_timeout") == "0"  # a job's
    for asked, expected in (("/campaigns/spring", SECONDS), (path, limit), ("/campaigns/spring", SECONDS)):
        with postgres_app.test_request_context(asked):
            assert seconds(setting("transaction_timeout")) == expected


def test_a_job_has_no_limit_and_may_take_longer_only_while_it_asks_for_it(postgres_app):
    with transaction():
        take_longer(600)
        assert seconds(db.session.scalar(text("SHOW statement_timeout"))) == 600
        driver = db.session.connection().connection.driver_connection
        assert driver.answer_seconds > 600
    db.session.remove()
    assert (setting("statement_timeout"), setting("transaction_timeout")) == ("30s", "0")
    assert db.session.connection().connection.driver_connection.answer_seconds is None


def test_on_sqlite_there_is_nothing_to_take_longer_than(sqlite_app):
    with transaction():
        take_longer(600)


def test_what_takes_longer_is_waited_for_beyond_the_usual_limit(postgres_app, monkeypatch):
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.3)
    with transaction():
        take_longer(20)
        db.session.execute(text("SELECT pg_sleep(0.8)"))


@pytest.mark.parametrize(("version", "asked"), [(160_004, []), (170_000, ["SET transaction_timeout = '45s'"])])
def test_a_server_that_does_not_know_the_limit_is_not_asked_for_it(sqlite_app, version, asked):
    said = []
    connection = SimpleNamespace(info=SimpleNamespace(server_version=version), autocommit=False, execute=said.append)
    record = SimpleNamespace(info={})
    with sqlite_app.test_request_context("/"):
        transaction_limits._limit(connection, record, None)
        transaction_limits._limit(connection, record, None)
    assert (said, connection.autocommit) == (asked, False)
