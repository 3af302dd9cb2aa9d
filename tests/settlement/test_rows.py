"""Every figure opens to its rows: the rows of all pages add up to the cell, to the fen."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

import pytest

from settlement import rows
from settlement.errors import QueryMalformed
from settlement.metrics import BY_KEY
from settlement.reports import GROUPINGS, Query, report
from settlement.rows import rows_of
from tests.settlement import random_year, small_year
from tests.settlement.asking import queries


def beneath(query, row):
    """Return the query whose rows a cell opens to: the report's filters, and what its row stands for."""
    if row.key == "" and row.label == "合计":
        return query
    if query.by == "day":
        day = date.fromisoformat(row.key)
        return replace(query, first_day=day, last_day=day)
    column = GROUPINGS[query.by]
    return replace(query, **{column: row.key if column in ("county", "industry") else int(row.key)})


def all_rows(query, metric):
    """Return the rows of every page, and what the page says of all of them: count, fen, vouchers."""
    first = rows_of(query, metric)
    found = [*first.rows]
    for number in range(2, first.page_count + 1):
        page = rows_of(query, metric, page=number)
        assert (page.count, page.total_fen, page.vouchers) == (first.count, first.total_fen, first.vouchers)
        found += page.rows
    # A redemption and its refunds stand side by side; two refunds of one moment may be alike.
    keys = [
        (row.id, getattr(row, "source_name", ""), getattr(row, "happened_at", ""), getattr(row, "counted_fen", ""))
        for row in found
    ]
    assert len(keys) == len(set(keys)) == first.count, "no row twice, none left out"
    return first, found


def adds_up_to(query, metric):
    """Return what the rows beneath a metric add up to, in the metric's own unit."""
    first, found = all_rows(query, metric)
    if first.kind == "claims":
        assert sum(row.count for row in found) == first.vouchers
        assert sum(row.granted_fen for row in found) == first.total_fen
        return first.vouchers
    if first.kind == "transfers":
        assert sum(row.signed_fen for row in found) == first.total_fen
        return first.total_fen
    assert sum(row.counted_fen for row in found) == first.total_fen
    return first.count if BY_KEY[metric].kind == "count" else first.total_fen


def check_every_cell(asked):
    sums = cache(adds_up_to)
    checked = set()
    for query in asked:
        found = report(query)
        for row in [*found.rows, found.total]:
            opened = replace(beneath(query, row), by="campaign")
            net_fen = row.values["net_redeemed_fen"]
            for key, value in row.values.items():
                if value is None:
                    continue
                where = (query, row.label, key)
                if BY_KEY[key].kind in ("fen", "count"):
                    assert sums(opened, key) == value, where
                else:
                    # A ratio opens to the redemptions that it is about.
                    assert sums(opened, key) == net_fen, where
                checked.add((query.by, key))
    return checked


def test_the_rows_of_every_cell_add_up_to_it(clock, app, monkeypatch):
    monkeypatch.setattr(rows, "PAGE_SIZE", 3)
    checked = check_every_cell(queries(small_year.live(clock).campaign))
    assert {key for _, key in checked} == set(BY_KEY)


def test_the_rows_of_every_cell_add_up_to_it_in_a_year_at_random(clock, sqlite_app, monkeypatch):
    monkeypatch.setattr(rows, "PAGE_SIZE", 25)
    check_every_cell(list(queries(random_year.live(clock, 6)))[::3])


def test_a_ratio_can_be_worked_out_from_its_rows(clock, app):
    small_year.live(clock)
    _, found = all_rows(Query(), "leverage_by_redeemed")
    ratio = Decimal(sum(row.bill_fen for row in found)) / sum(row.discount_fen for row in found)
    assert ratio.quantize(Decimal("0.0001")) == report(Query()).total.values["leverage_by_redeemed"]


def test_a_sources_rows_show_whole_bills_and_its_part_of_them(clock, app):
    year = small_year.live(clock)
    query = Query(fund_source_id=year.campaign.sources["city"], merchant_id=year.hardware.merchant_id)
    [row] = rows_of(query, "driven_fen").rows
    assert (row.bill_fen, row.discount_fen, row.counted_fen) == (12_345, 3_335, 6_174)
    [row] = rows_of(query, "net_redeemed_fen").rows
    assert (row.bill_fen, row.discount_fen, row.counted_fen) == (12_345, 3_335, 1_668)


def test_what_lowers_a_balance_is_a_row_with_a_minus(clock, app):
    year = small_year.live(clock)
    found = rows_of(Query(merchant_id=year.restaurant.merchant_id), "owed_fen").rows
    assert sorted((row.code, row.signed_fen) for row in found) == [
        ("pay", -8_000), ("pay", -2_000),
        ("redeem", 1_000), ("redeem", 1_000), ("redeem", 1_000), ("redeem", 1_000),
        ("redeem", 4_000), ("redeem", 4_000), ("redeem", 4_000), ("redeem", 4_000),
        ("void", -4_000), ("void", -1_000),
    ]  # fmt: skip


def test_a_voided_redemption_is_among_the_redeemed_with_its_reason_and_not_among_what_it_drove(clock, sqlite_app):
    small_year.live(clock)
    [voided] = rows_of(Query(), "voided_fen").rows
    assert (voided.status, voided.reason, voided.bill_fen) == ("voided", "顾客退货", 30_000)
    assert voided.id in {row.id for row in rows_of(Query(), "redeemed_fen").rows}
    assert voided.id not in {row.id for row in rows_of(Query(), "driven_fen").rows}


def test_rows_are_newest_first_and_a_page_beyond_the_last_is_the_last(clock, sqlite_app, monkeypatch):
    monkeypatch.setattr(rows, "PAGE_SIZE", 4)
    small_year.live(clock)
    first = rows_of(Query(), "redeemed_fen")
    assert (first.count, first.page_count, len(first.rows)) == (6, 2, 4)
    assert [row.happened_at for row in first.rows] == sorted((row.happened_at for row in first.rows), reverse=True)
    last = rows_of(Query(), "redeemed_fen", page=3)
    assert (last.number, len(last.rows)) == (2, 2)


@pytest.mark.parametrize("metric", ["", "weather", "id", "budget_fen; DROP TABLE transfer"])
def test_a_metric_nobody_knows_is_refused(metric, sqlite_app):
    with pytest.raises(QueryMalformed):
        rows_of(Query(), metric)


def test_a_figure_without_rows_opens_to_an_empty_page(sqlite_app):
    for metric in BY_KEY:
        found = rows_of(Query(), metric)
        assert (found.rows, found.count, found.total_fen, found.page_count) == ([], 0, 0, 1)
