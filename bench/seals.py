"""The bench of the seals: rows of the history sealed, recomputed and written to a file."""

from __future__ import annotations

from argparse import Namespace
from datetime import timedelta

from bench.bulk import PART, Watch, in_parts
from bench.place import Place
from bench.table import Line, say
from foundation import clock
from foundation.ids import new_id
from foundation.states import StateChange
from ledger import seal_checks, seal_export, sealing


def seals(place: Place, wish: Namespace) -> list[Line]:
    """Seal so many rows of the history, recompute them, and write them out."""
    count = wish.rows or 100_000
    say(f"  writing {count:,} rows of history")
    for start in range(0, count, 10 * PART):
        in_parts([_claimed() for _ in range(min(10 * PART, count - start))], StateChange)
    sealing_, verifying, writing = Watch(place), Watch(place), Watch(place)
    with sealing_.running():
        done = sealing.seal_all(timedelta(0))
    with verifying.running():
        verdict = seal_checks.verify()
    with writing.running():
        rows = sum(chunk.count(b"\n") for chunk in seal_export.chunks()) - 2 * done.seals
    assert (done.rows, verdict.rows, verdict.found, rows) == (count, count, 0, count)
    return [
        watch.line(place, name, count)
        for name, watch in (("rows sealed", sealing_), ("rows verified", verifying), ("rows exported", writing))
    ]


def _claimed() -> dict[str, object]:
    return {
        "id": new_id(),
        "machine": "entitlement",
        "thing_id": new_id().hex,
        "event": "claim",
        "from_state": "",
        "to_state": "claimed",
        "actor": f"citizen:{new_id().hex}",
        "reason": "",
        "campaign_version_id": 1,
        "at": clock.now(),
    }
