"""The demo's year, played through its own command: it ends on the bureau's figures, and its books are right."""

import base64
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from campaigns.models import Campaign, CampaignRound
from campaigns.offers import open_campaigns
from demo.__main__ import cli
from demo.definition import DRIVEN_FEN, ISSUED_FEN
from demo.report import played_scale
from foundation.db import db
from tests import databases
from tests.world import citizens, claim
from webapp import create_app
from webapp.jobs import JOBS

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """The demo's commands on one database."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    @property
    def environment(self):
        return {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.url,
            "SECRET_KEY": "a-secret-only-for-tests-0123456789",
            "DATA_KEY": base64.b64encode(bytes(range(32))).decode(),
            "INDEX_KEY": base64.b64encode(bytes(range(32, 64))).decode(),
            "VOUCHER_ENV": "demo",
            "VAR_DIR": str(self.folder),
        }

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "demo", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words):
        process = self.start(*words)
        stdout, stderr = process.communicate(timeout=300)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def play(self, scale, *more):
        return self.run("play", "--scale", scale, *more)

    def count(self, table):
        with closing(sqlite3.connect(make_url(self.url).database)) as connection:
            return connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]


@pytest.fixture
def demo(sqlite_url, tmp_path):
    return Demo(sqlite_url, tmp_path)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The smallest year, played once for the tests that only look at it; it must stay as it is."""
    with databases.fresh_sqlite() as url:
        demo = Demo(url, tmp_path_factory.mktemp("demo"))
        first = demo.play("0.002", "--json")
        assert first.returncode == 0, first.stderr
        yield demo, first


def check_the_year(document, scale):
    """Check what the JSON says against the bureau's report and against itself."""
    issued_fen = int(ISSUED_FEN * Fraction(scale)) // 10_000 * 10_000
    assert document["claimed_fen"] == issued_fen
    assert document["driven_fen"] == int(DRIVEN_FEN * Fraction(scale))
    assert document["audit"] == {"clean": True, "checks": document["audit"]["checks"], "findings": []}
    assert document["audit"]["checks"] >= 20
    assert (document["year"], document["scale"]) == (2023, float(scale))
    assert document["events"]["count"] == 11
    assert document["sentence"].startswith("2023年，市县两级共同发放消费券")
    ratio = Decimal(document["driven_fen"]) / document["claimed_fen"]
    assert f"拉动比1:{ratio:.2f}（按发放）" in document["sentence"]
    # There was everything: vouchers used, taken back, expired, put on release again.
    assert document["net_redeemed_fen"] == document["redeemed_fen"] - document["voided_fen"] > 0
    assert document["returned_fen"] > document["expired_fen"] > 0
    assert document["released_fen"] > document["budget_fen"] - 5 * document["voided_fen"]
    assert 0.8 < float(document["redemption_rate"]) < 0.95
    assert document["budget_fen"] == document["surplus_fen"] + document["owed_fen"] + document["paid_fen"]
    assert document["net_redeemed_fen"] == document["owed_fen"] + document["paid_fen"]
    assert document["paid_fen"] > 0
    assert document["owed_fen"] > 0
    for key in ("budget_fen", "claimed_fen", "driven_fen", "redeemed_fen", "expired_fen", "surplus_fen", "owed_fen"):
        assert isinstance(document[key], int)
        assert sum(source[key] for source in document["sources"]) == document[key], key


def test_the_year_ends_on_the_bureaus_figures_and_its_books_are_right(played):
    demo, first = played
    document = json.loads(first.stdout)
    check_the_year(document, "0.002")
    names = {source["name"]: source["budget_fen"] for source in document["sources"]}
    assert names == {
        "阳江市财政": 1_000_000,
        "江城区财政": 800_000,
        "阳东区财政": 600_000,
        "阳春市财政": 700_000,
        "阳西县财政": 466_200,
    }
    # Progress is for people: it stays off the output that programs read.
    assert "Playing the year 2023" in first.stderr
    assert demo.count("entitlement") > 100


def test_a_second_start_plays_nothing_and_prints_the_same(played):
    demo, first = played
    before = {table: demo.count(table) for table in ("entitlement", "transfer", "redemption", "citizen", "job_run")}
    second = demo.play("0.002", "--json")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert "Playing" not in second.stderr
    assert {table: demo.count(table) for table in before} == before


def test_a_year_of_another_scale_is_refused_with_the_way_out(played):
    demo, _ = played
    other = demo.play("0.01", "--json")
    assert (other.returncode, other.stdout) == (2, "")
    assert "0.002" in other.stderr
    assert "--fresh" in other.stderr


@pytest.mark.parametrize("scale", ["0", "-1", "1.5", "0.0019", "many", "1/0", ""])
def test_a_scale_that_makes_no_year_is_refused(scale):
    refused = CliRunner().invoke(cli, ["play", "--scale", scale, "--json"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "must be a number from 0.002 to 1" in refused.stderr


def test_people_read_the_sentence_and_a_table(played):
    demo, first = played
    read = demo.play("0.002")
    assert read.returncode == 0
    assert json.loads(first.stdout)["sentence"] in read.stdout.replace("\n", "")
    assert "阳西县财政" in read.stdout
    assert "nothing wrong" in read.stdout


def test_a_larger_year_ends_on_its_figures_as_well(demo):
    result = demo.play("0.01", "--json")
    assert result.returncode == 0, result.stderr
    check_the_year(json.loads(result.stdout), "0.01")


def test_another_play_gives_the_same_figures_also_on_postgresql(played, postgres_url, tmp_path):
    result = Demo(postgres_url, tmp_path).play("0.002", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads(played[1].stdout)


def interrupt_after(demo, is_time):
    """Start playing, and press Ctrl-C when it is time."""
    # What a shell has put into the background ignores it, and so would whatever it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = demo.start("play", "--scale", "0.01", "--json")
    deadline = time.monotonic() + 60
    while not is_time() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert stdout == ""


@pytest.mark.parametrize("table", ["campaign", "redemption"])
def test_an_interrupted_year_is_noticed_and_not_taken_for_a_whole_one(table, demo):
    interrupt_after(demo, lambda: demo.count(table))
    again = demo.play("0.01", "--json")
    assert (again.returncode, again.stdout) == (2, "")
    assert "interrupted" in again.stderr
    assert "--fresh" in again.stderr


def test_an_unset_secret_is_one_sentence(demo):
    demo.__class__ = type("Demo", (Demo,), {"environment": {"PATH": os.environ["PATH"], "DATABASE_URL": demo.url}})
    refused = demo.play("0.002", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.strip().splitlines()) == 1


# --- a campaign to try today --------------------------------------------------------------------------------


def test_live_opens_a_campaign_that_can_be_claimed_now_beside_the_books_of_the_year(played, demo):
    original, first = played
    year = json.loads(first.stdout)
    shutil.copytree(original.folder, demo.folder, dirs_exist_ok=True)
    with (
        closing(sqlite3.connect(make_url(original.url).database)) as source,
        closing(sqlite3.connect(make_url(demo.url).database)) as target,
    ):
        source.backup(target)
    opened = demo.run("live", "--base-url", "http://127.0.0.1:8000")
    assert opened.returncode == 0, opened.stderr
    assert "http://127.0.0.1:8000/bureau/" in opened.stdout
    passwords = json.loads((demo.folder / "sign-ins.json").read_text())
    assert passwords["lujianguo"] in opened.stdout
    assert (demo.folder / "sign-ins.json").stat().st_mode & 0o077 == 0

    app = create_app(databases.settings_for(demo.url))
    with app.app_context():
        # Whatever the scheduler tidies up while the site is open, the next start finds the year.
        for job in JOBS:
            if job.name.startswith("forget_"):
                job.work()
        assert played_scale() == Fraction("0.002")
        [campaign] = [found for found in open_campaigns() if found.name == "漠阳品•幸福购 体验活动"]
        now, soon = db.session.scalars(
            db.select(CampaignRound)
            .join(Campaign, Campaign.id == CampaignRound.campaign_id)
            .where(Campaign.code == campaign.code)
            .order_by(CampaignRound.opens_at)
        ).all()
        assert (now.status, soon.status) == ("released", "scheduled")
        release_id = db.session.scalar(db.text(f"SELECT MIN(id) FROM release WHERE round_id = {now.id}"))
        assert claim(citizens(1)[0], release_id)
        db.session.remove()
        db.engine.dispose()

    # Another start does not open a second one, and the year's settlement is that of the year alone.
    campaigns = demo.count("campaign")
    assert demo.run("live", "--base-url", "http://127.0.0.1:8000").returncode == 0
    assert demo.count("campaign") == campaigns
    assert json.loads(demo.play("0.002", "--json").stdout) == year
