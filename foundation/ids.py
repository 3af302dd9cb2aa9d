"""Identifiers that the application makes itself, so that a row is known before it is stored."""

from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

#: No row that the database numbers comes near it, and no integer column overflows at it. A number that somebody
#: types into an address may be larger.
LARGEST_ROW_ID = 2**31 - 1


def new_id() -> UUID:
    """Return a UUIDv7: unique without asking the database, and growing with time, so index pages stay warm."""
    return uuid7()


def id_made_before(length: timedelta) -> UUID:
    """Return an id such as this machine would have made that long ago (whole milliseconds, >= 0): what it made earlier
    is less, what it makes from now on is more."""
    return UUID(int=new_id().int - (int(length.total_seconds() * 1000) << 80))


def text_id(row_id: UUID | int) -> str:
    """Return a row id as text for columns that name rows of several tables: plain hex for a UUID.

    ``REPLACE(CAST(id AS TEXT), '-', '')`` is the same text in SQL, on both engines.
    """
    return row_id.hex if isinstance(row_id, UUID) else str(row_id)
