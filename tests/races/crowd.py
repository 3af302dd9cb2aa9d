"""Many people at once: threads that start together, each in an application context of its own.

SQLite has one writer at a time, so a race on it proves nothing; these run on PostgreSQL.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask

from foundation.db import db, transaction
from foundation.errors import Refusal

Work = Callable[[], Any]


@dataclass(frozen=True)
class Attempt:
    """One try: what it returned or was refused with, and when it began and ended (seconds, one clock for all)."""

    outcome: Any
    began: float
    ended: float

    @property
    def refused(self) -> bool:
        return isinstance(self.outcome, Refusal)

    @property
    def code(self) -> str:
        return self.outcome.code if isinstance(self.outcome, Refusal) else "done"


def at_once(app: Flask, works: Sequence[Work], *, threads: int = 32, alone: bool = True) -> list[Attempt]:
    """Do every work in a transaction of its own, ``threads`` at a time, and return the attempts in the order given.

    alone: without it a work makes its own transactions, as one does that stands in a line with others.

    A refusal is an outcome; any other exception of any thread is raised here.
    """
    db.session.rollback()
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for place in range(len(works)):
        waiting.put(place)
    attempts: dict[int, Attempt] = {}
    failures: list[BaseException] = []
    start = threading.Barrier(min(threads, len(works)))

    def person() -> None:
        with app.app_context():
            start.wait(30)
            while not failures:
                try:
                    place = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    attempts[place] = _try(works[place], alone=alone)
                except BaseException as failure:
                    failures.append(failure)

    crowd = [threading.Thread(target=person, daemon=True) for _ in range(start.parties)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(60)
    if failures:
        raise failures[0]
    assert not any(each.is_alive() for each in crowd), "somebody still waits for somebody"
    return [attempts[place] for place in range(len(works))]


def _try(work: Work, *, alone: bool) -> Attempt:
    began = time.perf_counter()
    try:
        with transaction() if alone else nullcontext():
            outcome = work()
    except Refusal as refusal:
        outcome = refusal
    return Attempt(outcome, began, time.perf_counter())


def mixed(*groups: Sequence[Work]) -> list[Work]:
    """Return the works of all groups, dealt evenly, so that they run side by side."""
    placed = [(number / len(group), work) for group in groups for number, work in enumerate(group)]
    return [work for _, work in sorted(placed, key=lambda pair: pair[0])]


class ClockPerThread:
    """A clock that tells each thread its own time, and ``base`` to those that set none."""

    def __init__(self, base: datetime) -> None:
        self.base = base
        self._own = threading.local()

    def now(self) -> datetime:
        moment: datetime = getattr(self._own, "moment", self.base)
        return moment

    def at(self, moment: datetime, work: Work) -> Work:
        """Return ``work`` done at ``moment``."""

        def done() -> Any:
            self._own.moment = moment
            try:
                return work()
            finally:
                del self._own.moment

        return done
