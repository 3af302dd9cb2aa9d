"""What cannot be claimed now, from memory: not open yet, closed, sold out.

Before the opening second and after the last voucher a city goes on pressing the button. What the clock decides is
exact without asking anybody. What the database decides (the stock, whether money is on release) is remembered for less
than a second from the moment before it was read, in each process by itself. So no process says "sold out" for longer
than that second after stock came back, and none needs to hear of it.

Half a second after the reading, one request goes and reads again while the others are still answered from memory; a
crowd therefore costs each process two statements a second.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from campaigns.catalog import ReleaseFacts
from foundation.errors import Refusal
from voucher.errors import NotOpenYet, RoundClosed

#: How long after a reading it may be told. Less than the second that is promised, by the time an answer takes.
TOLD_FOR_SECONDS = 0.9
#: When one request reads again while the others are still told.
READ_AGAIN_AFTER_SECONDS = 0.45


@dataclass
class _Reading:
    """Why a release could not be claimed when it was last read; ``at``: monotonic seconds before that reading."""

    refusal: Refusal
    at: float
    is_read_again: bool = False


class _Memory:
    """The readings of one application, release by release."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readings: dict[int, _Reading] = {}
        #: what the clock says of a release before and after its time, made once: a city asks for it
        self.early: dict[int, Refusal] = {}
        self.late: dict[int, Refusal] = {}


def _memory() -> _Memory:
    extensions = current_app.extensions
    found: _Memory = extensions.get("voucher.closed_releases") or extensions.setdefault(
        "voucher.closed_releases", _Memory()
    )
    return found


def by_the_clock(facts: ReleaseFacts, now: datetime) -> Refusal | None:
    """Return why nothing can be claimed at ``now``, as far as the published times say; asks nobody."""
    if now < facts.opens_at:
        return NotOpenYet(opens_at=facts.opens_at)
    if now >= facts.closes_at:
        return RoundClosed(closes_at=facts.closes_at)
    return None


def from_memory(facts: ReleaseFacts, now: datetime) -> Refusal | None:
    """Return why nothing can be claimed, without the database; None means that it has to be asked."""
    memory = _memory()
    if now < facts.opens_at:
        return memory.early.get(facts.release_id) or memory.early.setdefault(
            facts.release_id, NotOpenYet(opens_at=facts.opens_at)
        )
    if now >= facts.closes_at:
        return memory.late.get(facts.release_id) or memory.late.setdefault(
            facts.release_id, RoundClosed(closes_at=facts.closes_at)
        )
    reading = memory.readings.get(facts.release_id)
    if reading is None:
        return None
    age = time.monotonic() - reading.at
    if age >= TOLD_FOR_SECONDS:
        return None
    if age >= READ_AGAIN_AFTER_SECONDS:
        with memory.lock:
            first, reading.is_read_again = not reading.is_read_again, True
        if first:
            return None
    return reading.refusal


def reading(release_id: int, read: Callable[[], Refusal | None]) -> Refusal | None:
    """Read from the database why a release cannot be claimed, remember it and return it.

    ``read`` runs in the caller's transaction, before anything is changed in it.
    """
    at = time.monotonic()
    refusal = read()
    memory = _memory()
    with memory.lock:
        known = memory.readings.get(release_id)
        if known is not None and known.at > at:
            return refusal  # somebody has read later than this and was faster
        if refusal is None:
            memory.readings.pop(release_id, None)
        else:
            memory.readings[release_id] = _Reading(refusal, at)
    return refusal
