"""The bureau's desk, the settlement report down to its rows, and statements from closing to payment."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from foundation.clock import SimulatedClock
from merchants.receipts import Receipt
from settlement.metrics import METRICS
from settlement.reports import GROUPINGS
from tests import people, world
from tests.browsing import Browser
from tests.people import HE, QIN, SONG, Staff
from tests.world import Published, Shop

REPORT, STATEMENTS = "/bureau/settlement", "/bureau/statements"
#: A second finance officer, since nobody approves what they have closed.
MA = Staff("马算", "officer", "ma-finance", "finance")


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(app: Flask, clock: SimulatedClock) -> Published:
    return world.opened()


@pytest.fixture
def shop(campaign: Published) -> Shop:
    return world.shop(campaign)


@pytest.fixture
def receipts(campaign: Published, shop: Shop) -> list[Receipt]:
    """Three claims, two of them used on bills of 200 and 350 yuan, one used and voided."""
    found = []
    for citizen, bill_fen in zip(world.citizens(3), (20_000, 35_000, 25_000), strict=True):
        _voucher, digits = world.claim_and_show(citizen, campaign.release)
        found.append(world.redeem(shop.till, digits, bill_fen))
    world.void(found[2], shop.till)
    return found


@pytest.fixture
def he(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, HE)


@pytest.fixture
def ma(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, MA)


# Named before the browsers: a sign-in of yesterday has ended.
@pytest.fixture
def next_day(clock: SimulatedClock, receipts: list[Receipt]) -> None:
    clock.move_to(world.OPENS + timedelta(days=1))


def closed(browser: Browser, campaign: Published, last_day: str = "2023-05-08") -> str:
    """Close a period and return the address of the batch."""
    response = browser.post(STATEMENTS, data={"campaign": campaign.id, "last_day": last_day})
    assert response.status_code == 303, response.text
    return str(response.location)


# --- the desk -----------------------------------------------------------------------------------------------


def test_the_desk_is_kind_to_a_bureau_that_has_not_begun(he: Browser) -> None:
    html = he.get("/bureau/").text
    assert "还没有发放消费券" in html
    assert "现在没有开放的轮次" in html
    assert "没有待办" in html


def test_the_desk_tells_the_year_and_what_waits(he: Browser, receipts: list[Receipt]) -> None:
    html = he.get("/bureau/").text
    assert "市县两级共同发放消费券" in html
    assert "1:3.67" in html  # 550 yuan of bills by 150 claimed
    assert "领取中" in html
    assert "第一轮" in html
    assert he.get("/bureau/?year=1999").status_code == 200


def test_the_desk_shows_what_waits_for_a_second_person(
    next_day: None, he: Browser, ma: Browser, campaign: Published
) -> None:
    assert "关账：春季消费券" in he.get("/bureau/").text
    closed(he, campaign)
    assert "您关的账，要由另一位财务人员审批" in he.get("/bureau/").text
    assert "审批结算批次 1" in ma.get("/bureau/").text


# --- the report ---------------------------------------------------------------------------------------------


def test_the_report_shows_each_metric_with_its_definition(he: Browser, receipts: list[Receipt]) -> None:
    html = unescape(he.get(REPORT).text)
    for metric in METRICS:
        if metric.key == "reserved_fen":
            # Nothing here is applied for.
            continue
        assert metric.name in html
        assert metric.definition in html
    assert "550.00" in html


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_figure_of_every_grouping_opens_to_rows(he: Browser, receipts: list[Receipt], by: str) -> None:
    html = he.get(f"{REPORT}?by={by}").text
    addresses = {unescape(found) for found in re.findall(r'href="(/bureau/settlement/rows[^"]+)"', html)}
    assert len(addresses) > 5
    for address in addresses:
        assert he.get(address).status_code == 200, address


@pytest.mark.parametrize("by", ["campaign", "county", "industry", "merchant", "day", "offer"])
@pytest.mark.parametrize(("metric", "yuan"), [("net_redeemed_fen", "100.00"), ("driven_fen", "550.00")])
def test_the_rows_add_up_to_the_figure(
    he: Browser, receipts: list[Receipt], campaign: Published, shop: Shop, by: str, metric: str, yuan: str
) -> None:
    wanted = {
        "campaign": f"campaign={campaign.id}",
        "county": "county=441702",
        "industry": "industry=catering",
        "merchant": f"merchant={shop.merchant_id}",
        "day": "first_day=2023-05-08&last_day=2023-05-08",
        "offer": f"offer={campaign.offers['meal']}",
    }[by]
    html = he.get(f"{REPORT}/rows?metric={metric}&by={by}&{wanted}").text
    assert html.count(yuan) >= 2  # the figure, and the sum beneath the rows
    assert "共 2 笔" in html


def test_a_sources_rows_add_up_to_its_part(he: Browser, receipts: list[Receipt], campaign: Published) -> None:
    html = he.get(f"{REPORT}/rows?metric=net_redeemed_fen&source={campaign.sources['city']}").text
    assert html.count("20.00") >= 2
    assert "其中本来源" in html


def test_the_number_of_claims_opens_to_claims(he: Browser, receipts: list[Receipt]) -> None:
    html = he.get(f"{REPORT}/rows?metric=claimed_count").text
    assert "领取时间" in html
    assert "共 3 次领取" in html


def test_a_cell_without_meaning_says_why(he: Browser, receipts: list[Receipt]) -> None:
    html = he.get(f"{REPORT}?by=county").text
    assert "全市通用的券领取时还不知道会在哪里使用" in html


def test_the_files_hold_what_the_page_shows(he: Browser, receipts: list[Receipt]) -> None:
    html = he.get(f"{REPORT}?by=source&first_day=2023-05-08").text
    for kind in ("csv", "xlsx"):
        address = re.search(rf'href="(/bureau/settlement/report\.{kind}[^"]*)"', html)
        assert address is not None
        assert "first_day=2023-05-08" in address[1]
        response = he.get(unescape(address[1]))
        assert response.status_code == 200
        assert "attachment" in response.headers["Content-Disposition"]
    table = he.get(f"{REPORT}/report.csv?by=source").data.decode("utf-8-sig")
    assert table.startswith("项目,预算")
    assert "江城区财政" in table


@pytest.mark.parametrize(
    "query",
    [
        "by=weather",
        "campaign=x",
        "first_day=someday",
        "first_day=2023-05-09&last_day=2023-05-08",
        "by=offer&merchant=1",
    ],
)
def test_a_report_that_cannot_be_read_is_refused_on_the_page(he: Browser, query: str) -> None:
    response = he.get(f"{REPORT}?{query}")
    assert response.status_code == 422
    assert "refusal" in response.text
    assert 'name="by"' in response.text
    assert he.get(f"{REPORT}/report.csv?{query}").status_code == 422


def test_an_unknown_metric_is_refused(he: Browser) -> None:
    assert he.get(f"{REPORT}/rows?metric=luck").status_code == 422


def test_a_redemption_is_shown_with_its_money_and_a_masked_phone(he: Browser, receipts: list[Receipt]) -> None:
    html = he.get(f"{REPORT}/redemptions/{receipts[2].redemption_id}").text
    assert "顾客退货" in html
    assert "139****0002" in html
    assert "13900000002" not in html
    assert html.count("冲正") == 2
    assert he.get(f"{REPORT}/redemptions/00000000-0000-0000-0000-000000000000").status_code == 404


# --- statements ---------------------------------------------------------------------------------------------


def test_today_cannot_be_settled_and_the_form_keeps_what_was_chosen(
    he: Browser, campaign: Published, receipts: list[Receipt]
) -> None:
    assert "没有可以结算的核销" in he.get(STATEMENTS).text
    response = he.post(STATEMENTS, data={"campaign": campaign.id, "last_day": "2023-05-08"})
    assert response.status_code == 422
    assert "还没有过完，不能关账" in response.text


@pytest.mark.parametrize("last_day", ["", "someday", "2023-13-01"])
def test_a_day_that_is_none_is_refused(next_day: None, he: Browser, campaign: Published, last_day: str) -> None:
    response = he.post(STATEMENTS, data={"campaign": campaign.id, "last_day": last_day})
    assert response.status_code == 422


def test_a_batch_goes_from_closing_to_payment_by_two_people(
    next_day: None, he: Browser, ma: Browser, campaign: Published
) -> None:
    batch = closed(he, campaign)
    html = he.get(batch).text
    assert "不能审批自己关的账" in html
    assert "100.00" in html
    assert "•••• 0001" in html
    assert he.post(f"{batch}/approve").status_code == 403
    assert he.get(f"{batch}/payments.csv").status_code == 409

    assert ma.post(f"{batch}/approve").status_code == 303
    table = ma.get(f"{batch}/payments.csv").data.decode("utf-8-sig")
    assert "62220000000001" in table
    assert ma.get(f"{batch}/payments.xlsx").data[:2] == b"PK"

    refused = he.post(f"{batch}/pay", data={"payment_reference": "1"})
    assert refused.status_code == 422
    assert 'value="1"' in refused.text
    assert he.post(f"{batch}/pay", data={"payment_reference": "国库 2023-118"}).status_code == 303
    html = he.get(batch).text
    assert "国库 2023-118" in html
    assert "登记拨付" in html
    assert ma.post(f"{batch}/approve").status_code == 409


def test_a_statement_opens_to_its_redemptions_and_its_money(
    next_day: None, he: Browser, ma: Browser, campaign: Published, receipts: list[Receipt]
) -> None:
    batch = closed(he, campaign)
    ma.post(f"{batch}/approve")
    address = re.search(r'href="(/bureau/statements/statement/\d+)"', he.get(batch).text)
    assert address is not None
    html = he.get(address[1]).text
    assert str(receipts[0].redemption_id) in html
    assert str(receipts[2].redemption_id) not in html
    assert "应付商户" in html
    assert "已审待付" in html


def test_a_rejected_batch_frees_its_redemptions(next_day: None, he: Browser, ma: Browser, campaign: Published) -> None:
    batch = closed(he, campaign)
    refused = ma.post(f"{batch}/reject", data={"reason": ""})
    assert refused.status_code == 422
    assert ma.post(f"{batch}/reject", data={"reason": "收款账号有误"}).status_code == 303
    assert "收款账号有误" in ma.get(batch).text
    assert closed(he, campaign) != batch


def test_who_may_do_what(next_day: None, app: Flask, he: Browser, ma: Browser, campaign: Published) -> None:
    song, qin = people.browser_of(app, SONG), people.browser_of(app, QIN)
    assert "需要“财务”岗位" in song.get(STATEMENTS).text
    data = {"campaign": campaign.id, "last_day": "2023-05-08"}
    assert song.post(STATEMENTS, data=data).status_code == 403
    batch = closed(he, campaign)
    assert song.get(batch).status_code == 200
    for path in ("approve", "reject", "pay"):
        assert song.post(f"{batch}/{path}", data={"reason": "不妥当"}).status_code == 403
    assert qin.post(f"{batch}/approve").status_code == 303
    # The list has whole account numbers: for those who pay, not for those who look.
    assert song.get(f"{batch}/payments.csv").status_code == 403


@pytest.mark.parametrize("path", ["/9", "/99999999999999999999", "/statement/9", "/9/payments.csv"])
def test_what_is_not_there_is_not_found(he: Browser, path: str) -> None:
    assert he.get(f"{STATEMENTS}{path}").status_code == 404


def test_no_page_asks_for_what_the_content_policy_forbids(
    next_day: None, he: Browser, campaign: Published, shop: Shop
) -> None:
    batch = closed(he, campaign)
    for path in (
        "/bureau/", "/bureau/campaigns", f"/bureau/campaigns/{campaign.id}",
        f"/bureau/campaigns/{campaign.id}/versions/1", "/bureau/campaigns/import", "/bureau/merchants",
        f"/bureau/merchants/{shop.merchant_id}", REPORT, f"{REPORT}?by=day", STATEMENTS, batch,
        "/bureau/ledger", "/bureau/ledger/accounts", "/bureau/ledger/audit",
    ):  # fmt: skip
        html = he.get(path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style", html), path
        for script in re.findall(r"<script([^>]*)>", html):
            assert "src=" in script or 'type="application/json"' in script, path
