"""Many lives without a difference, and every mutant found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.__main__ import live
from tests.simulator.life import Diverged, Life
from tests.simulator.mutants import MUTANTS, mutated
from tests.simulator.stage import set_up

ROOT = Path(__file__).parent.parent.parent
LIVES, CHUNK = 40, 20
#: What must have happened among so many lives; otherwise they prove little.
SEEN = {
    "granted", "sold_out", "limit_reached", "round_closed", "round_not_open_yet", "already_redeemed", "code_expired",
    "code_retired", "bill_below_threshold", "void done", "refund done", "merchant_suspended", "request_in_flight",
    "idempotency_key_reused", "fault fail", "fault kill", "fault lost", "fault break", "clock back", "voucher_unknown",
    "sealing failed",
}  # fmt: skip


@pytest.mark.parametrize("first", range(0, LIVES, CHUNK))
def test_lives_go_as_the_model_says(first):
    seen, failures = live(range(first, first + CHUNK))
    assert not failures, "\n\n".join(failures)
    assert seen["granted"] > CHUNK
    assert seen["done"] > CHUNK


def test_everything_happens_that_can():
    seen, failures = live(range(10_000, 10_024))
    assert not failures, "\n\n".join(failures)
    assert SEEN - set(seen) == set()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_guard_that_is_off_is_noticed(name):
    with set_up() as stage, mutated(name, stage):
        found = next((seed for seed in range(80) if f"--seed {seed}" in diverges(stage, seed)), None)
    assert found is not None, f"80 lives, and nobody noticed that {name}"


def test_a_life_is_the_same_each_time():
    traces = []
    with set_up() as stage:
        for _ in range(2):
            life = Life(stage, 7)
            life.live()
            traces.append(life.trace)
    assert traces[0] == traces[1]


def test_a_failure_says_how_to_see_it_again():
    with set_up() as stage, mutated("a person is counted without a limit", stage):
        told = next(found for seed in range(40) if (found := diverges(stage, seed)))
    command = re.search(r"replay: python -m (tests\.simulator --seed \d+)$", told).group(1)
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    # Without the mutant the same life ends well.
    assert done.returncode == 0, done.stderr
    assert "the model and the books agree" in done.stdout


def diverges(stage, seed):
    try:
        Life(stage, seed).live()
    except Diverged as failure:
        return str(failure)
    return ""
