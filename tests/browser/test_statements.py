"""A merchant checks its statement on a phone, and the bureau sees at its desk what waits for whom."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from campaigns.terms.cadence.weekly import WEEKDAYS
from foundation import clock
from foundation.clock import bureau_day, day_end
from foundation.db import db
from settlement import jobs
from settlement.check_models import Dispute, StatementCheck
from settlement.models import Statement
from tests import people
from tests.people import HE
from tests.settlement.advanced import PREFUNDED, settled, sold
from tests.world import opened, published, shop

pytestmark = pytest.mark.browser
DESK = {"width": 1280, "height": 900}


def _document(settlement, code):
    now = clock.now()
    document = settled(settlement, code)
    document["campaign"] |= {
        "starts_at": now - timedelta(days=9), "ends_at": day_end(bureau_day(now) + timedelta(days=60)),
    }  # fmt: skip
    document["rounds"][0] |= {
        "opens_at": now - timedelta(minutes=5), "closes_at": day_end(bureau_day(now) + timedelta(days=9)),
    }  # fmt: skip
    return document


def signed_in(devices, who, **options):
    page = devices.open(**options)
    cookie = people.browser_of(devices.app, who).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    return page


@pytest.fixture
def scene(sqlite_app):
    """Yesterday three vouchers were sold; in the night the day was closed, and the merchant has three days."""
    today = clock.now()
    with clock.simulated(today - timedelta(days=1)):
        campaign = opened(_document({"cadence": {"kind": "daily"}, "check_days": 3, "pay_days": 7}, "daily"))
        place = shop(campaign)
        sold(campaign, place, 3)
    with clock.simulated(today):
        published(_document(PREFUNDED, "prefunded"))
    jobs.settle_due()
    db.session.rollback()
    return place


def test_a_merchant_disputes_one_line_and_the_bureau_decides(devices, scene):
    till = signed_in(devices, people.Staff("收银员", "cashier", "cashier-1"))
    till.goto("/till/statements")
    expect(till.locator(".notice")).to_contain_text("有 1 张对账单等待核对")
    till.locator(".after-list a").click()
    expect(till.locator(".slip__pays")).to_contain_text("150.00")
    assert till.evaluate("document.documentElement.scrollWidth") == 375
    line = till.locator(".statement-lines li").nth(1)
    line.get_by_role("checkbox").check()
    till.get_by_role("button", name="提交异议").click()
    # Without a reason it is refused, and the tick stays.
    expect(till.locator(".refusal")).to_contain_text("写明原因")
    line = till.locator(".statement-lines li").nth(1)
    expect(line.get_by_role("checkbox")).to_be_checked()
    devices.complaints = [words for words in devices.complaints if "status of 422" not in words]
    line.get_by_label("原因").fill("小票是 180 元，不是 200 元")
    till.get_by_role("button", name="提交异议").click()
    expect(till.locator(".notice")).to_contain_text("异议已提交")
    expect(till.locator(".slip__pays")).to_contain_text("100.00")
    expect(till.get_by_role("button", name="提交异议")).to_have_count(0)

    desk = signed_in(devices, HE, viewport=DESK)
    desk.goto("/bureau/statements")
    expect(desk.get_by_text("1 笔异议待决定")).to_be_visible()
    expect(desk.get_by_text("需要的预拨资金还差 500.00 元")).to_be_visible()
    desk.get_by_role("link", name="1 笔异议待决定").click()
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_label("给商户的答复").fill("与收银记录核对，确为 200 元")
    desk.get_by_role("button", name="照付").click()
    expect(desk.locator(".notice")).to_contain_text("已决定")
    till.reload()
    expect(till.get_by_text("商务局：与收银记录核对，确为 200 元")).to_be_visible()
    db.session.rollback()
    assert db.session.scalars(select(Dispute.status)).all() == ["kept"]
    assert db.session.scalars(select(StatementCheck.status)).all() == ["disputed"]
    assert db.session.scalars(select(Statement.redemption_count)).all() == [2]


def test_money_that_comes_in_opens_the_round(devices, scene):
    desk = signed_in(devices, HE, viewport=DESK)
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.goto("/bureau/statements")
    desk.get_by_role("link", name="到账 0.00").click()
    expect(desk.locator(".refusal")).to_contain_text("还差 500.00 元")
    expect(desk.get_by_role("button", name="提出原路退回")).to_be_disabled()
    for source, yuan, number in (("市财政", "100", "国库 1"), ("江城区财政", "400", "国库 2")):
        desk.get_by_label("资金来源").select_option(source)
        desk.get_by_label("到账金额").fill(yuan)
        desk.get_by_label("到账凭证号").fill(number)
        desk.get_by_role("button", name="登记到账").click()
        expect(desk.locator(".notice")).to_contain_text("已登记到账")
    expect(desk.locator(".refusal")).to_have_count(0)


def test_the_last_day_follows_the_campaign_that_is_chosen(devices, scene):
    now = clock.now()
    yesterday = bureau_day(now) - timedelta(days=1)
    weekday = list(WEEKDAYS)[yesterday.weekday()]
    with clock.simulated(now - timedelta(days=2)):
        weekly = opened(_document({"cadence": {"kind": "weekly", "weekday": weekday}}, "weekly"))
        by_hand = opened(_document({}, "by-hand"))
        for number, campaign in ((21, weekly), (22, by_hand)):
            sold(campaign, shop(campaign, number=number), first_phone=13900000100 + number)
    desk = signed_in(devices, HE, viewport=DESK)
    desk.goto("/bureau/statements")
    day, button, why = desk.locator("#last_day"), desk.locator("#close"), desk.locator("#close-why")
    desk.locator(f"input[name=campaign][value='{by_hand.id}']").check()
    day.fill(yesterday.isoformat())
    expect(button).to_be_enabled()
    # The week was over with the day before yesterday.
    desk.locator(f"input[name=campaign][value='{weekly.id}']").check()
    up_to = (yesterday - timedelta(days=1)).isoformat()
    expect(day).to_have_value(up_to)
    day.fill(yesterday.isoformat())
    expect(button).to_be_disabled()
    expect(why).to_contain_text(f"最晚只能结算到 {up_to}")
    day.fill(up_to)
    expect(button).to_be_enabled()
    button.click()
    expect(desk.locator(".notice")).to_contain_text("已关账")
