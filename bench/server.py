"""The server under load: the product's own gunicorn, with the product's own settings unless told otherwise."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.place import FOLDER, Place

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Workers:
    """How many processes of which class, and threads in each where the class has threads."""

    count: int
    kind: str
    threads: int


@contextmanager
def serving(place: Place, workers: Workers) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the address of a running server and the process that began it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    env = {
        **os.environ,
        **place.environment,
        "PYTHONUTF8": "1",
        "BIND": f"127.0.0.1:{address[1]}",
        "WEB_CONCURRENCY": str(workers.count),
        "GUNICORN_WORKER_CLASS": workers.kind,
        "GUNICORN_THREADS": str(workers.threads),
    }
    log = (FOLDER / "server.log").open("wb")
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "bench.app:app"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_up(server, address)
        yield address, server.pid
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        log.close()


def _wait_until_up(server: subprocess.Popen[bytes], address: tuple[str, int]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        connection = http.client.HTTPConnection(*address, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not come up; see {FOLDER / 'server.log'}")
