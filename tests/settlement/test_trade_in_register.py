"""The trade-in register: a row per article, masked, by filters, and the same in its files."""

import csv
import io

import pytest
from python_calamine import CalamineWorkbook

from merchants.hand_in_decisions import Decision, Officer, decide
from settlement.trade_in_register import COLUMNS, RegisterQuery, register_page, register_sheet
from tests import people
from tests.merchants.sold import Sold, campaign_file, handed_in
from tests.people import WEI
from tests.world import at, done


@pytest.fixture
def app(sqlite_app):
    return sqlite_app


@pytest.fixture
def sold(clock, app):
    sold = Sold(campaign_file(invoice_days=15, delivery_days=15, files="on_request", old_appliance="encouraged"))
    first, second, _third = sold.sell(3)
    old = {
        "old_category": "television", "old_brand": "康佳", "old_model": "T29", "old_weight": "42.5",
        "old_collector": "阳江再生资源", "old_collected_on": "2023-05-01", "old_certificate": "HS-1",
    }  # fmt: skip
    handed_in(sold, first, 1, **old)
    handed_in(sold, second, 2)
    done(lambda: decide(second, Decision("reject", ["not_a_real_sale"]), Officer("officer:6", "chief")))
    return sold


def test_a_row_has_the_sale_its_evidence_and_what_it_came_to(sold):
    latest, rejected, first = register_page(RegisterQuery(), 1).rows
    assert (first.category, first.serial, first.subsidy_fen, first.paid_fen) == ("冰箱", "SN00000001", 200_000, 800_000)
    assert (first.old_appliance, first.old_weight, first.state) == ("电视机 康佳 T29", "42.5", "handed_in")
    assert (rejected.state, rejected.came_back_fen) == ("rejected", 200_000)
    assert (latest.state, latest.invoice_number, latest.handed_in_on) == ("awaited", "", None)
    assert "海生" not in first.buyer
    assert "*" in first.phone


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (RegisterQuery(), 3),
        (RegisterQuery(state="rejected"), 1),
        (RegisterQuery(words="SN00000002"), 1),
        (RegisterQuery(words="sn0000000"), 3),
        (RegisterQuery(words="鸿运"), 3),
        (RegisterQuery(words="%"), 0),
        (RegisterQuery(words="23440000000000000010"), 1),
        (RegisterQuery(first_day=at("2023-05-09 00:00").date()), 0),
        (RegisterQuery(last_day=at("2023-05-08 00:00").date()), 3),
        (RegisterQuery(campaign_id=999), 0),
    ],
)
def test_filters(sold, query, count):
    assert register_page(query, 1).count == count
    assert len(list(register_sheet(query).rows)) == count


def test_the_page_and_its_files_say_the_same(sold, app):
    wei = people.browser_of(app, WEI)
    page = wei.get("/bureau/trade-ins?state=rejected").text
    assert "SN00000002" in page
    assert "SN00000001" not in page
    assert wei.get("/bureau/trade-ins?campaign=x&first_day=y&state=z&page=99").status_code == 200
    text = wei.get("/bureau/trade-ins/register.csv?state=rejected").data.decode("utf-8-sig")
    heading, row, *_notes = list(csv.reader(io.StringIO(text)))
    assert len(heading) == len(row) == len(COLUMNS)
    assert dict(zip(heading, row, strict=True))["退回补贴"] == "2000.00"
    book = CalamineWorkbook.from_filelike(io.BytesIO(wei.get("/bureau/trade-ins/register.xlsx").data))
    assert book.get_sheet_by_index(0).to_python()[1][13] == "SN00000003"
