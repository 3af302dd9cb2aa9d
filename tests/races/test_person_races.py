"""One person with several accounts at once, also while it turns out that they are one person."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from foundation.crypto import keyed_hash
from foundation.db import db
from identity import persons
from identity.models import SamePerson
from tests.people import citizens as people_of_ours
from tests.races.crowd import at_once, mixed
from tests.world import a_round, citizens, done, opened, spring
from voucher.claims import claim
from voucher.models import Entitlement, PersonQuota

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def number(text="x"):
    return keyed_hash("id_number", text)


def campaign_of(most, kinds=("id_number",)):
    limits, releases = [{"count": most, "within": "round"}], [{"offer": "meal", "stock": 300}]
    return opened(spring(people={"same_person": list(kinds)}, rounds=[a_round(limits=limits, releases=releases)]))


def held():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Entitlement))


def test_twenty_claims_over_three_accounts_of_one_person_get_the_limit(clock, race_app):
    """reliability I4."""
    campaign = campaign_of(2)
    accounts = citizens(3)
    for citizen in accounts:
        done(lambda citizen=citizen: persons.note(citizen, "id_number", number()))
    works = [lambda place=place: claim(accounts[place % 3], campaign.release) for place in range(20)]
    attempts = at_once(race_app, works)
    assert Counter(attempt.code for attempt in attempts) == {"done": 2, "limit_reached": 18}


def test_claims_from_one_new_device_at_once_get_the_limit(clock, race_app):
    campaign = campaign_of(1, ("id_number", "device"))
    works = [lambda citizen=citizen: claim(citizen, campaign.release, b"d" * 32) for citizen in citizens(16)]
    attempts = at_once(race_app, works)
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "limit_reached": 15}


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_added_up_while_claims_go_on(clock, race_app, seed):
    campaign = campaign_of(3)
    accounts = citizens(12)
    claims = [lambda citizen=citizen: claim(citizen, campaign.release) for citizen in accounts * 4]
    values = [number(str(place // 4 + seed)) for place in range(12)]
    joins = [
        lambda citizen=citizen, value=value: persons.note(citizen, "id_number", value)
        for citizen, value in zip(accounts, values, strict=True)
    ]
    attempts = at_once(race_app, mixed(claims, joins), threads=24)
    granted = Counter(attempt.code for attempt in attempts)["done"] - len(joins)
    db.session.rollback()
    people = Counter(db.session.scalars(select(SamePerson.person_id).where(SamePerson.keys == "id_number")))
    assert sorted(people.values()) == [4, 4, 4]
    used = dict(db.session.execute(select(PersonQuota.person_id, PersonQuota.used)).all())
    assert sum(used.values()) == granted == held()
    assert set(used) <= set(people)
    # Whoever was granted something beyond the limit was so before the accounts were known to be one person.
    more = at_once(race_app, [lambda citizen=citizen: claim(citizen, campaign.release) for citizen in accounts])
    assert {attempt.code for attempt in more} == {"limit_reached"}


def test_a_chain_that_is_joined_at_both_ends_at_once_is_one_person(clock, race_app):
    opened(spring(people={"same_person": ["id_number", "device"]}))
    for turn in range(5):
        people = people_of_ours(9, first_phone=13700000000 + 100 * turn)
        done(lambda people=people: persons.persons_of(("id_number", "device"), people))
        works = []
        for place in range(8):
            kind = ("device", "id_number")[place % 2]
            value = keyed_hash(kind, f"{turn}:{place}")
            works += [
                lambda who=who, kind=kind, value=value: persons.note(who, kind, value)
                for who in people[place : place + 2]
            ]
        at_once(race_app, works, threads=16)
        found = done(lambda people=people: persons.persons_of(("id_number", "device"), people))
        assert len(set(found.values())) == 1


def test_without_taking_turns_a_chain_falls_apart(clock, broken_app, monkeypatch):
    """Negative control: joins that do not wait for each other leave somebody behind."""
    monkeypatch.setattr(persons, "_lock", lambda _number: None)
    apart = 0
    opened(spring(people={"same_person": ["id_number", "device"]}))
    for turn in range(12):
        people = people_of_ours(2, first_phone=13700000000 + 100 * turn)
        done(lambda people=people: persons.persons_of(("device", "id_number"), people))
        value = keyed_hash("device", str(turn))
        at_once(broken_app, [lambda who=who, v=value: persons.note(who, "device", v) for who in people], threads=2)
        found = done(lambda people=people: persons.persons_of(("device", "id_number"), people))
        apart += len(set(found.values())) > 1
    assert apart > 0
