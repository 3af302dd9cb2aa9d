"""What sections of the public notice are made of: headings, numerals, and moments as announcements write them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.worth import WorthTable
from foundation.clock import local

NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True)
class Section:
    """A heading, its paragraphs, and under them tables, each with a caption that may be empty."""

    heading: str
    paragraphs: tuple[str, ...]
    tables: tuple[tuple[str, WorthTable], ...] = ()


def numerals(count: int) -> list[str]:
    """Return 一, 二, … up to at most 十九."""
    return [NUMERALS[n] if n < 10 else f"十{NUMERALS[n - 10]}" for n in range(count)]


def moment_in_words(moment: datetime) -> str:
    """Return 2023年5月8日10:00; midnight is the 24:00 of the day before, as notices have it for an end."""
    there = local(moment)
    return f"{there.year}年{there.month}月{there.day}日{there:%H:%M}"


def end_in_words(moment: datetime) -> str:
    """Return an exclusive end as notices write it: 00:00 is 24:00 of the day before."""
    there = local(moment)
    if (there.hour, there.minute, there.second) != (0, 0, 0):
        return moment_in_words(moment)
    before = there - timedelta(days=1)
    return f"{before.year}年{before.month}月{before.day}日24:00"
