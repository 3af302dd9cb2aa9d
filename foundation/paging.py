"""Long lists a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from foundation.db import db

Row = TypeVar("Row")

PAGE_SIZE = 50
#: Beyond this nobody turns pages by hand; a number typed into an address must not overflow the database's.
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page. ``number`` counts from 1; ``count`` is how many rows all pages have together."""

    rows: Sequence[Row]
    number: int
    count: int
    size: int = PAGE_SIZE

    @property
    def page_count(self) -> int:
        return max(1, -(-self.count // self.size))


def page_of(
    statement: Select[*tuple[Any, ...]], number: int, *, size: int = PAGE_SIZE, count: int | None = None
) -> Page[Any]:
    """Return page ``number`` of an ordered statement's rows; a number outside the pages gives the nearest one.

    Rows are tuples, or single values where the statement selects one thing. ``count`` is how many rows there are,
    where the caller has counted them.
    """
    if count is None:
        count = int(db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0)
    number = min(max(number, 1), max(1, -(-count // size)), LAST_PAGE)
    result = db.session.execute(statement.limit(size).offset((number - 1) * size))
    rows = result.scalars().all() if len(statement.column_descriptions) == 1 else result.all()
    return Page(rows, number, count, size)
