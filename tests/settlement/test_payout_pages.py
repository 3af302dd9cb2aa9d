"""The bureau's pages of payouts, from what is due to what has come back."""

import io

import pytest
from flask import Flask

from foundation.clock import SimulatedClock
from foundation.db import db
from merchants.payout_models import Payout
from settlement.payouts import BankAnswer
from tests import people
from tests.browsing import Browser
from tests.cars import CARD, answered, apply, bought, cars_opened, sent
from tests.people import HE, SONG, Staff
from tests.world import Published, at, citizens, shop

PAYOUTS = "/bureau/payouts"
MA = Staff("马算", "officer", "ma-finance", "finance")
REPLY = "序号,结果,银行流水号,失败原因\r\n1,成功,B-0001,\r\n2,失败,,账号户名不符\r\n"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(clock: SimulatedClock, app: Flask) -> Published:
    return cars_opened()


@pytest.fixture
def owed(campaign: Published) -> list[str]:
    """Two payouts that are due, by id."""
    place = shop(campaign, industry="automobile")
    return [str(bought(apply(who, campaign.release) or who, place)) for who in citizens(2)]


@pytest.fixture
def he(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, HE)


@pytest.fixture
def ma(app: Flask, clock: SimulatedClock) -> Browser:
    return people.browser_of(app, MA)


def answer(browser: Browser, batch: str, text: str) -> str:
    data = {"file": (io.BytesIO(text.encode()), "reply.csv")}
    told = browser.post(f"{batch}/answers", data=data, content_type="multipart/form-data")
    return browser.get(told.headers["Location"]).text if told.status_code == 303 else told.text


def test_a_batch_goes_from_what_is_due_to_the_banks_answers(he, ma, campaign, owed):
    page = he.get(PAYOUTS).text
    assert "2 笔待编批，应付 8,000.00 元" in page
    batch = he.post(PAYOUTS, data={"campaign": str(campaign.id)}).headers["Location"]
    page = he.get(batch).text
    assert "不能审批自己编的批" in page
    assert CARD not in page
    assert "林**" in page
    assert ma.post(f"{batch}/approve").status_code == 303
    assert he.get(f"{batch}/payments.csv").status_code == 409
    assert "待拨付" not in he.get(PAYOUTS).text
    he.post(f"{batch}/send")
    assert CARD in he.get(f"{batch}/payments.csv").text
    assert he.get(f"{batch}/payments.xlsx").data.startswith(b"PK")
    assert "已登记：成功 1 笔，失败 1 笔。" in answer(he, batch, REPLY)
    assert "银行已全部办完" in he.get(batch).text
    page = he.get(PAYOUTS).text
    assert "账号户名不符" in page
    assert "1 / 1" in page


def test_a_reply_that_is_wrong_is_shown_with_what_is_wrong(he, campaign, owed):
    batch = f"{PAYOUTS}/{sent(campaign)}"
    assert "第 9 笔：不在这一批里，或者已经有了结果" in answer(he, batch, REPLY.replace("2,失败", "9,失败"))
    assert "结果“处理中”不认识" in answer(he, batch, REPLY.replace("成功", "处理中"))
    assert he.post(f"{batch}/answers").status_code == 422


def test_a_rejected_batch_says_why(he, campaign, owed):
    batch = he.post(PAYOUTS, data={"campaign": str(campaign.id)}).headers["Location"]
    assert he.post(f"{batch}/reject", data={"reason": ""}).status_code == 422
    he.post(f"{batch}/reject", data={"reason": "开户行有误"})
    assert "开户行有误" in he.get(batch).text
    assert he.post(PAYOUTS, data={"campaign": "x"}).status_code == 422
    assert he.post(PAYOUTS, data={"campaign": "987"}).status_code == 422


def test_an_account_is_corrected_and_the_payout_is_due_again(he, campaign, owed):
    answered(sent(campaign), BankAnswer(1, is_paid=False, reason="账号户名不符"))
    address = f"{PAYOUTS}/payout/{owed[0]}"
    assert "更正账号" in he.get(address).text
    form = {
        "payee_name": "林小满",
        "bank_name": "农业银行",
        "bank_account": "6222 0212 3456 7890 128",
        "reason": "换卡",
    }
    assert he.post(f"{address}/correct", data=form | {"bank_account": "12"}).status_code == 422
    assert he.post(f"{address}/correct", data=form).status_code == 303
    db.session.expire_all()
    assert {payout.status for payout in db.session.scalars(db.select(Payout))} == {"due", "cleared"}


def test_a_car_that_came_back_is_taken_off_or_claimed_and_repaid(he, clock, campaign, owed):
    first, second = (f"{PAYOUTS}/payout/{one}" for one in owed)
    told = {"reason": "顾客退车", "evidence": "红字发票 24442000"}
    assert he.post(f"{first}/take-back", data=told | {"evidence": ""}).status_code == 422
    assert he.post(f"{first}/take-back", data=told).status_code == 303
    assert "已取消" in he.get(first).text
    batch = sent(campaign)
    assert "还不知道付款结果" in he.get(second).text
    answered(batch, BankAnswer(1, is_paid=True, reference="B-0001"))
    assert he.post(f"{second}/take-back", data=told).status_code == 422
    assert he.post(f"{second}/take-back", data=told | {"repay_by": "2023-05-20"}).status_code == 303
    assert "待市民退回" in he.get(PAYOUTS).text
    clock.move_to(at("2023-06-08 09:00"))
    he = people.browser_of(he.application, HE)
    assert "已逾期" in he.get(PAYOUTS).text
    assert he.post(f"{second}/repaid", data={"reference": ""}).status_code == 422
    assert he.post(f"{second}/repaid", data={"reference": "2023-0600"}).status_code == 303
    page = he.get(second).text
    assert "已退回" in page
    assert "红字发票 24442000" in page


def test_an_auditor_looks_and_changes_nothing(app, campaign, owed):
    song = people.browser_of(app, SONG)
    for address in (PAYOUTS, f"{PAYOUTS}/payout/{owed[0]}", f"/bureau/settlement/redemptions/{owed[0]}"):
        assert song.get(address).status_code == 200
    for address in (PAYOUTS, f"{PAYOUTS}/payout/{owed[0]}/take-back", f"{PAYOUTS}/payout/{owed[0]}/correct"):
        assert song.post(address).status_code == 403
    assert song.get(f"{PAYOUTS}/987").status_code == 404


def test_the_desk_and_the_ledger_know_of_payouts(he, campaign, owed):
    desk = he.get("/bureau/").text
    assert "惠民购车补贴0.8万元，2名消费者受益。" in desk
    assert "2 笔要付给市民，共 0.8 万元" in desk
    batch = sent(campaign)
    assert "等待银行结果" in he.get("/bureau/").text
    answered(batch, BankAnswer(1, is_paid=False, reason="账号户名不符"))
    assert "银行没有付成 1 笔，待市民退回 0 笔" in he.get("/bureau/").text
    page = he.get(f"/bureau/settlement/redemptions/{owed[0]}").text
    assert "付到市民银行卡" in page
    assert f"{PAYOUTS}/payout/{owed[0]}" in page
    page = he.get(f"/bureau/campaigns/{campaign.id}").text
    assert "应付市民" in page
    assert "已申请 0.8 / 投放 10 万元" in page
    assert "100,000.00" in he.get(f"/bureau/campaigns/{campaign.id}/versions/1").text
