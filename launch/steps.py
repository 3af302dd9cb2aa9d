"""A step of the set-up: done once, and again only when something it was made from changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launch import progress


@dataclass(frozen=True)
class Step:
    """One piece of set-up work.

    ``inputs`` are the files (by content) and words the result depends on. ``stamp`` is a file
    kept inside the result itself, so that deleting the result also forgets that it was made.
    """

    name: str
    inputs: tuple[Path | str, ...]
    stamp: Path
    action: Callable[[], None]

    def fingerprint(self) -> str:
        """A hash over the inputs; a missing file counts as a content of its own."""
        digest = hashlib.sha256()
        for item in self.inputs:
            content = item.encode() if isinstance(item, str) else _content(item)
            # The length keeps ("ab", "c") apart from ("a", "bc").
            digest.update(f"{len(content)}:".encode())
            digest.update(content)
        return digest.hexdigest()

    def is_done(self) -> bool:
        """Whether the stamp was left by these very inputs."""
        try:
            return self.stamp.read_text(encoding="ascii").strip() == self.fingerprint()
        except (OSError, UnicodeDecodeError):
            return False

    def run(self) -> bool:
        """Do the work unless it is done; True when something was done.

        The old stamp goes first and the new one comes last, so that an interruption at any
        point leaves a step that will be done again.
        """
        if self.is_done():
            return False
        self.stamp.unlink(missing_ok=True)
        with progress.Working(self.name):
            self.action()
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.fingerprint() + "\n", encoding="ascii")
        return True


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b"(missing)"
