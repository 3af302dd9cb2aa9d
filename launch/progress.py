"""Signs of life on stderr: a spinner on a terminal, plain lines anywhere else.

Nothing here writes to stdout, which belongs to results.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

_FRAMES = "|/-\\"
_FRAME_SECONDS = 0.12
# A step shorter than this never draws a spinner: it would only flicker.
_PATIENCE_SECONDS = 0.6
# How often a log file or a CI page hears that a long step is still alive.
_REMINDER_SECONDS = 15.0


def say(text: str, stream: TextIO | None = None) -> None:
    """One line on stderr."""
    print(text, file=stream or sys.stderr, flush=True)


class Working:
    """Shows that a step is at work for as long as the ``with`` block lasts.

    The length of the steps cannot be known ahead (they wait for downloads and for other
    programs), so it shows the time spent rather than an invented percentage.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self.title = title
        self._stream = stream or sys.stderr
        self._tty = self._stream.isatty()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._started_at = 0.0

    def __enter__(self) -> Working:
        self._started_at = time.monotonic()
        if not self._tty:
            say(f"{self.title} ...", self._stream)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        if self._tty:
            self._stream.write("\r\033[K")
        if kind is None:
            say(f"{self.title}: {self.elapsed_seconds:.1f} s", self._stream)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since the block was entered."""
        return time.monotonic() - self._started_at

    def _tick(self) -> None:
        if self._tty:
            self._spin()
        else:
            self._remind()

    def _spin(self) -> None:
        if self._done.wait(_PATIENCE_SECONDS):
            return
        frame = 0
        while not self._done.wait(_FRAME_SECONDS):
            mark = _FRAMES[frame % len(_FRAMES)]
            self._stream.write(f"\r\033[K{mark} {self.title} {self.elapsed_seconds:.0f} s")
            self._stream.flush()
            frame += 1

    def _remind(self) -> None:
        while not self._done.wait(_REMINDER_SECONDS):
            say(f"{self.title}: still working, {self.elapsed_seconds:.0f} s", self._stream)
