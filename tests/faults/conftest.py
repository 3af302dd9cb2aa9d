import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from foundation import clock as clocks
from foundation.db import db, transaction
from ledger import audit
from merchants import register
from merchants.models import Redemption
from tests import databases, world
from tests.conftest import missing
from tests.faults.postgres import Postgres, fresh
from tests.machines import Machine, Register, Reply, Visitor, visitors
from tests.races.history import DONE, LOST, SOLD_OUT, Recorder, Request, faults, lost_or_invented
from voucher.models import Entitlement
from webapp import create_app

#: What the page says → what it means.
REFUSED = {"已经领完": SOLD_OUT, "领取上限": "limit_reached"}
PROGRAM = "tests.faults.program:app"


def document(stock: int) -> dict[str, Any]:
    """A campaign that is open now, by the machine's own clock."""
    now = clocks.now()
    found = world.spring(
        rounds=[
            world.a_round(
                opens_at=now - timedelta(minutes=5),
                closes_at=now + timedelta(days=20),
                releases=[{"offer": "meal", "stock": stock}],
            )
        ]
    )
    found["campaign"] |= {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=60)}
    return found


@dataclass
class Scene:
    """A campaign on a database, people with browsers, and a register."""

    app: Flask
    url: str
    stock: int
    campaign: world.Published
    people: list[Visitor]
    register: Register
    folder: Path
    recorder: Recorder = field(default_factory=Recorder)

    def machine(self, **words: Any) -> Machine:
        """Return a machine with points at which it may be struck, not started yet."""
        extra = {"FAULT_DIR": str(self.folder), **words.pop("extra", {})}
        return Machine(words.pop("url", self.url), program=PROGRAM, extra=extra, **words)

    def strike(self, point: str) -> None:
        (self.folder / point).touch()

    def struck(self, point: str) -> bool:
        return not (self.folder / point).exists()

    def set_clock(self, seconds: float) -> None:
        """Set the machines' clock wrong by so much."""
        (self.folder / "clock.new").write_text(str(seconds))
        (self.folder / "clock.new").rename(self.folder / "clock")

    # --- what people do, written down ---------------------------------------------------------------------------

    def claim(self, port: int, who: Visitor, *, timeout: float = 20) -> str:
        return self.recorder.record(
            "claim",
            self.campaign.release,
            who.citizen_id,
            lambda: self._claim_answer(lambda: who.claim(port, "spring", self.campaign.release, timeout=timeout)),
        )

    @staticmethod
    def _claim_answer(ask: Callable[[], Reply]) -> tuple[str, Any]:
        try:
            reply = ask()
        except OSError:
            return LOST, None
        if reply.status == 200:
            return DONE, reply.headers["hx-redirect"].rpartition("/")[2].replace("-", "")
        if reply.status >= 500:
            # The database may have kept what nobody could tell.
            return LOST, None
        if reply.status == 401:
            return "signed_out", None
        assert reply.status == 409, reply.text
        return next((answer for words, answer in REFUSED.items() if words in reply.text), "refused"), None

    def redeem(self, port: int, digits: str, key: str, voucher: Any, *, timeout: float = 20) -> str:
        def work() -> tuple[str, Any]:
            try:
                reply = self.register.redeem(port, digits, key, timeout=timeout)
            except OSError:
                return LOST, None
            if reply.status == 201:
                return DONE, json.loads(reply.text)["redemption_id"].replace("-", "")
            if reply.status >= 500 or "request_in_flight" in reply.text:
                return LOST, None
            return ("already_redeemed" if "already_redeemed" in reply.text else "refused"), None

        return self.recorder.record("redeem", voucher, key, work)

    def until_answered(self, port: int, digits: str, key: str, voucher: Any, *, seconds: float = 45) -> str:
        """Send a redemption again under its key until it is answered, as a till does."""
        deadline = time.monotonic() + seconds
        while (answer := self.redeem(port, digits, key, voucher)) == LOST:
            assert time.monotonic() < deadline, "the service does not come back"
            time.sleep(0.3)
        return answer

    def rush(self, ports: list[int], people: list[Visitor], *, threads: int = 16) -> list[threading.Thread]:
        """Let people claim in the background, each at some port; what nobody heard is asked again once."""
        waiting = list(enumerate(people))
        lock = threading.Lock()

        def person() -> None:
            while True:
                with lock:
                    if not waiting:
                        return
                    place, who = waiting.pop(0)
                self.claim(ports[place % len(ports)], who)

        crowd = [threading.Thread(target=person, daemon=True) for _ in range(threads)]
        for each in crowd:
            each.start()
        return crowd

    # --- what must be true afterwards ---------------------------------------------------------------------------

    def stored(self, model: Any = Entitlement) -> set[str]:
        with self.app.app_context():
            db.session.rollback()
            return {found.hex for found in db.session.scalars(select(model.id))}

    def prove(self) -> None:
        """Nothing acknowledged is lost, nothing counted twice, nobody was refused falsely, and the books are right."""
        requests = self.recorder.requests
        assert faults(requests, stock={self.campaign.release: self.stock}) == []
        assert lost_or_invented(requests, self.stored(), what="claim") == []
        made = {request.made for request in requests if request.what == "redeem" and request.answer == DONE}
        assert made <= self.stored(Redemption)
        self.prove_books()

    def prove_books(self) -> None:
        with self.app.app_context():
            db.session.rollback()
            assert audit.run() == []

    def show(self, claimed: Request) -> str:
        """Open a claimed voucher, behind the machines' back, and return the digits on the screen."""
        with self.app.app_context():
            digits = world.show(UUID(claimed.made), claimed.who)
            db.session.rollback()
        return digits

    def voucher_and_code(self, place: int) -> tuple[str, str]:
        """Claim for a person, behind the machines' back, and return the voucher and the digits on the screen."""
        with self.app.app_context():
            citizen = self.people[place].citizen_id
            at = time.perf_counter()
            voucher, digits = world.claim_and_show(citizen, self.campaign.release)
            db.session.rollback()
            self.recorder.requests.append(
                Request("claim", self.campaign.release, citizen, at, time.perf_counter(), DONE, made=voucher.hex)
            )
        return voucher.hex, digits


def build(url: str, folder: Path, *, stock: int = 40, people: int = 80) -> Scene:
    app = create_app(databases.settings_for(url))
    with app.app_context():
        campaign = world.opened(document(stock))
        shop = world.shop(campaign)
        with transaction():
            _, key = register.add_till(shop.store_id, name="2号台", by=world.DRAFTER)
        browsers = visitors(app, world.citizens(people))
        db.session.remove()
    return Scene(app, url, stock, campaign, browsers, Register(key), folder)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own."""
    try:
        with fresh() as own:
            yield own
    except databases.NoPostgres as reason:
        missing(str(reason))


@pytest.fixture
def scene(server: Postgres, tmp_path: Path) -> Iterator[Scene]:
    """A campaign on that server."""
    yield from open_scene(server.url, tmp_path)


def open_scene(url: str, folder: Path, **words: int) -> Iterator[Scene]:
    built = build(url, folder, **words)
    try:
        yield built
    finally:
        with built.app.app_context():
            db.session.remove()
            db.engine.dispose()
