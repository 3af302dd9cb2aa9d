"""What was paid for vouchers is told beside the settlement, and is in none of its figures."""

from datetime import date, timedelta
from html import unescape

import pytest

from settlement.purchase_figures import PurchaseFilter, payments_page, proceeds
from settlement.reports import Query, report
from tests import people
from tests.people import HE
from tests.sold import FACE_FEN, PRICE_FEN, lapse, order, pay, sold
from tests.world import citizens, done, opened, redeem, shop, show
from voucher import expiry
from voucher.jobs import return_payments

FIRST, SECOND = date(2023, 5, 8), date(2023, 5, 9)


@pytest.fixture
def campaign(clock, app):
    """On the first day three are bought, one of them used, and one payment comes late; one is given back on the second
    day, and its price is not back yet."""
    campaign = opened(sold(if_withdrawn="returned"))
    place = shop(campaign)
    buyers = citizens(4)
    orders = [order(each, campaign.release) for each in buyers]
    for paid in orders[:3]:
        pay(paid)
    redeem(place.till, show(orders[0], buyers[0]), 30_000)
    clock.move_to(clock.now() + timedelta(minutes=15))
    lapse()
    pay(orders[3])
    return_payments()
    clock.move_to(clock.now() + timedelta(days=1))
    done(lambda: expiry.withdraw(orders[1], buyers[1]))
    return campaign


def test_bought_returned_and_proceeds_are_told_by_offer_and_period(campaign):
    [all_days] = proceeds(PurchaseFilter())
    assert (all_days.bought_count, all_days.bought_fen) == (3, 3 * PRICE_FEN)
    assert (all_days.taken_back_count, all_days.taken_back_fen) == (1, PRICE_FEN)
    assert all_days.proceeds_fen == 2 * PRICE_FEN
    assert (all_days.turned_away_count, all_days.turned_away_fen) == (1, PRICE_FEN)
    assert (all_days.returning_count, all_days.returning_fen) == (1, PRICE_FEN)
    assert all_days.source_name == "建设银行"
    [first] = proceeds(PurchaseFilter(first_day=FIRST, last_day=FIRST))
    assert (first.bought_count, first.taken_back_count, first.turned_away_count) == (3, 0, 1)
    [second] = proceeds(PurchaseFilter(first_day=SECOND))
    assert (second.bought_count, second.taken_back_count, second.proceeds_fen) == (0, 1, -PRICE_FEN)


def test_they_divide_by_campaign_offer_and_the_source_whose_they_are(campaign):
    bank, city = campaign.sources["bank"], campaign.sources["city"]
    assert len(proceeds(PurchaseFilter(fund_source_id=bank))) == 1
    assert proceeds(PurchaseFilter(fund_source_id=city)) == []
    assert proceeds(PurchaseFilter(campaign_id=campaign.id + 1)) == []
    assert proceeds(PurchaseFilter(offer_id=campaign.offers["meal"] + 1)) == []


def test_no_figure_of_the_report_has_any_of_it(campaign):
    values = report(Query()).total.values
    assert (values["claimed_count"], values["claimed_fen"]) == (3, 3 * FACE_FEN)
    assert (values["redeemed_fen"], values["driven_fen"]) == (FACE_FEN, 30_000)
    assert values["budget_fen"] == 3_000_000
    # The face is funded by the three sources, twenty yuan each, and nobody's budget grew by a price.
    by_source = {row.label: row.values for row in report(Query(by="source")).rows}
    assert {name: row["budget_fen"] for name, row in by_source.items()} == dict.fromkeys(by_source, 1_000_000)
    assert {row["claimed_fen"] for row in by_source.values()} == {6_000}


def test_payments_are_listed_with_what_became_of_them(campaign):
    found = payments_page(PurchaseFilter(), 1)
    assert found.count == 4
    states = [(row.arrival, row.state) for row in found.rows]
    assert sorted(states) == [
        ("bought", "kept"), ("bought", "kept"), ("bought", "returning"), ("late", "returned"),
    ]  # fmt: skip
    [late] = payments_page(PurchaseFilter(arrival="late"), 1).rows
    assert late.returned_at is not None
    assert payments_page(PurchaseFilter(reference=late.reference), 1).count == 1
    assert payments_page(PurchaseFilter(state="returning"), 1).count == 1


def test_the_bureau_sees_them_on_their_page_in_the_report_and_as_files(campaign, client):
    people.sign_in(client, HE)
    page = unescape(client.get("/bureau/purchases").text)
    assert "29.70" in page
    assert "19.80" in page
    assert "迟到：订单已结束" in page
    assert "待退" in page
    assert "不计入发放金额、核销金额和拉动消费" in page
    report_page = unescape(client.get("/bureau/settlement").text)
    assert "购券收款（另计）" in report_page
    assert "19.80" in report_page
    # A price is paid at no store.
    assert "购券收款（另计）" not in unescape(client.get("/bureau/settlement?county=441702").text)
    csv = client.get("/bureau/purchases/payments.csv?arrival=late").data.decode("utf-8-sig")
    assert "9.90" in csv
    assert csv.count("迟到") == 1
    assert client.get("/bureau/purchases/payments.xlsx").status_code == 200
    ledger = unescape(client.get("/bureau/ledger").text)
    assert "购券收款（另计，不在批准的金额里）" in ledger
    assert "售价款 19.80" in ledger
    accounts = client.get("/bureau/ledger/accounts?kind=proceeds")
    assert accounts.status_code == 200
