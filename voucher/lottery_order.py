"""The order of a draw: pure arithmetic that anyone can repeat (``docs/lottery.md``, ``docs/verify_draw.py``)."""

import hashlib
from collections.abc import Iterable, Sequence


def commitment(seed: str) -> str:
    """Return what is published of a seed before registration ends."""
    return hashlib.sha256(seed.encode()).hexdigest()


def list_text(entry_hashes: Iterable[str]) -> str:
    """Return the list of entries as it is published: sorted, one per line."""
    return "".join(f"{entry}\n" for entry in sorted(entry_hashes))


def list_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ordered(seed: str, list_hash: str, entry_hashes: Sequence[str]) -> list[str]:
    """Return all entries in the order in which prizes are offered to them: by SHA-256 of seed, list and entry."""
    head = hashlib.sha256(f"{seed}:{list_hash}:".encode())

    def ticket(entry: str) -> bytes:
        whole = head.copy()
        whole.update(entry.encode())
        return whole.digest()

    return sorted(entry_hashes, key=lambda entry: (ticket(entry), entry))
