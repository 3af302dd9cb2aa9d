"""Sealing: a chain of hashes over what is only added to, made by a job and by no one who claims or redeems.

A seal covers a portion of one table: rows whose transactions have ended, in the order of their ids. Ids grow with time,
but their rows become visible when their transactions end, in any order, and a machine's clock may be wrong. So

- a row is sealed once its id is ``SETTLED`` old, and every transaction that was open after that moment was noted has
  ended: nobody who keeps time can still add a row before it;
- a row that comes before sealed ones all the same is found by counting, and sealed in a late portion, which says so for
  ever.

Which rows a seal covers is written in it (its leaves), so that none can be in two. Of two who seal at once one moves
the head; the other has done nothing and looks again.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from foundation import clock
from foundation.db import db, is_postgresql, transaction, upsert
from foundation.ids import id_made_before
from ledger.seal_models import Seal, SealHead
from ledger.sealed_tables import (
    SealedTable,
    count_upto,
    id_of,
    ids_between,
    leaves_of,
    parted,
    rows_between,
    rows_of,
    tables,
)

#: How old an id must be: longer than a request or a statement may take (``foundation.db.engine_options``) and than the
#: clocks of our machines differ.
SETTLED = timedelta(minutes=10)
#: Rows of one seal at most.
PORTION = 5_000
#: What the first seal follows.
NOTHING = "0" * 64
#: How long to wait for transactions that were open when we began, and how often to look.
PATIENCE_SECONDS, LOOK_EVERY_SECONDS = 60.0, 0.05


class SealsBroken(Exception):
    """The newest seal is not the one that was written last: seals were taken away or rewritten."""


class SealedRowsGone(Exception):
    """A table has fewer rows than were sealed; ``flask ledger verify-seals`` says which are missing."""


class TransactionsStillOpen(Exception):
    """Somebody's transaction has been open for too long to seal beside it; the next run does what this one leaves."""


@dataclass(frozen=True)
class Newest:
    """Where the chain ends: 0 and NOTHING before the first seal."""

    number: int = 0
    seal: str = NOTHING

    @property
    def short(self) -> str:
        return short(self.number, self.seal)


@dataclass
class Sealed:
    """What a run has done."""

    seals: int = 0
    rows: int = 0
    late_rows: int = 0


def short(number: int, seal: str) -> str:
    """Return a seal as it is printed and typed: its number, and the first 80 bits in groups of four digits."""
    return f"{number}-" + "-".join(seal[start : start + 4] for start in range(0, 20, 4))


def head_line(seal: Any, previous: str) -> bytes:
    """Return the line of a seal that is hashed before its rows. ``seal`` has number, table_name, form, is_late,
    row_count and sealed_at (aware)."""
    at = seal.sealed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    cells = ("seal", seal.number, seal.table_name, seal.form, int(seal.is_late), seal.row_count, at, previous)
    return ("\t".join(map(str, cells)) + "\n").encode()


def seal_of(head: bytes, lines: Sequence[bytes]) -> str:
    """Return the hash over a seal's line and the lines of its rows, in hexadecimal."""
    return hashlib.sha256(head + b"".join([line + b"\n" for line in lines])).hexdigest()


def newest() -> Newest:
    """Return where the chain ends. Raises SealsBroken when the head says otherwise."""
    last = select(Seal.number, Seal.seal).order_by(Seal.number.desc()).limit(1).subquery()
    head = select(SealHead.number, SealHead.seal).subquery()
    # One statement, so one moment: somebody else may be sealing.
    row = db.session.execute(
        select(
            select(last.c.number).scalar_subquery(),
            select(last.c.seal).scalar_subquery(),
            select(head.c.number).scalar_subquery(),
            select(head.c.seal).scalar_subquery(),
        )
    ).one()
    number, seal, head_number, head_seal = row
    if (number, seal) != (head_number, head_seal):
        raise SealsBroken(f"the newest seal is {number or 0}, but {head_number or 0} was written last")
    return Newest(number, seal) if number else Newest()


def seal_all(settled: timedelta = SETTLED, portion: int = PORTION) -> Sealed:
    """Seal what is settled, each portion in a transaction of its own, and return what was done; a run that was stopped
    half way has kept what it did. Raises SealsBroken, TransactionsStillOpen, SealedRowsGone."""
    db.session.rollback()
    upto = id_made_before(settled)
    if is_postgresql():
        wait_for_open_transactions()
    done, gone = Sealed(), []
    for sealed in tables():
        while (rows := _seal_next(sealed, upto, portion)) != 0:
            _count(done, rows)
        while (rows := _seal_late(sealed, portion)) != 0:
            _count(done, rows, is_late=True)
        too_few = -_excess(sealed, _looked())
        if too_few > 0:
            gone.append(f"{sealed.name}: {too_few}")
    db.session.rollback()
    if gone:
        raise SealedRowsGone(", ".join(gone))
    return done


def _count(done: Sealed, rows: int | None, *, is_late: bool = False) -> None:
    """None: somebody else moved the chain on, and nothing was written."""
    if rows is None:
        return
    done.seals += 1
    done.rows += rows
    done.late_rows += rows if is_late else 0


def wait_for_open_transactions() -> None:
    """Return when every transaction that has written and is open now is over. Raises TransactionsStillOpen."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Numbers are given out in order: whoever has written by now has a smaller one than the one we take.
        mine = int(connection.scalar(text("SELECT CAST(pg_current_xact_id() AS TEXT)")) or 0)
        oldest = text("SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT)")
        given_up = time.monotonic() + PATIENCE_SECONDS
        while int(connection.scalar(oldest) or 0) <= mine:
            if time.monotonic() > given_up:
                raise TransactionsStillOpen(f"one has been open for more than {PATIENCE_SECONDS:.0f} s")
            time.sleep(LOOK_EVERY_SECONDS)


def _seal_next(sealed: SealedTable, upto: UUID, portion: int) -> int | None:
    """Seal the next rows of a table in order, and return how many; None where somebody else came first."""
    before = _looked()
    after = _sealed_upto(sealed, before)
    rows = rows_between(db.session.connection(), sealed, sealed.forms[-1], after, upto, portion)
    return _write(before, sealed, rows, is_late=False)


def _seal_late(sealed: SealedTable, portion: int) -> int | None:
    """Seal rows that came before sealed ones, and return how many; None where somebody else came first."""
    before = _looked()
    if _excess(sealed, before) <= 0:
        return 0
    connection = db.session.connection()
    late = unsealed_ids(connection, sealed)[:portion]
    rows = rows_of(connection, sealed, sealed.forms[-1], late)
    return _write(before, sealed, rows, is_late=True)


def _looked() -> Newest:
    """Return where the chain ends, in a new transaction that only reads: nobody who claims waits for our hashes."""
    db.session.rollback()
    return newest()


def _write(before: Newest, sealed: SealedTable, rows: Sequence[bytes], *, is_late: bool) -> int | None:
    if not rows:
        return 0
    link = Seal(
        number=before.number + 1,
        table_name=sealed.name,
        form=len(sealed.forms),
        is_late=is_late,
        row_count=len(rows),
        last_id=UUID(id_of(rows[-1])),
        leaves=leaves_of(rows),
        previous=before.seal,
        sealed_at=clock.now(),
    )
    link.seal = seal_of(head_line(link, before.seal), rows)
    with transaction():
        # What was read cannot have changed; that nothing was sealed since, the head says.
        if not _move_head(before, Newest(link.number, link.seal)):
            return None
        db.session.add(link)
    return len(rows)


def _move_head(before: Newest, after: Newest) -> bool:
    """Move the head from one seal to the next; whoever comes second waits here, and moves nothing."""
    insert = upsert(SealHead).values(id=1, number=after.number, seal=after.seal)
    statement = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={"number": after.number, "seal": after.seal},
        where=(SealHead.number == before.number) & (SealHead.seal == before.seal),
    ).returning(SealHead.number)
    return db.session.execute(statement).first() is not None


# --- what is sealed ------------------------------------------------------------------------------------------


def _sealed_upto(sealed: SealedTable, before: Newest) -> UUID | None:
    """Return the greatest id that was sealed in order: rows with smaller ones that are in no seal are late."""
    in_order = select(Seal.last_id).where(
        Seal.table_name == sealed.name, Seal.is_late.is_(False), Seal.number <= before.number
    )
    return db.session.scalar(in_order.order_by(Seal.number.desc()).limit(1))


def _excess(sealed: SealedTable, before: Newest) -> int:
    """Return how many rows there are among the sealed ones less how many were sealed, of one moment of the chain:
    above zero some are late, below zero some are gone."""
    upto = _sealed_upto(sealed, before)
    if upto is None:
        return 0
    counts = select(func.sum(Seal.row_count)).where(Seal.table_name == sealed.name, Seal.number <= before.number)
    return count_upto(db.session.connection(), sealed, upto) - (db.session.scalar(counts) or 0)


def late_ids(connection: Connection, table_name: str) -> dict[str, int]:
    """Return id → number of the seal, of all rows that were sealed late."""
    seals = connection.execute(
        select(Seal.number, Seal.leaves).where(Seal.table_name == table_name, Seal.is_late).order_by(Seal.number)
    )
    return {row_id: number for number, leaves in seals for row_id, _digest in parted(leaves)}


def unsealed_ids(connection: Connection, sealed: SealedTable) -> list[str]:
    """Return, sorted, the ids that are in no seal although greater ones are. A portion is in memory at a time."""
    late = late_ids(connection, sealed.name)
    found: list[str] = []
    after, number = None, 0
    while True:
        link = connection.execute(
            select(Seal.number, Seal.last_id, Seal.leaves)
            .where(Seal.table_name == sealed.name, Seal.is_late.is_(False), Seal.number > number)
            .order_by(Seal.number)
            .limit(1)
        ).first()
        if link is None:
            return found
        known = {row_id for row_id, _digest in parted(link.leaves)}
        ids = ids_between(connection, sealed, after, link.last_id)
        found += [row_id for row_id in ids if row_id not in known and row_id not in late]
        after, number = link.last_id, link.number


def newest_seal() -> Seal | None:
    """Return the newest seal, to be shown."""
    return db.session.scalar(select(Seal).order_by(Seal.number.desc()).limit(1))


def newest_short() -> str:
    """Return the newest seal as it is printed on a report, or nothing before the first."""
    found = newest_seal()
    return short(found.number, found.seal) if found else ""
