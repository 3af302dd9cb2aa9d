"""A report's figures against numbers computed by hand, for every metric in every grouping and under filters."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from settlement import reports
from settlement.day_closing import close_days
from settlement.errors import PeriodMalformed, QueryMalformed
from settlement.figures import Sums
from settlement.metrics import BY_KEY, METRICS, Holdings
from settlement.reports import GROUPINGS, Query, report, why_meaningless
from tests.settlement import small_year
from tests.settlement.small_year import AT_STORES, BY_HAND, TOTAL, live
from tests.world import JIANGCHENG, YANGDONG, at, done, opened


def figures(values):
    """Return a row's values as the hand-computed tables write them."""
    written = (values[key] for key in small_year.METRICS)
    return tuple(str(value) if isinstance(value, Decimal) else value for value in written)


def rows_of_report(query):
    return {row.label: figures(row.values) for row in report(query).rows}


def the_metrics(values, **expected):
    found = dict(zip(small_year.METRICS, values, strict=True))
    assert {key: found[key] for key in expected} == expected


def test_the_tables_by_hand_name_every_metric_and_every_grouping():
    # What is reserved is of campaigns that are applied for; ``test_car_reports`` has that.
    assert set(small_year.METRICS) == {metric.key for metric in METRICS} - {"reserved_fen"}
    assert set(BY_HAND) == set(GROUPINGS)


def test_every_metric_in_every_grouping_is_what_was_computed_by_hand(clock, app, subtests):
    live(clock)
    for by, expected in BY_HAND.items():
        with subtests.test(by=by):
            assert rows_of_report(Query(by=by)) == expected
        with subtests.test(by=by, row="total"):
            assert figures(report(Query(by=by)).total.values) == (AT_STORES if by == "merchant" else TOTAL)


def test_closing_days_changes_no_figure(clock, app, subtests):
    live(clock)
    queries = [Query(by=by) for by in GROUPINGS]
    queries += [replace(query, first_day=date(2023, 5, 9), last_day=date(2023, 5, 16)) for query in queries]
    before = [(report(query).rows, report(query).total) for query in queries]
    assert done(lambda: close_days(most=4)) == 4
    halfway = [(report(query).rows, report(query).total) for query in queries]
    assert done(close_days) == 6
    after = [(report(query).rows, report(query).total) for query in queries]
    assert before == halfway == after


def test_a_day_that_is_closed_while_a_report_is_made_is_counted_once(clock, sqlite_app, monkeypatch):
    live(clock)
    closed_sums = reports._closed_sums

    def and_then_the_job_runs(query, open_from):
        found = closed_sums(query, open_from)
        close_days()
        return found

    monkeypatch.setattr(reports, "_closed_sums", and_then_the_job_runs)
    assert figures(report(Query()).total.values) == TOTAL


def test_rows_are_in_the_order_of_what_they_drove_and_days_in_that_of_the_calendar(clock, sqlite_app):
    live(clock)
    assert [row.label for row in report(Query(by="merchant")).rows] == ["漠阳味道", "十八子刀具", "百汇超市"]
    days = [row.key for row in report(Query(by="day")).rows]
    assert days == sorted(days) == list(BY_HAND["day"])


# --- filters ------------------------------------------------------------------------------------------------


def test_a_period_has_the_movements_of_its_days_and_the_balances_of_now(clock, app):
    live(clock)
    total = figures(report(Query(first_day=date(2023, 5, 9), last_day=date(2023, 5, 16))).total.values)
    the_metrics(
        total,
        released_fen=18_335,
        claimed_count=3,
        claimed_fen=13_335,
        redeemed_count=2,
        redeemed_fen=10_000,
        voided_fen=0,
        expired_fen=8_335,
        returned_fen=16_670,
        driven_fen=45_000,
        budget_fen=35_000,
        owed_fen=8_335,
    )


def test_a_period_without_an_end_runs_until_today_and_one_without_a_beginning_from_the_first_day(clock, sqlite_app):
    live(clock)
    assert list(rows_of_report(Query(by="day", first_day=date(2023, 5, 16)))) == ["2023-05-16", "2023-05-17"]
    assert list(rows_of_report(Query(by="day", last_day=date(2023, 5, 9)))) == ["2023-05-08", "2023-05-09"]
    assert rows_of_report(Query(by="day", first_day=date(2024, 1, 1))) == {}
    assert report(Query(by="day", last_day=date(2022, 12, 31))).total.values["claimed_fen"] == 0


def test_a_county_has_what_was_used_in_its_stores(clock, app):
    live(clock)
    total = figures(report(Query(county=YANGDONG)).total.values)
    the_metrics(total, claimed_fen=0, redeemed_fen=3_335, driven_fen=10_003, leverage_by_redeemed="2.9994")
    the_metrics(total, budget_fen=None, surplus_fen=None, owed_fen=None, redemption_rate=None, leverage_by_claimed=None)
    by_industry = rows_of_report(Query(by="industry", county=JIANGCHENG))
    the_metrics(by_industry["餐饮"], claimed_fen=25_000, redeemed_fen=20_000, driven_fen=65_001)
    the_metrics(by_industry["零售"], claimed_fen=0, redeemed_fen=3_335, driven_fen=12_345)


def test_what_was_claimed_for_the_whole_city_is_in_no_county(clock, app):
    live(clock)
    total = figures(report(Query(county="")).total.values)
    the_metrics(total, claimed_count=3, claimed_fen=10_005, expired_fen=3_335, redeemed_fen=0, driven_fen=0)


def test_an_industry_has_what_was_used_in_its_merchants(clock, app):
    live(clock)
    rows = rows_of_report(Query(by="merchant", industry="retail"))
    assert set(rows) == {"百汇超市", "十八子刀具"}
    the_metrics(rows["十八子刀具"], redeemed_fen=3_335, driven_fen=12_345, owed_fen=None)


def test_a_merchant_has_redemptions_and_what_it_is_owed(clock, app):
    year = live(clock)
    query = Query(by="source", merchant_id=year.restaurant.merchant_id)
    rows = rows_of_report(query)
    the_metrics(rows["市财政"], redeemed_fen=4_000, voided_fen=1_000, net_redeemed_fen=3_000, driven_fen=13_000)
    the_metrics(rows["江城区财政"], redeemed_fen=16_000, driven_fen=52_001, owed_fen=4_000, paid_fen=8_000)
    the_metrics(figures(report(query).total.values), claimed_fen=None, budget_fen=None, redemption_rate=None)
    the_metrics(figures(report(query).total.values), redeemed_count=4, owed_fen=5_000, paid_fen=10_000)


def test_a_source_has_its_part_of_everything(clock, app):
    year = live(clock)
    query = Query(by="merchant", fund_source_id=year.campaign.sources["city"])
    rows = rows_of_report(query)
    the_metrics(rows["百汇超市"], redeemed_fen=1_668, driven_fen=5_002, redeemed_count=None, paid_fen=1_668)
    the_metrics(rows["十八子刀具"], redeemed_fen=1_668, driven_fen=6_174, owed_fen=1_668)
    assert sum(row[small_year.METRICS.index("driven_fen")] for row in rows.values()) == 24_176


def test_another_campaign_is_another_row_and_can_be_left_out(clock, app):
    year = live(clock)
    autumn = small_year.document()
    autumn["campaign"] |= {"code": "autumn", "name": "金秋消费券"}
    autumn["rounds"] = autumn["rounds"][1:]
    opened(autumn)
    rows = rows_of_report(Query())
    assert rows["春季消费券"] == TOTAL
    the_metrics(rows["金秋消费券"], budget_fen=35_000, released_fen=23_335, claimed_fen=0, leverage_by_claimed=None)
    assert rows_of_report(Query(campaign_id=year.campaign.id)) == {"春季消费券": TOTAL}
    # The same sources pay for both, and their balances are of both unless one is asked for.
    assert report(Query(by="source")).total.values["budget_fen"] == 70_000
    assert rows_of_report(Query(by="source", campaign_id=year.campaign.id)) == BY_HAND["source"]


def test_a_report_of_nothing_has_no_rows_and_a_total_of_zero(app):
    for by in GROUPINGS:
        found = report(Query(by=by))
        assert found.rows == []
        assert not any(value for value in found.total.values.values())


def test_a_query_that_means_nothing_is_refused(sqlite_app):
    with pytest.raises(QueryMalformed):
        Query(by="weather")
    with pytest.raises(PeriodMalformed):
        Query(first_day=date(2023, 5, 9), last_day=date(2023, 5, 8))
    for query in (Query(by="offer", merchant_id=1), Query(by="merchant", offer_id=1)):
        with pytest.raises(QueryMalformed):
            report(query)


def test_every_empty_cell_says_why_it_is_empty(clock, sqlite_app):
    live(clock)
    for by in GROUPINGS:
        for row in report(Query(by=by)).rows:
            for key, value in row.values.items():
                if value is None:
                    assert why_meaningless(Query(by=by), key)


def test_a_report_says_when_it_was_made(clock, sqlite_app):
    live(clock)
    assert report(Query()).as_of == at("2023-05-18 09:00")


# --- ratios as cities have published them -------------------------------------------------------------------

WAN = 1_000_000


@pytest.mark.parametrize(
    ("metric", "claimed_wan", "redeemed_wan", "driven_wan", "expected"),
    [
        ("leverage_by_claimed", "1783.1", "0", "9243.2", "5.1838"),  # 阳江 2023, by what was issued
        ("leverage_by_redeemed", "0", "2753", "21000", "7.6280"),  # 福州 2020, first round
        ("leverage_by_redeemed", "0", "10542.5", "44700", "4.2400"),  # 湖北 2022
        ("leverage_by_redeemed", "0", "2983", "45300", "15.1861"),  # 杭州 to 29 March 2020
        ("leverage_by_redeemed", "0", "32100", "342200", "10.6604"),  # 杭州 2020, four rounds
        ("leverage_by_redeemed", "0", "8484", "130600", "15.3937"),  # 杭州, August 2022
        ("redemption_rate", "10000", "8484", "0", "0.8484"),  # the same
        ("redemption_rate", "500", "351", "0", "0.7020"),  # 北大 2020: 3.51 of 5 coupons
    ],
)
def test_ratios_are_those_that_cities_published(metric, claimed_wan, redeemed_wan, driven_wan, expected):
    claimed, redeemed, driven = (int(Decimal(wan) * WAN) for wan in (claimed_wan, redeemed_wan, driven_wan))
    # What was voided was redeemed first.
    sums = Sums(claimed_fen=claimed, redeemed_fen=redeemed + 7, voided_fen=7, driven_fen=driven)
    assert str(BY_KEY[metric].value(sums, Holdings())) == expected


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 20_000, "0.0001"), (1, 20_001, "0.0000"), (3, 0, "None")])
def test_ratios_are_rounded_half_up_at_the_fourth_decimal_and_nothing_is_divided_by_nothing(part, whole, expected):
    assert str(BY_KEY["redemption_rate"].value(Sums(redeemed_fen=part, claimed_fen=whole), None)) == expected


def test_every_metric_says_what_it_is():
    for metric in METRICS:
        assert metric.name
        assert metric.definition
        assert metric.kind in ("fen", "count", "percent", "ratio")
