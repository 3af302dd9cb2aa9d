from datetime import timedelta

import pytest

from foundation.db import db, transaction
from identity.models import LoginSession
from identity.sessions import (
    close_all_sessions,
    close_session,
    find_session,
    forget_old_sessions,
    open_session,
)
from tests import people
from tests.people import CHEN, LIN, WEI, ZHOU


def open_for(who):
    principal = people.principal(who)
    with transaction():
        return principal, open_session(principal, device_hash=b"d" * 32)


@pytest.mark.parametrize(
    ("who", "lives_for"), [(LIN, timedelta(days=30)), (ZHOU, timedelta(hours=12)), (WEI, timedelta(hours=8))]
)
def test_a_session_lives_as_long_as_its_audience_needs(clock, app, who, lives_for):
    principal, token = open_for(who)
    clock.move_to(clock.now() + lives_for - timedelta(seconds=1))
    assert find_session(principal.audience, token) == principal
    clock.move_to(clock.now() + timedelta(seconds=1))
    assert find_session(principal.audience, token) is None


def test_a_token_of_one_audience_is_nothing_to_another(app):
    _, token = open_for(ZHOU)
    assert find_session("officer", token) is None
    assert find_session("citizen", token) is None


def test_a_closed_session_is_out_at_once(app):
    principal, token = open_for(LIN)
    with transaction():
        close_session(token)
    assert find_session(principal.audience, token) is None


def test_all_sessions_of_one_person_close_and_nobody_elses(app):
    principal, token = open_for(LIN)
    open_for(LIN)
    other, others_token = open_for(CHEN)
    with transaction():
        assert close_all_sessions("citizen", principal.id) == 2
    assert find_session("citizen", token) is None
    assert find_session("citizen", others_token) == other


def test_only_the_hash_of_a_token_is_stored(app):
    _, token = open_for(LIN)
    assert len(token) >= 43, "256 bits"
    assert token.encode() not in bytes(db.session.query(LoginSession).one().token_hash)


def test_a_citizen_is_greeted_by_a_masked_name_or_phone(app):
    assert people.principal(LIN).name == "林**"
    with transaction():
        nameless = people.register_citizens(["13700000001"], [""])[0]
    assert nameless
    assert people.principal(people.Person("", "13700000001")).name == "137****0001"


def test_sessions_are_forgotten_six_months_after_their_end(clock, app):
    open_for(WEI)
    clock.move_to(clock.now() + timedelta(days=180))
    with transaction():
        assert forget_old_sessions(clock.now()) == 0
    clock.move_to(clock.now() + timedelta(days=1))
    with transaction():
        assert forget_old_sessions(clock.now()) == 1
