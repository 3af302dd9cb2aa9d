"""Runs the web server and the scheduler side by side until told to stop, or until one dies."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launch import places, progress
from launch.demo_home import DemoHome

_START_SECONDS = 90.0
# Longer than gunicorn's own patience with requests that are still running.
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_WORDS = 15


@dataclass
class Child:
    """One of the demo's long-running processes, with its output in a log file."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, words: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        """Start ``python -m words`` in a session of its own.

        In the terminal's session a Ctrl-C would reach the children at the same moment as this
        process, and each would stop in its own way and order.
        """
        command = [str(places.VENV_PYTHON), "-m", *words]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=places.ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, log, process)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Let it finish what it is doing."""
        if self.is_alive:
            self.process.terminate()

    def make_stop(self) -> None:
        """End it now, with every process it has started."""
        if self.is_alive:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def obituary(self) -> str:
        """What to tell about a child that ended by itself."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        words = "\n  ".join(lines[-_LAST_WORDS:]) or "(it said nothing)"
        code = self.process.returncode
        return (
            f"error: the {self.name} ended by itself with code {code}. Its last words:\n  {words}\n"
            f"  Everything it said is in {places.shown(self.log)}."
        )


def base_url(host: str, port: int) -> str:
    """The address a browser on this machine uses, whatever the server listens on."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (read, not bound)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def serve(home: DemoHome, env: Mapping[str, str], host: str, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM (exit code 0), or until a child dies (exit code 1)."""
    with _stop_requests() as stop:
        children: list[Child] = []
        try:
            children += _start(home, env, host, port)
            with progress.Working("Starting the site"):
                up = _wait_until_up(children, base_url(host, port), stop)
            if up:
                _announce(home, host, port)
                _wait_for_the_end(children, stop)
            return _verdict(children, stop, up=up)
        finally:
            _stop_all(children, stop)


def _start(home: DemoHome, env: Mapping[str, str], host: str, port: int) -> Iterator[Child]:
    shutil.rmtree(home.metrics, ignore_errors=True)
    home.metrics.mkdir()
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # What the workers and the scheduler count is added up in one folder, and told at /metrics.
    counting = {**env, "PROMETHEUS_MULTIPROC_DIR": str(home.metrics)}
    web = {**counting, "BIND": address}
    gunicorn = ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    yield Child.start("web server", gunicorn, web, home.log("web"))
    yield Child.start("scheduler", ["webapp.scheduler"], counting, home.log("scheduler"))


@contextmanager
def _stop_requests() -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C, SIGTERM or a closed terminal while the block lasts."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        # The second request means now: it breaks the wait in _stop_all, which then kills.
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in _STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_until_up(children: Sequence[Child], url: str, stop: threading.Event) -> bool:
    """Whether /healthz answered 200 before a child died, a stop was asked for or time ran out."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and all(child.is_alive for child in children):
        if _is_healthy(url):
            return True
        if stop.wait(_POLL_SECONDS):
            return False
    return False


def _is_healthy(url: str) -> bool:
    address = url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _announce(home: DemoHome, host: str, port: int) -> None:
    url = base_url(host, port)
    print(f"\nReady: {url}/", flush=True)
    logs = f"{places.shown(home.log('web'))} and {places.shown(home.log('scheduler'))}"
    progress.say(f"Logs: {logs}. Stop with Ctrl-C; the data stays for the next start.")


def _wait_for_the_end(children: Sequence[Child], stop: threading.Event) -> None:
    while all(child.is_alive for child in children):
        if stop.wait(_POLL_SECONDS * 3):
            return


def _verdict(children: Sequence[Child], stop: threading.Event, *, up: bool) -> int:
    """Say what ended the demo and return its exit code."""
    if stop.is_set():
        progress.say("\nStopping ...")
        return 0
    dead = [child for child in children if not child.is_alive]
    for child in dead:
        progress.say(child.obituary())
    if not dead and not up:
        web = children[0]
        progress.say(
            f"error: the web server did not answer /healthz with 200 within {_START_SECONDS:.0f} s.\n"
            f"  What it said is in {places.shown(web.log)}."
        )
    return 1


def _stop_all(children: Sequence[Child], stop: threading.Event) -> None:
    """Ask every child to end, then insist; a second Ctrl-C insists at once."""
    stop.set()
    try:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + _STOP_SECONDS
        while any(child.is_alive for child in children) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        progress.say("Stopping now.")
    finally:
        for child in children:
            child.make_stop()
