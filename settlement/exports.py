"""Files out: CSV and Excel of the same dataclasses that the pages show.

A cell that a spreadsheet would take for a formula is written so that it stays text: CSV has no types, so such
text is quoted by a leading apostrophe; Excel cells are written with their type.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import xlsxwriter

from foundation.clock import local
from foundation.errors import N_
from foundation.speech import spoken
from foundation.tables import no_formula
from foundation.words import Words
from settlement.metrics import BY_KEY, Metric
from settlement.reports import Report

AMOUNTS_IN_YUAN = Words(N_("金额单位：元"))


@dataclass(frozen=True)
class Column:
    """``kind``: "text", "digits", "fen", "count", "percent" or "ratio". Digits are text that is all digits, such as an
    account number: a spreadsheet that opens a CSV file would take it for a number and lose its end."""

    name: Words | str
    kind: str
    definition: Words | str = ""


@dataclass(frozen=True)
class Sheet:
    """A table to be written: cells are Words, str, int (fen or count), Decimal or None. Words are written in the
    language of the request, and in Chinese where there is none."""

    title: Words | str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    notes: Sequence[Words | str] = ()


def report_sheet(report: Report, title: Words | str, *, seal: str = "") -> Sheet:
    """Return a report as a sheet: its rows, then the total, then the newest seal of the books and the definitions."""
    metrics: list[Metric] = [BY_KEY[key] for key in report.metrics]
    columns = [Column(Words(N_("项目")), "text")]
    columns += [
        Column(Words(name), metric.kind, Words(text)) for metric in metrics for name, text in [report.words_of(metric)]
    ]
    rows = [[row.name, *(row.values[metric.key] for metric in metrics)] for row in [*report.rows, report.total]]
    notes = [Words(N_("数据截至 %(moment)s"), moment=f"{local(report.as_of):%Y-%m-%d %H:%M:%S}"), AMOUNTS_IN_YUAN]
    if seal:
        notes.append(Words(N_("账目封存号 %(seal)s"), seal=seal))
    notes += [Words(N_("%(name)s：%(text)s"), name=column.name, text=column.definition) for column in columns[1:]]
    return Sheet(title, columns, rows, notes)


def to_csv(sheet: Sheet) -> bytes:
    """Return UTF-8 CSV with a byte order mark, which Excel needs to read Chinese."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([no_formula(spoken(column.name)) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_csv_cell(cell, column) for cell, column in zip(row, sheet.columns, strict=True)])
    for note in sheet.notes:
        writer.writerow([no_formula(spoken(note))])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def to_xlsx(sheet: Sheet) -> bytes:
    """Return an Excel workbook with one sheet, with amounts as numbers in yuan."""
    file = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet(spoken(sheet.title)[:31])
    head = book.add_format({"bold": True, "bottom": 1})
    formats = {
        "fen": book.add_format({"num_format": "#,##0.00"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "percent": book.add_format({"num_format": "0.00%"}),
        "ratio": book.add_format({"num_format": '"1:"0.00'}),
    }
    page.freeze_panes(1, 1)
    page.set_column(0, len(sheet.columns), 16)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, spoken(column.name), head)
    number = 0
    for number, row in enumerate(sheet.rows, 1):
        for place, (cell, column) in enumerate(zip(row, sheet.columns, strict=True)):
            if cell is None:
                page.write_string(number, place, "—")
            elif column.kind in ("text", "digits"):
                page.write_string(number, place, _text(cell))
            else:
                value = Decimal(cell) / 100 if column.kind == "fen" else cell
                page.write_number(number, place, float(value), formats[column.kind])
    for offset, note in enumerate(sheet.notes, number + 2):
        page.write_string(offset, 0, spoken(note))
    book.close()
    return file.getvalue()


def _csv_cell(cell: Any, column: Column) -> str:
    if cell is None:
        return ""
    if column.kind == "fen":
        sign, fen = ("-" if cell < 0 else ""), abs(int(cell))
        return f"{sign}{fen // 100}.{fen % 100:02d}"
    if column.kind == "percent":
        return f"{Decimal(cell) * 100:.2f}%"
    if column.kind == "ratio":
        return f"1:{Decimal(cell):.2f}"
    if column.kind == "digits":
        # A tab before it keeps it text, and is no sign of the number to whoever reads it.
        return f"\t{cell}" if cell else ""
    return no_formula(_text(cell)) if column.kind == "text" else str(cell)


def _text(cell: Any) -> str:
    return spoken(cell) if isinstance(cell, Words) else str(cell)
