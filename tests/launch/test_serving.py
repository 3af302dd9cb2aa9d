"""The web server and the scheduler live and end together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from launch import serving
from launch.demo_home import DemoHome
from launch.serving import Child

_HEALTHY = """
import http.server, sys
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""
_SLEEPY = "import time; time.sleep(60)"
_DYING = "import sys; sys.exit('no such table: job_run')"


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    return DemoHome(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _child(name: str, code: str, log: Path, *words: str) -> Child:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stdout=output, stderr=output, start_new_session=True
        )
    return Child(name, log, process)


def _replace_children(monkeypatch: pytest.MonkeyPatch, web: str, scheduler: str) -> list[Child]:
    started: list[Child] = []

    def start(home: DemoHome, _env: object, _host: str, port: int) -> Iterator[Child]:
        started.append(_child("web server", web, home.log("web"), str(port)))
        yield started[-1]
        started.append(_child("scheduler", scheduler, home.log("scheduler")))
        yield started[-1]

    monkeypatch.setattr(serving, "_start", start)
    return started


def test_both_add_up_what_they_count_in_one_folder(home: DemoHome, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def start(name: str, _words: object, env: Mapping[str, str], log: Path) -> Child:
        given[name] = env["PROMETHEUS_MULTIPROC_DIR"]
        return _child(name, "", log)

    monkeypatch.setattr(Child, "start", start)
    for child in serving._start(home, {}, "127.0.0.1", 8000):
        child.process.wait()
    assert given == {"web server": str(home.metrics), "scheduler": str(home.metrics)}
    assert home.metrics.is_dir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_ends_both_and_counts_as_success(
    home: DemoHome,
    port: int,
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started = _replace_children(monkeypatch, _HEALTHY, _SLEEPY)
    ready = threading.Event()
    monkeypatch.setattr(serving, "_announce", lambda *_: ready.set())

    def stop_when_ready() -> None:
        ready.wait(20)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    threading.Thread(target=stop_when_ready, daemon=True).start()
    assert serving.serve(home, {}, "127.0.0.1", port) == 0
    assert ready.is_set()
    assert not any(child.is_alive for child in started)
    assert signal.getsignal(number) is before


def test_dead_scheduler_is_told_and_stops_the_web_server(
    home: DemoHome, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = _replace_children(monkeypatch, _HEALTHY, _DYING)
    assert serving.serve(home, {}, "127.0.0.1", port) == 1
    assert not any(child.is_alive for child in started)
    said = capsys.readouterr().err
    assert "the scheduler ended by itself with code 1" in said
    assert "no such table: job_run" in said


def test_web_server_that_never_answers_is_given_up(
    home: DemoHome, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "_START_SECONDS", 0.3)
    started = _replace_children(monkeypatch, _SLEEPY, _SLEEPY)
    assert serving.serve(home, {}, "127.0.0.1", port) == 1
    assert not any(child.is_alive for child in started)
    assert "did not answer" in capsys.readouterr().err


def test_child_that_ignores_the_request_is_ended(home: DemoHome, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_STOP_SECONDS", 0.3)
    monkeypatch.setattr(serving, "_START_SECONDS", 0.5)
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SLEEPY}"
    started = _replace_children(monkeypatch, stubborn, stubborn)
    began_at = time.monotonic()
    assert serving.serve(home, {}, "127.0.0.1", port) == 1
    assert time.monotonic() - began_at < 10
    assert [child.process.returncode for child in started] == [-signal.SIGKILL] * 2


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("192.0.2.5", "http://192.0.2.5:8000"),
    ],
)
def test_base_url_is_one_a_browser_can_open(host: str, url: str) -> None:
    assert serving.base_url(host, 8000) == url
