"""Sheets as answers: what a page shows, downloaded as CSV or Excel."""

from flask import Response

from settlement.exports import Sheet, to_csv, to_xlsx

_KINDS = {
    "csv": (to_csv, "text/csv; charset=utf-8"),
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def file_of(sheet: Sheet, kind: str, name: str) -> Response:
    """Return a sheet as a file to keep. kind: "csv" or "xlsx", which also ends its name."""
    write, content_type = _KINDS[kind]
    response = Response(write(sheet), content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response
