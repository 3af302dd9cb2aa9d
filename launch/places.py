"""Where things are: every path the launcher reads or writes, named once."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
VENV_UV = VENV / "bin" / "uv"

# Scratch space of the set-up: its log, its lock, and folders on their way to their place.
SETUP = ROOT / ".setup"
SETUP_LOG = SETUP / "setup.log"

WEB = ROOT / "web"
VENDOR = ROOT / "webapp" / "static" / "vendor"

UV_PIN = ROOT / "launch" / "uv-pin.txt"
NODE_PIN = ROOT / "launch" / "node-pin.txt"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"

VAR = ROOT / "var"
DEMO = VAR / "demo"


def shown(path: Path) -> str:
    """The path as a person at the repository root would write it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
