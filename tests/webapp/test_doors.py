import re

import pytest
from flask import Blueprint

from identity import gates
from tests import people
from tests.people import HE, LIN, SONG, WEI, ZHOU
from webapp import doors
from webapp.doors import DOORS, Door

PROBES = {"int": "1", "uuid": "0190f3b2-7c5e-7000-8000-000000000001", "default": "x", "string": "x", "path": "x"}
#: Doors that serve whoever comes; everything else is behind a sign-in or a key.
PAGES = {"campaign_pages", "draw_pages", "notice_pages", "shop_pages", "pay_pages"}
#: The payment service's notifications are signed.
OPEN = {"sign_in", "staff_sign_in", "api_docs", "health", "payment_api", *PAGES}


def routes(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule):
    """Return an address that this rule matches."""

    def fill(place):
        converter, choices = place.group(1) or "default", place.group(2)
        return choices.split(",")[0].strip(" '\"") if converter == "any" else PROBES[converter]

    return re.sub(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>", fill, rule.rule)


def test_every_route_has_a_gate(sqlite_app):
    gate_of = {door.blueprint.name: door.gate for door in DOORS}
    without = [rule.rule for rule in routes(sqlite_app) if gate_of.get(rule.endpoint.rpartition(".")[0]) is None]
    assert without == []


def test_every_door_stands_at_one_place():
    names = [door.blueprint.name for door in DOORS]
    assert len(names) == len(set(names))
    assert {door.blueprint.name for door in DOORS if door.gate is gates.open_to_all} == OPEN


def test_only_apis_go_without_a_csrf_token():
    tills = {"pos", "pos_orders", "pos_payments", "pos_gifts"}
    assert {door.blueprint.name for door in DOORS if not door.forms} == {"payment_api", *tills}


def test_nobody_passes_a_closed_door_without_signing_in(sqlite_app):
    client = people.browser_of(sqlite_app)
    for rule in routes(sqlite_app):
        if rule.endpoint.rpartition(".")[0] in OPEN:
            continue
        method = next(iter(sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"})))
        answer = client.open(address(rule), method=method)
        if rule.rule.startswith("/api/"):
            assert answer.status_code == 401, rule.rule
            assert answer.content_type == "application/problem+json"
        else:
            assert answer.status_code == 303, rule.rule
            assert answer.location.startswith(("/sign-in", "/staff")), rule.rule


@pytest.mark.parametrize(("who", "audience"), [(LIN, "citizen"), (ZHOU, "cashier"), (WEI, "officer")])
def test_a_sign_in_opens_the_doors_of_its_own_audience_only(sqlite_app, who, audience):
    client = people.browser_of(sqlite_app, who)
    for door in DOORS:
        closed = {"citizen": gates.citizen, "cashier": gates.cashier}
        if door.gate is gates.open_to_all or door.prefix.startswith("/api/"):
            continue
        is_own = door.gate is closed.get(audience) or (audience == "officer" and door.prefix.startswith("/bureau"))
        if is_own:
            continue
        for rule in routes(sqlite_app):
            if rule.endpoint.startswith(f"{door.blueprint.name}.") and "GET" in rule.methods:
                answer = client.get(address(rule))
                assert (answer.status_code, answer.location[:1]) == (303, "/"), rule.rule


def test_every_change_in_a_page_needs_its_token(sqlite_app):
    for who in (LIN, ZHOU, WEI):
        client = people.browser_of(sqlite_app, who)
        for rule in routes(sqlite_app):
            if "POST" not in rule.methods or rule.rule.startswith("/api/"):
                continue
            answer = client.post(address(rule), csrf=False)
            assert answer.status_code == 400, rule.rule
            assert "form_expired" in answer.text, rule.rule


def small_app(monkeypatch, gate):
    """Return an application with one more door, whose page tells who came in."""
    from tests.databases import settings_for
    from webapp import create_app

    trial = Blueprint("trial", __name__)
    trial.add_url_rule("/trial", view_func=lambda: gates.principal().actor, methods=["GET", "POST"])
    monkeypatch.setattr(doors, "DOORS", (*DOORS, Door(trial, "/bureau", gate)))
    return lambda url: create_app(settings_for(url))


def test_officers_of_every_role_may_look_and_only_the_gates_roles_may_change(sqlite_app, monkeypatch):
    app = small_app(monkeypatch, gates.officer("editor"))(sqlite_app.config["SQLALCHEMY_DATABASE_URI"])
    app.test_client_class = sqlite_app.test_client_class
    for who, may_change in ((WEI, True), (HE, False), (SONG, False), (people.QIN, True)):
        client = people.browser_of(app, who)
        assert client.get("/bureau/trial").text == people.principal(who).actor
        assert client.post("/bureau/trial").status_code == (200 if may_change else 403)


def test_a_route_outside_the_table_is_closed(sqlite_app, monkeypatch):
    from tests.databases import settings_for
    from webapp import create_app

    app = create_app(settings_for(sqlite_app.config["SQLALCHEMY_DATABASE_URI"]))
    app.add_url_rule("/forgotten", view_func=lambda: "secret")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 500
    assert "secret" not in answer.text


#: Proving the books is reading, the record of the proof is no change of theirs; and an identity number that is looked
#: for stays out of the address.
READING_BY_POST = {"ledger_desk.run_audit", "assisted_desk.find", "seals_desk.verify"}


def test_an_auditor_reads_everything_and_changes_nothing(sqlite_app):
    client = people.browser_of(sqlite_app, SONG)
    for rule in routes(sqlite_app):
        if not rule.rule.startswith("/bureau") or rule.endpoint in READING_BY_POST:
            continue
        if "POST" in rule.methods:
            assert client.post(address(rule)).status_code == 403, rule.rule
        elif "<" not in rule.rule:
            # 422: a page that must be told what to show says so, to an auditor as well.
            assert client.get(rule.rule).status_code in (200, 303, 422), rule.rule
