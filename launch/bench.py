"""`manage.py bench`: set up with the tools and become the bench."""

from __future__ import annotations

import os
import sys

from launch import environment, places, setup


def run(words: list[str]) -> int:
    """Run benches from the repository root; the words are those of ``python -m bench``. Does not return."""
    setup.prepare(dev=True)
    command = [str(places.VENV_PYTHON), "-m", "bench", *words]
    os.chdir(places.ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment.product_environment())
