"""`manage.py demo`: set up, play the year, and either check the books or open the site."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from launch import failures, places, progress, serving, setup, shell
from launch.demo_home import DemoHome


@dataclass(frozen=True)
class Wish:
    """What the person asked for on the command line."""

    check: bool = False
    fresh: bool = False
    scale: str = "1"
    host: str = "127.0.0.1"
    port: int = 8000


def run(wish: Wish) -> int:
    """The demo from nothing to a stopped site (or a checked year); returns the exit code.

    What can be refused is refused first: nobody should wait for a year to be played and
    then read that the port was taken.
    """
    home = DemoHome(places.DEMO)
    failures.check_writable(places.ROOT)
    with home.reserved():
        if not wish.check:
            failures.check_port(wish.host, wish.port)
        setup.prepare(dev=False)
        if wish.fresh:
            home.remove()
        home.make()
        env = home.environment()
        _migrate(home, env)
        code = _play(wish, env)
        if wish.check or code != 0:
            return code
        return _open(wish, home, env)


def _migrate(home: DemoHome, env: Mapping[str, str]) -> None:
    step = "Preparing the database"
    with progress.Working(step):
        words: shell.Words = [places.VENV_PYTHON, "-m", "flask", "db", "upgrade"]
        shell.run(step, words, env=env, log=home.log("database"))


def _play(wish: Wish, env: Mapping[str, str]) -> int:
    """Play the year. Its progress goes to stderr and its result straight to stdout.

    The result is not read here but inherited, so with ``--check`` stdout carries exactly
    the bytes that the demo package printed.
    """
    words = ["demo", "play", "--scale", wish.scale]
    return _module([*words, "--json"] if wish.check else words, env)


def _open(wish: Wish, home: DemoHome, env: Mapping[str, str]) -> int:
    base_url = serving.base_url(wish.host, wish.port)
    code = _module(["demo", "live", "--base-url", base_url], env)
    if code != 0:
        return code
    # Asked again: playing the year took its time, and another program may have come.
    failures.check_port(wish.host, wish.port)
    return serving.serve(home, env, wish.host, wish.port)


def _module(words: list[str], env: Mapping[str, str]) -> int:
    """Run ``python -m`` with the terminal's own streams and return its exit code."""
    sys.stdout.flush()
    command = [str(places.VENV_PYTHON), "-m", *words]
    code = subprocess.run(command, cwd=places.ROOT, env=dict(env), stdin=subprocess.DEVNULL, check=False).returncode
    # A process ended by signal n counts as 128 + n, as in every shell.
    return code if code >= 0 else 128 - code
