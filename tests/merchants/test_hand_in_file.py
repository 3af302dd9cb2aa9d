"""Hand-ins from a file: whole or not at all, each wrong cell with its row and what to do, and never twice."""

import io
import re
from html import unescape
from uuid import UUID

import pytest
import xlsxwriter

from foundation.db import db
from foundation.ids import new_id
from foundation.tables import TableUnreadable, read_rows
from merchants import hand_in_decisions, hand_in_file, hand_ins
from merchants.hand_in_decisions import Decision, Officer
from merchants.hand_in_errors import HandInsHaveFaults
from merchants.hand_in_file import HEADINGS, Imported, import_hand_ins, open_sheet
from merchants.hand_in_models import HandIn
from tests import world
from tests.merchants.sold import SERIES, Sold, campaign_file, picture, typed
from tests.merchants.test_hand_in_pages import upload
from tests.merchants.test_merchant_pages import cashier_of
from tests.world import JIANGCHENG, at, done, shop

CHIEF = Officer("officer:1", "chief")


@pytest.fixture
def sold(clock, app):
    return Sold()


def table(rows, keys=None):
    """Return CSV of (sale, what is typed) pairs, with the columns of ``keys``."""
    keys = keys or list(HEADINGS)
    lines = [",".join(HEADINGS[key][0] for key in keys)]
    lines += [",".join(str({"id": sale, **cells}.get(key, "")) for key in keys) for sale, cells in rows]
    return ("\n".join(lines) + "\n").encode()


def good(sales, **changed):
    return [(sale, typed(number, **changed)) for number, sale in enumerate(sales, 1)]


def bring(data, sold, name="after-sales.csv"):
    return done(lambda: import_hand_ins(data, name, store_id=sold.shop.store_id, actor="cashier:1"))


def faults(data, sold):
    before = world.everything()
    with pytest.raises(HandInsHaveFaults) as refusal:
        bring(data, sold)
    assert world.everything() == before
    return [(fault.row, fault.column, fault.why) for fault in refusal.value.faults]


def of(sale):
    db.session.rollback()
    return db.session.get_one(HandIn, sale, populate_existing=True)


def states(sales):
    return [of(sale).status for sale in sales]


def test_a_file_is_handed_in_whole_and_once(sold, monkeypatch):
    monkeypatch.setattr(hand_ins, "_CHUNK", 2)
    sales = sold.sell(5)
    data = table([*good(sales), (new_id(), {})])
    assert bring(data, sold) == Imported(made=5, known=0)
    assert states(sales) == ["handed_in"] * 5
    assert of(sales[2]).invoice_number == f"{SERIES}00000030"
    assert of(sales[2]).delivery_county == JIANGCHENG
    before = world.everything()
    assert bring(data, sold) == Imported(made=0, known=5)
    assert world.everything() == before


def test_a_row_that_says_something_else_than_what_waits_is_refused(sold):
    sales = sold.sell(2)
    bring(table(good(sales[:1])), sold)
    told = faults(table(good(sales, invoice_buyer="陈大勇")), sold)
    assert told == [(2, "", "这笔销售的材料现在不能修改")]
    assert states(sales) == ["handed_in", "awaited"]


@pytest.mark.parametrize(
    ("changed", "column", "why"),
    [
        ({"invoice_number": ""}, "发票号码", "没有填写"),
        ({"invoice_number": "1.23E+19"}, "发票号码", "是科学计数法，末几位已经丢失；请把这一列改为文本后重新填写"),
        ({"invoice_on": "上周"}, "开票日期", "日期应写成 2025-03-01 的样子"),
        ({"invoice_fen": "9999"}, "价税合计", "应为 10,000.00 元（"),
        ({"delivery_county": "香洲区"}, "收货县区", "收货地址的县区不属于本市"),
        ({"delivered_on": "2099-01-01"}, "签收日期", "日期还没有到"),
        ({"old_brand": "海尔"}, "旧机品类", "没有填写"),
        ({"id": "SN1"}, "销售编号", "不是销售编号"),
        ({"id": new_id()}, "销售编号", "找不到这笔销售的售后材料"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_done(sold, changed, column, why):
    sales = sold.sell(2)
    rows = good(sales)
    rows[1] = (rows[1][0], rows[1][1] | changed)
    told = faults(table(rows), sold)
    found = [fault for fault in told if fault[:2] == (3, column)]
    assert found, told
    assert found[0][2].startswith(why)
    assert {row for row, _column, _why in told} == {3}


def test_every_fault_says_what_to_do(sold):
    [sale] = sold.sell()
    with pytest.raises(HandInsHaveFaults) as refusal:
        bring(table([(sale, typed(invoice_fen="1", delivered_on="")), (new_id(), typed(2)), ("x", typed(3))]), sold)
    assert [(fault.row, fault.hand_in_id) for fault in refusal.value.faults] == [
        (2, sale), (2, sale), (3, None), (4, None),
    ]  # fmt: skip
    assert all(fault.way_out for fault in refusal.value.faults)


def test_the_same_sale_or_the_same_invoice_twice_names_both_rows(sold):
    first, second = sold.sell(2)
    same = faults(table([(first, typed(1)), (first, typed(2))]), sold)
    assert same == [(3, "销售编号", "与第 2 行是同一笔销售")]
    again = faults(table([(first, typed(1)), (second, typed(1))]), sold)
    assert again[0] == (3, "发票号码", "与第 2 行是同一张发票")


def test_an_invoice_of_another_sale_is_refused(sold):
    first, second = sold.sell(2)
    bring(table([(first, typed(1))]), sold)
    told = faults(table([(second, typed(1))]), sold)
    assert told == [(2, "发票号码", "发票已经用于另一份补贴，同一发票只能补贴一次")]


def test_another_stores_sale_is_not_there(sold):
    other = shop(sold.campaign, number=2, industry="appliance", name="别家电器")
    [sale] = sold.sell()
    with pytest.raises(HandInsHaveFaults):
        done(
            lambda: import_hand_ins(
                table(good([sale])), "sales.csv", store_id=other.store_id, actor="cashier:2"
            )
        )  # fmt: skip
    assert states([sale]) == ["awaited"]


def test_a_correction_is_handed_in_again_only_when_it_says_something_new(sold):
    [sale] = sold.sell()
    data = table(good([sale]))
    bring(data, sold)
    done(lambda: hand_in_decisions.decide(sale, Decision("correct", ["invoice_differs"]), CHIEF))
    assert bring(data, sold) == Imported(made=0, known=1)
    assert states([sale]) == ["correction"]
    # Columns that the file does not have stay as they were handed in.
    assert bring(table([(sale, {"invoice_buyer": "林海生本人"})], ["id", "invoice_buyer"]), sold).made == 1
    row = of(sale)
    assert (row.status, row.invoice_buyer, row.delivery_address) == ("handed_in", "林海生本人", "江城区东风一路 1 号")
    done(lambda: hand_in_decisions.decide(sale, Decision("reject", ["invoice_differs"]), CHIEF))
    assert faults(data, sold) == [(2, "", "这笔销售的材料现在不能修改")]


def test_what_is_too_late_is_refused_in_its_row(sold, clock):
    [sale] = sold.sell()
    clock.move_to(at("2023-06-20 10:00"))
    assert faults(table(good([sale])), sold)[0][2].startswith("已过最后期限")
    assert len(open_sheet(sold.shop.store_id)) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "文件是空的"),
        ("发票号码,开票日期\n1,2\n".encode(), "首行没有“销售编号”"),
        ("销售编号,销售编号,发票号码\n1,2\n".encode(), "有两列都是“销售编号”"),
        ("销售编号,发票号码\n".encode(), "没有填写任何一笔销售"),
        ("销售编号,发票号码\n".encode() + b"1,\n" * 2_001, "超过 2,000 行"),
        (b"PK\x03\x04 is no workbook", "不是有效的 Excel 文件"),
    ],
)
def test_what_is_no_sheet_is_refused(sold, data, why):
    with pytest.raises(TableUnreadable) as refusal:
        bring(data, sold)
    assert refusal.value.params["why"].startswith(why)


def test_the_sheet_has_what_is_open_and_comes_back_filled_in(sold):
    sales = sold.sell(3)
    bring(table(good(sales[:2])), sold)
    done(lambda: hand_in_decisions.decide(sales[1], Decision("correct", ["invoice_differs"]), CHIEF))
    sheet = open_sheet(sold.shop.store_id)
    assert {UUID(row[0]) for row in sheet[1:]} == {sales[1], sales[2]}
    by_sale = {UUID(row[0]): dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]}
    corrected, fresh = by_sale[sales[1]], by_sale[sales[2]]
    assert (corrected["状态"], corrected["收货县区"], corrected["价税合计"]) == ("需补正", "江城区", "10000.00")
    assert (fresh["状态"], fresh["应开发票金额"], fresh["发票号码"]) == ("待提交", "10000.00", "")
    city = "441700"
    for name, data in (("a.csv", hand_in_file.to_csv(sheet)), ("a.xlsx", hand_in_file.to_xlsx(sheet, city))):
        assert [[str(cell) for cell in row] for row in read_rows(data, name)] == sheet
        # Nothing was filled in: the row to be corrected says what was handed in.
        assert bring(data, sold, name) == Imported(made=0, known=1)


def test_a_workbook_may_have_real_dates_and_numbers(sold, clock):
    [sale] = sold.sell()
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"})
    page = book.add_worksheet()
    cells = typed(1) | {"id": str(sale), "invoice_fen": 10000, "delivery_county": "江城区"}
    cells |= {"invoice_on": clock.now().replace(tzinfo=None), "delivered_on": "2023/5/8"}
    for place, key in enumerate(HEADINGS):
        page.write(0, place, HEADINGS[key][0])
        if key == "invoice_on":
            page.write_datetime(1, place, cells[key].replace(hour=0, minute=0, second=0))
        elif key in cells:
            page.write(1, place, cells[key])
    book.close()
    assert bring(out.getvalue(), sold, "after.xlsx") == Imported(made=1, known=0)
    assert of(sale).invoice_on.isoformat() == "2023-05-08"


# --- the page -----------------------------------------------------------------------------------------------


def send(till, data, name="after-sales.csv"):
    files = {"file": (io.BytesIO(data), name)}
    return till.post("/till/after-sales/import", data=files, content_type="multipart/form-data")


@pytest.fixture
def page_app(sqlite_app):
    return sqlite_app


def test_the_page_gives_the_sheet_and_takes_it_back(clock, page_app):
    sold = Sold()
    sales = sold.sell(2)
    till = cashier_of(page_app, sold.shop)
    assert "/till/after-sales/open.xlsx" in till.get("/till/after-sales").text
    sheet = till.get("/till/after-sales/open.csv")
    assert sheet.data.startswith(b"\xef\xbb\xbf")
    assert str(sales[0]) in sheet.text
    assert till.get("/till/after-sales/open.xlsx").data[:2] == b"PK"
    refused = send(till, table([(sales[0], typed(1)), (sales[1], typed(2, invoice_fen="1"))]))
    assert refused.status_code == 422
    for words in (
        "有 1 处需要修改，一笔也没有提交",
        "应为 10,000.00 元",
        "请核对发票的价税合计",
        f"/till/after-sales/{sales[1]}",
    ):
        assert words in unescape(refused.text)
    assert states(sales) == ["awaited", "awaited"]
    assert send(till, table(good(sales))).status_code == 303
    assert states(sales) == ["handed_in", "handed_in"]
    assert "已提交 2 笔" in till.get("/till/after-sales").text
    send(till, table(good(sales)))
    assert "2 笔与以前提交的一样" in till.get("/till/after-sales").text
    assert "没有选择文件" in till.post("/till/after-sales/import", data={}).text


def test_files_are_uploaded_first_where_they_are_asked_for(clock, page_app):
    sold = Sold(campaign_file(invoice_days=15, delivery_days=15))
    [sale] = sold.sell()
    till = cashier_of(page_app, sold.shop)
    page = unescape(send(till, table(good([sale]))).text)
    assert page.count("请先打开这笔销售上传文件，再导入") == 2
    assert re.search(rf'href="/till/after-sales/{sale}">打开这笔销售', page)
    for slot, seed in (("invoice", 1), ("delivery", 2)):
        upload(till, sale, slot, picture(seed))
    assert send(till, table(good([sale]))).status_code == 303
    assert states([sale]) == ["handed_in"]


def test_more_faults_than_are_shown_are_counted(clock, page_app, monkeypatch):
    sold = Sold()
    sales = sold.sell(3)
    till = cashier_of(page_app, sold.shop)
    monkeypatch.setattr("merchants.merchant_hand_ins.FAULTS_SHOWN", 2)
    page = send(till, table(good(sales, invoice_fen="1"))).text
    assert page.count("应为 10,000.00 元") == 2
    assert "还有 1 处没有列出" in page
