"""What an article costs city-wide: the figures of a day, and what is above them refused or held, to the fen."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import event, select, text, update

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.notice import as_text, notice
from campaigns.quoting import answers
from campaigns.sale_file import SaleFaulty, read_sale
from campaigns.terms.price_check import CityPrice, KnownPrices, PriceAboveCity, PriceCheck
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from merchants import jobs, redemptions, refunds
from merchants.listing import refused_scans
from merchants.models import CityPriceFigure, Store
from merchants.prices import city_prices, keep_figures, kept_figures, medians
from merchants.receipts import receipt_of
from settlement.trade_in_register import RegisterQuery, register_page
from tests import databases, people, trade_in, world
from tests.merchants import many_sales
from tests.merchants.test_merchant_pages import cashier_of
from tests.people import HE, LIN
from tests.trade_in import claim_and_show, opened, sell, shop
from tests.world import done, void
from webapp import create_app

FRIDGE, OTHER_FRIDGE = "6901234567892", "6902345678903"
TODAY = date(2023, 5, 9)
ASKS = {"identify": ["barcode", "serial"]}
LOOSE = {"city_sales": 3, "city_tolerance": "10%"}


def asking(action="refuse", **changed):
    return opened(article={**ASKS, "price_check": {"above_city": action, **LOOSE, **changed}})


def sold(campaign, store, *prices, barcode=FRIDGE, first=0):
    """Sell one fridge at each price, each to another citizen from the first-th on, and return the receipts."""
    buyers = world.citizens(first + len(prices))[first:]
    return [
        sell(
            store.till,
            claim_and_show(citizen, campaign.release)[1],
            fen,
            trade_in.article(barcode=barcode),
        )
        for citizen, fen in zip(buyers, prices, strict=True)
    ]


def figures(days=30, today=TODAY):
    """Return barcode → (median, sales) as kept for a day."""
    done(lambda: keep_figures(days, today))
    found = done(lambda: city_prices(["4417"], [FRIDGE, OTHER_FRIDGE], [days], today))
    return {barcode: (price.median_fen, price.sales) for (_city, barcode, _days), price in found.items()}


def next_day(clock, days=1):
    trade_in.later(clock, days=days)
    return bureau_day(clock.now())


# --- what is too dear --------------------------------------------------------------------------------------------

CITY = KnownPrices(city=CityPrice(300_000, 10))


@pytest.mark.parametrize(
    ("check", "price_fen", "known", "dear"),
    [
        ({}, 360_000, CITY, False),
        ({}, 360_001, CITY, True),
        ({"city_tolerance": 1}, 300_030, CITY, False),
        ({"city_tolerance": 1}, 300_031, CITY, True),
        ({"city_sales": 11}, 900_000, CITY, False),
        ({"city_sales": 10}, 900_000, CITY, True),
        ({}, 900_000, KnownPrices(), False),
        ({"above_city": "allow"}, 900_000, CITY, False),
        # 120 % of 3,333.33 is 3,999.996: no fen of 4,000.00 is within.
        ({}, 399_999, KnownPrices(city=CityPrice(333_333, 10)), False),
        ({}, 400_000, KnownPrices(city=CityPrice(333_333, 10)), True),
    ],
)
@pytest.mark.parametrize("action", ["hold", "refuse"])
def test_a_price_is_too_dear_beyond_the_tolerance_of_enough_sales(action, check, price_fen, known, dear):
    rules = PriceCheck(**{"above_city": action, **check})
    if dear and action == "refuse":
        with pytest.raises(PriceAboveCity) as refused:
            rules.judge(price_fen, known)
        most = refused.value.judged.most_fen
        # What the clerk is told is right is right, and a fen more is not.
        assert rules.judge(most, known) is None
        with pytest.raises(PriceAboveCity):
            rules.judge(most + 1, known)
    else:
        judged = rules.judge(price_fen, known)
        assert (judged is not None and judged.reason == "price_above_city") == dear


def test_what_refuses_goes_before_what_holds_and_the_first_that_holds_is_told():
    known = KnownPrices(filed_fen=200_000, lowest_fen=100_000, city=CityPrice(100_000, 10))
    held = PriceCheck(above_filed="hold", above_recent="hold", above_city="hold").judge(300_000, known)
    assert held is not None
    assert (held.reason, held.against_fen) == ("price_above_filed", 200_000)
    with pytest.raises(PriceAboveCity):
        PriceCheck(above_filed="hold", above_recent="hold", above_city="refuse").judge(300_000, known)


# --- the figures of a day ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "median"),
    [
        ([300_000], 300_000),
        ([300_000, 310_000], 300_000),
        ([310_000, 300_000, 900_000], 310_000),
        ([300_000, 300_000, 320_000, 330_000], 300_000),
        ([300_000, 310_000, 320_000, 330_000], 310_000),
        ([300_000, 310_000, 310_000, 310_000, 990_000], 310_000),
    ],
)
def test_the_figure_is_the_lower_median_and_its_number_of_sales(prices, median, clock, app):
    campaign = opened()
    sold(campaign, shop(campaign), *prices)
    assert figures() == {FRIDGE: (median, len(prices))}


def test_voided_and_returned_sales_and_those_of_other_cities_days_and_articles_do_not_count(clock, app):
    campaign = opened(refund={"kind": "no_return"})
    here, there = shop(campaign), shop(campaign, number=2)
    receipts = sold(campaign, here, 100_000, 200_000, 300_000, 400_000)
    sold(campaign, here, 999_000, barcode=OTHER_FRIDGE, first=4)
    sold(campaign, there, 10_000, first=5)
    done(lambda: db.session.execute(update(Store).where(Store.id == there.store_id).values(county="440803")))
    void(receipts[0], here.till)
    tomorrow = next_day(clock)
    done(lambda: refunds.refund(receipts[1].redemption_id, here.till, 200_000, "质量问题"))
    sold(campaign, here, 10_000, first=6)
    assert figures(today=tomorrow) == {FRIDGE: (300_000, 2), OTHER_FRIDGE: (999_000, 1)}
    # Sold on the 8th and on the 9th: of thirty days before the 8th of June the first is out, of 31 it is in.
    assert figures(30, date(2023, 6, 8)) == {FRIDGE: (10_000, 1)}
    assert figures(31, date(2023, 6, 8)) == {FRIDGE: (300_000, 3), OTHER_FRIDGE: (999_000, 1)}


def test_figures_are_made_once_a_day_and_those_of_yesterday_go(clock, app):
    campaign = asking()
    store = shop(campaign)
    assert jobs.keep_city_prices() == "0 city-wide prices kept"
    receipts = sold(campaign, store, 300_000, 300_000, 310_000)
    next_day(clock)
    assert jobs.keep_city_prices() == "1 city-wide prices kept"
    done(lambda: refunds.refund(receipts[0].redemption_id, store.till, 300_000, "质量问题"))
    # What judges at nine judges at five: nothing is made anew on the same day.
    assert jobs.keep_city_prices() == "0 city-wide prices kept"
    assert db.session.execute(select(CityPriceFigure.median_fen, CityPriceFigure.sales)).all() == [(300_000, 3)]
    next_day(clock)
    assert jobs.keep_city_prices() == "1 city-wide prices kept"
    db.session.rollback()
    assert db.session.execute(select(CityPriceFigure.median_fen, CityPriceFigure.sales)).all() == [(300_000, 2)]
    # Out of the thirty days there is no price, and no figure.
    next_day(clock, 31)
    assert jobs.keep_city_prices() == "0 city-wide prices kept"
    db.session.rollback()
    assert db.session.scalars(select(CityPriceFigure)).all() == []


def test_the_job_does_nothing_for_campaigns_that_do_not_ask(clock, app):
    campaign = opened()
    sold(campaign, shop(campaign), 300_000)
    next_day(clock)
    assert jobs.keep_city_prices() == "0 city-wide prices kept"
    assert db.session.scalars(select(CityPriceFigure)).all() == []


# --- at the till -------------------------------------------------------------------------------------------------


def test_a_price_above_the_citys_is_refused_whoever_sells_with_the_highest_that_is_right(clock, app):
    campaign = asking()
    store, other = shop(campaign), shop(campaign, number=2)
    sold(campaign, store, 300_000, 310_000, 320_000)
    # Without a figure nothing is judged: on the first day, and of an article that hardly anybody sells.
    sold(campaign, other, 900_000, first=3)
    sold(campaign, other, 900_000, barcode=OTHER_FRIDGE, first=4)
    next_day(clock)
    jobs.keep_city_prices()
    # Of 3,000, 3,100, 3,200 and 9,000 yuan the median is 3,100, and ten percent more is 3,410.
    with pytest.raises(Refusal) as refused:
        sold(campaign, other, 341_001, first=5)
    assert refused.value.code == "price_above_city"
    told = f"{refused.value.message % refused.value.params} {refused.value.way_out % refused.value.params}"
    assert [word for word in ("3,410.01", "3,100.00", "30 天", "4 笔", "10%", "3,410.00") if word not in told] == []
    sold(campaign, other, 341_000, first=6)
    sold(campaign, other, 2_000_000, barcode=OTHER_FRIDGE, first=7)
    # A figure stands while no newer one could be made, and not for ever.
    next_day(clock, 6)
    with pytest.raises(Refusal):
        sold(campaign, other, 341_001, first=8)
    next_day(clock)
    sold(campaign, other, 341_001, first=9)


def test_a_held_sale_names_its_reason_and_figures_to_everybody(clock, sqlite_app):
    campaign = asking("hold")
    store = shop(campaign)
    sold(campaign, store, 300_000, 300_000, 300_000, first=1)
    next_day(clock)
    jobs.keep_city_prices()
    lin = people.citizen(LIN)
    entitlement_id, digits = claim_and_show(lin, campaign.release)
    receipt = sell(store.till, digits, 400_000, trade_in.article(barcode=FRIDGE))
    assert receipt.held is not None
    words = "售价 4,000.00 元，比全市前 30 天 3 笔销售的中位价 3,000.00 元高出 10% 以上"
    assert receipt.held.sentence == words
    stored = receipt_of(receipt.redemption_id, store.store_id)
    assert stored.held == receipt.held
    clerk = cashier_of(sqlite_app, store).get(f"/till/redemptions/{receipt.redemption_id}").text
    holder = people.browser_of(sqlite_app, LIN).get(f"/vouchers/{entitlement_id}").text
    officer = people.browser_of(sqlite_app, HE)
    page = officer.get(f"/bureau/settlement/redemptions/{receipt.redemption_id}").text
    listed = officer.get("/bureau/trade-ins").text
    assert [words in text for text in (clerk, holder, page, listed)] == [True] * 4
    assert "您已享受的补贴不受影响" in holder
    assert [str(row.held) for row in register_page(RegisterQuery(), 1).rows] == [words, "", "", ""]
    # Taken back, the voucher is as it was.
    void(receipt, store.till)
    assert words not in people.browser_of(sqlite_app, LIN).get(f"/vouchers/{entitlement_id}").text


def test_a_refused_sale_leaves_its_figures_on_the_trail(clock, app):
    campaign = asking()
    store = shop(campaign)
    sold(campaign, store, 300_000, 300_000, 300_000)
    next_day(clock)
    jobs.keep_city_prices()
    buyer = world.citizens(4)[3]
    digits = claim_and_show(buyer, campaign.release)[1]
    refusal = PriceAboveCity(PriceCheck(above_city="hold", city_sales=3, city_tolerance=1_000).judge(400_000, CITY))
    done(lambda: redemptions.record_refusal(store.till, refusal, code_text=digits, bill_fen=400_000))
    (line,) = refused_scans(store.merchant_id, 1).rows
    assert (line.why, line.bill_fen) == ("售价高于全市近期售价", 400_000)
    assert line.about == "售价 4,000.00 元，比全市前 30 天 10 笔销售的中位价 3,000.00 元高出 10% 以上"


@pytest.mark.parametrize(("asks", "asked"), [(False, 0), (True, 1)])
def test_only_campaigns_that_ask_look_at_the_figures_and_with_one_question(asks, asked, clock, app):
    campaign = asking() if asks else opened(article=ASKS)
    store = shop(campaign)
    digits = claim_and_show(world.citizens(1)[0], campaign.release)[1]
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        sell(store.till, digits, 300_000, trade_in.article(barcode=FRIDGE))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if "city_price" in statement]) == asked
    assert len(seen) > 5


# --- however many sales there are --------------------------------------------------------------------------------


def plan_of(statement):
    """Return how the engine would answer, in its own words."""
    dialect = db.session.get_bind().dialect
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN" if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in db.session.connection().exec_driver_sql(f"{explain} {sql}"))


def test_a_till_asks_by_the_key_and_the_night_by_days(clock, sqlite_app):
    assert "sqlite_autoindex_city_price_1" in plan_of(kept_figures(["4417"], [FRIDGE], [30], TODAY))
    night = plan_of(medians(30, TODAY))
    assert "ix_redemption_bureau_day_campaign_id" in night
    assert "SCAN redemption" not in night
    assert "SCAN sold_item" not in night


def test_of_many_sales_the_night_looks_at_its_own_days_only(clock, postgres_url):
    app = create_app(databases.settings_for(postgres_url))
    with app.app_context():
        many_sales.make(40_000, per_day=50)
        night = plan_of(medians(30, many_sales.TODAY))
        assert "ix_redemption_bureau_day_campaign_id" in night
        assert "Seq Scan on redemption" not in night
        assert done(lambda: keep_figures(30, many_sales.TODAY)) == 1_499
        till = kept_figures(["4417"], ["6900000000001"], [30], many_sales.TODAY)
        done(lambda: db.session.execute(text("ANALYZE city_price")))
        assert "pk_city_price" in plan_of(till)
        assert [tuple(row[2:]) for row in db.session.execute(till)] == [(30, 307_919, 1)]
        db.session.remove()
        db.engine.dispose()


# --- the file and its tools --------------------------------------------------------------------------------------


def document(**check):
    return trade_in.trade_in(article={**ASKS, "price_check": check} if check else ASKS)


def test_a_check_that_a_clerk_could_leave_out_is_refused_by_its_place():
    wrong = trade_in.trade_in(article={"identify": ["serial"], "price_check": {"above_city": "hold"}})
    with pytest.raises(DefinitionFaulty) as refused:
        check(world.toml(wrong))
    assert str(refused.value).startswith("offers[1].article.price_check：全市比价要看商品条码")
    right = trade_in.trade_in(article={"catalogue": "required", "price_check": {"above_city": "hold"}})
    assert check(world.toml(right)).offers[0].terms.article.price_check.city_days == 30


def test_notice_and_comparison_tell_it():
    before, after = check(world.toml(document())), check(world.toml(document(above_city="refuse", city_days=60)))
    assert "售价比同一商品全市前 60 天的中位价高出 20% 以上的，不予补贴" in as_text(notice(after))
    told = [str(change) for change in compare(before, after)]
    assert any("高于全市近期售价" in line and "不检查 → 不予核销" in line for line in told)
    assert any("全市比较天数" in line and "30 → 60" in line for line in told)


def quoted(check_rules, prices, price=4_000):
    sale = {
        "at": "2023-05-08T12:00:00+08:00",
        "county": "441702", "industry": "appliance", "prices": prices,
        "goods": [{"category": "refrigerator", "price_yuan": price, "grade": "1", "barcode": FRIDGE}],
    }  # fmt: skip
    return answers(check(world.toml(document(**check_rules))), read_sale(json.dumps(sale)))[0]


def test_a_quote_knows_what_it_is_told_of_prices():
    known = {"city_median_yuan": 3_000, "city_sales": 10}
    refused = quoted({"above_city": "refuse"}, known)
    assert refused.refusal is not None
    assert refused.refusal.code == "price_above_city"
    held = quoted({"above_city": "hold"}, known)
    assert held.award is not None
    assert held.held is not None
    assert held.held.against_fen == 300_000
    assert quoted({"above_city": "hold"}, known, price=3_600).held is None
    assert quoted({"above_city": "hold"}, {"city_median_yuan": 3_000, "city_sales": 9}).held is None
    filed = quoted({"above_filed": "refuse"}, {"filed_yuan": 3_999}).refusal
    assert filed is not None
    assert filed.code == "price_above_filed"
    own = quoted({"above_recent": "hold"}, {"recent_yuan": 3_999}).held
    assert own is not None
    assert own.reason == "price_above_recent"
    with pytest.raises(SaleFaulty, match="要一起写"):
        quoted({"above_city": "hold"}, {"city_sales": 9})


def test_the_last_days_are_whole_days(clock, app):
    campaign = opened()
    sold(campaign, shop(campaign), 300_000)
    first = bureau_day(clock.now())
    assert [figures(30, first + timedelta(days=after)) for after in (0, 1, 30, 31)] == [
        {},
        {FRIDGE: (300_000, 1)},
        {FRIDGE: (300_000, 1)},
        {},
    ]
