import re

import pytest

from foundation.db import db, transaction
from identity.accounts import check_password
from identity.models import Account
from identity.sessions import find_session, open_session
from tests import people
from tests.people import WEI


@pytest.fixture
def run(app):
    return lambda *args: app.test_cli_runner().invoke(args=["accounts", *args])


def test_an_officer_is_created_with_a_password_that_is_shown_once(run):
    done = run("create-officer", "wei", "--name", "韦编", "--role", "editor")
    assert done.exit_code == 0
    password = re.search(r"shown only now: (\S+)", done.output).group(1)
    assert check_password("officer", "wei", password).role == "editor"


def test_a_login_that_is_taken_is_one_clear_sentence(run):
    people.account(WEI)
    done = run("create-officer", WEI.login, "--name", "韦", "--role", "chief")
    assert done.exit_code == 1
    assert "login_taken" in done.output
    assert db.session.query(Account).count() == 1


def test_a_typed_password_must_be_typed_twice_alike(run, monkeypatch):
    typed = iter(["harbour-lights-42", "harbour-lights-43"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    done = run("create-officer", "wei", "--name", "韦", "--role", "editor", "--ask-password")
    assert done.exit_code == 1
    assert db.session.query(Account).count() == 0


def test_suspending_and_resuming_from_the_terminal(run):
    who = people.principal(WEI)
    with transaction():
        token = open_session(who, device_hash=b"d" * 32)
    assert run("suspend", WEI.login, "--reason", "left").exit_code == 0
    assert find_session("officer", token) is None
    assert run("suspend", WEI.login, "--reason", "left").exit_code == 1
    assert run("resume", WEI.login, "--reason", "back").exit_code == 0
    assert check_password("officer", WEI.login, WEI.password)


def test_a_reset_password_signs_out_and_replaces_the_old_one(run):
    people.account(WEI)
    done = run("reset-password", WEI.login)
    password = re.search(r"shown only now: (\S+)", done.output).group(1)
    assert check_password("officer", WEI.login, password)


def test_an_unknown_login_is_one_clear_sentence(run):
    done = run("reset-password", "nobody")
    assert done.exit_code == 1
    assert "account_not_found" in done.output
