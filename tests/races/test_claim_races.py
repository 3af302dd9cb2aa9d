from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns.models import CampaignRound
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.db import db
from tests.races.crowd import at_once, mixed
from tests.world import JOB, OPENS, a_round, citizens, claim, done, offer, opened, release_row, spring
from voucher.claims import ClaimRequest, Granted, claim_batch
from voucher.claims import claim as claim_operation
from voucher.models import Entitlement, PersonQuota

pytestmark = [pytest.mark.race, pytest.mark.postgres]

MOMENT = OPENS + timedelta(hours=1)


def rush(clock, stock, *, most=1):
    """A campaign at the opening second of a round; the one before is due to close, the one after to be released."""
    before = a_round("before", closes_at=MOMENT)
    limits = [{"count": most, "within": "offer"}]
    releases = [{"offer": "meal", "stock": stock}, {"offer": "tea", "stock": 100}]
    main = a_round("main", opens_at=MOMENT, limits=limits, releases=releases)
    after = a_round("after", opens_at=MOMENT + timedelta(minutes=1), releases=[{"offer": "tea", "stock": 50}])
    campaign = opened(spring(offers=[offer(), offer("tea")], rounds=[before, main, after]))
    claim(citizens(1)[0], campaign.releases["before", "meal"])
    clock.move_to(MOMENT - timedelta(minutes=2))
    done(lambda: release_due_rounds(actor=JOB))
    clock.move_to(MOMENT)
    return campaign


def claims_of(people, release_id):
    return [lambda citizen=citizen: claim_operation(citizen, release_id) for citizen in people]


def bystanders(campaign, people):
    """What else goes on: others claim another offer of the same money, and jobs release and close rounds."""
    jobs = [lambda: release_due_rounds(actor=JOB), lambda: close_due_rounds(actor=JOB)]
    return claims_of(people, campaign.releases["main", "tea"]) + jobs


def test_400_people_claim_100_vouchers_and_exactly_100_get_one(clock, race_app):
    campaign = rush(clock, stock=100)
    people = citizens(460)
    wanted = claims_of(people[:400], campaign.releases["main", "meal"])
    others = bystanders(campaign, people[400:])
    works = mixed(wanted, others)
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    tries = [attempts[work] for work in wanted]
    assert Counter(attempt.code for attempt in tries) == {"done": 100, "sold_out": 300}
    assert release_row(campaign.releases["main", "meal"]).remaining == 0
    # Nobody was told "sold out" while there was stock: a hundred others had begun before the refusal was given.
    granted = sorted(attempt.began for attempt in tries if not attempt.refused)
    assert all(granted[99] < attempt.ended for attempt in tries if attempt.refused)
    # The bystanders got what they came for, and the jobs did their work.
    assert {attempts[work].code for work in others} == {"done"}
    assert set(db.session.scalars(select(CampaignRound.status))) == {"closed", "released"}
    # Who went away with nothing has nothing counted against them.
    left = campaign.releases["main", "meal"]
    used = db.session.scalar(select(func.sum(PersonQuota.used)).where(PersonQuota.scope == f"release:{left}"))
    assert used == 100


@pytest.mark.parametrize("stock", [150, 200])
def test_nobody_is_refused_while_there_is_enough_for_all(clock, race_app, stock):
    campaign = rush(clock, stock)
    people = citizens(180)
    wanted = claims_of(people[:150], campaign.releases["main", "meal"])
    attempts = at_once(race_app, mixed(wanted, bystanders(campaign, people[150:])))
    assert {attempt.code for attempt in attempts} == {"done"}
    assert release_row(campaign.releases["main", "meal"]).remaining == stock - 150


@pytest.mark.parametrize("most", [1, 3])
def test_one_person_in_twenty_windows_gets_no_more_than_the_limit(clock, race_app, most):
    campaign = rush(clock, stock=40, most=most)
    lin, *others = citizens(11)
    mine = claims_of([lin] * 20, campaign.releases["main", "meal"])
    theirs = claims_of(others, campaign.releases["main", "meal"])
    works = mixed(mine, theirs)
    attempts = dict(zip(works, at_once(race_app, works), strict=True))
    assert Counter(attempts[work].code for work in mine) == {"done": most, "limit_reached": 20 - most}
    assert {attempts[work].code for work in theirs} == {"done"}
    assert release_row(campaign.releases["main", "meal"]).remaining == 40 - most - 10


def test_batches_with_the_same_people_in_another_order_do_not_wait_in_a_circle(clock, race_app):
    campaign = rush(clock, stock=30, most=2)
    people = citizens(12)
    release = campaign.releases["main", "meal"]

    def batch(turn):
        order = people[turn:] + people[:turn]
        return lambda: claim_batch([ClaimRequest(citizen, release) for citizen in order])

    attempts = at_once(race_app, [batch(turn) for turn in range(12)], threads=12)
    outcomes = Counter(
        "granted" if isinstance(outcome, Granted) else outcome.code
        for attempt in attempts
        for outcome in attempt.outcome
    )
    assert outcomes["granted"] == 24
    assert outcomes["granted"] + outcomes["limit_reached"] == 144
    holders = db.session.execute(
        select(func.count())
        .select_from(Entitlement)
        .where(Entitlement.release_id == release)
        .group_by(Entitlement.citizen_id)
    )
    assert [count for (count,) in holders] == [2] * 12
