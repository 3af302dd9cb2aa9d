"""`manage.py demo`: the order of its walk, and whose words come out of stdout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launch import commands, demo, places, serving, setup

# Stands in for the product: a package `demo` and a `flask` that tell what they were asked.
_FLASK = "import sys; print('flask', *sys.argv[1:])"
_DEMO = """
import os, sys
print("progress", file=sys.stderr)
print(os.environ["VOUCHER_ENV"], *sys.argv[1:])
sys.exit(int(os.environ.get("FAKE_CODE", "0")) if sys.argv[1] == "play" else 0)
"""


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a stand-in for the product, and a set-up that is already done."""
    (tmp_path / "flask.py").write_text(_FLASK)
    (tmp_path / "demo.py").write_text(_DEMO)
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(places, "DEMO", tmp_path / "var" / "demo")
    monkeypatch.setattr(places, "VENV_PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup, "prepare", lambda **_: None)
    # The stand-ins must win over the real packages whatever the working folder is.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_check_puts_nothing_but_the_result_on_stdout(product: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["demo", "--check", "--scale", "0.05"]) == 0
    printed = capfd.readouterr()
    assert printed.out == "demo play --scale 0.05 --json\n"
    assert "progress" in printed.err
    assert "flask db upgrade" in (product / "var/demo/database.log").read_text()


def test_check_ends_with_the_code_of_the_audit(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_CODE", "7")
    assert commands.main(["demo", "--check"]) == 7


def test_site_is_not_opened_over_books_that_do_not_balance(
    product: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_CODE", "1")
    monkeypatch.setattr(serving, "serve", lambda *_: pytest.fail("served"))
    assert demo.run(demo.Wish(port=_free_port())) == 1
    assert "live" not in capfd.readouterr().out


def test_demo_plays_the_year_then_prepares_today_then_serves(
    product: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    port = _free_port()
    monkeypatch.setattr(serving, "serve", lambda *_: 0)
    assert commands.main(["demo", "--port", str(port)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines == ["demo play --scale 1", f"demo live --base-url http://127.0.0.1:{port}"]


def test_fresh_deletes_the_old_year(product: Path) -> None:
    old = product / "var" / "demo" / "voucher.db"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    assert commands.main(["demo", "--check", "--fresh"]) == 0
    assert not old.exists()


def test_second_check_keeps_the_secrets(product: Path) -> None:
    commands.main(["demo", "--check"])
    kept = (product / "var/demo/secrets.json").read_bytes()
    commands.main(["demo", "--check"])
    assert (product / "var/demo/secrets.json").read_bytes() == kept


def test_process_ended_by_a_signal_counts_as_in_a_shell(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (product / "demo.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert commands.main(["demo", "--check"]) == 128 + 9


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
