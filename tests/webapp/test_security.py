import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests import people
from tests.databases import settings_for
from tests.people import LIN
from webapp import create_app

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(path for path in ROOT.glob("*/templates/**/*.html"))


@pytest.fixture
def anyone(sqlite_app):
    return people.browser_of(sqlite_app)


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/no/such/page", "/api/no/such", "/staff"])
def test_every_answer_carries_the_headers(anyone, path):
    headers = anyone.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_production_insists_on_encrypted_connections(sqlite_url):
    app = create_app(replace(settings_for(sqlite_url), secure_cookies=True, payment_adapter="none"))
    assert "max-age=63072000" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_static_files_are_served_and_may_be_kept(anyone):
    with anyone.get("/static/img/logo.svg") as answer:
        assert answer.status_code == 200
        assert "max-age" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/../webapp/__init__.py", "/static/%2e%2e/wsgi.py", "/static/..%2fwsgi.py", "/static//etc/passwd"]
)
def test_no_path_leads_out_of_the_static_files(anyone, path):
    assert anyone.get(path).status_code in (308, 404)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_has_a_script_a_style_or_a_handler_in_it(template):
    text = template.read_text(encoding="utf-8")
    scripts = re.findall(r"<script\b[^>]*>", text)
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts), scripts
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\s(style|on[a-z]+)=[\"']", text)
    assert not re.search(r"(src|href|action)=[\"']https?:", text)


def test_an_address_of_a_proxy_is_believed_only_when_there_is_one(sqlite_url, monkeypatch):
    seen = []
    monkeypatch.setattr("identity.citizen_pages.request_sign_in_code", lambda *_, address, **__: seen.append(address))
    for proxies in (0, 1):
        app = create_app(replace(settings_for(sqlite_url), trusted_proxies=proxies))
        app.config["WTF_CSRF_ENABLED"] = False
        app.test_client().post("/sign-in", data={"phone": LIN.phone}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert seen == ["127.0.0.1", "203.0.113.9"]


def test_a_token_of_another_session_does_not_fit(sqlite_app):
    lin, other = people.browser_of(sqlite_app, LIN), people.browser_of(sqlite_app)
    answer = lin.post("/sign-in/out", headers={"X-CSRF-Token": other.csrf_token()})
    assert answer.status_code == 400


def test_the_token_may_come_in_the_form_or_in_the_header(sqlite_app):
    lin = people.browser_of(sqlite_app, LIN)
    assert lin.post("/sign-in/out", data={"csrf_token": lin.csrf_token()}, csrf=False).status_code == 303
    assert lin.post("/sign-in/out").status_code == 303
