"""Reading the catalogue from CSV or Excel: every wrong cell is named by row, column and reason; read whole or not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from campaigns.goods import GRADES, categories
from evidence import numbers
from foundation.errors import Refusal
from foundation.money import parse_yuan
from foundation.tables import TableUnreadable, clean_cell, read_table

MOST_ROWS = 50_000
#: Key → what a heading may be called; the first is ours.
HEADINGS = {
    "barcode": ("商品条码", "69码", "条码", "barcode"),
    "category": ("品类", "商品品类", "category"),
    "brand": ("品牌", "brand"),
    "model_name": ("型号", "规格型号", "商品型号", "model"),
    "grade": ("能效等级", "能效", "水效等级", "grade"),
    "filed_fen": ("备案价", "备案价格", "销售指导价", "price"),
    "valid_from": ("生效日期", "生效日", "valid_from"),
}
REQUIRED = ("barcode", "category", "brand", "model_name", "grade")


@dataclass(frozen=True)
class Fault:
    """What is wrong: row (from 1, with the heading), column ("" for the row), and why."""

    row: int
    column: str
    why: str


@dataclass(frozen=True)
class ProductLine:
    """One row of the catalogue; filed_fen is None where no price was filed."""

    barcode: str
    category: str
    brand: str
    model_name: str
    grade: str
    filed_fen: int | None
    valid_from: date


@dataclass
class ReadProducts:
    lines: list[ProductLine] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_products(data: bytes, file_name: str, *, today: date) -> ReadProducts:
    """Read a catalogue; a row without a day is valid from ``today``. Refuses TableUnreadable."""
    columns, rows = read_table(data, file_name, HEADINGS, most_rows=MOST_ROWS)
    missing = [HEADINGS[key][0] for key in REQUIRED if key not in columns]
    if missing:
        raise TableUnreadable(why=f"首行没有“{'”“'.join(missing)}”")
    found = ReadProducts()
    seen: dict[tuple[str, date], int] = {}
    for number, values in rows:
        if any(clean_cell(cell)[0] for cell in values.values()):
            _read_line(number, values, found, seen, today)
    if not found.lines and not found.faults:
        raise TableUnreadable(why="首行下面没有商品")
    return found


def _read_line(
    row: int, values: Mapping[str, Any], found: ReadProducts, seen: dict[tuple[str, date], int], today: date
) -> None:
    read: dict[str, Any] = {"filed_fen": None, "valid_from": today}
    faults = []
    for key, cell in values.items():
        text, why = ("", "") if isinstance(cell, date) else clean_cell(cell)
        if not why and not text and not isinstance(cell, date):
            if key in REQUIRED:
                faults.append(Fault(row, HEADINGS[key][0], "没有填写"))
            continue
        try:
            read[key] = _READERS[key](cell if isinstance(cell, date) else text)
        except Refusal as refusal:
            why = why or refusal.message % refusal.params
        except ValueError as failure:
            why = why or str(failure)
        if why:
            faults.append(Fault(row, HEADINGS[key][0], why))
    if not faults:
        line = ProductLine(**read)
        first = seen.setdefault((line.barcode, line.valid_from), row)
        if first == row:
            found.lines.append(line)
            return
        faults = [Fault(row, HEADINGS["barcode"][0], f"与第 {first} 行是同一条码、同一天")]
    found.faults += faults


def _category(text: str) -> str:
    names = {name: code for code, name in categories().items()}
    code = text if text in categories() else names.get(text)
    if code is None:
        raise ValueError(f"没有这个品类；可以是：{'、'.join(names)}")
    return code


def read_grade(text: str) -> str:
    """Return a key of GRADES for a grade as people write it. Raises ValueError with the reason in Chinese."""
    plain = text.replace(" ", "").removesuffix("能效").removesuffix("级")
    plain = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "无": "none", "无能效标识": "none"}.get(
        plain, plain
    )
    if plain not in GRADES:
        raise ValueError("应当是 1 至 5 级，或“无”")
    return plain


def _words(longest: int) -> Any:
    def read(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"不能超过 {longest} 个字")
        return text

    return read


def _day(value: str | date) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(re.sub(r"[/.年月]", "-", value).removesuffix("日"))
    except ValueError as failure:
        raise ValueError("应当是日期，例如 2025-03-01") from failure


_READERS: Mapping[str, Any] = {
    "barcode": numbers.barcode,
    "category": _category,
    "brand": _words(40),
    "model_name": _words(80),
    "grade": read_grade,
    "filed_fen": lambda text: parse_yuan(text, field="filed_fen"),
    "valid_from": _day,
}
