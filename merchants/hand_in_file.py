"""Hand-ins from a file: a store fills in the sheet of what is open, and hands many sales in at once.

A file is done whole or not at all. A row that says what was handed in already is left alone, so that the same file may
come again. Files of evidence are not in it: they are uploaded sale by sale.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

import xlsxwriter
from sqlalchemy import select

from campaigns.goods import categories, category_name
from campaigns.places import counties, county_name
from campaigns.terms.evidence.after_sale import ITEMS
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_, Refusal
from foundation.money import format_yuan
from foundation.speech import spoken, translate
from foundation.tables import TableUnreadable, clean_cell, no_formula, read_table
from foundation.words import Words
from merchants.hand_in_errors import HandInClosed, HandInIncomplete, HandInsHaveFaults, HandInUnknown
from merchants.hand_in_fields import Handed, read_fields
from merchants.hand_in_listing import typed_of
from merchants.hand_in_models import HandIn
from merchants.hand_ins import OPEN, HandingIn, Waiting, hand_in_batch, waiting
from merchants.models import SoldItem

MOST_ROWS = 2_000
#: Key → what a heading may be called; the first is ours.
HEADINGS = {
    "id": ("销售编号",),
    "invoice_number": ("发票号码", "数电票号码"),
    "invoice_code": ("发票代码",),
    "invoice_on": ("开票日期",),
    "invoice_fen": ("价税合计", "发票金额"),
    "invoice_buyer": ("购买方名称", "购买方"),
    "delivered_on": ("签收日期", "送货日期"),
    "delivery_county": ("收货县区", "县区"),
    "delivery_address": ("收货地址", "送货地址"),
    "old_category": ("旧机品类",),
    "old_brand": ("旧机品牌",),
    "old_model": ("旧机型号",),
    "old_weight": ("旧机重量", "重量"),
    "old_collected_on": ("回收日期",),
    "old_collector": ("回收企业",),
    "old_dismantler": ("拆解企业",),
    "old_certificate": ("回收凭证号",),
}
#: What stands beside the number of a sale, for people; nobody reads it from a file.
TOLD = ("状态", "商品", "序列号", "售出日期", "最迟提交", "应开发票金额")
_UPLOAD_FIRST = Words(N_("请先打开这笔销售上传文件，再导入"))
_CORRECT_CELL = Words(N_("请改好这一格后重新导入"))
_COPY_NUMBER = Words(N_("请从下载的表里复制销售编号"))


@dataclass(frozen=True)
class RowFault:
    """What is wrong: row (from 1, with the heading), column ("" for the row), why, what to do, and the sale."""

    row: int
    column: str
    why: str
    way_out: str
    hand_in_id: UUID | None = None


@dataclass(frozen=True)
class Imported:
    """How many sales were handed in, and how many rows say what had been handed in before."""

    made: int
    known: int


@dataclass(frozen=True)
class _Row:
    number: int
    id: UUID
    typed: Mapping[str, str]


def open_sheet(store_id: int) -> list[list[str]]:
    """Return the sheet to fill in: a heading, and a row for each sale that may be handed in, what is due first on top.
    What is to be corrected has what was handed in."""
    open_now = (HandIn.store_id == store_id, HandIn.status.in_(OPEN), HandIn.ends_on >= bureau_day(clock.now()))
    rows = db.session.execute(
        select(HandIn, SoldItem)
        .join(SoldItem, SoldItem.redemption_id == HandIn.id)
        .where(*open_now)
        .order_by(HandIn.due_on, HandIn.id)
        .limit(MOST_ROWS)
    ).all()
    known = waiting([row.id for row, _ in rows], store_id)
    keys = list(HEADINGS)
    sheet = [[HEADINGS["id"][0], *TOLD, *(HEADINGS[key][0] for key in keys[1:])]]
    for row, item in rows:
        typed = typed_of(row)
        typed["delivery_county"] = typed["delivery_county"] and county_name(typed["delivery_county"])
        typed["old_category"] = typed["old_category"] and category_name(typed["old_category"])
        told = [
            "需补正" if row.status == "correction" else "待提交",
            " ".join(filter(None, (category_name(item.category), item.brand, item.model_name))),
            item.serial or item.imei or "",
            row.sold_on.isoformat(),
            row.due_on.isoformat(),
            format_yuan(known[row.id].duty.invoice_fen).replace(",", ""),
        ]
        sheet.append([str(row.id), *told, *(typed.get(key, "") for key in keys[1:])])
    return sheet


def to_csv(sheet: Sequence[Sequence[str]]) -> bytes:
    """Return a sheet as CSV that Excel opens as it is; what it would take for a formula stays text."""
    out = io.StringIO()
    csv.writer(out).writerows([no_formula(cell) for cell in row] for row in sheet)
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(sheet: Sequence[Sequence[str]], city: str) -> bytes:
    """Return a sheet as a workbook whose cells are all text, so that the numbers of invoices keep their end."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet("售后材料")
    text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
    page.set_column(0, len(sheet[0]) - 1, 16, text)
    page.set_column(0, 0, 38, text)
    page.freeze_panes(1, 1)
    for place, row in enumerate(sheet):
        for column, cell in enumerate(row):
            if cell or not place:
                page.write_string(place, column, cell, text if place else head)
    choices = {"delivery_county": counties(city), "old_category": categories()}
    for key, named in choices.items():
        column, names = sheet[0].index(HEADINGS[key][0]), list(named.values())
        if len(sheet) > 1 and 0 < len(",".join(names)) <= 255:
            page.data_validation(1, column, len(sheet) - 1, column, {"validate": "list", "source": names})
    book.close()
    return out.getvalue()


def import_hand_ins(data: bytes, file_name: str, *, store_id: int, actor: str) -> Imported:
    """Hand in every sale of a file. Refuses TableUnreadable, and HandInsHaveFaults with every cell that is wrong; then
    nothing has been done."""
    rows, faults = _read(data, file_name)
    ids = [row.id for row in rows]
    mine = select(HandIn).where(HandIn.id.in_(ids), HandIn.store_id == store_id)
    kept = {row.id: row for row in db.session.scalars(mine)}
    known = waiting(ids, store_id)
    new: list[_Row] = []
    said_before = 0
    for row in rows:
        if row.id not in kept:
            why = translate(HandInUnknown()).message
            faults.append(RowFault(row.number, HEADINGS["id"][0], why, spoken(_COPY_NUMBER)))
        elif _says_the_same(row, kept[row.id], known[row.id]):
            said_before += 1
        elif known[row.id].status not in OPEN:
            faults += _told(row, HandInClosed())
        else:
            new.append(row)
    faults += _invoices_twice(new)
    # Rows are locked in one order by whoever locks several.
    new.sort(key=lambda row: row.id)
    with db.session.begin_nested():
        handings = [HandingIn(row.id, _whole(row, kept[row.id])) for row in new]
        for row, refusal in zip(new, hand_in_batch(handings, actor=actor, store_id=store_id), strict=True):
            faults += _told(row, refusal) if refusal else ()
        if faults:
            raise HandInsHaveFaults(sorted(faults, key=lambda fault: fault.row))
    return Imported(len(new), said_before)


def _whole(row: _Row, kept: HandIn) -> dict[str, str]:
    """Return what is typed of a sale: the row, and what was handed in of columns that the file does not have."""
    return typed_of(kept) | dict(row.typed)


def _says_the_same(row: _Row, kept: HandIn, known: Waiting) -> bool:
    """Return whether a sale has been handed in with just this, whatever became of it."""
    if kept.handed_in_at is None:
        return False
    try:
        read = read_fields(_whole(row, kept), known.duty)
    except HandInIncomplete:
        return False
    return all(getattr(read, each.name) == getattr(kept, each.name) for each in fields(Handed))


def _told(row: _Row, refusal: Refusal) -> Iterator[RowFault]:
    for fault in refusal.faults if isinstance(refusal, HandInIncomplete) else (refusal,):
        why, way_out = translate(fault)
        column = HEADINGS[fault.field][0] if fault.field in HEADINGS else ""
        if fault.field in ITEMS:
            column, way_out = spoken(Words(ITEMS[fault.field])), spoken(_UPLOAD_FIRST)
        yield RowFault(row.number, column, why, way_out or spoken(_CORRECT_CELL), row.id)


def _invoices_twice(rows: Sequence[_Row]) -> Iterator[RowFault]:
    first: dict[str, int] = {}
    for row in rows:
        number = re.sub(r"[\s-]", "", row.typed.get("invoice_code", "") + row.typed.get("invoice_number", ""))
        if number and first.setdefault(number, row.number) != row.number:
            why = f"与第 {first[number]} 行是同一张发票"
            yield RowFault(row.number, HEADINGS["invoice_number"][0], why, "一张发票只能用于一笔补贴，请核对", row.id)


def _read(data: bytes, file_name: str) -> tuple[list[_Row], list[RowFault]]:
    columns, table = read_table(data, file_name, HEADINGS, most_rows=MOST_ROWS)
    if "id" not in columns or len(columns) == 1:
        raise TableUnreadable(why=f"首行没有“{HEADINGS['id'][0]}”，或没有要填的列；请用下载的表")
    rows: list[_Row] = []
    faults: list[RowFault] = []
    first: dict[UUID, int] = {}
    for number, cells in table:
        values = {key: clean_cell(cell) for key, cell in cells.items()}
        # A row of the sheet that nobody filled in is not handed in.
        if any(text for key, (text, _) in values.items() if key != "id"):
            _read_row(number, values, rows, faults, first)
    if not rows and not faults:
        raise TableUnreadable(why="没有填写任何一笔销售")
    return rows, faults


def _read_row(
    number: int,
    values: Mapping[str, tuple[str, str]],
    rows: list[_Row],
    faults: list[RowFault],
    first: dict[UUID, int],
) -> None:
    found = [RowFault(number, HEADINGS[key][0], why, spoken(_CORRECT_CELL)) for key, (_, why) in values.items() if why]
    column, copy = HEADINGS["id"][0], spoken(_COPY_NUMBER)
    try:
        key = UUID(values["id"][0])
    except ValueError:
        faults += [*found, RowFault(number, column, "不是销售编号", copy)]
        return
    if first.setdefault(key, number) != number:
        found.append(RowFault(number, column, f"与第 {first[key]} 行是同一笔销售", "请只留一行"))
    faults += found
    if not found:
        rows.append(_Row(number, key, {name: text for name, (text, _) in values.items() if name != "id"}))
