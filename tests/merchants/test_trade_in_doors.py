"""Trade-in through the doors: the POS API and the JSON of the till's page."""

import pytest
from sqlalchemy import func, select

from foundation.db import db
from foundation.ids import new_id
from merchants.models import RefusedScan, SoldItem
from tests import trade_in, world
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_pos_api import Till

ITEM = {"serial": "sn-0001", "grade": "1", "barcode": "6901234567892", "brand": "海尔", "model_name": "BCD-500"}


@pytest.fixture
def campaign(clock, app):
    return trade_in.opened()


@pytest.fixture
def shop(campaign):
    return trade_in.shop(campaign)


@pytest.fixture
def till(app, shop):
    return Till(app, shop.store_id)


@pytest.fixture
def lin(campaign):
    """Lin's qualification and the code that shows it."""
    (citizen,) = world.citizens(1)
    return trade_in.claim_and_show(citizen, campaign.release)


def sell(till, body):
    return till.post("/redemptions", {"bill_fen": 399_900, **body}, key=new_id().hex)


def refused_scans():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(RefusedScan))


def test_one_call_sells_an_article(till, lin):
    quoted = till.post("/quotes", {"code": lin[1], "bill_fen": 399_900, "item": ITEM})
    assert (quoted.status_code, quoted.json["discount_fen"], quoted.json["invoice_fen"]) == (200, 79_980, 399_900)
    assert quoted.json["given_as"] == "discount"
    assert quoted.json["reasons"][0].startswith("冰箱（1 级）：3,999.00 元 × 20% = 799.80 元")
    sold = sell(till, {"code": lin[1], "item": ITEM})
    assert (sold.status_code, sold.json["customer_pays_fen"], sold.json["invoice_fen"]) == (201, 319_920, 399_900)
    assert sold.json["item"] == ITEM | {"serial": "SN0001", "category": "refrigerator", "imei": ""}
    assert till.get(f"/redemptions/{sold.json['redemption_id']}").json == sold.json


def test_a_confirmed_qualification_is_sold_without_its_code(till, lin, clock):
    told = till.post("/confirmations", {"code": lin[1]})
    assert (told.status_code, told.json["category_name"], told.json["cap_fen"]) == (200, "冰箱", 200_000)
    assert told.json["identify"] == ["serial_or_imei"]
    trade_in.later(clock, hours=30)
    sold = sell(till, {"confirmation": told.json["entitlement_id"], "item": ITEM})
    assert (sold.status_code, sold.json["discount_fen"]) == (201, 79_980)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 409, "goods_needed"),
        ({"item": ITEM | {"category": "washing-machine"}}, 409, "other_category"),
        ({"item": ITEM | {"grade": "3"}}, 409, "grade_not_covered"),
        ({"item": {"grade": "1"}}, 422, "serial_missing"),
        ({"item": {"serial": "SN0001"}}, 422, "grade_missing"),
        ({"item": ITEM | {"barcode": "6901234567893"}}, 422, "barcode_malformed"),
    ],
)
def test_every_refusal_has_a_name_and_is_on_the_trail(body, status, code, till, lin):
    answer = sell(till, {"code": lin[1], **body})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["way_out"]
    assert refused_scans() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "1", "confirmation": "0190a000-0000-7000-8000-000000000000"},
        {"confirmation": "x"},
        {"code": "1", "item": {"category": "sofa"}},
        {"code": "1", "item": {"grade": "6"}},
        {"code": "1", "item": {"colour": "white"}},
    ],
)
def test_what_cannot_be_a_sale_is_refused_by_the_schema(body, till):
    assert sell(till, body).status_code == 422


def test_somebody_elses_confirmation_is_none(till, lin, campaign, app):
    other = Till(app, trade_in.shop(campaign, number=2).store_id)
    told = other.post("/confirmations", {"code": lin[1]}).json
    answer = sell(till, {"confirmation": told["entitlement_id"], "item": ITEM})
    assert (answer.status_code, answer.json["code"]) == (409, "not_confirmed")


# --- the till's page -------------------------------------------------------------------------------------------


@pytest.fixture
def desk(app, shop):
    return cashier_of(app, shop)


def at_desk(desk, path, body):
    headers = {"Idempotency-Key": new_id().hex} if path == "redemptions" else {}
    return desk.post(f"/till/{path}", json=body, headers=headers)


def test_the_page_confirms_previews_and_sells(desk, lin):
    told = at_desk(desk, "sales/confirmations", {"code": lin[1]}).json["qualification"]
    assert (told["category_name"], told["grades"][0]) == ("冰箱", {"code": "1", "name": "1 级"})
    body = {"confirmation": told["confirmation"], "bill_fen": 399_900, "item": ITEM}
    assert at_desk(desk, "sales/quotes", body).json["customer_pays_fen"] == 319_920
    assert "完成销售" in desk.get("/till/sales/confirmed").text
    assert told["confirmation"] in desk.get(f"/till/?confirmed={told['confirmation']}").text
    receipt = at_desk(desk, "redemptions", body).json["receipt"]
    assert (receipt["invoice_fen"], receipt["item_name"]) == (399_900, "冰箱")
    slip = desk.get(f"/till/redemptions/{receipt['id']}").text
    assert [
        words for words in ("SN0001", "6901234567892", "政府补贴", "发票开具", "海尔 BCD-500") if words not in slip
    ] == []
    assert "没有等待完成的资格" in desk.get("/till/sales/confirmed").text
    assert db.session.scalar(select(func.count()).select_from(SoldItem)) == 1


def test_the_page_is_told_that_a_code_needs_an_article_and_nobody_was_refused(desk, lin):
    answer = at_desk(desk, "redemptions", {"code": lin[1], "bill_fen": 399_900})
    assert (answer.status_code, answer.json["code"]) == (409, "goods_needed")
    assert refused_scans() == 0


def test_a_preview_says_why_not(desk, lin):
    body = {"code": lin[1], "bill_fen": 399_900, "item": ITEM | {"grade": "4"}}
    answer = at_desk(desk, "sales/quotes", body)
    assert (answer.status_code, answer.json["code"]) == (409, "grade_not_covered")


@pytest.mark.parametrize("confirmed", ["x", "0190a000-0000-7000-8000-000000000000"])
def test_a_confirmation_that_is_none_opens_an_empty_till(confirmed, desk):
    assert desk.get(f"/till/?confirmed={confirmed}").status_code == 200
    body = {"confirmation": confirmed, "bill_fen": 399_900, "item": ITEM}
    assert at_desk(desk, "redemptions", body).json["code"] == "not_confirmed"


@pytest.mark.parametrize("item", [{"serial": 5}, {"serial": ["x"]}])
def test_an_article_that_is_no_texts_is_refused(item, desk, lin):
    body = {"code": lin[1], "bill_fen": 399_900, "item": item}
    assert at_desk(desk, "redemptions", body).json["code"] == "category_unknown"


def test_the_page_tells_a_voucher_from_a_qualification(app, clock):
    campaign = world.opened()
    desk = cashier_of(app, world.shop(campaign))
    (citizen,) = world.citizens(1)
    _, digits = world.claim_and_show(citizen, campaign.release)
    assert at_desk(desk, "sales/confirmations", {"code": digits}).json == {"ok": True, "qualification": None}
    assert at_desk(desk, "sales/confirmations", {"code": "1"}).json["code"] == "code_malformed"
