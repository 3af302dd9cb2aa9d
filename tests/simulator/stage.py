"""The stage: one campaign of two offers and three rounds, three shops, seven citizens of whom two are one person.

The database is built once per process and put back between lives: a file in memory that nobody has to sync.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import event

import foundation.db
from campaigns.catalog import release_facts
from foundation import clock as clocks
from foundation.crypto import keyed_hash
from foundation.db import db
from identity import persons
from tests import databases
from tests.world import JIANGCHENG, Published, Shop, a_round, at, citizens, done, offer, published, shop, spring
from webapp import create_app

BEGINS = at("2023-05-08 09:50")
SOURCES = ("city", "jiangcheng")
#: How many there are of each: small enough that everything runs out.
STOCK = {"meal": 4, "tea": 3}
BUDGET_FEN = 25_000
PEOPLE = 7


@dataclass(frozen=True)
class Terms:
    """One offer as the model knows it, worked out by hand."""

    face_fen: int
    threshold_fen: int
    split: dict[str, int]
    industry: str
    restores: bool
    #: when a voucher ends, by when it was claimed
    ends_at: Callable[[datetime], datetime]


def two_natural_days(claimed_at: datetime) -> datetime:
    """The day of the claim and the next."""
    return clocks.day_start(clocks.bureau_day(claimed_at) + timedelta(days=2))


OFFERS: dict[str, Terms] = {
    "meal": Terms(
        5_000, 20_000, {"city": 1_000, "jiangcheng": 4_000}, "catering", restores=True, ends_at=two_natural_days
    ),
    "tea": Terms(
        1_001, 3_000, {"city": 501, "jiangcheng": 500}, "", restores=False, ends_at=lambda at: at + timedelta(hours=3)
    ),
}
ROUNDS = {
    "r1": (at("2023-05-08 10:00"), at("2023-05-08 16:00")),
    "r2": (at("2023-05-08 19:00"), at("2023-05-09 12:00")),
    "r3": (at("2023-05-09 14:00"), at("2023-05-10 22:00")),
}
#: Claims per person: one of each offer in a round.
MOST = 1


def document() -> dict[str, Any]:
    offers = [
        offer(validity={"kind": "natural_days", "days": 2}, refund={"kind": "proportional"}),
        offer(
            "tea",
            name="茶饮券",
            benefit={"face_value_yuan": Decimal("10.01"), "threshold_yuan": 30},
            funding={"shares": {"city": "50%", "jiangcheng": "50%"}},
            scope={},
            validity={"kind": "hours", "hours": 3},
            refund={"kind": "no_return"},
        ),
    ]
    rounds = [
        a_round(
            code,
            opens_at=opens,
            closes_at=closes,
            limits=[{"count": MOST, "within": "offer"}] if code == "r3" else [{"count": MOST, "within": "round"}],
            releases=[{"offer": name, "stock": stock} for name, stock in STOCK.items()],
        )
        for code, (opens, closes) in ROUNDS.items()
    ]
    sources = [source | {"budget_yuan": BUDGET_FEN // 100} for source in spring()["sources"]]
    return spring(sources=sources, offers=offers, rounds=rounds)


class Clock:
    """A clock that may jump either way, as a server's does when it is set."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment.astimezone(UTC)


@dataclass(frozen=True)
class Stage:
    """What was built, by its ids."""

    app: Flask
    campaign: Published
    shops: tuple[Shop, ...]
    people: tuple[UUID, ...]
    #: citizen → person
    persons: dict[UUID, UUID]
    path: Path
    kept: bytes

    def put_back(self) -> None:
        """Bring the database back to the beginning."""
        db.session.remove()
        db.engine.dispose()
        for suffix in ("-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.path.write_bytes(self.kept)


@contextmanager
def clock_at(moment: datetime) -> Iterator[Clock]:
    before = clocks._clock
    clock = Clock(moment)
    clocks._clock = clock  # type: ignore[assignment]
    try:
        yield clock
    finally:
        clocks._clock = before


@contextmanager
def set_up() -> Iterator[Stage]:
    """Build the stage in a directory of its own, and remove it afterwards."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="simulator-", dir=memory if os.access(memory, os.W_OK) else None))
    began_run = databases.RUN_DIR not in os.environ
    if began_run:
        databases.begin_run()
    pragmas = foundation.db.SQLITE_PRAGMAS
    foundation.db.SQLITE_PRAGMAS = ("journal_mode=MEMORY", "synchronous=OFF", "foreign_keys=ON", "temp_store=MEMORY")
    try:
        yield from _built(folder / "stage.db")
    finally:
        foundation.db.SQLITE_PRAGMAS = pragmas
        shutil.rmtree(folder, ignore_errors=True)
        if began_run:
            databases.end_run()


def _built(path: Path) -> Iterator[Stage]:
    with databases.fresh_sqlite() as template:
        shutil.copyfile(template.removeprefix("sqlite:///"), path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=MEMORY")
    app = create_app(databases.settings_for(f"sqlite:///{path}"))
    with app.app_context(), clock_at(BEGINS):
        campaign = published(document())
        places = [("catering", JIANGCHENG), ("catering", JIANGCHENG), ("retail", JIANGCHENG)]
        shops = tuple(
            shop(campaign, number=number, industry=industry, county=county, name=f"商户{number}")
            for number, (industry, county) in enumerate(places, 1)
        )
        people = tuple(citizens(PEOPLE))
        for twin in people[:2]:
            done(lambda twin=twin: persons.note(twin, "id_number", keyed_hash("id_number", "one person")))
        same = done(lambda: persons.persons_of(persons.DEFAULT_KINDS, people))
        for release_id in campaign.releases.values():
            # What is published is read once per process; that must not make the first life another than the second.
            release_facts(release_id)
        db.session.remove()
        db.engine.dispose()
        try:
            yield Stage(app, campaign, shops, people, same, path, path.read_bytes())
        finally:
            db.session.remove()
            db.engine.dispose()


def allow_everything(connection: Any, _record: Any = None) -> None:
    """Take the CHECK constraints away, for mutants that must get past the last guard."""
    connection.execute("PRAGMA ignore_check_constraints=ON")


def without_checks(app: Flask) -> None:
    with app.app_context():
        event.listen(db.engine, "connect", allow_everything)


def with_checks(app: Flask) -> None:
    with app.app_context():
        event.remove(db.engine, "connect", allow_everything)
