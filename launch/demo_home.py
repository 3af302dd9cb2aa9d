"""The demo's folder: its database, its secrets, and the one process that may use it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launch import environment, failures

_FRESH = "Start over with python3 manage.py demo --fresh"
_KEY_BYTES = 32


@dataclass(frozen=True)
class DemoHome:
    """The paths inside one demo folder."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite database with the played year."""
        return self.folder / "voucher.db"

    @property
    def secrets_file(self) -> Path:
        """The keys made for this demo, readable by their owner only."""
        return self.folder / "secrets.json"

    @property
    def metrics(self) -> Path:
        """Where the web server's processes add up their counters; emptied at every start."""
        return self.folder / "metrics"

    def log(self, name: str) -> Path:
        """The log file of one of the demo's processes."""
        return self.folder / f"{name}.log"

    def remove(self) -> None:
        """Delete everything the demo has made."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def make(self) -> None:
        """Create the folder, closed to other users of the machine."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def environment(self) -> dict[str, str]:
        """The environment of the demo's processes; the folder must exist."""
        env = environment.product_environment()
        env.update(self.secrets())
        env.update(
            DATABASE_URL=f"sqlite:///{self.database.resolve()}",
            VAR_DIR=str(self.folder.resolve()),
            VOUCHER_ENV="demo",
            SMS_ADAPTER="outbox",
            FLASK_APP="wsgi",
        )
        return env

    def secrets(self) -> dict[str, str]:
        """The demo's keys, made at the first call and the same ever after.

        Refuses when the keys are gone but data encrypted under them is still there.
        """
        if self.secrets_file.exists():
            return self._read_secrets()
        if self.database.exists():
            raise failures.Failure(
                f"{self.folder} holds data, but its keys ({self.secrets_file.name}) are gone.",
                _FRESH,
            )
        made = {
            "SECRET_KEY": secrets.token_hex(_KEY_BYTES),
            "DATA_KEY": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii"),
            "INDEX_KEY": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii"),
        }
        draft = self.secrets_file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        # Born with mode 600: a chmod afterwards would leave a moment in which others can read.
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(made, file, indent=2)
        draft.rename(self.secrets_file)
        return made

    def _read_secrets(self) -> dict[str, str]:
        self.secrets_file.chmod(0o600)
        try:
            kept = json.loads(self.secrets_file.read_text(encoding="ascii"))
            return {name: str(kept[name]) for name in ("SECRET_KEY", "DATA_KEY", "INDEX_KEY")}
        except (ValueError, KeyError, TypeError):
            raise failures.Failure(f"{self.secrets_file} is damaged.", _FRESH) from None

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold the folder for this process; refuses when another demo is at work in it.

        The lock lies beside the folder, not in it, so that it survives ``remove``.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_suffix(".lock").open("a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise failures.Failure(
                    f"a demo is already running in this folder (process {lock.read().strip() or 'unknown'}).",
                    "Use that one, or stop it with Ctrl-C in its terminal and run this again.",
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
