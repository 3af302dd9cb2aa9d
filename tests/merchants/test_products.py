"""The product catalogue: its file, its history, what it says at the till, and prices that were raised first."""

import io
from datetime import date

import pytest
from sqlalchemy import select

from foundation.db import db
from foundation.errors import Refusal
from foundation.tables import TableUnreadable
from merchants.models import Product, SoldItem
from merchants.product_file import ProductLine, read_products
from merchants.products import find_products, import_products, product_history, products_on
from tests import people, trade_in, world
from tests.merchants.test_merchant_pages import cashier_of
from tests.people import HE, WEI
from tests.trade_in import claim_and_show, opened, sell, shop
from tests.world import done, void

TODAY = date(2023, 5, 8)
FRIDGE, WASHER = "6901234567892", "6902345678903"
HEAD = "商品条码,品类,品牌,型号,能效等级,备案价,生效日期\n"
GOOD = HEAD + f"{FRIDGE},冰箱,海尔,BCD-500,一级,3999.00,2023-05-01\n"


def line(barcode=FRIDGE, *, filed_fen=399_900, valid_from=TODAY, **changed):
    return ProductLine(
        **{
            "barcode": barcode,
            "category": "refrigerator",
            "brand": "海尔",
            "model_name": "BCD-500",
            "grade": "1",
            "filed_fen": filed_fen,
            "valid_from": valid_from,
            **changed,
        }
    )


def keep(*lines):
    return done(lambda: import_products(lines, by=world.DRAFTER))


def read(text, name="goods.csv"):
    return read_products(text.encode(), name, today=TODAY)


# --- the file --------------------------------------------------------------------------------------------------


def test_a_file_is_read_with_names_as_people_write_them():
    found = read(GOOD + "6902345678903,washing-machine,小天鹅,TG100,2级,,\n")
    assert found.faults == []
    assert found.lines == [
        line(valid_from=date(2023, 5, 1)),
        line(WASHER, category="washing-machine", brand="小天鹅", model_name="TG100", grade="2", filed_fen=None),
    ]


@pytest.mark.parametrize(
    ("row", "column", "why"),
    [
        ("6901234567890,冰箱,海尔,B,1,,", "商品条码", "校验位"),
        (f"{FRIDGE},沙发,海尔,B,1,,", "品类", "没有这个品类"),
        (f"{FRIDGE},冰箱,,B,1,,", "品牌", "没有填写"),
        (f"{FRIDGE},冰箱,海尔,B,七级,,", "能效等级", "1 至 5 级"),
        (f"{FRIDGE},冰箱,海尔,B,1,贵,", "备案价", "金额"),
        (f"{FRIDGE},冰箱,海尔,B,1,,明天", "生效日期", "应当是日期"),
        ("6.90123E+12,冰箱,海尔,B,1,,", "商品条码", "科学计数法"),
        (f"{FRIDGE},冰箱,{'海' * 41},B,1,,", "品牌", "不能超过 40 个字"),
    ],
)
def test_a_wrong_cell_is_named(row, column, why):
    found = read(HEAD + row + "\n")
    assert found.lines == []
    [fault] = found.faults
    assert (fault.row, fault.column) == (2, column)
    assert why in fault.why


def test_the_same_barcode_and_day_twice_is_a_fault():
    [fault] = read(GOOD + GOOD.splitlines()[1] + "\n").faults
    assert (fault.row, fault.why) == (3, "与第 2 行是同一条码、同一天")


@pytest.mark.parametrize("text", ["", "名称,价格\n冰箱,1\n", HEAD])
def test_what_is_no_catalogue_is_refused(text):
    with pytest.raises(TableUnreadable):
        read(text)


# --- the history -----------------------------------------------------------------------------------------------


def test_a_new_price_leaves_the_old_one(clock, app):
    keep(line(valid_from=date(2023, 5, 1)))
    keep(line(filed_fen=359_900, valid_from=date(2023, 6, 1)))
    assert [row.filed_fen for row in product_history(FRIDGE)] == [359_900, 399_900]
    assert products_on([FRIDGE], TODAY)[FRIDGE].filed_fen == 399_900
    assert products_on([FRIDGE], date(2023, 6, 1))[FRIDGE].filed_fen == 359_900
    assert products_on([FRIDGE], date(2023, 4, 30)) == {}
    assert [row.filed_fen for row in find_products("BCD", 1).rows] == [399_900]
    assert find_products("没有", 1).count == 0


def test_a_file_that_is_handed_in_again_changes_nothing(clock, app):
    keep(line())
    keep(line())
    assert db.session.scalars(select(Product)).all()[0].filed_fen == 399_900
    assert find_products("", 1).count == 1


# --- at the till -----------------------------------------------------------------------------------------------


def refused(work):
    with pytest.raises(Refusal) as refusal:
        work()
    assert refusal.value.message % refusal.value.params
    return refusal.value.code


def article(**changed):
    return trade_in.article(**{"grade": "", "barcode": FRIDGE, **changed})


def buyer(campaign, number=0):
    return claim_and_show(world.citizens(number + 1)[number], campaign.release)[1]


def held_reasons():
    db.session.rollback()
    return list(db.session.scalars(select(SoldItem.held_reason).order_by(SoldItem.redemption_id)))


def test_a_barcode_fills_grade_brand_and_model(clock, app):
    campaign = opened()
    keep(line())
    receipt = sell(shop(campaign).till, buyer(campaign), 399_900, article())
    assert (receipt.discount_fen, receipt.item.brand, receipt.item.model_name) == (79_980, "海尔", "BCD-500")


@pytest.mark.parametrize(
    ("filed", "item", "code"),
    [
        ({"category": "washing-machine"}, {}, "other_category"),
        ({}, {"grade": "2"}, "other_grade"),
        ({}, {"category": "washing-machine"}, "other_category"),
        ({"grade": "3"}, {}, "grade_not_covered"),
    ],
)
def test_what_does_not_agree_with_the_catalogue_is_refused(filed, item, code, clock, app):
    campaign = opened()
    keep(line(**filed))
    store = shop(campaign)
    digits = buyer(campaign)
    assert refused(lambda: sell(store.till, digits, 399_900, article(**item))) == code


def test_a_campaign_may_subsidise_the_catalogue_only(clock, app):
    campaign = opened(article={"catalogue": "required"})
    till, digits = shop(campaign).till, buyer(campaign)
    assert refused(lambda: sell(till, digits, 399_900, article(grade="1"))) == "not_in_catalogue"
    assert refused(lambda: sell(till, digits, 399_900, article(grade="1", barcode=""))) == "barcode_missing"
    keep(line())
    sell(till, digits, 399_900, article())


@pytest.mark.parametrize(("action", "held"), [("refuse", None), ("hold", ["price_above_filed"]), ("allow", [""])])
def test_a_price_above_the_filed_one(action, held, clock, app):
    campaign = opened(article={"price_check": {"above_filed": action}})
    keep(line())
    till, digits = shop(campaign).till, buyer(campaign)
    if held is None:
        assert refused(lambda: sell(till, digits, 399_901, article())) == "price_above_filed"
        sell(till, digits, 399_900, article())
    else:
        sell(till, digits, 399_901, article())
        assert held_reasons() == held


@pytest.mark.parametrize(("action", "held"), [("refuse", None), ("hold", ["", "price_above_recent"])])
def test_a_price_that_was_raised_first(action, held, clock, app):
    """A03 先涨后补: more than 5 % above the merchant's own lowest of the last 30 days."""
    campaign = opened(article={"price_check": {"above_recent": action, "tolerance": "5%"}})
    keep(line(filed_fen=None))
    till = shop(campaign).till
    sell(till, buyer(campaign), 200_000, article())
    digits = buyer(campaign, 1)
    if held is None:
        assert refused(lambda: sell(till, digits, 210_001, article())) == "price_above_recent"
        sell(till, digits, 210_000, article())
    else:
        sell(till, digits, 210_001, article())
        assert held_reasons() == held
    # Another merchant has prices of its own, and what is long ago or was voided does not count.
    sell(shop(campaign, number=2).till, buyer(campaign, 2), 300_000, article())
    trade_in.later(clock, days=31)
    sell(till, buyer(campaign, 3), 400_000, article())


def test_a_voided_sale_is_no_recent_price(clock, app):
    campaign = opened(article={"price_check": {"above_recent": "refuse"}})
    store = shop(campaign)
    void(sell(store.till, buyer(campaign), 200_000, article(grade="1")), store.till)
    sell(store.till, buyer(campaign, 1), 300_000, article(grade="1"))


# --- the bureau's pages ----------------------------------------------------------------------------------------


def upload(browser, text):
    return browser.post("/bureau/products", data={"file": (io.BytesIO(text.encode()), "goods.csv")})


def test_an_editor_imports_and_everybody_looks(sqlite_app):
    wei, he = people.browser_of(sqlite_app, WEI), people.browser_of(sqlite_app, HE)
    assert "没有商品" in wei.get("/bureau/products").text
    assert upload(wei, GOOD).status_code == 303
    listed = he.get("/bureau/products?words=海尔").text
    assert [words for words in (FRIDGE, "冰箱", "1 级", "3,999.00") if words not in listed] == []
    assert "备案记录" in he.get(f"/bureau/products/{FRIDGE}").text
    assert he.get(f"/bureau/products/{WASHER}").status_code == 404
    assert upload(he, GOOD).status_code == 403


def test_a_file_with_a_fault_keeps_nothing_and_names_the_cell(sqlite_app):
    wei = people.browser_of(sqlite_app, WEI)
    answer = upload(wei, GOOD + f"{WASHER},沙发,海尔,B,1,,\n")
    assert answer.status_code == 422
    assert "没有这个品类" in answer.text
    assert find_products("", 1).count == 0
    assert wei.post("/bureau/products", data={}).status_code == 422


def test_the_till_is_told_what_the_catalogue_knows(sqlite_app):
    keep(line(valid_from=date(2020, 1, 1)))
    desk = cashier_of(sqlite_app, shop(None))
    told = {"grade": "1", "model_name": "海尔 BCD-500"}
    assert desk.get(f"/till/sales/products/{FRIDGE}").json == {"ok": True, "product": told}
    assert desk.get(f"/till/sales/products/{WASHER}").json == {"ok": True, "product": None}
