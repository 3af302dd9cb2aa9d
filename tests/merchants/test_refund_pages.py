"""Refunds on the pages: the till asks, shows and does it once; the bureau sees and records what comes back."""

import re
from datetime import timedelta

import pytest

from foundation.db import db
from merchants.models import Redemption
from merchants.refunds import refund, refunds_of
from settlement.closing import approve, close_period, mark_paid
from tests import people, world
from tests.campaigns.test_refund_terms import shizuishan
from tests.merchants.test_merchant_pages import cashier_of
from tests.people import HE, LIN


@pytest.fixture
def app(sqlite_app):
    return sqlite_app


class Scene:
    def __init__(self, app, clock, document=None):
        self.campaign = world.opened(document)
        self.shop = world.shop(self.campaign)
        self.voucher, digits = world.claim_and_show(people.citizen(LIN), self.campaign.release)
        self.redemption = world.redeem(self.shop.till, digits, 40_000).redemption_id
        clock.move_to(clock.now() + timedelta(days=1))
        self.till = cashier_of(app, self.shop)
        self.address = f"/till/refunds/{self.redemption}"

    def key(self):
        return re.search(r'name="key" value="(\w+)"', self.till.get(f"{self.address}?goods_yuan=100").text).group(1)


@pytest.fixture
def scene(clock, app):
    return Scene(app, clock)


def test_yesterdays_receipts_are_found_by_their_day(scene):
    assert str(scene.redemption) not in scene.till.get("/till/today").text
    page = scene.till.get("/till/today?day=2023-05-08").text
    assert str(scene.redemption) in page
    assert "历史核销" in page
    assert scene.till.get("/till/today?day=someday").status_code == 200
    assert "退货" in scene.till.get(f"/till/redemptions/{scene.redemption}").text


def test_the_page_shows_what_it_comes_to_before_anything_is_done(scene):
    assert "还能退" in scene.till.get(scene.address).text
    page = scene.till.get(f"{scene.address}?goods_yuan=100").text
    assert "87.50" in page
    assert "12.50" in page
    assert refunds_of(scene.redemption) == []
    refused = scene.till.get(f"{scene.address}?goods_yuan=400.01")
    assert refused.status_code == 409
    assert "超过还能退的 400.00 元" in refused.text
    assert scene.till.get(f"{scene.address}?goods_yuan=一百").status_code == 409


def test_a_form_that_is_sent_twice_refunds_once(scene):
    form = {"goods_yuan": "100", "reason": "质量问题", "key": scene.key()}
    for _ in range(2):
        assert scene.till.post(scene.address, data=form).status_code == 303
    assert len(refunds_of(scene.redemption)) == 1
    page = scene.till.get(f"/till/redemptions/{scene.redemption}").text
    assert "请退给顾客 87.50 元" in page
    assert "质量问题" in page


def test_the_holder_sees_what_came_back(scene, app):
    world.done(lambda: refund(scene.redemption, scene.shop.desk, 10_000, "质量问题"))
    page = people.browser_of(app, LIN).get(f"/vouchers/{scene.voucher}").text
    assert "已退货" in page
    assert "有效期内整单退货，券退回" in page


def test_a_subsidy_is_collected_first(clock, app):
    scene = Scene(app, clock, world.spring(offers=[world.offer(refund={"kind": "pay_back_first"})]))
    assert "先向顾客收回" in scene.till.get(f"{scene.address}?goods_yuan=400").text
    form = {"goods_yuan": "400", "reason": "质量问题", "key": "k" * 32}
    refused = scene.till.post(scene.address, data=form)
    assert refused.status_code == 409
    assert "要先向顾客收回补贴 50.00 元" in refused.text
    done = scene.till.post(scene.address, data=form | {"paid_back": "yes", "key": "l" * 32})
    assert done.status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Redemption, scene.redemption).status == "refunded"


def test_the_bureau_sees_the_refund_and_records_what_is_repaid(scene, app):
    batch = world.done(lambda: close_period(scene.campaign.id, world.at("2023-05-08 00:00").date(), by="officer:3").id)
    world.done(lambda: approve(batch, by="officer:4"))
    world.done(lambda: mark_paid(batch, by="officer:3", payment_reference="2023-0001"))
    slip = world.done(lambda: refund(scene.redemption, scene.shop.desk, 10_000, "质量问题"))
    finance = people.browser_of(app, HE)
    assert "券款收回" in finance.get(f"/bureau/settlement/redemptions/{scene.redemption}").text
    page = finance.get("/bureau/statements").text
    assert "待追回的退款" in page
    assert "12.50" in page
    address = f"/bureau/statements/claw-backs/{slip.refund_id}"
    assert "凭证号" in finance.post(address, data={"reference": ""}).text
    assert finance.post(address, data={"reference": "2023-0002"}).status_code == 303
    assert "待追回的退款" not in finance.get("/bureau/statements").text
    rows = finance.get("/bureau/settlement/rows?metric=net_redeemed_fen").text
    assert "-12.50" in rows
    assert "37.50" in rows
    assert finance.get("/bureau/settlement/rows?metric=surplus_fen").status_code == 200


def test_a_statement_shows_what_it_takes_off_and_what_the_merchant_bears(clock, app):
    scene = Scene(app, clock, shizuishan())
    world.done(lambda: refund(scene.redemption, scene.shop.desk, 16_000, "质量问题"))
    world.done(lambda: close_period(scene.campaign.id, world.at("2023-05-08 00:00").date(), by="officer:3"))
    finance = people.browser_of(app, HE)
    page = finance.get("/bureau/statements/statement/1").text
    for text in ("扣除的退款", "商户承担", "9.00", "−6.00", "付 15.00"):
        assert text in page
    receipt = scene.till.get(f"/till/redemptions/{scene.redemption}").text
    assert "其中本店承担" in receipt
