"""Sales from a file: a store fills in what it sold with the qualifications that it has confirmed, and hands it in.

Codes live a minute, so a file names qualifications by their numbers, which only the store that confirmed them can use.
A file is done whole or not at all; a row that was done before is left alone.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from foundation.db import db
from foundation.errors import Refusal
from foundation.money import parse_yuan
from foundation.speech import translate
from foundation.tables import TableUnreadable, clean_cell, read_rows
from merchants.confirmations import Confirmation
from merchants.errors import SalesHaveFaults
from merchants.items import Item, canonical
from merchants.models import Redemption, SoldItem
from merchants.product_file import Fault, read_grade
from merchants.redemptions import redeem_batch
from merchants.register import Counter
from merchants.scans import Scan

MOST_ROWS = 2_000
#: Key → what a heading may be called; the first is ours.
HEADINGS = {
    "id": ("资格编号", "核验编号"),
    "category": ("品类",),
    "barcode": ("商品条码", "69码", "条码"),
    "serial": ("序列号", "SN", "SN码"),
    "imei": ("IMEI", "IMEI1"),
    "grade": ("能效等级", "能效"),
    "brand": ("品牌",),
    "model_name": ("型号", "规格型号"),
    "price": ("成交价", "销售价格", "售价"),
}
REQUIRED = ("id", "price")


@dataclass(frozen=True)
class Imported:
    """How many sales were made, and how many rows had been done before."""

    made: int
    known: int


@dataclass(frozen=True)
class _Row:
    number: int
    entitlement_id: UUID
    price_fen: int
    item: Item


def blank(confirmed: Sequence[Confirmation]) -> bytes:
    """Return a file to fill in: a row for each qualification that waits; Excel opens it as it is."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([names[0] for names in HEADINGS.values()])
    for each in confirmed:
        writer.writerow([str(each.entitlement_id), each.category_name, *[""] * (len(HEADINGS) - 2)])
    return out.getvalue().encode("utf-8-sig")


def import_sales(data: bytes, file_name: str, counter: Counter) -> Imported:
    """Make every sale of a file. Refuses TableUnreadable, and SalesHaveFaults with every row that is wrong; then
    nothing has been done."""
    rows, faults = _read(data, file_name)
    done = _done_before(rows, counter)
    new = [row for row in rows if row.entitlement_id not in done]
    faults += [
        Fault(row.number, HEADINGS["serial"][0], "这份资格已经用于另一件商品")
        for row in rows
        if row.entitlement_id in done and not _same(row.item, done[row.entitlement_id])
    ]
    if faults:
        raise SalesHaveFaults(faults)
    with db.session.begin_nested():
        scans = [Scan(counter, "", row.price_fen, item=row.item, confirmed_id=row.entitlement_id) for row in new]
        for row, outcome in zip(new, redeem_batch(scans), strict=True):
            if isinstance(outcome, Refusal):
                faults.append(Fault(row.number, "", translate(outcome).message))
        if faults:
            raise SalesHaveFaults(faults)
    return Imported(len(new), len(rows) - len(new))


def _read(data: bytes, file_name: str) -> tuple[list[_Row], list[Fault]]:
    table = read_rows(data, file_name)
    heading_at = next((place for place, row in enumerate(table) if any(clean_cell(cell)[0] for cell in row)), None)
    if heading_at is None:
        raise TableUnreadable(why="文件是空的")
    columns = _columns(table[heading_at])
    missing = [HEADINGS[key][0] for key in REQUIRED if key not in columns]
    if missing:
        raise TableUnreadable(why=f"首行没有“{'”“'.join(missing)}”")
    if len(table) - heading_at - 1 > MOST_ROWS:
        raise TableUnreadable(why=f"超过 {MOST_ROWS:,} 行，请分成几份")
    rows: list[_Row] = []
    faults: list[Fault] = []
    for number, cells in enumerate(table[heading_at + 1 :], heading_at + 2):
        values = {key: clean_cell(cells[place] if place < len(cells) else "") for key, place in columns.items()}
        # A row of the blank file that nobody filled in is not a sale.
        if any(text for key, (text, _) in values.items() if key not in ("id", "category")):
            read = _read_row(number, values, faults)
            rows += [read] if read else []
    first: dict[UUID, int] = {}
    faults += [
        Fault(row.number, HEADINGS["id"][0], f"与第 {first[row.entitlement_id]} 行是同一份资格")
        for row in rows
        if first.setdefault(row.entitlement_id, row.number) != row.number
    ]
    if not rows and not faults:
        raise TableUnreadable(why="没有填写任何一笔销售")
    return rows, faults


def _read_row(number: int, values: Mapping[str, tuple[str, str]], faults: list[Fault]) -> _Row | None:
    found = [Fault(number, HEADINGS[key][0], why) for key, (_, why) in values.items() if why]
    texts = {key: text for key, (text, _) in values.items()}
    readers: dict[str, Any] = {
        "id": UUID,
        "price": lambda text: parse_yuan(text, field="price"),
        "grade": lambda text: read_grade(text) if text else "",
    }
    read: dict[str, Any] = {"grade": ""}
    for key, reader in readers.items():
        if key in texts:
            try:
                read[key] = reader(texts[key])
            except Refusal as refusal:
                found.append(Fault(number, HEADINGS[key][0], translate(refusal).message))
            except ValueError as failure:
                found.append(Fault(number, HEADINGS[key][0], "请从下载的表里复制" if key == "id" else str(failure)))
    faults += found
    if found:
        return None
    numbers = {key: texts.get(key, "") for key in ("barcode", "serial", "imei", "brand", "model_name")}
    return _Row(number, read["id"], read["price"], Item(grade=read["grade"], **numbers))


def _done_before(rows: Sequence[_Row], counter: Counter) -> dict[UUID, SoldItem]:
    found = db.session.execute(
        select(Redemption.entitlement_id, SoldItem)
        .join(SoldItem, SoldItem.redemption_id == Redemption.id)
        .where(
            Redemption.entitlement_id.in_([row.entitlement_id for row in rows]),
            Redemption.store_id == counter.store_id,
            Redemption.status == "redeemed",
        )
    )
    return dict(found.all())


def _same(item: Item, sold: SoldItem) -> bool:
    try:
        read = canonical(item)
    except Refusal:
        return False
    return (read.serial, read.imei) == (sold.serial, sold.imei)


def _columns(heading: Sequence[Any]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(heading):
        word = re.sub(r"[\s*（(].*", "", clean_cell(cell)[0])
        for key, words in HEADINGS.items():
            if word in words:
                places.setdefault(key, place)
    return places
