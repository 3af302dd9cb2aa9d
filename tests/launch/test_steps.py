"""A step runs when its inputs changed, and otherwise not."""

from __future__ import annotations

from pathlib import Path

import pytest

from launch.steps import Step


def _step(tmp_path: Path, runs: list[str], *inputs: Path | str) -> Step:
    return Step("Testing", inputs, tmp_path / "result" / ".made-from", lambda: runs.append("run"))


def test_step_runs_once_for_the_same_inputs(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("flask==1")
    runs: list[str] = []
    assert _step(tmp_path, runs, lock, "3.11").run() is True
    assert _step(tmp_path, runs, lock, "3.11").run() is False
    assert runs == ["run"]


def test_step_runs_again_when_a_file_changed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("flask==1")
    runs: list[str] = []
    _step(tmp_path, runs, lock).run()
    lock.write_text("flask==2")
    _step(tmp_path, runs, lock).run()
    assert runs == ["run", "run"]


def test_step_runs_again_when_a_word_changed(tmp_path: Path) -> None:
    runs: list[str] = []
    _step(tmp_path, runs, "3.11").run()
    _step(tmp_path, runs, "3.12").run()
    assert runs == ["run", "run"]


def test_step_runs_again_when_its_result_was_deleted(tmp_path: Path) -> None:
    runs: list[str] = []
    step = _step(tmp_path, runs, "x")
    step.run()
    step.stamp.unlink()
    step.run()
    assert runs == ["run", "run"]


def test_interrupted_step_is_not_taken_for_done(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    runs: list[str] = []
    _step(tmp_path, runs, "old").run()
    interrupted = Step("Testing", ("new",), tmp_path / "result" / ".made-from", stop)
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    # Not even for the inputs it was last made from: the result is now half of each.
    assert not _step(tmp_path, runs, "old").is_done()


def test_inputs_are_told_apart_by_where_they_end(tmp_path: Path) -> None:
    runs: list[str] = []
    assert _step(tmp_path, runs, "ab", "c").fingerprint() != _step(tmp_path, runs, "a", "bc").fingerprint()


def test_damaged_stamp_means_not_done(tmp_path: Path) -> None:
    step = _step(tmp_path, [], "x")
    step.run()
    step.stamp.write_bytes(b"\xff\xfe")
    assert not step.is_done()
