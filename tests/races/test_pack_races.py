"""Packs and choice groups under a rush: whole packs, one of each group."""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from campaigns.offers import campaign_view
from campaigns.rounds import close_due_rounds
from foundation.db import db
from identity import persons
from tests.races.crowd import at_once, mixed
from tests.voucher.test_packs import MANY, THREE, with_pack
from tests.world import JOB, citizens, done, opened, release_row
from voucher import quotas
from voucher.claims import claim
from voucher.models import Entitlement, PersonQuota

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_60_people_claim_20_packs_and_every_pack_is_whole(clock, race_app):
    campaign = opened(with_pack(stock=20))
    works = [lambda citizen=citizen: claim(citizen, campaign.release) for citizen in citizens(60)]
    attempts = at_once(race_app, mixed(works, [lambda: close_due_rounds(actor=JOB)]))
    assert Counter(attempt.code for attempt in attempts) == {"done": 21, "sold_out": 40}
    per_person = db.session.scalars(select(func.count()).select_from(Entitlement).group_by(Entitlement.citizen_id))
    assert list(per_person) == [5] * 20
    assert all(release_row(release).remaining == 0 for release in campaign.releases.values())


def three_windows():
    opened(with_pack(releases=THREE, limits=MANY))
    tickets = [ticket.release_id for ticket in campaign_view("spring").rounds[0].offers[:3]]
    people = citizens(5)
    # Persons are known already: those who are new would wait for each other before the race begins.
    done(lambda: persons.persons_of(persons.DEFAULT_KINDS, people))
    return people, tickets


def race_for_the_group(app, people, tickets):
    works = [lambda person=person, t=t: claim(person, t) for t in tickets for person in people]
    return Counter(attempt.code for attempt in at_once(app, works, threads=15))


def test_of_a_group_one_person_in_three_windows_gets_one(clock, race_app):
    people, tickets = three_windows()
    assert race_for_the_group(race_app, people, tickets) == {"done": 5, "choice_taken": 10}


def test_without_the_guard_the_race_for_the_group_shows(clock, broken_app, monkeypatch):
    """Negative control: a quota that is looked at before it is counted lets one person take several."""
    people, tickets = three_windows()
    take = quotas.take

    def look_then_count(scope, person_ids, *, most):
        mine = (PersonQuota.person_id.in_(person_ids), PersonQuota.scope == scope, PersonQuota.used >= most)
        over = set(db.session.scalars(select(PersonQuota.person_id).where(*mine)))
        time.sleep(0.05)
        return take(scope, [person for person in person_ids if person not in over], most=1_000_000)

    monkeypatch.setattr(quotas, "take", look_then_count)
    race_for_the_group(broken_app, people[:1] * 5, tickets)
    db.session.rollback()
    releases = select(func.count(Entitlement.release_id.distinct())).group_by(Entitlement.citizen_id)
    assert max(db.session.scalars(releases), default=0) > 1
