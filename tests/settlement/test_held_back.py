"""Why sales are on no statement: what waits for evidence, review or nothing, beside what is owed."""

from datetime import date
from html import unescape

import pytest

from merchants import hand_in_decisions
from merchants.hand_in_decisions import Decision, Officer
from merchants.refunds import refund
from settlement import closing
from settlement.held_back import PARTS, held_back
from tests import people
from tests.merchants.sold import Sold, campaign_file, handed_in
from tests.people import HE
from tests.world import at, done, opened, shop

CHIEF = Officer("officer:1", "chief")


@pytest.fixture
def sold(clock, app):
    """Five sales of 2,000 yuan each: awaited, waiting, in correction, accepted, rejected."""
    sold = Sold()
    sales = sold.sell(5)
    for number, sale in enumerate(sales[1:], 1):
        handed_in(sold, sale, number)
    decisions = (Decision("correct", ["invoice_differs"]), Decision("accept"), Decision("reject", ["invoice_differs"]))
    for sale, decision in zip(sales[2:], decisions, strict=True):
        done(lambda sale=sale, decision=decision: hand_in_decisions.decide(sale, decision, CHIEF))
    sold.made = sales
    return sold


def told(line):
    return {key: (part.count, part.fen) for key, part in line.parts.items()}


def test_each_sale_is_where_its_evidence_is(sold):
    [line] = held_back()
    assert told(line) == {
        "awaited": (2, 400_000), "handed_in": (1, 200_000), "accepted": (1, 200_000), "rejected": (1, 200_000),
    }  # fmt: skip
    # What is refused is not owed; the rest is.
    assert line.owed_fen == 800_000
    assert (line.to_settle.count, line.to_settle.fen) == (1, 200_000)


def test_what_came_back_is_not_the_merchants(clock, app):
    document = campaign_file()
    document["offers"][0]["refund"] = {"kind": "recomputed"}
    sold = Sold(document)
    kept, rejected, whole = sold.sell(3)
    for number, sale in enumerate((kept, rejected, whole), 1):
        handed_in(sold, sale, number)
    clock.move_to(at("2023-05-09 10:00"))
    for sale, goods_fen in ((kept, 400_000), (rejected, 400_000), (whole, 1_000_000)):
        done(lambda sale=sale, goods_fen=goods_fen: refund(sale, sold.shop.till, goods_fen, reason="价格调整"))
    done(lambda: hand_in_decisions.decide(rejected, Decision("reject", ["invoice_differs"]), CHIEF))
    [line] = held_back()
    # 6,000 yuan are left of each, which get 1,200; what came back whole is nowhere.
    assert told(line) == {
        "awaited": (0, 0), "handed_in": (1, 120_000), "accepted": (0, 0), "rejected": (1, 120_000),
    }  # fmt: skip
    assert line.owed_fen == 120_000


def test_what_is_on_a_statement_is_accepted_and_no_longer_to_settle(sold, clock):
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: closing.close_period(sold.campaign.id, date(2023, 5, 8), by="officer:2"))
    [line] = held_back()
    assert told(line)["accepted"] == (1, 200_000)
    assert line.to_settle.count == 0


def test_one_campaign_or_one_merchant(sold):
    other = shop(sold.campaign, number=2, industry="appliance", name="别家电器")
    assert held_back(merchant_id=other.merchant_id) == []
    assert [line.owed_fen for line in held_back(sold.campaign.id, sold.shop.merchant_id)] == [800_000]
    assert held_back(sold.campaign.id + 1) == []


def test_the_report_and_the_closing_page_say_what_waits(sold, app, clock):
    he = people.browser_of(app, HE)
    for address in (
        "/bureau/settlement",
        f"/bureau/settlement?campaign={sold.campaign.id}",
        f"/bureau/settlement?by=day&campaign={sold.campaign.id}&first_day=2023-05-08",
        "/bureau/statements",
    ):
        html = unescape(he.get(address).text)
        assert "售后材料与结算" in html
        for name, meaning, state in PARTS.values():
            assert name in html
            assert meaning in html
            assert f"/bureau/after-sales?campaign={sold.campaign.id}&state={state}" in html
        assert "4,000.00" in html
        assert "未进对账单 1 笔 2,000.00" in html


def test_the_page_of_a_redemption_says_where_its_evidence_is(sold, app):
    he = people.browser_of(app, HE)
    awaited, waiting, _correction, accepted, rejected = (
        unescape(he.get(f"/bureau/settlement/redemptions/{sale}").text) for sale in sold.made
    )
    assert "售后材料 待提交" in awaited
    assert "售后材料 待审" in waiting
    assert f"/bureau/after-sales/{sold.made[1]}" in waiting
    assert "售后材料 已审" in accepted
    assert "拒付" in rejected
    assert "已退货" not in rejected


def test_what_does_not_divide_is_not_shown(sold, app):
    he = people.browser_of(app, HE)
    for query in ("county=441702", "industry=appliance", f"source={next(iter(sold.campaign.sources.values()))}"):
        assert "售后材料与结算" not in he.get(f"/bureau/settlement?{query}").text


def test_a_campaign_without_evidence_has_none(app, clock):
    opened()
    assert held_back() == []
    assert "售后材料与结算" not in people.browser_of(app, HE).get("/bureau/statements").text
