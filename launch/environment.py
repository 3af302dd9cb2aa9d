"""The Python side of the set-up: ``.venv`` with exactly the packages of the lock file.

pip is only used to install uv, from a pinned and hashed wheel; uv then installs the rest,
about ten times as fast, and removes what the lock file does not name.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from launch import places, shell
from launch.steps import Step

_VENV_STAMP = places.VENV / ".made-from"
_RUNTIME_STAMP = places.VENV / ".packages"
_DEV_STAMP = places.VENV / ".packages-dev"


def steps(*, dev: bool) -> list[Step]:
    """The steps to a complete environment; ``dev`` adds the tools for tests and checks.

    The dev lock holds everything the runtime lock holds, in the same versions. So once the
    tools are installed they stay: `demo` after `test` must not take them away again.
    """
    with_tools = dev or _DEV_STAMP.exists()
    lock = places.DEV_LOCK if with_tools else places.RUNTIME_LOCK
    stamp = _DEV_STAMP if with_tools else _RUNTIME_STAMP
    if not places.VENV_PYTHON.exists():
        # The interpreter it was made with is gone (an upgrade of the system): make it anew.
        _VENV_STAMP.unlink(missing_ok=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    # The folder is an input because a virtual environment does not survive being moved.
    made_from = (version, str(places.VENV), places.UV_PIN)
    return [
        Step("Creating the Python environment", made_from, _VENV_STAMP, _make),
        Step("Installing Python packages", (*made_from, lock), stamp, lambda: _install(lock)),
    ]


def _make() -> None:
    shutil.rmtree(places.VENV, ignore_errors=True)
    # When this runs inside the very environment it replaces, sys.executable is about to vanish.
    interpreter = getattr(sys, "_base_executable", None) or sys.executable
    env = shell.tool_environment()
    shell.run("Creating the Python environment", [interpreter, "-m", "venv", places.VENV], env=env)
    pip: shell.Words = [places.VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # Two retries: pip's five take half a minute to say that there is no network.
    install: shell.Words = [*pip, "install", "--retries", "2", "--require-hashes", "-r", places.UV_PIN]
    shell.run("Installing the installer (uv)", install, env=env)


def _install(lock: Path) -> None:
    command: shell.Words = [
        places.VENV_UV,
        "pip",
        "sync",
        "--require-hashes",
        "--python",
        places.VENV_PYTHON,
        lock,
    ]
    shell.run("Installing Python packages", command, env=uv_environment())


def uv_environment() -> dict[str, str]:
    """The environment for uv, which reads no pip settings: a mirror set for pip is passed on.

    Mirrors are the rule rather than the exception on government networks.
    """
    env = shell.tool_environment()
    if not any(name in env for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")):
        mirror = _pip_index_url(env)
        if mirror:
            env["UV_DEFAULT_INDEX"] = mirror
    return env


def _pip_index_url(env: dict[str, str]) -> str | None:
    if env.get("PIP_INDEX_URL"):
        return env["PIP_INDEX_URL"]
    words: shell.Words = [places.VENV_PYTHON, "-m", "pip", "config", "list"]
    listing = shell.run("Reading pip's settings", words, env=env)
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        if key.strip().endswith(".index-url"):
            return value.strip().strip("'\"")
    return None


def product_environment() -> dict[str, str]:
    """The environment for the product's own processes: the person's, with UTF-8 everywhere.

    A server's locale is often C, in which Chinese output would otherwise raise.
    """
    env = dict(os.environ)
    env["PYTHONUTF8"] = "1"
    env.pop("PYTHONHOME", None)
    return env
