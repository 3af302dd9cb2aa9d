"""A report as the page's chart reads it: labels and series, amounts in 万元."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext

from foundation.errors import N_
from foundation.speech import spoken
from settlement.metrics import BY_KEY
from settlement.reports import Report, Row

#: What is drawn, in order; the last is a line on an axis of its own in a chart by day.
DRAWN = ("claimed_fen", "net_redeemed_fen", "driven_fen")
#: Bars in a chart by group; the table has all rows.
MOST_BARS = 15
FEN_PER_WAN = 1_000_000
UNIT = N_("万元")


@dataclass(frozen=True)
class _Column:
    name: str
    values: Mapping[str, Any]


def chart_of(found: Report) -> dict[str, Any] | None:
    """Return a report as a chart: "days" on a time axis without gaps, or "groups"; None when there is no row."""
    if not found.rows:
        return None
    by_day = found.query.by == "day"
    columns: Sequence[Row | _Column] = _every_day(found.rows) if by_day else found.rows[:MOST_BARS]
    series = [
        {
            "name": gettext(BY_KEY[key].name),
            "line": by_day and key == "driven_fen",
            "values": [round((column.values.get(key) or 0) / FEN_PER_WAN, 6) for column in columns],
        }
        for key in DRAWN
        if found.total.values[key] is not None
    ]
    labels = [spoken(column.name) for column in columns]
    return {"kind": "days" if by_day else "groups", "unit": gettext(UNIT), "labels": labels, "series": series}


def _every_day(rows: Sequence[Row]) -> list[_Column]:
    """Return a column for each day from the first row's to the last's: days on which nothing moved count as well."""
    by_day = {row.key: row.values for row in rows}
    first, last = date.fromisoformat(rows[0].key), date.fromisoformat(rows[-1].key)
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    return [_Column(day, by_day.get(day, {})) for day in days]
