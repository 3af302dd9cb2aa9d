"""What the numbers in the ledger's accounts and documents are called, and where their pages are.

The ledger does not look into the rooms above it. They register how the things they own are named, as they
register their audit checks; what nobody has named is shown by its number.
"""

from collections.abc import Callable, Collection, Mapping

#: Takes row ids and returns the names of those that are known.
Namer = Callable[[Collection[int]], Mapping[int, str]]
#: Takes a document's id, as transfers keep it, and returns the address of its page, or None if it has none.
Address = Callable[[str], str | None]

_namers: dict[str, Namer] = {}
_addresses: dict[str, Address] = {}


def register_names(dimension: str, namer: Namer) -> None:
    """Name a dimension of accounts: "campaign", "fund_source", "offer", "release" or "merchant"."""
    _namers[dimension] = namer


def register_page(document_kind: str, address: Address) -> None:
    """Say where the documents of a kind are shown."""
    _addresses[document_kind] = address


def names(dimension: str, ids: Collection[int | None]) -> dict[int, str]:
    """Return a name for every id; ``#7`` where nobody knows one."""
    wanted = {row_id for row_id in ids if row_id is not None}
    namer = _namers.get(dimension)
    known = namer(wanted) if namer and wanted else {}
    return {row_id: known.get(row_id, f"#{row_id}") for row_id in wanted}


def page_of(document_kind: str, document_id: str) -> str | None:
    """Return the address of a document's page, or None if it has none."""
    address = _addresses.get(document_kind)
    return address(document_id) if address else None
