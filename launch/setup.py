"""All set-up in order, by one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from launch import assets, environment, failures, places, progress


def prepare(*, dev: bool) -> None:
    """Bring the machine from a fresh clone to ready; takes well under a second when it already is."""
    failures.check_writable(places.ROOT)
    failures.check_python()
    places.SETUP.mkdir(exist_ok=True)
    with _alone():
        for step in environment.steps(dev=dev):
            step.run()
        assets.step().run()


@contextmanager
def _alone() -> Iterator[None]:
    """Wait while another process sets up the same folder: two would delete each other's work."""
    with (places.SETUP / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Another set-up is running in this folder; waiting for it to end.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # One run's words only, so that the last failure is easy to find in it.
        places.SETUP_LOG.unlink(missing_ok=True)
        yield
