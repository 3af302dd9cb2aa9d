"""Machines for tests: gunicorn on a port, as an installation runs it, and people who talk to it over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from foundation import clock as clocks
from foundation.db import db, transaction
from foundation.prepared import insert_rows
from identity.models import LoginSession
from identity.sessions import LIVES_FOR, token_hash
from tests import databases

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(database_url: str) -> dict[str, str]:
    """Return what a process of the product needs to work on a test's database."""
    settings = databases.settings_for(database_url)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    return kept | {
        "VOUCHER_ENV": "development",
        "DATABASE_URL": database_url.replace("postgresql+psycopg://", "postgresql://"),
        "SECRET_KEY": settings.secret_key,
        "DATA_KEY": b64encode(settings.data_key).decode(),
        "INDEX_KEY": b64encode(settings.index_key).decode(),
        "VAR_DIR": str(databases.run_dir()),
    }


@dataclass
class Machine:
    """One gunicorn with its workers. ``program``: a module of ours that serves ``app``."""

    database_url: str
    workers: int = 1
    threads: int = 8
    program: str = "wsgi:app"
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Machine":
        env = environment(self.database_url) | {
            "BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": str(self.workers),
            "GUNICORN_THREADS": str(self.threads),
            **self.extra,
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self.program],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return self

    def __exit__(self, *_failure: object) -> None:
        assert self.process is not None
        for number in (signal.SIGCONT, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, number)
        self.process.wait(20)
        self.log.unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        return databases.run_dir() / f"machine-{self.port}.log"

    def worker_pids(self) -> list[int]:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def _answers(self) -> bool:
        try:
            return ask(self.port, "GET", "/healthz", timeout=2).status == 200
        except OSError:
            return False


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str


def ask(
    port: int, method: str, path: str, *, body: str | None = None, headers: dict[str, str] | None = None, timeout: float
) -> Reply:
    """Send one request on a connection of its own. Raises OSError when no answer comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, told, answer.read().decode())
    except http.client.HTTPException as failure:
        raise ConnectionError(str(failure)) from failure
    finally:
        connection.close()


@dataclass(frozen=True)
class Visitor:
    """A signed-in citizen's browser, made without signing in by hand."""

    citizen_id: UUID
    cookie: str
    csrf: str

    def claim(self, port: int, campaign: str, release_id: int, *, timeout: float = 30) -> Reply:
        """Press the button as the page does by htmx: 200 with an address when granted, 409 with the reason."""
        return ask(
            port,
            "POST",
            f"/campaigns/{campaign}/claims",
            body=urlencode({"release_id": release_id}),
            headers={
                "Cookie": self.cookie,
                "X-CSRF-Token": self.csrf,
                "HX-Request": "true",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            timeout=timeout,
        )


def visitors(app: Flask, citizen_ids: Sequence[UUID]) -> list[Visitor]:
    """Sign citizens in, all at once, and return their browsers."""
    now = clocks.now()
    tokens = [f"token-of-{citizen_id.hex}-0123456789" for citizen_id in citizen_ids]
    rows = [
        {
            "token_hash": token_hash(token),
            "audience": "citizen",
            "device_hash": b"d" * 32,
            "created_at": now,
            "expires_at": now + LIVES_FOR["citizen"],
            "citizen_id": citizen_id,
        }
        for citizen_id, token in zip(citizen_ids, tokens, strict=True)
    ]
    with transaction():
        insert_rows(LoginSession, rows)
    db.session.rollback()
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    known = "0123456789abcdef0123456789abcdef01234567"
    csrf = str(URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(known))
    return [
        Visitor(
            citizen_id, f"voucher={signer.dumps({'citizen': token, 'csrf_token': known, '_permanent': True})}", csrf
        )
        for citizen_id, token in zip(citizen_ids, tokens, strict=True)
    ]


@dataclass(frozen=True)
class Register:
    """A cash register that speaks the tills' API."""

    key: str

    def redeem(
        self, port: int, digits: str, idempotency_key: str, *, bill_fen: int = 20_000, timeout: float = 30
    ) -> Reply:
        return self.post(port, "/redemptions", {"code": digits, "bill_fen": bill_fen}, idempotency_key, timeout=timeout)

    def post(self, port: int, path: str, body: Any, idempotency_key: str, *, timeout: float = 30) -> Reply:
        headers = {
            "X-Api-Key": self.key,
            "Idempotency-Key": idempotency_key,
            "Content-Type": "application/json",
        }
        return ask(port, "POST", f"/api/pos/v1{path}", body=json.dumps(body), headers=headers, timeout=timeout)
