import logging

import pytest
from flask import Blueprint
from sqlalchemy import text

from foundation import errors, idempotency
from foundation.db import DatabaseBusy, db
from foundation.errors import N_
from identity import gates
from tests import people
from tests.databases import settings_for
from tests.people import LIN
from webapp import create_app, doors
from webapp.doors import DOORS, Door


class Spent(errors.Conflict):
    code = "spent"
    message = N_("已花完 %(fen)s 分")
    way_out = N_("请明天 %(hour)s 点再来")
    field = "amount"


class Slow(errors.TooMany):
    code = "slow_down"
    message = N_("太快了")
    retry_after_seconds = 17


RAISED = {
    "spent": lambda: Spent(fen=5, hour=10),
    "slow": Slow,
    "busy": DatabaseBusy,
    "key": idempotency.KeyMissing,
    "bad": lambda: errors.Malformed(field="x"),
    "gone": errors.NotFound,
    "forbidden": errors.Forbidden,
    "anonymous": errors.SignInNeeded,
    "crash": lambda: RuntimeError("the password is 13800138001"),
}


def raising(name):
    raise RAISED[name]()


def sql():
    db.session.execute(text("INSERT INTO job_run (job) VALUES ('a')"))
    return ""


@pytest.fixture
def client(sqlite_app, monkeypatch):
    extra = []
    for number, prefix in enumerate(("/x", "/bureau/x", "/till/x", "/api/x")):
        trial = Blueprint(f"trial{number}", __name__)
        trial.add_url_rule("/raise/<name>", view_func=raising, methods=["GET", "POST"], endpoint="raise")
        trial.add_url_rule("/sql", view_func=sql)
        extra.append(Door(trial, prefix, gates.open_to_all, forms=prefix != "/api/x"))
    monkeypatch.setattr(doors, "DOORS", (*DOORS, *extra))
    app = create_app(settings_for(sqlite_app.config["SQLALCHEMY_DATABASE_URI"]))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = sqlite_app.test_client_class
    return people.browser_of(app)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("spent", 409),
        ("slow", 429),
        ("busy", 503),
        ("key", 400),
        ("bad", 422),
        ("gone", 404),
        ("forbidden", 403),
        ("anonymous", 401),
        ("crash", 500),
    ],
)
def test_each_family_has_its_status_on_pages_and_in_the_api(client, name, status):
    assert client.get(f"/x/raise/{name}").status_code == status
    assert client.get(f"/api/x/raise/{name}").status_code == status


def test_the_api_gets_a_problem_document(client):
    answer = client.get("/api/x/raise/spent", headers={"X-Request-Id": "till-7.42"})
    assert answer.content_type == "application/problem+json"
    assert answer.get_json(force=True) == {
        "type": "urn:voucher:problem:spent",
        "title": "Conflict",
        "status": 409,
        "detail": "已花完 5 分",
        "instance": "/api/x/raise/spent",
        "code": "spent",
        "field": "amount",
        "way_out": "请明天 10 点再来",
        "retryable": False,
        "request_id": "till-7.42",
    }


@pytest.mark.parametrize(
    ("path", "layout"),
    [
        ("/x/raise/spent", "css/citizen"),
        ("/till/x/raise/spent", "css/merchant"),
        ("/bureau/x/raise/spent", "css/bureau"),
    ],
)
def test_a_page_says_why_and_what_to_do_in_the_layout_of_its_audience(client, path, layout):
    page = client.get(path).text
    assert "已花完 5 分" in page
    assert "请明天 10 点再来" in page
    assert layout in page


def test_htmx_gets_a_fragment(client):
    page = client.get("/x/raise/spent", headers={"HX-Request": "true"}).text
    assert "已花完 5 分" in page
    assert "<html" not in page


@pytest.mark.parametrize(("name", "seconds"), [("slow", "17"), ("busy", "3")])
def test_what_may_be_tried_again_says_when(client, name, seconds):
    for path in (f"/x/raise/{name}", f"/api/x/raise/{name}"):
        assert client.get(path).headers["Retry-After"] == seconds
    assert client.get(f"/api/x/raise/{name}").get_json(force=True)["retryable"]


def test_a_crash_tells_its_number_and_nothing_else(client):
    for path in ("/x/raise/crash", "/api/x/raise/crash"):
        answer = client.get(path)
        assert answer.headers["X-Request-Id"] in answer.text
        assert "13800138001" not in answer.text
        assert "RuntimeError" not in answer.text
        assert "Traceback" not in answer.text


def test_a_fault_in_our_sql_is_a_crash_and_not_a_busy_database(client):
    assert client.get("/api/x/sql").get_json(force=True)["code"] == "internal_error"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/no/such/page", 404, "not_found"),
        ("GET", "/api/no/such", 404, "not_found"),
        ("DELETE", "/sign-in", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
    ],
)
def test_what_the_framework_refuses_is_told_alike(client, method, path, status, code):
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert code in answer.text


def test_a_wrong_method_says_which_are_right(client):
    assert "GET" in client.delete("/sign-in").headers["Allow"]


def test_a_missing_csrf_token_is_an_expired_form(client):
    answer = client.post("/sign-in", data={"phone": LIN.phone}, csrf=False)
    assert answer.status_code == 400
    assert "页面已过期" in answer.text


def test_a_body_that_is_too_large_is_refused(client):
    answer = client.post("/sign-in", data={"phone": "1" * (9 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "太大" in answer.text


@pytest.mark.parametrize("place", ["/no%00such", "/sign-in?next=%00"])
def test_nul_bytes_are_refused_before_any_operation(client, place):
    assert client.get(place).status_code == 422


def test_nul_bytes_in_a_form_are_refused(client):
    answer = client.post("/sign-in", data={"phone": "138\x00"})
    assert answer.status_code == 422
    assert "nul_byte" in answer.text


def test_a_signed_out_citizen_comes_back_to_the_page_they_asked_for(client):
    answer = client.get("/vouchers?tab=used")
    assert answer.location == "/sign-in?next=/vouchers?tab%3Dused"


def test_after_a_form_they_come_back_to_its_page(client):
    answer = client.post("/vouchers/x", headers={"Referer": "http://localhost/campaigns/spring"})
    assert answer.status_code in (303, 404)
    answer = client.post("/campaigns/spring/claims", headers={"Referer": "http://localhost/campaigns/spring"})
    assert answer.location == "/sign-in?next=/campaigns/spring"
    answer = client.post("/campaigns/spring/claims", headers={"Referer": "https://evil.example/"})
    assert answer.location == "/sign-in"


def test_htmx_is_sent_to_the_sign_in_as_a_whole_page(client):
    answer = client.get(
        "/vouchers", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/vouchers?tab=used"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/vouchers?tab%3Dused"


def test_the_error_page_needs_no_database(client, monkeypatch):
    app = create_app(settings_for("sqlite:////nowhere/at/all.db"))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = type(client)
    down = app.test_client()
    with down.session_transaction() as session:
        session["citizen"] = "a-token"
    answer = down.get("/vouchers")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert "暂时连不上数据库" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_broken_layout_still_gives_an_answer(client, monkeypatch):
    monkeypatch.setattr("webapp.templating.asset", None)
    app = client.application
    monkeypatch.setitem(app.jinja_env.globals, "asset", None)
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text


def test_crashes_are_logged_with_their_traceback(client, capsys):
    client.get("/x/raise/crash")
    err = capsys.readouterr().err
    assert '"event":"unexpected"' in err
    assert "raising" in err
    assert logging.getLogger().level == logging.WARNING
