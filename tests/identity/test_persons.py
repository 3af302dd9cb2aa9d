"""Any identifier in common makes one person, through however many others."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from foundation.crypto import keyed_hash
from foundation.db import db
from identity import persons
from identity.models import PersonIdentifier, PersonKeySet, SamePerson
from tests.world import citizens, done

DEVICES = ("id_number", "device")


@pytest.fixture
def by_devices(app):
    done(lambda: persons.register_key_set(DEVICES))
    return app


def note(citizen, kind, value):
    done(lambda: persons.note(citizen, kind, keyed_hash(kind, value)))


def person(citizen, kinds=DEVICES):
    return done(lambda: persons.persons_of(kinds, [citizen]))[citizen]


def test_who_shares_nothing_is_a_person_of_their_own(by_devices):
    lin, chen = citizens(2)
    note(lin, "device", "a")
    note(chen, "device", "b")
    note(chen, "id_number", "a")
    assert person(lin) != person(chen)


@pytest.mark.parametrize("kind", DEVICES)
def test_any_one_in_common_makes_one_person(by_devices, kind):
    lin, chen = citizens(2)
    assert person(lin) != person(chen)
    note(lin, kind, "x")
    note(chen, kind, "x")
    assert person(lin) == person(chen)


def test_a_chain_of_different_identifiers_is_one_person(by_devices):
    lin, chen, huang, feng = citizens(4)
    note(lin, "device", "a")
    note(chen, "device", "a")
    note(huang, "id_number", "h")
    note(feng, "device", "f")
    note(huang, "device", "f")
    assert len({person(each) for each in (lin, chen, huang, feng)}) == 2
    note(chen, "id_number", "h")
    assert len({person(each) for each in (lin, chen, huang, feng)}) == 1


def test_what_a_set_does_not_count_joins_nobody_in_it(by_devices):
    lin, chen = citizens(2)
    note(lin, "device", "a")
    note(chen, "device", "a")
    assert person(lin, ("id_number",)) == lin
    assert person(chen, ("id_number",)) == chen
    assert person(lin, ()) != person(chen, ())
    assert person(lin) == person(chen)


def test_a_set_that_is_new_knows_what_was_shared_before(app):
    lin, chen, huang = citizens(3)
    for citizen in (lin, chen):
        note(citizen, "device", "a")
    for citizen in (chen, huang):
        note(citizen, "id_number", "h")
    done(lambda: persons.register_key_set(DEVICES))
    assert len({person(each) for each in (huang, lin, chen)}) == 1


def test_the_sets_of_two_campaigns_never_share_a_persons_id(by_devices):
    (lin,) = citizens(1)
    assert len({person(lin, kinds) for kinds in ((), ("id_number",), DEVICES, ("device",))}) == 4
    assert person(lin, ("device", "id_number")) == person(lin, DEVICES)


def test_only_hashes_are_kept(by_devices):
    (lin,) = citizens(1)
    note(lin, "card", "6222000011112222")
    (kept,) = db.session.scalars(select(PersonIdentifier.value_hash))
    assert b"6222" not in bytes(kept)
    assert len(kept) == 32


def test_who_counts_is_told_of_a_join_once(by_devices, monkeypatch):
    told = []
    monkeypatch.setattr(persons, "_told", [lambda gone, into: told.append((list(gone), into))])
    lin, chen = citizens(2)
    before = sorted([person(lin), person(chen)])
    note(lin, "id_number", "x")
    note(chen, "id_number", "x")
    note(chen, "id_number", "x")
    assert (before[1:], before[0]) in told
    assert len(told) == len({str(each) for each in told})


def components(citizens_, edges):
    """The model: who is connected, by going round until nothing changes."""
    group = {citizen: citizen for citizen in citizens_}
    for _ in citizens_:
        for a, kind, value in edges:
            for b, other_kind, other_value in edges:
                if (kind, value) == (other_kind, other_value):
                    group[a] = group[b] = min(group[a], group[b])
    return group


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(DEVICES), st.integers(0, 4)), max_size=14))
def test_persons_are_the_connected_components_in_whatever_order_things_turn_up(sqlite_app, edges):
    for model in (SamePerson, PersonIdentifier):
        done(lambda model=model: db.session.execute(model.__table__.delete()))
    done(lambda: persons.register_key_set(DEVICES))
    people: list[UUID] = citizens(7)
    for place, kind, value in edges:
        note(people[place], kind, str(value))
    model = components(people, [(people[place], kind, value) for place, kind, value in edges])
    found = {citizen: person(citizen) for citizen in people}
    for a in people:
        for b in people:
            assert (found[a] == found[b]) == (model[a] == model[b])


def test_the_default_set_is_there_from_the_beginning(app):
    assert list(db.session.scalars(select(PersonKeySet.keys))) == ["id_number"]
