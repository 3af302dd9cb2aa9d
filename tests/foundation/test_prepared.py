"""Statements that are built once: what they find and change is the same on both engines and for any number of rows."""

import time
from datetime import datetime, timedelta, timezone

import psycopg
import pytest
from sqlalchemy import bindparam, event, select, text, update
from sqlalchemy.exc import DataError, IntegrityError

from foundation.db import DatabaseGone, db, transaction
from foundation.idempotency import IdempotencyKey
from foundation.ids import new_id
from foundation.postgres import BoundedConnection
from foundation.prepared import Prepared, by_no_index, in_one_go, insert_rows
from foundation.slots import JobRun

NOON = datetime(2023, 5, 8, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
#: names that an array, JSON or SQL would stumble over
AWKWARD = ["plain", "", "a,b", "{a}", 'a"b', "a\\b", "a'b", "NULL", "漠阳 😀", "%(x)s", ":x"]

FIND = Prepared(
    lambda given: select(JobRun.job, JobRun.slot).where(given.matches(JobRun.job, "job"), JobRun.outcome == "done"),
    job=JobRun.job,
)
ADD = Prepared(
    lambda given: (
        given.insert(JobRun, slot=bindparam("noon"), started_at=bindparam("noon"), outcome="done")
        .on_conflict_do_nothing()
        .returning(JobRun.job)
    ),
    job=JobRun.job,
)
SAY = Prepared(
    lambda given: (
        update(JobRun)
        .where(given.matches(JobRun.job, "job"), by_no_index(JobRun.outcome) == bindparam("was"))
        .values(summary=given["summary"])
    ),
    job=JobRun.job,
    summary=JobRun.summary,
)


def jobs(*names):
    return [{"job": name} for name in names]


def keep(*names, outcome="done"):
    with transaction():
        insert_rows(JobRun, jobs(*names), slot=NOON, started_at=NOON, outcome=outcome, summary="")


def test_it_finds_those_given_and_nobody_else(app):
    keep("a", "b", "c")
    assert [(row.job, row.slot) for row in FIND.rows(jobs("c", "x"))] == [("c", NOON)]
    assert FIND.rows([]) == []


@pytest.mark.parametrize("name", AWKWARD)
def test_any_text_is_found_and_kept_as_it_is(app, name):
    keep(*AWKWARD)
    assert [row.job for row in FIND.rows(jobs(name, "x"))] == [name]
    with transaction():
        assert SAY.change([{"job": name, "summary": name}], was="done") == 1
    assert db.session.scalars(select(JobRun.summary).where(JobRun.job == name)).all() == [name]


def test_an_insert_may_say_what_to_do_about_those_there(app):
    keep("a", outcome="failed")
    with transaction():
        added = ADD.rows(jobs("a", "b", "c"), noon=NOON)
    assert [row.job for row in added] == ["b", "c"]
    assert dict(db.session.execute(select(JobRun.job, JobRun.outcome)).all()) == {
        "a": "failed",
        "b": "done",
        "c": "done",
    }


def test_each_row_brings_its_own_value_and_only_those_under_the_condition_change(app):
    keep("a", "b")
    keep("c", outcome="failed")
    given = [{"job": name, "summary": f"said {name}"} for name in ("a", "c", "x")]
    with transaction():
        assert SAY.change(given, was="done") == 1
        assert SAY.change([], was="done") == 0
    found = dict(db.session.execute(select(JobRun.job, JobRun.summary)).all())
    assert found == {"a": "said a", "b": "", "c": ""}


def test_more_rows_than_travel_at_once_are_all_reached(app):
    names = [f"j{number:04d}" for number in range(2_345)]
    with transaction():
        assert len(ADD.rows(jobs(*names), noon=NOON)) == 2_345
        assert SAY.change([{"job": name, "summary": "x"} for name in names], was="done") == 2_345
    assert len(FIND.rows(jobs(*names))) == 2_345


@pytest.mark.parametrize("same", [{}, {"outcome": "far too long"}], ids=["of a row", "of all"])
def test_a_text_that_is_too_long_is_refused_and_never_cut_off(postgres_app, same):
    row = {"job": "a", "slot": NOON, "started_at": NOON, "summary": "", "outcome": "far too long"}
    row = {name: value for name, value in row.items() if name not in same}
    with pytest.raises(DataError), transaction():
        insert_rows(JobRun, [row], **same)


def test_a_moment_without_a_zone_is_a_programming_error(app):
    given = [{"job": "a", "slot": NOON.replace(tzinfo=None), "started_at": NOON, "summary": "", "outcome": "done"}]
    with pytest.raises(ValueError, match="time zone"), transaction():
        insert_rows(JobRun, given)


def test_a_column_whose_default_is_made_for_each_row_must_be_given(app):
    from identity.models import Citizen

    with pytest.raises(ValueError, match="made for each row"), transaction():
        insert_rows(Citizen, [{"phone_hash": b"x" * 32}])


def test_it_is_heard_by_those_who_listen_to_statements(app):
    heard = []
    listener = lambda _connection, _cursor, statement, *_words: heard.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    FIND.rows(jobs("a", "b"))
    event.remove(db.engine, "before_cursor_execute", listener)
    FIND.rows(jobs("a", "b"))
    assert [" ".join(statement.split()[:4]) for statement in heard if statement.startswith("SELECT")] == [
        "SELECT job_run.job, job_run.slot FROM"
    ]


def test_what_breaks_a_constraint_is_told_as_ever_without_the_rows(app):
    keep("secret")
    with pytest.raises(IntegrityError) as told, transaction():
        insert_rows(JobRun, jobs("secret"), slot=NOON, started_at=NOON)
    assert "INSERT INTO job_run" in str(told.value)


def test_a_lost_connection_is_told_as_ever_and_the_next_one_is_new(postgres_app):
    def cut_off():
        with transaction():
            pid = db.session.scalar(text("SELECT pg_backend_pid()"))
            with db.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            FIND.rows(jobs("a"))

    with pytest.raises(DatabaseGone):
        cut_off()
    keep("a")
    assert [row.job for row in FIND.rows(jobs("a"))] == ["a"]


def test_the_server_knows_one_statement_for_any_figures_and_any_number_of_rows(postgres_app):
    statement = Prepared(
        lambda given: (
            update(IdempotencyKey).where(given.matches(IdempotencyKey.key, "key")).values(answer_status=bindparam("to"))
        ),
        key=IdempotencyKey.key,
    )
    row = {"caller": "c", "fingerprint": b"x" * 32, "holder": new_id(), "started_at": NOON}
    with transaction():
        insert_rows(IdempotencyKey, [{**row, "key": f"k{number}"} for number in range(20)])
        for number in range(1, 20):
            given = [{"key": f"k{each}"} for each in range(number)]
            assert statement.change(given, to=10 ** (number // 3)) == number
        known = db.session.scalars(
            text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'UPDATE idempotency_key%'")
        ).all()
    assert len(known) == 1


def test_in_one_go_rows_and_counts_know_what_was_sent_before(app):
    with transaction(), in_one_go():
        insert_rows(JobRun, jobs("a", "b"), slot=NOON, started_at=NOON, outcome="done", summary="")
        assert {row.job for row in FIND.rows(jobs("a", "b", "c"))} == {"a", "b"}
        SAY.do([{"job": "a", "summary": "once"}], was="done")
        assert SAY.change([{"job": name, "summary": "twice"} for name in "abc"], was="done") == 2
        insert_rows(JobRun, jobs("c"), slot=NOON, started_at=NOON, outcome="done", summary="")
    assert dict(db.session.execute(select(JobRun.job, JobRun.summary)).all()) == {"a": "twice", "b": "twice", "c": ""}


@pytest.mark.parametrize("asks", [False, True])
def test_what_fails_in_one_go_is_told_at_its_end_or_where_somebody_asks_and_nothing_is_kept(app, asks):
    keep("a")

    def add_b_and_then_a_again():
        with transaction(), in_one_go():
            insert_rows(JobRun, jobs("b"), slot=NOON, started_at=NOON, outcome="done", summary="")
            insert_rows(JobRun, jobs("a"), slot=NOON, started_at=NOON, outcome="done", summary="")
            if asks:
                FIND.rows(jobs("a"))

    with pytest.raises(IntegrityError):
        add_b_and_then_a_again()
    keep("c")
    assert set(db.session.scalars(select(JobRun.job))) == {"a", "c"}


def test_in_one_go_waits_once_where_there_is_a_network(postgres_app, monkeypatch):
    waits = []
    wait = BoundedConnection.wait

    def counted(self, gen, *words, **named):
        waits.append(gen.__name__)
        return wait(self, gen, *words, **named)

    with transaction():
        FIND.rows(jobs("a"))
        monkeypatch.setattr(BoundedConnection, "wait", counted)
        with in_one_go():
            for name in "abc":
                insert_rows(JobRun, jobs(name), slot=NOON, started_at=NOON, outcome="done", summary="")
    assert waits.count("_exit_gen") == 1
    assert not {"_fetch_gen", "_sync_gen"} & set(waits)


@pytest.mark.parametrize(("idle_seconds", "asked"), [(0.0, 0), (2.0, 1)])
def test_a_link_is_asked_whether_it_lives_only_after_lying_idle(postgres_app, monkeypatch, idle_seconds, asked):
    keep("a")
    db.session.remove()
    pings = []
    ping = db.engine.dialect.do_ping
    monkeypatch.setattr(db.engine.dialect, "do_ping", lambda link: pings.append(link) or ping(link))
    now = time.monotonic()
    monkeypatch.setattr("foundation.db.time.monotonic", lambda: now + idle_seconds)
    assert FIND.rows(jobs("a"))
    assert len(pings) == asked


def test_a_link_that_died_while_idle_is_replaced_without_a_word(postgres_app, monkeypatch):
    keep("a")
    mine = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.remove()
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    monkeypatch.setattr("foundation.db.ASKED_AFTER_SECONDS", 0.0)
    assert FIND.rows(jobs("a"))
