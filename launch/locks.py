"""`manage.py lock`: writes the lock files anew after a change in pyproject.toml or web/package.json.

The locks carry hashes and no address of any registry, so they serve equally behind a mirror.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from launch import environment, failures, node, places, progress, setup, shell

_STEP = "Writing the lock files"
_COMPILE = ("pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--quiet")
_BARE = ("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links")


def run(*, upgrade: bool) -> int:
    """Write requirements.lock, requirements-dev.lock and web/package-lock.json."""
    setup.prepare(dev=True)
    with progress.Working(_STEP):
        more = ["--upgrade"] if upgrade else []
        _compile([*more, "-o", str(places.RUNTIME_LOCK)])
        # Held to the runtime lock, so that tests run on the versions that production runs.
        _compile([*more, "--group", "dev", "-c", str(places.RUNTIME_LOCK), "-o", str(places.DEV_LOCK)])
        _lock_web(places.WEB)
    setup.prepare(dev=True)
    return 0


def _compile(words: list[str]) -> None:
    command: shell.Words = [places.VENV_UV, *_COMPILE, *_BARE, "pyproject.toml", *words]
    shell.run(_STEP, command, env=environment.uv_environment())


def _lock_web(folder: Path) -> None:
    npm = node.system_npm() or shutil.which("npm")
    if npm is None:
        raise failures.Failure(
            "web/package-lock.json was not written: it needs npm 10 or newer on the PATH.",
            "The Python locks are done; install Node.js if web/package.json changed.",
        )
    words = [npm, "install", "--package-lock-only", "--omit=optional"]
    shell.run(_STEP, words, cwd=folder, env=shell.tool_environment())
    drop_funding(folder / "package-lock.json")


def drop_funding(lock: Path) -> None:
    """Take the packages' funding pages out of a package-lock.json: they are addresses too."""
    content = json.loads(lock.read_text(encoding="utf-8"))
    for package in content.get("packages", {}).values():
        package.pop("funding", None)
    draft = lock.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, lock)
