"""Recomputing the chain: which row was changed, taken away or put among sealed ones, and which seal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.engine import Connection

from foundation import clock
from foundation.db import db, is_postgresql
from foundation.errors import N_, Malformed
from foundation.ids import new_id
from foundation.paging import Page, page_of
from foundation.prepared import insert_rows
from ledger.seal_models import Seal, SealCheck, SealHead
from ledger.sealed_tables import (
    LEAF_BYTES,
    SealedTable,
    count_upto,
    digest_of,
    form_of,
    id_of,
    leaves_of,
    parted,
    rows_between,
    rows_of,
    tables,
)
from ledger.sealing import Newest, head_line, late_ids, seal_of, short

#: Differences that are told; the number found is always complete.
SHOWN = 20

#: kind of difference → what it means
KINDS: dict[str, str] = {
    "edited": N_("这一行被改过"),
    "swapped": N_("这两行互换了内容"),
    "missing": N_("这一行不见了"),
    "extra": N_("这一行是后来插进已封存的行之间的"),
    "twice": N_("这一行被封存了两次"),
    "seal": N_("封存记录与它的行不符：行与封存记录一起被改过，请与早先下载的封存文件比对"),
    "unknown": N_("封存记录里的表或格式，本软件不认识"),
    "link": N_("与上一号封存接不上"),
    "gone": N_("这一号封存不见了"),
    "head": N_("最后的封存记录被删除或改写"),
    "rewritten": N_(
        "与以前核验或打印的封存号不符：请先看有没有抄错；没有抄错，就是从某一行起整条链被重写过，请与早先下载的封存文件比对"
    ),
}


class SealMalformed(Malformed):
    code = "seal_malformed"
    message = N_("封存号写得不对：%(given)s")
    way_out = N_("请照打印的样子填写，例如 12-3f7a-91c2-04bd-77e0-5a18")
    field = "expect"


@dataclass(frozen=True)
class Difference:
    """``kind``: a key of KINDS. number: of the seal. row_id: where it is about a row. other: a further id, or what
    stands where something else was expected."""

    kind: str
    number: int
    table_name: str = ""
    row_id: str = ""
    other: str = ""

    def __str__(self) -> str:
        place = f"{self.table_name} {self.row_id}".strip()
        return " ".join(part for part in (self.kind, f"seal {self.number}", place, self.other) if part)


@dataclass
class Verdict:
    """What the chain came to: ``found`` differences, of which the first are told; rows that were sealed late, and rows
    that wait for the next seal, are none."""

    newest: Newest = field(default_factory=Newest)
    seals: int = 0
    rows: int = 0
    late_rows: int = 0
    unsealed_rows: int = 0
    found: int = 0
    differences: list[Difference] = field(default_factory=list)

    def tell(self, difference: Difference) -> None:
        self.found += 1
        if len(self.differences) < SHOWN:
            self.differences.append(difference)


@dataclass(frozen=True)
class _Link:
    number: int
    table_name: str
    form: int
    is_late: bool
    row_count: int
    last_id: UUID
    leaves: bytes
    previous: str
    seal: str
    sealed_at: Any


def expected(text: str) -> tuple[int, str]:
    """Read a seal as it is printed: its number and at least 16 digits of it. Refuses SealMalformed."""
    number, _, digits = text.strip().lower().partition("-")
    digits = digits.replace("-", "").replace(" ", "")
    is_number = number.isascii() and number.isdigit() and 0 < len(number) < 10
    if not is_number or not 16 <= len(digits) <= 64 or set(digits) - set("0123456789abcdef"):
        raise SealMalformed(given=text[:40])
    return int(number), digits


def verify(
    expectations: Sequence[tuple[int, str]] = (), progress: Callable[[int, int], None] = lambda _number, _rows: None
) -> Verdict:
    """Recompute every seal on one snapshot and compare; a portion is in memory at a time.

    expectations: seals that somebody has kept elsewhere. progress: is told the number and the rows of each seal.
    """
    with db.engine.connect() as connection:
        if is_postgresql():
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return _Walk(connection, progress).walk(expectations)


def size() -> tuple[int, int]:
    """Return how many seals and sealed rows there are to be recomputed."""
    counts = db.session.execute(select(db.func.count(), db.func.sum(Seal.row_count)).select_from(Seal)).one()
    return counts[0], int(counts[1] or 0)


def record(verdict: Verdict, by: str) -> None:
    """Write down that the chain was recomputed, by whom, and what came of it. Inside a transaction."""
    row = {
        "id": new_id(),
        "checked_at": clock.now(),
        "checked_by": by[:60],
        "number": verdict.newest.number,
        "seal": verdict.newest.seal,
        "row_count": verdict.rows,
        "found": verdict.found,
    }
    insert_rows(SealCheck, [row])


def last_checks(most: int = 10) -> Sequence[SealCheck]:
    """Return who has recomputed the chain, the latest first."""
    return db.session.scalars(
        select(SealCheck).order_by(SealCheck.checked_at.desc(), SealCheck.id.desc()).limit(most)
    ).all()


def history(page: int) -> Page[Seal]:
    """Return a page of seals, the newest first."""
    return page_of(select(Seal).order_by(Seal.number.desc()), page)


class _Walk:
    """One way along the chain, from the first seal to the newest."""

    def __init__(self, connection: Connection, progress: Callable[[int, int], None]) -> None:
        self.connection = connection
        self.progress = progress
        self.verdict = Verdict()
        #: table → the last id that was sealed in order so far, and the rows that were sealed late
        self.reached: dict[str, UUID] = {}
        self.late: dict[str, dict[str, int]] = {}
        #: edited rows, by table, what they should be and what they are
        self.edited: dict[tuple[str, bytes, bytes], Difference] = {}

    def walk(self, expectations: Sequence[tuple[int, str]]) -> Verdict:
        kept: dict[int, set[str]] = {}
        for number, seal in [*expectations, *self._recorded()]:
            kept.setdefault(number, set()).add(seal)
        before = Newest()
        for link in self._links():
            for number in range(before.number + 1, link.number):
                self.verdict.tell(Difference("gone", number))
            if link.previous != before.seal and link.number == before.number + 1:
                self.verdict.tell(Difference("link", link.number))
            before = Newest(link.number, link.seal)
            self._link(link)
            for seal in kept.pop(link.number, ()):
                if not link.seal.startswith(seal):
                    self.verdict.tell(Difference("rewritten", link.number, other=short(link.number, seal)))
            self.verdict.seals += 1
            self.progress(link.number, link.row_count)
        self.verdict.newest = before
        self._end(before, kept)
        return self.verdict

    def _recorded(self) -> list[tuple[int, str]]:
        checks = select(SealCheck.number, SealCheck.seal).where(SealCheck.number > 0).distinct()
        return [(number, seal) for number, seal in self.connection.execute(checks)]

    def _links(self) -> Iterator[_Link]:
        number = 0
        columns = [getattr(Seal, name) for name in _Link.__dataclass_fields__]
        while True:
            found = self.connection.execute(
                select(*columns).where(Seal.number > number).order_by(Seal.number).limit(1)
            ).first()
            if found is None:
                return
            link = _Link(*found)
            number = link.number
            yield link

    def _link(self, link: _Link) -> None:
        """Compare one seal with its rows."""
        known = form_of(link.table_name, link.form)
        if known is None:
            self.verdict.tell(Difference("unknown", link.number, link.table_name))
            return
        sealed, form = known
        leaves = list(parted(link.leaves))
        ids = [row_id for row_id, _digest in leaves]
        if len(link.leaves) != LEAF_BYTES * link.row_count or not ids or ids != sorted(set(ids)):
            self.verdict.tell(Difference("seal", link.number, link.table_name))
            return
        self.verdict.rows += len(ids)
        late = self.late.setdefault(link.table_name, late_ids(self.connection, link.table_name))
        if link.is_late:
            self.verdict.late_rows += len(ids)
            rows = rows_of(self.connection, sealed, form, ids)
            twice = [row_id for row_id in ids if late[row_id] != link.number]
        else:
            after = self.reached.get(link.table_name)
            rows = rows_between(self.connection, sealed, form, after, UUID(ids[-1]))
            twice = [row_id for row_id in ids if row_id in late or (after and row_id <= after.hex)]
            self.reached[link.table_name] = max(after or UUID(int=0), UUID(ids[-1]))
            covered = set(ids)
            for row_id in map(id_of, rows):
                if row_id not in covered and row_id not in late:
                    self.verdict.tell(Difference("extra", link.number, link.table_name, row_id))
        for row_id in twice:
            self.verdict.tell(Difference("twice", link.number, link.table_name, row_id))
        self._compare(link, leaves, {id_of(line): line for line in rows})

    def _compare(self, link: _Link, leaves: list[tuple[str, bytes]], rows: dict[str, bytes]) -> None:
        there = [rows[row_id] for row_id, _digest in leaves if row_id in rows]
        fits = len(there) == len(leaves) and seal_of(head_line(link, link.previous), there) == link.seal
        if fits and leaves_of(there) == link.leaves and link.last_id.hex == leaves[-1][0]:
            return
        wrong = [
            (row_id, digest) for row_id, digest in leaves if row_id not in rows or digest_of(rows[row_id]) != digest
        ]
        if fits or not wrong:
            # The rows are as they were sealed, or every leaf was made to fit them: it is the seal that was touched.
            self.verdict.tell(Difference("seal", link.number, link.table_name))
            return
        for row_id, digest in wrong:
            if row_id in rows:
                self._edited(link, row_id, digest, digest_of(rows[row_id]))
            else:
                self.verdict.tell(Difference("missing", link.number, link.table_name, row_id))

    def _edited(self, link: _Link, row_id: str, was: bytes, now: bytes) -> None:
        """Tell that a row is another, or that it and an earlier one are each what the other was."""
        partner = self.edited.pop((link.table_name, now, was), None)
        if partner is None:
            difference = Difference("edited", link.number, link.table_name, row_id)
            if len(self.verdict.differences) < SHOWN:
                self.edited[link.table_name, was, now] = difference
            self.verdict.tell(difference)
            return
        place = self.verdict.differences.index(partner)
        self.verdict.differences[place] = Difference("swapped", partner.number, link.table_name, partner.row_id, row_id)

    def _end(self, before: Newest, kept: dict[int, set[str]]) -> None:
        head = self.connection.execute(select(SealHead.number, SealHead.seal)).first()
        if (tuple(head) if head else (0, Newest().seal)) != (before.number, before.seal):
            self.verdict.tell(Difference("head", head.number if head else before.number))
        elif kept:
            # Somebody has seen seals that are not there, and the head does not know of them either.
            self.verdict.tell(Difference("head", max(kept)))
        for sealed in tables():
            self.verdict.unsealed_rows += self._unsealed(sealed)

    def _unsealed(self, sealed: SealedTable) -> int:
        reached = self.reached.get(sealed.name)
        there = count_upto(self.connection, sealed, None)
        return there - (count_upto(self.connection, sealed, reached) if reached else 0)
