"""Sales from a file: whole or not at all, each wrong row named, and the same file twice does nothing twice."""

import io

import pytest

from foundation.tables import TableUnreadable
from merchants import confirmations
from merchants.errors import SalesHaveFaults
from merchants.sale_file import Imported, blank, import_sales
from tests import world
from tests.merchants.test_merchant_pages import cashier_of
from tests.trade_in import claim_and_show, opened, shop
from tests.world import done

HEAD = "资格编号,品类,商品条码,序列号,IMEI,能效等级,品牌,型号,成交价\n"


@pytest.fixture
def campaign(clock, app):
    return opened()


@pytest.fixture
def store(campaign):
    return shop(campaign)


@pytest.fixture
def confirmed(campaign, store):
    """Three qualifications that the store has confirmed."""
    found = []
    for who in world.citizens(3):
        entitlement_id, digits = claim_and_show(who, campaign.release)
        done(lambda digits=digits: confirmations.confirm(store.desk, digits))
        found.append(entitlement_id)
    return found


def rows(confirmed, *cells):
    lines = [f"{entitlement_id},冰箱,{cell}" for entitlement_id, cell in zip(confirmed, cells, strict=False)]
    return (HEAD + "\n".join(lines) + "\n").encode()


GOOD = ("6901234567892,SN00001,,1级,海尔,B500,3999", ",SN00002,,2,,,4999.00", ",SN00003,,一级,,,899")


def hand_in(data, store):
    return done(lambda: import_sales(data, "sales.csv", store.desk))


def faults(data, store):
    before = world.everything()
    with pytest.raises(SalesHaveFaults) as refusal:
        hand_in(data, store)
    assert world.everything() == before
    return [(fault.row, fault.column, fault.why) for fault in refusal.value.faults]


def test_a_file_is_done_whole_and_once(confirmed, store):
    assert hand_in(rows(confirmed, *GOOD), store) == Imported(made=3, known=0)
    assert hand_in(rows(confirmed, *GOOD), store) == Imported(made=0, known=3)
    assert confirmations.confirmed_at(store.store_id) == []


def test_one_wrong_row_and_nothing_is_done(confirmed, store):
    [fault] = faults(rows(confirmed, GOOD[0], ",SN00002,,3,,,4999", GOOD[2]), store)
    assert fault == (3, "", "冰箱的能效为3 级，不在补贴范围")


@pytest.mark.parametrize(
    ("cells", "column", "why"),
    [
        (",SN00001,,1,,,", "成交价", "金额"),
        (",SN00001,,七,,,3999", "能效等级", "1 至 5 级"),
        (",,,1,,,3999", "", "还没有录入商品的序列号"),
        ("6901234567890,SN00001,,1,,,3999", "", "商品条码"),
        (",6.90123E+12,,1,,,3999", "序列号", "科学计数法"),
    ],
)
def test_what_is_wrong_is_named(cells, column, why, confirmed, store):
    [fault] = faults(rows(confirmed, cells), store)
    assert fault[:2] == (2, column)
    assert why in fault[2]


def test_one_qualification_and_one_article_twice(confirmed, store):
    twice = rows([confirmed[0], confirmed[0]], GOOD[0], GOOD[1])
    assert faults(twice, store) == [(3, "资格编号", "与第 2 行是同一份资格")]
    [fault] = faults(rows(confirmed, GOOD[0], GOOD[0]), store)
    assert "只能补贴一次" in fault[2]
    hand_in(rows(confirmed, GOOD[0]), store)
    assert faults(rows(confirmed, GOOD[1]), store) == [(2, "序列号", "这份资格已经用于另一件商品")]


def test_another_stores_confirmation_is_not_ours(campaign, confirmed):
    other = shop(campaign, number=2)
    [fault] = faults(rows(confirmed, GOOD[0]), other)
    assert "没有核验过" in fault[2]


def test_the_blank_is_a_file_that_says_nothing_yet(confirmed, store):
    data = blank(confirmations.confirmed_at(store.store_id))
    assert str(confirmed[0]) in data.decode("utf-8-sig")
    with pytest.raises(TableUnreadable):
        hand_in(data, store)


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", HEAD.encode()])
def test_what_is_no_table_of_sales_is_refused(data, store):
    with pytest.raises(TableUnreadable):
        hand_in(data, store)


def test_the_page_imports_and_names_what_is_wrong(app, confirmed, store):
    desk = cashier_of(app, store)
    assert str(confirmed[0]) in desk.get("/till/sales/confirmed.csv").get_data(as_text=True)
    wrong = rows(confirmed, ",SN00001,,1,,,x")
    answer = desk.post("/till/sales/import", data={"file": (io.BytesIO(wrong), "sales.csv")})
    assert (answer.status_code, "需要修改的地方" in answer.text) == (422, True)
    answer = desk.post("/till/sales/import", data={"file": (io.BytesIO(rows(confirmed, *GOOD)), "sales.csv")})
    assert answer.status_code == 303
    assert "已登记 3 笔销售" in desk.get("/till/today").text
    assert desk.post("/till/sales/import", data={}).status_code == 422
