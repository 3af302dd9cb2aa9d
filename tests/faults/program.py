"""The product as gunicorn serves it, with points at which it may be killed or frozen, and a clock that may be set.

A file in FAULT_DIR named ``kill_before-redeem`` (``kill_after``, ``stop_before``; ``redeem``, ``claim``) strikes once,
in whichever worker first commits such a thing. A file ``clock`` holds the seconds by which the clock is wrong.
"""

import os
import signal
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from foundation import clock as clocks
from foundation import postgres
from foundation.clock import SystemClock
from foundation.db import db
from identity.rates import Rate
from voucher import claim_line
from webapp import transaction_limits
from wsgi import app

FOLDER = Path(os.environ["FAULT_DIR"])
MARKS = {"INSERT INTO entitlement ": "claim", "INSERT INTO redemption ": "redeem"}
_seen = threading.local()


class WrongClock(SystemClock):
    """The system's clock, as wrong as the file says."""

    def now(self) -> datetime:
        try:
            wrong_by = float((FOLDER / "clock").read_text() or 0)
        except FileNotFoundError:
            wrong_by = 0
        return super().now() + timedelta(seconds=wrong_by)


@event.listens_for(Engine, "before_cursor_execute")
def _notice(_connection: Any, _cursor: Any, statement: str, *_words: Any) -> None:
    for mark, what in MARKS.items():
        if statement.startswith(mark):
            _seen.what = what


def _commit_with_points() -> None:
    what = getattr(_seen, "what", "")
    _seen.what = ""
    if what and _strikes(f"kill_before-{what}"):
        os.kill(os.getpid(), signal.SIGKILL)
    if what and _strikes(f"stop_before-{what}"):
        os.kill(os.getpid(), signal.SIGSTOP)
        # Another thread may be the first to feel it.
        time.sleep(0.5)
    _commit()
    if what and _strikes(f"kill_after-{what}"):
        os.kill(os.getpid(), signal.SIGKILL)


def _strikes(point: str) -> bool:
    try:
        (FOLDER / point).unlink()
    except FileNotFoundError:
        return False
    return True


_commit = db.session.commit
db.session.commit = _commit_with_points  # type: ignore[method-assign]
clocks._clock = WrongClock()
# Everybody of these tests presses on one device, and as often as it takes.
claim_line.PER_DEVICE = Rate("claim_device", 1_000_000, timedelta(minutes=10))
claim_line.PER_PERSON = Rate("claim_person", 1_000_000, timedelta(minutes=1))
postgres.ANSWER_SECONDS = float(os.environ.get("FAULT_ANSWER_SECONDS", postgres.ANSWER_SECONDS))
transaction_limits.SECONDS = int(os.environ.get("FAULT_TRANSACTION_SECONDS", transaction_limits.SECONDS))

__all__ = ["app"]
