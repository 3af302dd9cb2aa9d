from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from foundation.db import db, transaction
from foundation.paging import page_of
from foundation.prepared import insert_rows
from foundation.slots import JobRun

SLOT = datetime(2023, 5, 8, 2, 0, tzinfo=UTC)


@pytest.fixture
def seven_runs(sqlite_app):
    slots = [SLOT + timedelta(minutes=number) for number in range(7)]
    rows = [{"job": "j", "slot": slot, "started_at": slot, "outcome": "done", "summary": ""} for slot in slots]
    with transaction():
        insert_rows(JobRun, rows)
    return slots


@pytest.mark.parametrize(
    ("asked", "number", "shown"),
    [
        (1, 1, [0, 1, 2]),
        (2, 2, [3, 4, 5]),
        (3, 3, [6]),
        (4, 3, [6]),
        (0, 1, [0, 1, 2]),
        (-5, 1, [0, 1, 2]),
        (2**80, 3, [6]),
    ],
)
def test_a_page_beyond_the_ends_is_the_nearest(seven_runs, asked, number, shown):
    page = page_of(select(JobRun.slot).order_by(JobRun.slot), asked, size=3)
    assert (page.number, page.count, page.page_count) == (number, 7, 3)
    assert page.rows == [seven_runs[place] for place in shown]


def test_rows_of_several_columns_are_tuples(seven_runs):
    page = page_of(select(JobRun.job, JobRun.slot).order_by(JobRun.slot), 1, size=1)
    assert [tuple(row) for row in page.rows] == [("j", seven_runs[0])]


def test_rows_that_were_counted_are_not_counted_again(seven_runs):
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    page = page_of(select(JobRun.slot).order_by(JobRun.slot), 3, size=3, count=7)
    assert (page.number, len(page.rows)) == (3, 1)
    assert sum(statement.startswith("SELECT") for statement in statements) == 1


def test_a_list_without_rows_has_one_empty_page(sqlite_app):
    page = page_of(select(JobRun.slot).order_by(JobRun.slot), 2)
    assert (page.rows, page.number, page.page_count) == ([], 1, 1)
