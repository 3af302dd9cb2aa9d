"""Reading a list of people from CSV or Excel: every wrong cell is named by row, column and reason.

A file is read whole or not at all; what is only unusual (a line that is there twice) is a warning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foundation.errors import Refusal
from foundation.tables import TableUnreadable, clean_cell, read_rows
from identity.citizens import read_id_number, read_name
from identity.phones import read_phone
from voucher.errors import ListUnreadable

MOST_ROWS = 50_000
#: What a heading may be called.
HEADINGS = {
    "name": ("姓名", "名字", "name"),
    "phone": ("手机号", "手机号码", "手机", "电话", "联系电话", "phone"),
    "id_number": ("身份证号", "身份证号码", "身份证", "证件号码", "公民身份号码", "id_number"),
}
COLUMNS = {"name": "姓名", "phone": "手机号", "id_number": "身份证号"}


@dataclass(frozen=True)
class Remark:
    """What is wrong or unusual: row (from 1, with the heading), column ("" for the row), and why."""

    row: int
    column: str
    why: str


@dataclass(frozen=True)
class Line:
    """One person: ``phone`` or ``id_number`` is there, or both; what is not there is empty."""

    row: int
    name: str
    phone: str
    id_number: str


@dataclass
class ReadList:
    lines: list[Line] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


def read_list(data: bytes, file_name: str) -> ReadList:
    """Read a file of people. Refuses ListUnreadable when it is no table, or has no heading that is known."""
    try:
        rows = read_rows(data, file_name)
    except TableUnreadable as refusal:
        raise ListUnreadable(**refusal.params) from refusal
    heading_at = next((place for place, row in enumerate(rows) if any(clean_cell(cell)[0] for cell in row)), None)
    if heading_at is None:
        raise ListUnreadable(why="文件是空的")
    columns = columns_of(rows[heading_at], HEADINGS, COLUMNS)
    if not {"phone", "id_number"} & set(columns):
        raise ListUnreadable(why="首行没有“手机号”或“身份证号”")
    body = rows[heading_at + 1 :]
    if len(body) > MOST_ROWS:
        raise ListUnreadable(why=f"超过 {MOST_ROWS:,} 行，请分成几份")
    found = ReadList()
    seen: dict[tuple[str, str], int] = {}
    for row_number, cells in enumerate(body, heading_at + 2):
        values = {key: clean_cell(cells[place] if place < len(cells) else "") for key, place in columns.items()}
        if any(text for text, _ in values.values()):
            _read_line(row_number, values, found, seen)
    if not found.lines and not found.errors:
        raise ListUnreadable(why="首行下面没有人")
    return found


def _read_line(row: int, values: dict[str, tuple[str, str]], found: ReadList, seen: dict[tuple[str, str], int]) -> None:
    faults = [Remark(row, COLUMNS[key], why) for key, (_, why) in values.items() if why]
    read: dict[str, str] = {"name": "", "phone": "", "id_number": ""}
    readers = {"name": read_name, "phone": read_phone, "id_number": read_id_number}
    for key, (text, why) in values.items():
        if not text or why:
            continue
        try:
            read[key] = readers[key](text)
        except Refusal as refusal:
            faults.append(Remark(row, COLUMNS[key], refusal.message))
    if not faults and not read["phone"] and not read["id_number"]:
        faults.append(Remark(row, "", "手机号和身份证号至少要有一个"))
    if faults:
        found.errors += faults
        return
    again = {seen[key, read[key]]: key for key in ("phone", "id_number") if (key, read[key]) in seen}
    if again:
        first, key = next(iter(again.items()))
        found.warnings.append(Remark(row, COLUMNS[key], f"与第 {first} 行重复，只取前面一行"))
        return
    seen.update({(key, read[key]): row for key in ("phone", "id_number") if read[key]})
    found.lines.append(Line(row, read["name"], read["phone"], read["id_number"]))


def columns_of(
    heading: Sequence[Any], headings: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> dict[str, int]:
    """Return key → place of the columns whose heading is one of its words. Refuses ListUnreadable for two of one."""
    places: dict[str, int] = {}
    for place, cell in enumerate(heading):
        word = re.sub(r"[\s*（(].*", "", clean_cell(cell)[0]).lower()
        for key, words in headings.items():
            if word in words:
                if key in places:
                    raise ListUnreadable(why=f"有两列都是“{names[key]}”")
                places[key] = place
    return places
