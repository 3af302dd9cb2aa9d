"""The pages of settlement by the campaign's terms: the merchant's statements, disputes, the schedule, prefunding."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from campaigns.jobs import release_rounds
from foundation.db import db
from settlement import jobs, reading
from settlement.check_models import Dispute
from settlement.models import SettlementBatch, Statement
from tests import people
from tests.people import HE, QIN, SONG, Staff
from tests.settlement.advanced import PREFUNDED, WEEKLY, settled, sold
from tests.settlement.test_prefunding import ended
from tests.world import at, opened, published, shop

MA = Staff("马算", "officer", "ma-finance", "finance")
STATEMENTS, MINE = "/bureau/statements", "/till/statements"


@pytest.fixture
def app(sqlite_app):
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


def cashier(app, number=1):
    login = f"cashier-{number}"
    return people.browser_of(app, Staff("收银员", "cashier", login))


class Weekly:
    def __init__(self, app, clock, count=3):
        self.campaign = opened(settled(WEEKLY))
        self.place, self.other = shop(self.campaign), shop(self.campaign, number=2, name="舌尖小馆")
        self.lines = sold(self.campaign, self.place, count)
        sold(self.campaign, self.other, 1, first_phone=13900000020)
        clock.move_to(at("2023-05-15 09:00"))
        jobs.settle_due()
        db.session.rollback()
        self.batch = db.session.scalars(select(SettlementBatch.id)).one()
        self.statement, self.others = db.session.scalars(select(Statement.id).order_by(Statement.id)).all()
        db.session.rollback()


@pytest.fixture
def weekly(app, clock):
    return Weekly(app, clock)


def words(response):
    """Return the text of a page without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(response.text)))


# --- the merchant -------------------------------------------------------------------------------------------


def test_a_merchant_sees_its_statements_with_the_days_that_are_left(app, weekly):
    zhou = cashier(app)
    told = words(zhou.get(MINE))
    assert "有 1 张对账单等待核对" in told
    assert "应付 150.00 元，3 笔" in told
    assert "还剩 4 天核对，最晚 2023-05-18" in told
    told = words(zhou.get(f"{MINE}/{weekly.statement}"))
    assert "最晚 2023-05-18 答复（还剩 4 天）" in told
    assert "最晚 2023-05-25" in told
    assert told.count("消费 200.00，券抵 50.00") == 3


def test_another_merchants_statement_is_not_found(app, weekly):
    zhou = cashier(app)
    for path in ("", "/confirm", "/dispute", "/lines"):
        address = f"{MINE}/{weekly.others}{path}"
        response = zhou.post(address, data={}) if path else zhou.get(address)
        assert response.status_code in (404, 422)
        assert "舌尖小馆" not in response.text
    assert zhou.get(f"{MINE}/999999999999999999").status_code == 404


def test_a_merchant_confirms_and_then_there_is_nothing_to_answer(app, weekly):
    zhou = cashier(app)
    assert zhou.post(f"{MINE}/{weekly.statement}/confirm").status_code == 303
    page = zhou.get(f"{MINE}/{weekly.statement}")
    assert "已确认" in words(page)
    assert "提交异议" not in page.text
    again = zhou.post(f"{MINE}/{weekly.statement}/confirm")
    assert again.status_code == 422
    assert "不能再答复" in again.text


def test_silence_is_told_as_silence(app, weekly, clock):
    clock.move_to(at("2023-05-19 00:40"))
    jobs.settle_due()
    for reader, path in ((cashier(app), MINE), (people.browser_of(app, HE), f"{STATEMENTS}/statement")):
        assert "逾期未答复，视为确认" in words(reader.get(f"{path}/{weekly.statement}"))


def test_a_dispute_goes_to_the_bureau_and_its_answer_comes_back(app, weekly, clock):
    zhou, he = cashier(app), people.browser_of(app, HE)
    line = str(weekly.lines[1])
    address = f"{MINE}/{weekly.statement}/dispute"
    # Without a reason it is refused, and what was ticked stays ticked.
    refused = zhou.post(address, data={"line": line, f"reason-{line}": "错"})
    assert refused.status_code == 422
    assert re.search(rf'value="{line}" checked', refused.text)
    assert 'value="错"' in refused.text
    assert zhou.post(address, data={}).status_code == 422
    assert zhou.post(address, data={"line": "nonsense"}).status_code == 422
    assert zhou.post(address, data={"line": line, f"reason-{line}": "金额与小票不符"}).status_code == 303
    told = words(zhou.get(f"{MINE}/{weekly.statement}"))
    assert "待商务局决定" in told
    assert "100.00" in told
    listed = words(he.get(f"{STATEMENTS}/disputes"))
    assert "金额与小票不符" in listed
    assert "漠阳味道" in listed
    assert "1 笔待决定" in words(he.get("/bureau/"))
    told = words(he.get(f"{STATEMENTS}/statement/{weekly.statement}"))
    assert "商户有异议、已取下的核销" in told
    assert "金额与小票不符" in told
    dispute_id = db.session.scalars(select(Dispute.id)).one()
    decided = f"{STATEMENTS}/disputes/{dispute_id}"
    assert he.post(f"{decided}/keep", data={"answer": ""}).status_code == 422
    assert he.post(f"{decided}/keep", data={"answer": "与收银记录核对过"}).status_code == 303
    assert "商务局：与收银记录核对过" in words(zhou.get(f"{MINE}/{weekly.statement}"))
    clock.move_to(at("2023-05-22 09:00"))
    jobs.settle_due()
    latest = db.session.scalars(select(Statement.id).order_by(Statement.id.desc())).first()
    page = cashier(app).get(f"{MINE}/{latest}")
    assert "以前提过异议，商务局：与收银记录核对过" in words(page)
    assert f'value="{line}"' not in page.text


def test_lines_on_other_pages_stay_chosen(app, clock, monkeypatch):
    page_of = reading.page_of
    monkeypatch.setattr(reading, "page_of", lambda statement, number: page_of(statement, number, size=2))
    weekly = Weekly(app, clock)
    zhou = cashier(app)
    first = str(weekly.lines[0])
    second = zhou.post(f"{MINE}/{weekly.statement}/lines?page=2", data={"line": first, f"reason-{first}": "金额不符"})
    assert second.status_code == 200
    assert "别的页上还勾选了 1 笔" in second.text
    assert f'type="hidden" name="line" value="{first}"' in second.text
    assert 'name="reason-' in second.text
    back = zhou.post(f"{MINE}/{weekly.statement}/lines?page=1", data={"line": first, f"reason-{first}": "金额不符"})
    assert re.search(rf'value="{first}" checked', back.text)
    assert db.session.scalars(select(Dispute)).all() == []


# --- the bureau ---------------------------------------------------------------------------------------------


def test_the_bureau_sees_what_waits_for_whom_and_the_grey_button_says_why(app, weekly, clock):
    he = people.browser_of(app, HE)
    told = words(he.get(STATEMENTS))
    assert "每周关账，周一结算到前一天" in told
    assert "下次 2023-05-22" in told
    assert "2 家商户核对中" in told
    assert "1 批待审批" in told
    assert "最晚 2023-05-25" in told
    assert "到期自动关账" in told
    page = he.get(f"{STATEMENTS}/{weekly.batch}")
    assert "还有 2 家商户在核对，最晚到 2023-05-18" in words(page)
    assert f'action="{STATEMENTS}/{weekly.batch}/approve"' not in page.text
    assert he.post(f"{STATEMENTS}/{weekly.batch}/approve").status_code == 409
    clock.move_to(at("2023-05-19 09:00"))
    he = people.browser_of(app, HE)
    assert he.post(f"{STATEMENTS}/{weekly.batch}/approve").status_code == 303
    assert "1 批待拨付，200.00 元" in words(he.get(STATEMENTS))
    clock.move_to(at("2023-05-26 09:00"))
    he = people.browser_of(app, HE)
    assert "逾期 1 批，200.00 元" in words(he.get(STATEMENTS))
    assert "逾期未付" in words(he.get(f"{STATEMENTS}/{weekly.batch}"))


def test_what_is_not_due_is_greyed_with_its_day_and_refused_all_the_same(app, clock):
    weekly = opened(settled(WEEKLY))
    daily = opened(settled({"cadence": {"kind": "daily"}}, "daily"))
    sold(weekly, shop(weekly))
    sold(daily, shop(daily, number=2), first_phone=13900000020)
    clock.move_to(at("2023-05-10 09:00"))
    he = people.browser_of(app, HE)
    page = he.get(STATEMENTS)
    assert re.search(rf'name="campaign" value="{weekly.id}" disabled', page.text)
    assert "1 笔还没有到关账的日子（每周关账，周一结算到前一天），下次关账 2023-05-15" in words(page)
    refused = he.post(STATEMENTS, data={"campaign": weekly.id, "last_day": "2023-05-08"})
    assert refused.status_code == 422
    assert "这一天的核销从 2023-05-15 起可以关账" in refused.text
    assert he.post(STATEMENTS, data={"campaign": daily.id, "last_day": "2023-05-09"}).status_code == 303


def test_where_nothing_is_due_yet_the_button_is_grey_and_says_so(app, clock):
    weekly = opened(settled(WEEKLY))
    sold(weekly, shop(weekly))
    clock.move_to(at("2023-05-10 09:00"))
    page = people.browser_of(app, HE).get(STATEMENTS)
    assert re.search(r'id="close" disabled', page.text)
    assert "还没有到关账的日子" in words(page)
    assert "下次关账 2023-05-15" in words(page)


def test_the_schedule_is_a_file_too(app, weekly):
    he = people.browser_of(app, HE)
    rows = he.get(f"{STATEMENTS}/schedule.csv").text.lstrip("\ufeff").splitlines()
    assert rows[0].startswith("活动,结算方式,关账周期,下次关账")
    assert rows[1].startswith("活动 spring,商户垫付、事后结算,")
    assert ",2023-05-22,0,0.00,0.00,200.00,0.00,2023-05-25,0.00,,,0.00,," in rows[1]
    assert he.get(f"{STATEMENTS}/schedule.xlsx").status_code == 200


def test_money_of_a_prefunded_campaign_comes_in_is_used_and_goes_back(app, clock):
    campaign = published(settled(PREFUNDED))
    he = people.browser_of(app, HE)
    address = f"{STATEMENTS}/prefunding/{campaign.id}"
    told = words(he.get(address))
    assert "“第一轮”需要的预拨资金还差 500.00 元，暂不投放" in told
    assert "还差 500.00 元" in words(he.get(STATEMENTS))
    city, jiangcheng = campaign.sources["city"], campaign.sources["jiangcheng"]
    for amount, reference in (("0", "国库 1"), ("-1", "国库 1"), ("1e3", "国库 1"), ("100001", "国库 1"), ("100", "")):
        response = he.post(f"{address}/deposits", data={"source": city, "amount": amount, "reference": reference})
        assert response.status_code == 422
        assert f'value="{amount}"' in response.text
    for source, amount in ((city, "100.50"), (jiangcheng, "400")):
        form = {"source": source, "amount": amount, "reference": "国库 1"}
        assert he.post(f"{address}/deposits", data=form).status_code == 303
        assert he.post(f"{address}/deposits", data=form).status_code == 422
    release_rounds()
    assert "暂不投放" not in he.get(address).text
    assert "还有 500.00 元在投放、审核或市民手里" in words(he.get(address))
    assert he.post(f"{address}/returns").status_code == 422
    ended(clock)
    he, ma = people.browser_of(app, HE), people.browser_of(app, MA)
    assert he.post(f"{address}/returns").status_code == 303
    told = words(he.get(address))
    assert "市财政 100.50" in told
    assert "不能由提出的人自己办理" in told
    one = f"{address}/returns/1"
    assert he.post(f"{one}/carry_out", data={"payment_reference": "退 1"}).status_code == 422
    assert ma.post(f"{address}999/returns/1/carry_out", data={"payment_reference": "退 1"}).status_code == 404
    assert ma.post(f"{one}/carry_out", data={"payment_reference": ""}).status_code == 422
    assert ma.post(f"{one}/carry_out", data={"payment_reference": "退 1"}).status_code == 303
    assert ma.post(f"{one}/withdraw").status_code == 422
    told = words(ma.get(address))
    assert "已退回" in told
    row = ma.get(f"{STATEMENTS}/schedule.csv").text.splitlines()[1]
    assert row.endswith(",500.50,199499.50,0.00,500.50,0.00")


def test_a_campaign_that_is_not_prefunded_has_no_such_page(app, weekly):
    response = people.browser_of(app, HE).get(f"{STATEMENTS}/prefunding/{weekly.campaign.id}")
    assert response.status_code == 409
    assert "这个活动不是资金预拨的" in response.text


def test_who_is_not_of_finance_looks_and_changes_nothing(app, weekly):
    zhou = cashier(app)
    line = str(weekly.lines[0])
    zhou.post(f"{MINE}/{weekly.statement}/dispute", data={"line": line, f"reason-{line}": "金额不符"})
    prefunded = published(settled(PREFUNDED, "prefunded"))
    song = people.browser_of(app, SONG)
    for path in ("/disputes", f"/prefunding/{prefunded.id}"):
        page = song.get(f"{STATEMENTS}{path}")
        assert page.status_code == 200
        assert "需要“财务”岗位" in page.text
    for path in ("/disputes/1/keep", f"/prefunding/{prefunded.id}/deposits", f"/prefunding/{prefunded.id}/returns"):
        assert song.post(f"{STATEMENTS}{path}", data={"answer": "核对过"}).status_code == 403
    # The chief may do all of it.
    assert (
        people.browser_of(app, QIN).post(f"{STATEMENTS}/disputes/1/deny", data={"answer": "顾客已退"}).status_code
        == 303
    )
