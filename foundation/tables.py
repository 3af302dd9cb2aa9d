"""Tables that people hand in: CSV of whatever program, or Excel, read into rows of cells. And what theirs must not make
of ours."""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from foundation.errors import N_, Malformed

_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
#: A number in a spreadsheet is exact to 15 digits only; an identity number kept as one has lost its end.
_EXACT = 10**15
#: How a spreadsheet program recognises a formula, in half and full width.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


class TableUnreadable(Malformed):
    code = "table_unreadable"
    message = N_("文件读不出来：%(why)s")
    way_out = N_("请另存为 .xlsx 或 UTF-8 的 .csv 再导入")
    field = "file"


def read_rows(data: bytes, file_name: str) -> list[list[Any]]:
    """Return the rows of a file, the empty ones too, so that they are numbered as people see them. Refuses
    TableUnreadable."""
    return _spreadsheet(data) if _is_spreadsheet(data, file_name) else _csv(data)


def read_table(
    data: bytes, file_name: str, headings: Mapping[str, Sequence[str]], *, most_rows: int
) -> tuple[dict[str, int], list[tuple[int, dict[str, Any]]]]:
    """Return the columns of a file, key → place, and its rows below the heading that have anything: the number that
    people see, and key → cell as it stands.

    ``headings``: key → what a heading may be called, ours first; case, stars and what stands in brackets do not matter,
    and other columns are left out. Refuses TableUnreadable, also for more than ``most_rows``.
    """
    rows = read_rows(data, file_name)
    heading_at = next((place for place, row in enumerate(rows) if any(clean_cell(cell)[0] for cell in row)), None)
    if heading_at is None:
        raise TableUnreadable(why="文件是空的")
    columns = _columns(rows[heading_at], headings)
    body = rows[heading_at + 1 :]
    if len(body) > most_rows:
        raise TableUnreadable(why=f"超过 {most_rows:,} 行，请分成几份")
    return columns, [
        (number, {key: cells[place] if place < len(cells) else "" for key, place in columns.items()})
        for number, cells in enumerate(body, heading_at + 2)
        if any(clean_cell(cell)[0] for cell in cells)
    ]


def no_formula(text: str) -> str:
    """Return a text so that no spreadsheet takes it for a formula, also behind the spaces that some of them skip."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or text.strip().startswith(_FORMULA_STARTS) else text


def clean_cell(cell: Any) -> tuple[str, str]:
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


def _columns(heading: Sequence[Any], headings: Mapping[str, Sequence[str]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(heading):
        word = re.sub(r"[\s*（(].*", "", clean_cell(cell)[0]).lower()
        for key, words in headings.items():
            if word in words:
                if key in places:
                    raise TableUnreadable(why=f"有两列都是“{words[0]}”")
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
        raise TableUnreadable(why="不是有效的 Excel 文件，或有密码") from failure


def _csv(data: bytes) -> list[list[Any]]:
    text = _decode(data)
    if "\x00" in text:
        raise TableUnreadable(why="不是文本文件")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t，", key=first.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as failure:
        raise TableUnreadable(why="引号或分隔符不成对") from failure


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
    raise TableUnreadable(why="文字编码不认识，请另存为 UTF-8")
