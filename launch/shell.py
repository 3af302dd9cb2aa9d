"""Runs the tools of the set-up: quietly while they work, in one sentence when they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launch import failures, places

# The words of a command line.
Words = list[str | Path]

# A download that says nothing for this long is not coming; every step ends far sooner.
_LIMIT_SECONDS = 1800


def run(
    step: str,
    command: Sequence[str | Path],
    *,
    cwd: Path = places.ROOT,
    env: Mapping[str, str] | None = None,
    log: Path = places.SETUP_LOG,
) -> str:
    """Run a command to its end and return what it printed, which is also added to ``log``.

    Refuses with the failure its output tells of. Stdin is closed, so that a tool which
    would ask a question fails at once instead of waiting for an answer nobody can give.
    """
    words = [str(word) for word in command]
    try:
        result = subprocess.run(
            words,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise failures.Failure(
            f"{step} failed: {words[0]} is missing.", "Delete .venv and run the same command again."
        ) from None
    except subprocess.TimeoutExpired:
        raise failures.Failure(
            f"{step} did not end within {_LIMIT_SECONDS // 60} minutes.",
            "Check the network, then run the same command again.",
        ) from None
    output = result.stdout.decode("utf-8", "replace")
    _keep(log, words, output, result.returncode)
    if result.returncode != 0:
        raise failures.from_output(step, output, log)
    return output


def _keep(log: Path, words: Sequence[str], output: str, code: int) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(words)}\n{output.rstrip()}\n[exit code {code}]\n\n")


def tool_environment() -> dict[str, str]:
    """The environment for pip, uv and npm: the person's own, with caches that can be written.

    A service account may have no home; the tools would refuse to run for want of a cache.
    """
    env = dict(os.environ)
    home = Path(env.get("HOME", "/nonexistent"))
    if not (home.is_dir() and os.access(home, os.W_OK)):
        cache = places.SETUP / "cache"
        env["HOME"] = str(cache)
        cache.mkdir(parents=True, exist_ok=True)
    # An activated environment of some other project must not attract the packages.
    env.pop("VIRTUAL_ENV", None)
    env.pop("PYTHONHOME", None)
    return env
