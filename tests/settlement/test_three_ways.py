"""The same figures three independent ways, to the fen: the report, its file read back, and a fold over the tables."""

import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from settlement.day_closing import close_days
from settlement.exports import report_sheet, to_csv
from settlement.metrics import BALANCES, BY_KEY, METRICS
from settlement.reports import Query, report
from tests.settlement import random_year
from tests.settlement.asking import queries
from tests.settlement.random_year import Fact, fold
from tests.world import done

ALL = "all groups together"
RATIOS = {metric.key for metric in METRICS if metric.kind in ("percent", "ratio")}

#: What only campaigns have that are applied for; ``test_car_reports`` has them.
APPLIED_FOR = {"reserved_fen"}


def expected(facts, query):
    """Return group → metric → value of the facts that a query asks for, and the same of ALL."""
    wanted = {name.removesuffix("_id").replace("fund_", ""): value for name, value in query.filters().items()}
    sums = defaultdict(lambda: defaultdict(int))
    for fact in facts:
        if query.at_merchants and not fact.merchant:
            continue
        if any(getattr(fact, name) != value for name, value in wanted.items()):
            continue
        if fact.metric not in BALANCES and not _within(fact.day, query):
            continue
        sums[ALL][fact.metric] += fact.value
        sums[getattr(fact, query.by)][fact.metric] += fact.value
    return sums


def _within(day, query):
    return (query.first_day or date.min) <= day <= (query.last_day or date.max)


def read_back(found):
    """Return a report's file as rows of metric → fen, count or ratio; None for an empty cell."""
    rows = csv.reader(io.StringIO(to_csv(report_sheet(found, "")).decode("utf-8-sig")))
    names = next(rows)[1:]
    assert names == [BY_KEY[key].name for key in found.metrics]
    table = [next(rows) for _ in range(len(found.rows) + 1)]
    assert table[-1][0] == "合计"
    return [{key: _read(cell, key) for key, cell in zip(found.metrics, row[1:], strict=True)} for row in table]


def _read(cell, key):
    if not cell:
        return None
    kind = BY_KEY[key].kind
    if kind == "fen":
        return int(Decimal(cell) * 100)
    return int(cell) if kind == "count" else cell


def check(facts, query):
    found = report(query)
    sums = expected(facts, query)
    in_file = read_back(found)
    keys = {str(key): key for key in sums if key not in (ALL, None)}
    for row, cells in zip([*found.rows, found.total], in_file, strict=True):
        values = sums[ALL] if row is found.total else sums[keys.get(row.key)] if row.key in keys else {}
        for key, value in row.values.items():
            where = (query, row.label, key)
            if key not in found.metrics:
                assert not value, where
                continue
            if value is None:
                assert cells[key] is None, where
            elif key not in RATIOS:
                assert value == values.get(key, 0) == cells[key], where
    # What the fold found is in the report, and nothing has two rows.
    named = [row.key for row in found.rows]
    assert len(named) == len(set(named))
    shown = [key for key in keys if any(value for name, value in sums[keys[key]].items() if name not in BALANCES)]
    assert set(shown) <= set(named), query


def check_a_year(clock, seed):
    campaign = random_year.live(clock, seed)
    facts = fold(campaign)
    assert {fact.metric for fact in facts} == set(BY_KEY) - RATIOS - APPLIED_FOR, "a year in which everything happens"
    for query in queries(campaign):
        check(facts, query)
    before = [(report(query).rows, report(query).total) for query in queries(campaign)]
    done(close_days)
    after = [(report(query).rows, report(query).total) for query in queries(campaign)]
    assert before == after


def test_report_file_and_tables_agree_to_the_fen_and_still_do_when_all_days_are_closed(clock, app):
    check_a_year(clock, 1)


@pytest.mark.parametrize("seed", [2, 3])
def test_and_they_agree_in_other_years(seed, clock, sqlite_app):
    check_a_year(clock, seed)


def test_the_total_is_the_sum_of_the_rows(clock, sqlite_app):
    campaign = random_year.live(clock, 4)
    for query in queries(campaign):
        found = report(query)
        for key in set(BY_KEY) - RATIOS:
            of_rows = [row.values[key] for row in found.rows]
            if found.total.values[key] is not None and of_rows and None not in of_rows:
                assert sum(of_rows) == found.total.values[key], (query, key)


def test_the_fold_would_notice_a_fen(clock, sqlite_app):
    """The negative control: a figure that is one fen off is not taken for the right one."""
    campaign = random_year.live(clock, 5)
    facts = fold(campaign)
    check(facts, Query(by="source"))
    first = next(fact for fact in facts if fact.metric == "driven_fen")
    facts[facts.index(first)] = replace(first, value=first.value + 1)
    assert isinstance(first, Fact)
    with pytest.raises(AssertionError):
        check(facts, Query(by="source"))
