"""Benches without a server: a draw, a list and an expiry of many, claims as the tables grow, a code's page, reports."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from bench import processor, world
from bench.place import Place
from bench.table import Line, say
from foundation import clock
from foundation.clock import SimulatedClock
from foundation.crypto import keyed_hash, token_hash
from foundation.db import db, transaction
from foundation.ids import new_id
from foundation.prepared import insert_rows
from identity import persons, sessions
from identity.principals import Principal
from merchants import redemptions
from merchants.register import Counter
from merchants.scans import Scan
from settlement.day_closing import close_days
from settlement.reports import Query
from settlement.reports import report as make_report
from voucher import codes, expiry, lottery, named_lists, qr
from voucher.claim_line import Line as ClaimLine
from voucher.claim_line import Waiting, _serve
from voucher.jobs import expire_vouchers, run_lotteries
from voucher.list_file import Line as ListLine
from voucher.list_file import ReadList
from voucher.models import Entitlement, LotteryDraw, LotteryEntry

JOB = "job:bench"
PART = 2_000


class Watch:
    """Wall-clock and processor seconds of a stretch of work, the database's included."""

    def __init__(self, place: Place) -> None:
        self._roots = [os.getpid(), *place.database_pids]
        self.seconds = 0.0
        self.processor_seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        spent, began = processor.seconds_of(self._roots), time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began
        self.processor_seconds += processor.seconds_of(self._roots) - spent

    def line(self, place: Place, name: str, count: int) -> Line:
        return Line(
            place.engine,
            name,
            count / self.seconds,
            "/s",
            processor_ms=1000 * self.processor_seconds / count,
            detail=[{"count": count, "seconds": self.seconds, "processor_seconds": self.processor_seconds}],
        )


@contextmanager
def later() -> Iterator[SimulatedClock]:
    """A clock that can be moved on."""
    with clock.simulated(clock.now()) as simulated:
        yield simulated


def in_parts(rows: Sequence[dict[str, object]], model: type) -> None:
    """Insert rows, as many at a time as a transaction should carry."""
    for start in range(0, len(rows), PART):
        with transaction():
            insert_rows(model, list(rows[start : start + PART]))


def draw(place: Place, wish: Namespace) -> list[Line]:
    """Make the list of so many entries stand and draw them, prizes for one in ten."""
    count = wish.rows or 20_000
    now = clock.now().replace(microsecond=0)
    until, at = now + timedelta(hours=1), now + timedelta(hours=2)
    issuance = f'{{kind = "lottery", register_until = {until.isoformat()}, draw_at = {at.isoformat()}}}'
    world.campaign("draw", 1, stock=max(1, count // 10), issuance=issuance)
    say(f"  registering {count:,} citizens and their entries")
    people = world.citizens(count)
    run_lotteries()
    drawn = db.session.scalars(select(LotteryDraw)).one()
    facts, draw_id = lottery.facts_of(drawn), drawn.id
    db.session.rollback()
    for start in range(0, count, PART):
        with transaction():
            found = persons.persons_of(facts.people.same_person, people[start : start + PART])
            rows = [
                {
                    "id": new_id(),
                    "draw_id": draw_id,
                    "round_id": facts.round_id,
                    "citizen_id": citizen_id,
                    "person_id": person_id,
                    "entry_hash": keyed_hash("lottery_entry", f"{draw_id}:{citizen_id}").hex(),
                    "status": "entered",
                    "entered_at": now,
                }
                for citizen_id, person_id in found.items()
            ]
            insert_rows(LotteryEntry, rows)
    lines = []
    with later() as simulated:
        for name, moment in (("list of entries", until), ("draw and prizes", at)):
            simulated.move_to(moment)
            watch = Watch(place)
            with watch.running():
                run_lotteries()
            lines.append(watch.line(place, name, count))
    given = db.session.scalar(select(func.count()).select_from(Entitlement))
    db.session.rollback()
    assert given == max(1, count // 10), given
    return lines


def named_list(place: Place, wish: Namespace) -> list[Line]:
    """Import a list of so many, confirm it, and let everybody on it claim."""
    count = wish.rows or 20_000
    [release] = world.campaign("list", 1, stock=count, issuance='{kind = "named_list"}')
    say(f"  registering {count:,} citizens")
    people = world.citizens(count)
    lines = [ListLine(number + 2, "", str(world.FIRST_PHONE + number), "") for number in range(count)]
    importing, confirming, claiming = Watch(place), Watch(place), Watch(place)
    with importing.running(), transaction():
        made = named_lists.import_list(release, ReadList(lines), data=b"bench", file_name="bench.csv", by=world.DRAFTER)
        list_id = made.id
    with confirming.running(), transaction():
        live = named_lists.confirm(list_id, by=world.DRAFTER)
    assert live == count
    with claiming.running():
        given = world.claimed(people, release)
    assert len(given) == count
    return [
        importing.line(place, "import", count),
        confirming.line(place, "confirm", count),
        claiming.line(place, "claims of the listed", count),
    ]


def expire(place: Place, wish: Namespace) -> list[Line]:
    """Expire so many vouchers, a thousand to a transaction as the job does."""
    count = wish.rows or 20_000
    [release] = world.campaign("expire", 1, stock=count)
    say(f"  {count:,} citizens claim")
    people = world.citizens(count)
    claiming, expiring = Watch(place), Watch(place)
    with claiming.running():
        world.claimed(people, release)
    with later() as simulated:
        simulated.move_to(clock.now() + timedelta(days=9))
        with expiring.running():
            expire_vouchers()
    left = db.session.scalar(select(func.count()).where(Entitlement.status == "claimed"))
    db.session.rollback()
    assert left == 0
    size = f"expire, {expiry.BATCH} at once"
    return [claiming.line(place, "claim, 1000 at once", count), expiring.line(place, size, count)]


def qr_page(place: Place, wish: Namespace) -> list[Line]:
    """What a citizen's code costs: the picture alone, and the whole answer that shows it."""
    [release] = world.campaign("qr", 1)
    [citizen_id] = world.citizens(1)
    [entitlement] = world.claimed([citizen_id], release)
    with transaction():
        token = sessions.open_session(Principal("citizen", str(citizen_id), ""), device_hash=b"d" * 32)
    app = world.application()
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    with client.session_transaction() as session:
        session["citizen"] = token
    address = f"/vouchers/{entitlement}/code"

    def page() -> None:
        answer = client.post(address, data={"open": "1"}, headers={"X-Requested-With": "fetch"})
        assert answer.status_code == 200, answer.status

    digits = codes.new_digits()
    return [
        _repeated(place, "picture", lambda: qr.png(digits), 300),
        _repeated(place, "page with a fresh code", page, 200),
    ]


def _repeated(place: Place, name: str, work: Callable[[], object], times: int) -> Line:
    for _ in range(10):
        work()
    watch = Watch(place)
    with watch.running():
        for _ in range(times):
            work()
    return watch.line(place, name, times)


def growth(place: Place, wish: Namespace) -> list[Line]:
    """What a claim costs by the line's own work, sixty-four at once, with so many entitlements there already."""
    sizes = [int(size) for size in (wish.sizes or "1000,20000").split(",")]
    tries = 1_280
    releases = world.campaign("growth", 2 + len(sizes), stock=max(1_000_000, sizes[-1]))
    people = world.citizens(tries)
    hashes = _tokens(people)
    lines = []
    with transaction():
        named = persons.persons_of(persons.DEFAULT_KINDS, people)
    assert len(named) == tries
    [like] = world.claimed(world.citizens(1, first=tries), releases[0])
    there = 1
    for size, release in zip(sizes, releases[1:], strict=False):
        say(f"  filling up to {size:,} entitlements")
        world.copied(like, there, size)
        there = max(there, size)
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        watch = Watch(place)
        with watch.running():
            for start in range(0, tries, 64):
                with transaction():
                    _serve(ClaimLine(release, ""), [Waiting(hash_, "") for hash_ in hashes[start : start + 64]])
        lines.append(watch.line(place, f"claim, {size:,} there", tries))
        there += tries
    return [_compared(line, lines[0]) for line in lines]


def _tokens(people: Sequence[UUID]) -> list[bytes]:
    made = []
    with transaction():
        for citizen_id in people:
            token = sessions.open_session(Principal("citizen", str(citizen_id), ""), device_hash=citizen_id.bytes * 2)
            made.append(token_hash(token))
    return made


def _compared(line: Line, first: Line) -> Line:
    ratio, cost = line.value / first.value, first.processor_ms / line.processor_ms
    return Line(**{**vars(line), "ratios": [ratio], "processor_ratios": [cost]})


def report(place: Place, wish: Namespace) -> list[Line]:
    """The settlement report by merchants' counties over closed days, with ten times as many redemptions each time."""
    most = wish.rows or 10_000
    sizes = [most // 10, most]
    releases = world.campaign("report", 1, stock=most)
    [till] = world.tills(world.campaign_of(releases[0]), 1)
    store_id = db.session.scalar(text("SELECT store_id FROM till"))
    db.session.rollback()
    counter = Counter(int(store_id), till_id=till.id)
    lines: list[Line] = []
    done = 0
    with later() as simulated:
        for size in sizes:
            say(f"  redeeming up to {size:,}")
            held = world.claimed(world.citizens(size - done, first=done), releases[0])
            digits = world.shown(held)
            for start in range(0, len(digits), PART):
                with transaction():
                    redemptions.redeem_batch([Scan(counter, code, 20_000) for code in digits[start : start + PART]])
            done = size
            simulated.move_to(clock.now() + timedelta(days=1))
            with transaction():
                close_days()
            for by in ("day", "county"):
                query = Query(by=by)
                name = f"report by {by}, {size:,} redemptions"
                lines.append(_repeated(place, name, lambda query=query: _made(query), 40))
    pairs = zip(lines[len(lines) // 2 :], lines, strict=False)
    return lines[: len(lines) // 2] + [_compared(later_line, first) for later_line, first in pairs]


def _made(query: Query) -> None:
    make_report(query)
    db.session.rollback()
