"""``python -m tests.simulator --seed N`` lives one life again; ``--seeds N`` lives many, on all processors."""

import argparse
import os
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from multiprocessing.util import Finalize

from tests import databases
from tests.simulator.life import STEPS, Diverged, Life
from tests.simulator.stage import Stage, set_up

CHUNK = 20


def live(seeds: range, steps: int = STEPS) -> tuple[Counter[str], list[str]]:
    """Live the lives of these seeds; return what was seen, and what went wrong."""
    with set_up() as stage:
        return _live_on(stage, seeds, steps)


def _live_on(stage: Stage, seeds: range, steps: int) -> tuple[Counter[str], list[str]]:
    seen: Counter[str] = Counter()
    failures = []
    for seed in seeds:
        try:
            seen += Life(stage, seed).live(steps)
        except Diverged as failure:
            failures.append(str(failure))
    return seen, failures


#: The stage of this process. Every life puts it back to the beginning, so that one is enough; building it and compiling
#: every statement anew costs as much as several lives.
_stage: list[Stage] = []


def _build_stage() -> None:
    """Build the stage of a process, for as long as the process is there."""
    stack = ExitStack()
    _stage.append(stack.enter_context(set_up()))
    Finalize(None, stack.close, exitpriority=1)


def _live_here(seeds: range, steps: int) -> tuple[Counter[str], list[str]]:
    return _live_on(_stage[0], seeds, steps)


def many(first: int, count: int, steps: int, processes: int) -> int:
    began = time.perf_counter()
    databases.begin_run()
    chunks = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    seen: Counter[str] = Counter()
    failures: list[str] = []
    with ProcessPoolExecutor(processes, initializer=_build_stage) as pool:
        for part, found in pool.map(_live_here, chunks, repeat(steps)):
            seen += part
            failures += found
            for failure in found:
                sys.stdout.write(f"{failure}\n\n")
    databases.end_run()
    seconds = time.perf_counter() - began
    for what, times in sorted(seen.items()):
        sys.stdout.write(f"{times:8} {what}\n")
    spent = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = f"{count} lives of {steps} steps in {seconds:.0f} s on {processes} processes, {len(failures)} diverged"
    sys.stdout.write(f"{told}; {spent / count:.3f} s of processor time each\n")
    return 1 if failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="live this one life and tell it")
    parser.add_argument("--seeds", type=int, default=200, help="how many lives")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    words = parser.parse_args()
    if words.seed is None:
        return many(words.first, words.seeds, words.steps, words.processes)
    with set_up() as stage:
        life = Life(stage, words.seed)
        try:
            life.live(words.steps)
        except Diverged as failure:
            sys.stdout.write("\n".join(life.trace) + f"\n{failure}\n")
            return 1
    sys.stdout.write("\n".join(life.trace) + "\nthe model and the books agree\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
