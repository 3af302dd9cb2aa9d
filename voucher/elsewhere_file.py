"""Reading a list of who was given a subsidy elsewhere, from CSV or Excel: every wrong cell is named by row, column and
reason. A file is read whole or not at all; a number that is there twice is a warning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from evidence import numbers
from foundation.errors import Refusal
from foundation.tables import TableUnreadable, clean_cell, read_table
from identity.citizens import read_id_number
from voucher.errors import ListUnreadable
from voucher.list_file import MOST_ROWS, Remark

#: What a heading may be called, by the kind of number.
HEADINGS = {
    "id_number": ("身份证号", "身份证号码", "身份证", "证件号码", "公民身份号码", "id_number"),
    "uscc": ("统一社会信用代码", "信用代码", "社会信用代码", "uscc"),
    "vin": ("车架号", "车辆识别代号", "车辆识别代码", "vin"),
}
COLUMNS = {"id_number": "身份证号", "uscc": "统一社会信用代码", "vin": "车架号"}
_READERS: Mapping[str, Callable[[str], str]] = {
    "id_number": read_id_number,
    "uscc": numbers.uscc,
    "vin": numbers.vin,
}


@dataclass(frozen=True)
class Line:
    """One row: who or which car, by at least one number in its canonical spelling."""

    row: int
    numbers: Mapping[str, str]


@dataclass
class ReadNumbers:
    lines: list[Line] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


def read_numbers(data: bytes, file_name: str) -> ReadNumbers:
    """Read a file. Refuses ListUnreadable when it is no table, or has no heading that is known."""
    try:
        columns, rows = read_table(data, file_name, HEADINGS, most_rows=MOST_ROWS)
    except TableUnreadable as refusal:
        raise ListUnreadable(**refusal.params) from refusal
    if not columns:
        raise ListUnreadable(why="首行没有“身份证号”“统一社会信用代码”或“车架号”")
    found = ReadNumbers()
    seen: dict[tuple[str, str], int] = {}
    # A row with something in another column only is a fault, an empty one is not.
    for row_number, cells in rows:
        _read_line(row_number, {key: clean_cell(cell) for key, cell in cells.items()}, found, seen)
    if not found.lines and not found.errors:
        raise ListUnreadable(why="首行下面没有号码")
    return found


def _read_line(
    row: int, values: Mapping[str, tuple[str, str]], found: ReadNumbers, seen: dict[tuple[str, str], int]
) -> None:
    faults = [Remark(row, COLUMNS[key], why) for key, (_, why) in values.items() if why]
    read: dict[str, str] = {}
    for key, (text, why) in values.items():
        if not text or why:
            continue
        try:
            read[key] = _READERS[key](text)
        except Refusal as refusal:
            told = refusal.message % refusal.params if refusal.params else refusal.message
            faults.append(Remark(row, COLUMNS[key], told))
    if not faults and not read:
        faults.append(Remark(row, "", "没有号码，至少要有一个"))
    if faults:
        found.errors += faults
        return
    for kind, number in list(read.items()):
        first = seen.setdefault((kind, number), row)
        if first != row:
            found.warnings.append(Remark(row, COLUMNS[kind], f"与第 {first} 行重复，只取前面一行"))
            del read[kind]
    if read:
        found.lines.append(Line(row, read))
