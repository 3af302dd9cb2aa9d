"""The benches still run: each on a handful of rows, for a blink. What they find is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ("--engine", "sqlite", "--rounds", "1", "--seconds", "0.2", "--connections", "4", "--workers", "1")
BULK = ("--rows", "60", "--sizes", "70,140")


@pytest.mark.parametrize("name", ["claims", "redeem"])
def test_a_bench_over_http_compares_with_a_post_that_does_nothing(name, tmp_path):
    lines = run([name], tmp_path, *SMALL)[name]
    assert lines[0]["name"] == "do-nothing POST"
    assert len(lines) >= 2
    assert all(line["ratios"] and line["value"] > 0 for line in lines)


def test_a_bench_of_many_rows_says_how_many_in_a_second(tmp_path):
    names = ["report", "draw", "list", "expire", "qr", "growth", "seals"]
    for lines in run(names, tmp_path, *SMALL[:2], *BULK).values():
        assert all(line["value"] > 0 for line in lines)


def test_a_bench_that_is_not_there_is_named():
    done = bench("fly")
    assert done.returncode == 2
    assert "there is no bench fly" in done.stdout


def run(names, folder, *words):
    done = bench(*names, "--folder", str(folder), *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg") for name in names)
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["lines"] for name in names}


def bench(*words):
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
