"""`manage.py test`: set up with the tools, say what will be skipped, and become pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from launch import environment, places, progress, setup

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def run(words: list[str]) -> int:
    """Run the tests from the repository root; the words go to pytest. Does not return.

    Without words everything runs, on one process more than there are cores: some test always waits, for a browser or
    for a fault to end.
    """
    setup.prepare(dev=True)
    for remark in missing_for_browser_tests():
        progress.say(remark)
    command = [str(places.VENV_PYTHON), "-m", "pytest", *(words or ["-n", str(_cores() + 1), "--dist", "worksteal"])]
    os.chdir(places.ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    # Becoming pytest instead of starting it leaves signals, the terminal and the exit code to it.
    os.execve(command[0], command, environment.product_environment())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def missing_for_browser_tests() -> list[str]:
    """A sentence for each thing on this machine without which browser tests are skipped."""
    remarks = []
    if not any(shutil.which(name) for name in _BROWSERS):
        remarks.append("No Chromium found: browser tests will be skipped (Debian: apt-get install chromium).")
    if not _has_chinese_font():
        remarks.append("No Chinese font found: screenshots will show boxes (Debian: fonts-wqy-microhei).")
    return remarks


def _has_chinese_font() -> bool:
    """Whether fontconfig knows a Chinese font; yes where there is no fontconfig to ask."""
    lister = shutil.which("fc-list")
    if lister is None:
        return True
    try:
        listing = subprocess.run([lister, ":lang=zh"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return True
    return bool(listing.stdout.strip())
