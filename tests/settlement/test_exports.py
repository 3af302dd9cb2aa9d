"""Files out: CSV and Excel of the same figures, and nothing in them that a spreadsheet would run."""

import csv
import io
import tracemalloc
from decimal import Decimal
from zipfile import ZipFile

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from settlement.exports import Column, Sheet, report_sheet, to_csv, to_xlsx
from settlement.metrics import BY_KEY
from settlement.payment_list import payment_sheet
from settlement.reports import GROUPINGS, Query, report
from tests.settlement import small_year
from tests.world import shop

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠SUM(A1)",
    " =1+1", "\u3000=1+1",
    '=HYPERLINK("http://example.com","点我")', "=cmd|' /C calc'!A0", "+8613800138000", "-漠阳味道-",
]  # fmt: skip
HARMLESS = ["漠阳味道", "1+1=2 超市", "O'Neil 面包房", '"老字号"豆豉行', "a,b", "两\n行", "", "https://example.com"]


COLUMNS = [Column(f"第{n}列", kind) for n, kind in enumerate(("text", "fen", "count", "percent", "ratio"), 1)]


def sheet(*rows):
    return Sheet("试算", COLUMNS, rows)


def csv_rows(content):
    assert content.startswith(b"\xef\xbb\xbf"), "Excel takes a file without the mark for another encoding"
    return list(csv.reader(io.StringIO(content[3:].decode("utf-8"), newline="")))


def workbook(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


# --- what would be run --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_is_text_in_csv(text):
    content = to_csv(Sheet("试算", [Column(text, "text")], [[text]], [text]))
    for [cell] in csv_rows(content):
        assert cell == f"'{text}"


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_is_text_in_excel(text):
    content = to_xlsx(Sheet("试算", [Column(text, "text")], [[text]], [text]))
    cells = [cell for row in workbook(content).iter_rows() for cell in row if cell.value is not None]
    assert len(cells) == 3
    for cell in cells:
        assert cell.data_type in ("s", "inlineStr")
        assert cell.value.replace("_x000D_", "\r").strip() == text.strip()
    with ZipFile(io.BytesIO(content)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert not [name for name in parts.namelist() if "externalLink" in name or "vbaProject" in name]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text):
    content = to_csv(sheet([text, 0, 0, Decimal(0), Decimal(0)]))
    assert csv_rows(content)[1][0] == text
    assert (workbook(to_xlsx(sheet([text, 0, 0, Decimal(0), Decimal(0)])))["A2"].value or "") == text


def test_a_merchant_named_like_a_formula_does_no_harm(clock, app):
    year = small_year.live(clock)
    shop(year.campaign, number=9, name="=1+1")
    found = report_sheet(report(Query(by="merchant")), "结算报表")
    names = [row[0] for row in csv_rows(to_csv(found))]
    assert "漠阳味道" in names
    assert not [name for name in names if name.startswith(("=", "+", "-", "@"))]


# --- the same figures ---------------------------------------------------------------------------------------


def test_amounts_are_written_in_yuan_to_the_fen():
    fen = [0, 1, 10, 99, 100, 123_456, -1, -150, 1_783_100_000]
    content = to_csv(Sheet("试算", [Column("金额", "fen")], [[amount] for amount in fen]))
    yuan = ["0.00", "0.01", "0.10", "0.99", "1.00", "1234.56", "-0.01", "-1.50", "17831000.00"]
    assert [cell for [cell] in csv_rows(content)[1:]] == yuan
    page = workbook(to_xlsx(Sheet("试算", [Column("金额", "fen")], [[amount] for amount in fen])))
    cells = [page.cell(row, 1) for row in range(2, len(fen) + 2)]
    assert [round(cell.value * 100) for cell in cells] == fen
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("n", "#,##0.00")}


def test_counts_rates_and_ratios_are_numbers_in_excel_and_readable_in_csv():
    row = ["江城", 5_000, 1_234, Decimal("0.8484"), Decimal("5.1838")]
    assert csv_rows(to_csv(sheet(row)))[1] == ["江城", "50.00", "1234", "84.84%", "1:5.18"]
    cells = workbook(to_xlsx(sheet(row)))[2]
    assert [cell.value for cell in cells] == ["江城", 50, 1234, 0.8484, 5.1838]
    assert [cell.number_format for cell in cells[1:]] == ["#,##0.00", "#,##0", "0.00%", '"1:"0.00']


def test_a_figure_without_meaning_is_empty_in_csv_and_a_dash_in_excel():
    row = ["合计", None, None, None, None]
    assert csv_rows(to_csv(sheet(row)))[1] == ["合计", "", "", "", ""]
    assert [cell.value for cell in workbook(to_xlsx(sheet(row)))[2]] == ["合计", "—", "—", "—", "—"]


@pytest.mark.parametrize("by", list(GROUPINGS))
def test_excel_read_back_has_the_reports_figures(by, clock, sqlite_app):
    small_year.live(clock)
    found = report(Query(by=by))
    content = to_xlsx(report_sheet(found, "结算报表"))
    table = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("结算报表").to_python()
    assert table[0] == ["项目", *(BY_KEY[key].name for key in found.metrics)]
    for row, cells in zip([*found.rows, found.total], table[1:], strict=False):
        assert cells[0] == row.label
        for key, cell in zip(found.metrics, cells[1:], strict=True):
            value, kind = row.values[key], BY_KEY[key].kind
            if value is None:
                assert cell == "—"
            elif kind == "fen":
                assert round(cell * 100) == value
            else:
                assert cell == float(value)
    notes = [cells[0] for cells in table[len(found.rows) + 3 :]]
    assert notes[:2] == ["数据截至 2023-05-18 09:00:00", "金额单位：元"]
    assert notes[2:] == [f"{BY_KEY[key].name}：{BY_KEY[key].definition}" for key in found.metrics]


def test_the_payment_lists_account_numbers_are_text(clock, sqlite_app):
    year = small_year.live(clock)
    page = workbook(to_xlsx(payment_sheet(year.paid_batch)))
    heads = [cell.value for cell in page[1]]
    account = page.cell(2, heads.index("账号") + 1)
    assert (account.value, account.data_type) == ("62220000000001", "inlineStr" if account.data_type != "s" else "s")
    assert page.cell(2, heads.index("应付") + 1).value == 100
    assert csv_rows(to_csv(payment_sheet(year.paid_batch)))[1][heads.index("账号")].strip("'") == "62220000000001"


# --- large ones ---------------------------------------------------------------------------------------------


def peak_bytes(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("write", [to_csv, to_xlsx])
def test_a_large_file_is_written_row_by_row(write):
    """Ten times the rows must not need ten times the memory on top of the file itself."""

    def rows(count):
        return (["漠阳味道" + str(n), n, n, Decimal("0.5"), Decimal("5.18")] for n in range(count))

    def beside_the_file(count):
        written = []
        peak = peak_bytes(lambda: written.append(write(Sheet("试算", COLUMNS, rows(count)))))
        return peak - len(written[0])

    assert beside_the_file(4_000) < 6_000_000
