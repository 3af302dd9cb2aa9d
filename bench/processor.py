"""Processor time of process trees: what a request costs, however busy the machine is with other things."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def seconds_of(roots: list[int]) -> float:
    """Return the processor time so far of these processes, their descendants, and descendants that have ended."""
    parents, spent = _all()
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    waiting, total = [pid for pid in roots if pid in spent], 0.0
    while waiting:
        pid = waiting.pop()
        total += spent[pid]
        waiting += children.get(pid, [])
    return total


def _all() -> tuple[dict[int, int], dict[int, float]]:
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        # After the name in parentheses: state, parent, …; the times of itself and of children it has buried.
        words = text[text.rindex(")") + 2 :].split()
        parents[int(folder.name)] = int(words[1])
        spent[int(folder.name)] = sum(map(int, words[11:15])) / _TICK
    return parents, spent
