"""What goes wrong, at which commit: an operation that fails, a process that dies, an answer that is lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from foundation.db import db

#: fail: the database refuses the commit and the process lives on. kill: the process dies before the commit. lost: it
#: dies after it, so that nobody hears the answer. break: the connection ends in the middle, at some statement.
KINDS = ("fail", "kill", "lost", "break")


class Killed(BaseException):
    """The process is dead: nothing it would still do is done."""


def _gone() -> OperationalError:
    """Return what the engine raises when the disk or the server is away."""
    return OperationalError("", {}, sqlite3.OperationalError("disk i/o error"))


@dataclass
class Fault:
    """``kind`` strikes at the ``at``-th commit (from 1), or for "break" at the ``at``-th statement.

    ``durable``: commits that stood when it struck, None while it has not.
    """

    kind: str
    at: int
    durable: int | None = None
    commits: int = 0

    @property
    def struck(self) -> bool:
        return self.durable is not None


class _Injector:
    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.dead = False
        self.statements = 0
        self.commit: Any = None

    def on_commit(self) -> None:
        if self.dead:
            raise Killed
        fault = self.fault
        if fault is None:
            self.commit()
            return
        strikes = not fault.struck and fault.commits + 1 == fault.at
        if strikes and fault.kind == "fail":
            fault.durable = fault.commits
            raise _gone()
        if strikes and fault.kind == "kill":
            fault.durable, self.dead = fault.commits, True
            raise Killed
        self.commit()
        fault.commits += 1
        if strikes and fault.kind == "lost":
            fault.durable, self.dead = fault.commits, True
            raise Killed

    def on_statement(self, *_words: Any) -> None:
        if self.dead:
            raise Killed
        fault = self.fault
        if fault is None or fault.kind != "break" or fault.struck:
            return
        self.statements += 1
        if self.statements == fault.at:
            fault.durable = fault.commits
            raise _gone()


_injector = _Injector()


@contextmanager
def injecting() -> Iterator[None]:
    """Let faults be injected within the block."""
    _injector.commit = db.session.commit
    db.session.commit = _injector.on_commit  # type: ignore[method-assign]
    event.listen(db.engine, "before_cursor_execute", _injector.on_statement)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", _injector.on_statement)
        db.session.commit = _injector.commit  # type: ignore[method-assign]


@contextmanager
def under(fault: Fault | None) -> Iterator[None]:
    """Run the block with a fault ahead; afterwards there is a new process, which begins with a new session."""
    _injector.fault, _injector.dead, _injector.statements = fault, False, 0
    try:
        yield
    finally:
        _injector.fault, _injector.dead = None, False
        if fault is not None and fault.struck:
            db.session.rollback()
            db.session.remove()
