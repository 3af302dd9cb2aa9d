"""The demo's secrets are made once, belong to their owner alone and open the data they closed."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from launch.demo_home import DemoHome
from launch.failures import Failure


@pytest.fixture
def home(tmp_path: Path) -> DemoHome:
    made = DemoHome(tmp_path / "demo")
    made.make()
    return made


def test_secrets_can_be_read_by_their_owner_only(home: DemoHome) -> None:
    before = os.umask(0)
    try:
        home.secrets()
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600


def test_loosened_secrets_are_tightened(home: DemoHome) -> None:
    home.secrets()
    home.secrets_file.chmod(0o644)
    home.secrets()
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600


def test_secrets_have_the_lengths_the_ciphers_need(home: DemoHome) -> None:
    made = home.secrets()
    assert len(bytes.fromhex(made["SECRET_KEY"])) == 32
    assert len(base64.b64decode(made["DATA_KEY"], validate=True)) == 32
    assert len(base64.b64decode(made["INDEX_KEY"], validate=True)) == 32


def test_secrets_are_the_same_at_every_start(home: DemoHome) -> None:
    assert home.secrets() == home.secrets()


def test_secrets_are_not_made_anew_over_data_they_cannot_open(home: DemoHome) -> None:
    home.database.write_bytes(b"data")
    with pytest.raises(Failure, match="gone") as refusal:
        home.secrets()
    assert "--fresh" in refusal.value.way_out


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json"])
def test_damaged_secrets_are_a_sentence(home: DemoHome, content: str) -> None:
    home.secrets_file.write_text(content)
    with pytest.raises(Failure, match="damaged"):
        home.secrets()


def test_fresh_forgets_everything(home: DemoHome) -> None:
    old = home.secrets()
    home.database.write_bytes(b"data")
    home.remove()
    home.make()
    assert home.secrets() != old


def test_environment_names_the_database_by_its_full_path(home: DemoHome) -> None:
    env = home.environment()
    assert env["DATABASE_URL"] == f"sqlite:///{home.database.resolve()}"
    assert env["VOUCHER_ENV"] == "demo"
    assert env["SMS_ADAPTER"] == "outbox"
    assert env["FLASK_APP"] == "wsgi"
    assert env["PYTHONUTF8"] == "1"
