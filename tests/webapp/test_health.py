import json
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.db import db, transaction
from tests import people
from tests.databases import settings_for
from webapp import create_app, migrations


def test_a_living_process_says_so(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_it_is_ready_when_the_database_has_had_every_migration(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "reasons": []})


def test_it_is_not_ready_while_migrations_are_pending(app, client, monkeypatch):
    monkeypatch.setattr(migrations, "newest_revisions", lambda: frozenset({"9999"}))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "flask db upgrade" in answer.get_json()["reasons"][0]


def test_it_lives_but_is_not_ready_without_its_database():
    app = create_app(settings_for("sqlite:////nowhere/at/all.db"))
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["reasons"] == ["the database does not answer"]


def test_metrics_count_requests_by_rule_and_refusals_by_code(sqlite_app):
    client = people.browser_of(sqlite_app)
    client.post("/sign-in", data={"phone": "x"})
    client.get("/no/such/page/13800138001")
    shown = client.get("/metrics").text
    assert 'voucher_requests_total{method="POST",rule="/sign-in",status="422"}' in shown
    assert 'voucher_refusals_total{code="not_found"}' in shown
    assert 'voucher_request_seconds_bucket{le="0.1",rule="/sign-in"}' in shown
    assert "13800138001" not in shown


def test_metrics_are_for_this_machine_or_for_the_token(sqlite_url):
    app = create_app(replace(settings_for(sqlite_url), metrics_token="a-token-for-prometheus"))
    client = app.test_client()
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get("/metrics", environ_base=elsewhere).status_code == 404
    wrong, right = ({"Authorization": f"Bearer {token}"} for token in ("wrong", "a-token-for-prometheus"))
    assert client.get("/metrics", environ_base=elsewhere, headers=wrong).status_code == 404
    assert client.get("/metrics", environ_base=elsewhere, headers=right).status_code == 200


def test_what_the_scheduler_counts_is_told_by_the_web_server(sqlite_app, tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    count = (
        "from webapp.health import JOB_RUNS, forget_gauges; JOB_RUNS.labels('close_day', 'done').inc(); forget_gauges()"
    )
    for _process in range(2):
        subprocess.run([sys.executable, "-c", count], check=True)
    shown = people.browser_of(sqlite_app).get("/metrics").text
    assert 'voucher_job_runs_total{job="close_day",outcome="done"} 2.0' in shown


def test_a_request_is_one_line_of_json_without_personal_data(sqlite_app, capsys):
    client = people.browser_of(sqlite_app, people.LIN)
    capsys.readouterr()
    client.get("/sign-in/real-name?next=/vouchers", headers={"X-Request-Id": "abcdefgh-1"})
    client.post("/sign-in", data={"phone": "13800138001"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    first, second = lines
    assert first["rule"] == "/sign-in/real-name"
    assert (first["status"], first["audience"], first["request_id"]) == (200, "citizen", "abcdefgh-1")
    assert first["milliseconds"] >= 0
    assert "13800138001" not in str(second)
    assert "vouchers" not in str(first)


def test_a_request_id_of_a_strangers_making_is_replaced(sqlite_app):
    client = people.browser_of(sqlite_app)
    for given in ("short", "x" * 65, "with space in it", "<script>alert(1)</script>"):
        assert client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] != given


def test_engine_errors_do_not_print_their_parameters(app):
    with pytest.raises(IntegrityError) as failure, transaction():
        db.session.execute(text("INSERT INTO job_run (job) VALUES (:phone)"), {"phone": "13800138001"})
    assert "SQL parameters hidden" in str(failure.value)
