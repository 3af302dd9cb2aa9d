"""What a bench found, as a table on the terminal, as JSON and as a chart under var/bench/."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Line:
    """One row: what was measured, its median, and its ratios to the first row of its bench, round by round."""

    engine: str
    name: str
    value: float
    unit: str
    ratios: Sequence[float] = ()
    #: processor time per answer, of the server and its database; and how much less the first row's is
    processor_ms: float = 0.0
    processor_ratios: Sequence[float] = ()
    p99_ratios: Sequence[float] = ()
    to_usual: Sequence[float] | None = None
    detail: Sequence[dict[str, object]] = field(default_factory=list)


def say(text: str) -> None:
    print(text, flush=True)


def machine() -> str:
    """What this was measured on, and how busy that was besides."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    python = platform.python_version()
    return f"{os.cpu_count()} processors, load {load} (1, 5, 15 min), {platform.system()}, Python {python}"


def spread(values: Sequence[float] | None) -> str:
    """Median and span: 0.66 (0.61–0.70)."""
    if not values:
        return ""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def show(title: str, lines: Sequence[Line]) -> None:
    """Print the table."""
    heads = ["engine", "", "median", "ratio", "cpu each", "ratio by cpu", "p99 ratio", "× usual"]
    rows = [
        [
            line.engine,
            line.name,
            f"{line.value:,.0f}{line.unit}" if line.value >= 10 else f"{line.value:,.2f}{line.unit}",
            spread(line.ratios),
            f"{line.processor_ms:.2f} ms" if line.processor_ms else "",
            spread(line.processor_ratios),
            spread(line.p99_ratios),
            spread(line.to_usual),
        ]
        for line in lines
    ]
    shown = [place for place in range(len(heads)) if any(row[place] for row in rows)]
    widths = [max(len(heads[place]), *(len(row[place]) for row in rows)) for place in shown]
    say(f"\n{title}: {machine()}")
    for row in [heads, *rows]:
        say("  " + "  ".join(row[place].ljust(width) for place, width in zip(shown, widths, strict=True)).rstrip())


def write(folder: Path, title: str, lines: Sequence[Line], settings: dict[str, object]) -> list[Path]:
    """Write the JSON and the chart, and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "bench": title,
        "machine": machine(),
        "settings": settings,
        "command": sys.argv[1:],
        "lines": [asdict(line) for line in lines],
    }
    data, chart = folder / f"{title}.json", folder / f"{title}.svg"
    data.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    chart.write_text(svg(title, lines), encoding="utf-8")
    return [data, chart]


_BAR, _GAP, _LEFT, _WIDTH = 22, 12, 250, 760


def svg(title: str, lines: Sequence[Line]) -> str:
    """Draw a bar for each row: its median, with the ratio beside it."""
    longest = max((line.value for line in lines), default=1) or 1
    height = 50 + len(lines) * (_BAR + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif"'
        ' font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="16" y="26" font-size="16">{escape(title)}</text>',
    ]
    for place, line in enumerate(lines):
        top = 42 + place * (_BAR + _GAP)
        wide = max(1, (_WIDTH - _LEFT - 170) * line.value / longest)
        told = f"{line.value:,.1f}{line.unit}  {spread(line.ratios)}"
        label = escape(f"{line.engine} {line.name}")
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{label}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{wide:.1f}" height="{_BAR}" fill="#b3441e"/>',
            f'<text x="{_LEFT + wide + 6:.1f}" y="{top + 16}">{escape(told)}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
