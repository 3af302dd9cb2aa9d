"""Every mishap on the person's machine is one sentence, a way out and exit code 2."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import commands, demo, demo_home, environment, failures, places, setup, shell, steps


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another socket listens on until the test ends."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_port_in_use_is_named_with_another_one_to_take(taken_port: int) -> None:
    with pytest.raises(failures.Failure) as refusal:
        failures.check_port("127.0.0.1", taken_port)
    assert f"port {taken_port} on 127.0.0.1 is in use" in refusal.value.what
    assert "--port" in refusal.value.way_out


def test_port_is_checked_before_any_work(
    taken_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(places, "DEMO", tmp_path / "demo")
    monkeypatch.setattr(setup, "prepare", lambda **_: pytest.fail("set-up began before the port was checked"))
    assert commands.main(["demo", "--port", str(taken_port)]) == failures.EXIT_CODE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: port ")
    assert "Traceback" not in printed.err
    assert not (tmp_path / "demo").exists()


def test_free_port_passes(taken_port: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    failures.check_port("127.0.0.1", free)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(failures.Failure, match="not an address of this machine"):
        failures.check_port(host, 8000)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_python_without_venv_module_is_told_what_to_install(module: str) -> None:
    with pytest.raises(failures.Failure) as refusal:
        failures.check_python(find=lambda name: None if name == module else object())
    assert module in refusal.value.what
    assert "python3-venv" in refusal.value.way_out


def test_old_python_is_told_so_in_a_sentence(tmp_path: Path) -> None:
    # The version is faked before the file runs, as no old Python can be counted on here.
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 1, 'final', 0);"
        f"runpy.run_path({str(places.ROOT / 'manage.py')!r}, run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == failures.EXIT_CODE
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("npm error code ENOSPC", "disk is full"),
        ("npm error code EACCES", "cannot be written"),
        ("ERROR: [Errno 30] Read-only file system: '.venv'", "cannot be written"),
        ("<pip._vendor.urllib3.connection.HTTPSConnection>: Temporary failure in name resolution", "reached"),
        ("error: Failed to fetch: `.../flask/`\n  Caused by: dns error", "cannot be reached"),
        ("npm error code EAI_AGAIN", "cannot be reached"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "is not the one recorded",
        ),
        ("npm error code EINTEGRITY", "is not the one recorded"),
        ("The virtual environment was not created: ensurepip is not available", "virtual environments"),
    ],
)
def test_output_of_tools_is_understood(output: str, what: str) -> None:
    failure = failures.from_output("Installing", output)
    assert what in failure.what
    assert failure.way_out


def test_unknown_output_is_quoted_and_its_log_named() -> None:
    failure = failures.from_output("Installing", "a\nb\nsomething odd", Path("setup.log"))
    assert "something odd" in failure.what
    assert "setup.log" in failure.way_out


def test_missing_network_ends_the_command_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('error sending request: dns error')"]

    def fail() -> None:
        shell.run("Installing Python packages", words, log=tmp_path / "log")

    failing = steps.Step(
        "Installing Python packages",
        ("x",),
        tmp_path / "stamp",
        fail,
    )
    monkeypatch.setattr(environment, "steps", lambda **_: [failing])
    assert commands.main(["setup"]) == failures.EXIT_CODE
    printed = capsys.readouterr().err
    assert "the package registries cannot be reached" in printed
    assert "PIP_INDEX_URL" in printed
    assert "Traceback" not in printed
    assert not failing.is_done()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_refused_write_of_our_own_is_a_sentence_too(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_wish: demo.Wish) -> int:
        raise OSError(number, "refused", "var/demo")

    monkeypatch.setattr(demo, "run", refuse)
    assert commands.main(["demo"]) == failures.EXIT_CODE
    assert capsys.readouterr().err.startswith("error: ")


def test_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the answer of the system is faked rather than the folder's mode.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(failures.Failure, match="cannot be written"):
        failures.check_writable(tmp_path)


def test_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = demo_home.DemoHome(tmp_path / "demo"), demo_home.DemoHome(tmp_path / "demo")
    with first.reserved(), pytest.raises(failures.Failure, match="already running"), second.reserved():
        pytest.fail("two demos hold one folder")


@pytest.mark.parametrize(
    "words",
    [["demo", "--port", "0"], ["demo", "--port", "x"], ["demo", "--scale", "-1"], ["demo", "--scale", "nan"]],
)
def test_senseless_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        commands.main(words)
    assert end.value.code == failures.EXIT_CODE
    assert words[-1] in capsys.readouterr().err
