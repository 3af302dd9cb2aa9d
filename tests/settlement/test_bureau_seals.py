"""The page of the seals: what is printed, who verified, who may download, and what is told where something differs."""

import subprocess
import sys
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from foundation.clock import SimulatedClock
from foundation.db import db, transaction
from foundation.states import StateChange
from ledger import seal_checks, seal_export, sealing
from ledger.seal_models import Seal
from settlement import bureau_seals
from tests import databases, people
from tests.browsing import Browser
from tests.ledger.sealed_world import guards_off, some_life, take_away
from tests.people import HE, QIN, SONG, WEI
from webapp import create_app

SEALS = "/bureau/ledger/seals"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def song(app: Flask, clock: SimulatedClock) -> Browser:
    """The auditor."""
    return people.browser_of(app, SONG)


@pytest.fixture
def newest(clock: SimulatedClock, app: Flask) -> str:
    """A sealed campaign, and its newest seal as it is printed."""
    some_life()
    sealing.seal_all(timedelta(0), 20)
    return sealing.newest_short()


def test_the_page_says_what_will_appear_before_anything_is_sealed(song: Browser) -> None:
    html = song.get(SEALS).text
    assert "还没有封存" in html
    assert "现在核验" not in html
    assert song.get(f"{SEALS}/seals.tsv").text == ""


def test_the_newest_seal_and_every_other_one_are_shown(song: Browser, newest: str) -> None:
    html = song.get(SEALS).text
    assert html.count(newest) == 2
    assert "转账" in html
    assert "被拒的扫码" in html
    assert "还没有核验过" in html
    assert SEALS in song.get("/bureau/ledger").text


def test_the_report_and_its_files_bear_the_newest_seal(song: Browser, newest: str) -> None:
    assert newest in song.get("/bureau/settlement").text
    assert f"账目封存号 {newest}" in song.get("/bureau/settlement/report.csv").data.decode("utf-8-sig")
    assert song.get("/bureau/settlement/report.xlsx").status_code == 200


def test_whoever_verifies_is_written_down_with_what_came_of_it(song: Browser, newest: str) -> None:
    assert "与封存时完全一致" in song.post(SEALS).text
    with transaction():
        seal_checks.record(seal_checks.verify(), "job:verify_seals")
        seal_checks.record(seal_checks.verify(), "terminal:root")
    html = song.get(SEALS).text
    assert "宋审计" in html
    assert "系统自动" in html
    assert "命令行 root" in html
    assert html.count("badge-state--good") == 3


def test_a_printed_seal_is_compared_and_a_mistyped_one_is_told(song: Browser, newest: str) -> None:
    assert "完全一致" in song.post(SEALS, data={"expect": newest.upper()}).text
    assert "整条链被重写过" in song.post(SEALS, data={"expect": newest[:-4] + "0000"}).text
    html = song.post(SEALS, data={"expect": "<第三号>"}).text
    assert "封存号写得不对：&lt;第三号&gt;" in html
    assert 'data-code="seal_malformed"' in html
    assert [check.found for check in seal_checks.last_checks()] == [1, 0]


def test_a_row_that_is_gone_is_shown_with_its_id(clock: SimulatedClock, broken: Flask) -> None:
    song = people.browser_of(broken, SONG)
    row_id = db.session.scalars(select(StateChange.id).order_by(StateChange.id)).all()[9]
    with guards_off():
        take_away(StateChange, row_id)
    html = song.post(SEALS).text
    assert "有 1 处与封存时不同" in html
    assert row_id.hex in html
    assert "这一行不见了" in html
    assert "办理记录" in html
    assert "badge-state--bad" in song.get(SEALS).text


@pytest.fixture
def broken(clock: SimulatedClock, sqlite_url: str):
    """Sealed books that nobody audits afterwards."""
    app = create_app(databases.settings_for(sqlite_url))
    app.test_client_class = Browser
    with app.app_context():
        some_life()
        sealing.seal_all(timedelta(0), 20)
        yield app
        db.session.remove()
        db.engine.dispose()


def test_a_chain_too_long_to_wait_for_greys_the_button_and_says_why(
    song: Browser, newest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bureau_seals, "AT_ONCE", 5)
    html = song.get(SEALS).text
    assert "行数太多" in html
    assert "disabled" in html
    song.post(SEALS)
    assert seal_checks.last_checks() == []


@pytest.mark.parametrize(("who", "status"), [(SONG, 200), (HE, 200), (QIN, 200), (WEI, 403)])
def test_the_file_is_for_auditor_finance_and_chief(app: Flask, newest: str, who: people.Staff, status: int) -> None:
    browser = people.browser_of(app, who)
    assert browser.get(f"{SEALS}/seals.tsv").status_code == status
    assert ("需要“审计”或“财务”岗位" in browser.get(SEALS).text) is (status == 403)


def test_the_file_and_the_script_from_the_page_are_enough(song: Browser, newest: str, tmp_path) -> None:
    answer = song.get(f"{SEALS}/seals.tsv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=seals.tsv"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (tmp_path / "seals.tsv").write_bytes(answer.data)
    (tmp_path / "verify_seals.py").write_bytes(song.get(f"{SEALS}/verify_seals.py").data)
    command = [sys.executable, "-I", "-S", "verify_seals.py", "seals.tsv", newest]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()[-1]) == (0, newest)


def test_the_file_is_read_a_seal_at_a_time(app: Flask, newest: str) -> None:
    parts = list(seal_export.chunks())
    assert len(parts) == db.session.scalar(select(db.func.count()).select_from(Seal)) > 4
    assert max(part.count(b"\n") for part in parts) == 22
