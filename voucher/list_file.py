"""Reading a list of people from CSV or Excel: every wrong cell is named by row, column and reason.

A file is read whole or not at all; what is only unusual (a line that is there twice) is a warning.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from foundation.errors import Refusal
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
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
#: A number in a spreadsheet is exact to 15 digits only; an identity number kept as one has lost its end.
_EXACT = 10**15


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
    rows = _spreadsheet(data) if _is_spreadsheet(data, file_name) else _csv(data)
    heading_at = next((place for place, row in enumerate(rows) if any(_clean(cell)[0] for cell in row)), None)
    if heading_at is None:
        raise ListUnreadable(why="文件是空的")
    columns = _columns(rows[heading_at])
    if not {"phone", "id_number"} & set(columns):
        raise ListUnreadable(why="首行没有“手机号”或“身份证号”")
    body = rows[heading_at + 1 :]
    if len(body) > MOST_ROWS:
        raise ListUnreadable(why=f"超过 {MOST_ROWS:,} 行，请分成几份")
    found = ReadList()
    seen: dict[tuple[str, str], int] = {}
    for row_number, cells in enumerate(body, heading_at + 2):
        values = {key: _clean(cells[place] if place < len(cells) else "") for key, place in columns.items()}
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


def _clean(cell: Any) -> tuple[str, str]:
    """Return a cell as half-width text, and why it cannot be relied on, if so."""
    if isinstance(cell, bool):
        return str(cell), "应当是文字"
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            return str(cell), "号码存成了数字，末几位已经丢失；请把这一列改为文本后重新填写"
        return f"{cell:.0f}" if float(cell).is_integer() else str(cell), ""
    text = unicodedata.normalize("NFKC", str(cell or "")).strip().strip("'’‘\"\ufeff\t ")
    if _SCIENTIFIC.fullmatch(text):
        return text, "是科学计数法，末几位已经丢失；请把这一列改为文本后重新填写"
    return text, ""


def _columns(heading: Sequence[Any]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(heading):
        word = re.sub(r"[\s*（(].*", "", _clean(cell)[0]).lower()
        for key, words in HEADINGS.items():
            if word in words:
                if key in places:
                    raise ListUnreadable(why=f"有两列都是“{COLUMNS[key]}”")
                places[key] = place
    return places


def _is_spreadsheet(data: bytes, file_name: str) -> bool:
    return data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") or file_name.lower().endswith((".xlsx", ".xls"))


def _spreadsheet(data: bytes) -> list[list[Any]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        # Empty rows above count, so that rows are numbered as the person sees them.
        return [list(row) for row in sheet.to_python(skip_empty_area=False)]
    except (CalamineError, ValueError, IndexError, OSError) as failure:
        raise ListUnreadable(why="不是有效的 Excel 文件，或有密码") from failure


def _csv(data: bytes) -> list[list[Any]]:
    text = _decode(data)
    if "\x00" in text:
        raise ListUnreadable(why="不是文本文件")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t，", key=first.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as failure:
        raise ListUnreadable(why="引号或分隔符不成对") from failure


def _decode(data: bytes) -> str:
    """Return the text of a file from whatever program: UTF-8 with or without a mark, UTF-16, or GBK."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListUnreadable(why="文字编码不认识，请另存为 UTF-8")
