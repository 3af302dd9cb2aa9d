"""npm for the few seconds the set-up needs it: the machine's own, or one from a Python wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from launch import environment, places, shell

# Older versions ignore settings in .npmrc that keep the lock file free of addresses.
_OLDEST_NPM = 10
_STEP = "Fetching browser assets"


def npm_ci(folder: Path) -> None:
    """Install exactly what ``folder``'s lock file names into its node_modules.

    Packages' own scripts stay off: none of ours needs one, and one of them reports home.
    """
    words = ["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    # npm's ten minutes of patience would hide that there is no network.
    words += ["--fetch-retries=1", "--fetch-timeout=60000"]
    own = system_npm()
    if own:
        shell.run(_STEP, [own, *words], cwd=folder, env=shell.tool_environment())
        return
    home = places.SETUP / "node"
    try:
        _install_node(home)
        env = shell.tool_environment()
        env["PATH"] = f"{home / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
        shell.run(_STEP, [home / "bin" / "npm", *words], cwd=folder, env=env)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def system_npm() -> str | None:
    """The path of an npm that works and is new enough, or None."""
    found = shutil.which("npm")
    if found is None:
        return None
    try:
        result = subprocess.run(
            [found, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        major = int(result.stdout.strip().partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return found if major >= _OLDEST_NPM else None


def _install_node(home: Path) -> None:
    """Node and npm from a hashed wheel, in an environment of their own that is deleted after use."""
    env = environment.uv_environment()
    python = home / "bin" / "python"
    # Naming the interpreter keeps uv from looking for one to download.
    make: shell.Words = [places.VENV_UV, "venv", "--clear", "--python", places.VENV_PYTHON, home]
    shell.run(_STEP, make, env=env)
    # Without the cache, which would keep 200 MB of Node for a minute of use.
    fill: shell.Words = [places.VENV_UV, "pip", "sync", "--no-cache", "--require-hashes", "--python", python]
    shell.run(_STEP, [*fill, places.NODE_PIN], env=env)
