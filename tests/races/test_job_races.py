"""Jobs beside each other and beside everybody: each thing is done once, and nobody waits in a circle."""

from collections import Counter
from datetime import timedelta

import pytest

from campaigns.drafting import import_draft, publish
from campaigns.rounds import close_due_rounds, release_due_rounds
from merchants.redemptions import redeem as redeem_operation
from merchants.redemptions import void as void_operation
from tests.races.crowd import at_once, mixed
from tests.world import (
    CLOSES,
    DRAFTER,
    JOB,
    OPENS,
    PUBLISHER,
    a_round,
    citizens,
    claim,
    claim_and_show,
    done,
    offer,
    opened,
    published,
    redeem,
    release_row,
    shop,
    show,
    spring,
    toml,
)
from voucher.claims import claim as claim_operation
from voucher.expiry import expire_due

pytestmark = [pytest.mark.race, pytest.mark.postgres]


def test_first_imports_of_one_campaign_at_once_are_numbered_one_after_the_other(clock, race_app):
    text = toml(spring())
    attempts = at_once(race_app, [lambda: import_draft(text, by=DRAFTER).number for _ in range(4)])
    assert sorted(attempt.outcome for attempt in attempts) == [1, 2, 3, 4]


def test_a_version_is_published_once_however_many_publish_it(clock, race_app):
    version = done(lambda: import_draft(toml(spring()), by=DRAFTER).id)
    works = [lambda by=by: publish(version, by=by).id for by in ("officer:2", "officer:3", "officer:4", "officer:5")]
    attempts = at_once(race_app, works)
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "campaign_version_not_draft": 3}


def test_of_two_drafts_one_is_published(clock, race_app):
    versions = [done(lambda: import_draft(toml(spring()), by=DRAFTER).id) for _ in range(4)]
    attempts = at_once(race_app, [lambda version=version: publish(version, by=PUBLISHER).id for version in versions])
    assert Counter(attempt.code for attempt in attempts) == {"done": 1, "campaign_already_published": 3}


def test_a_round_is_released_once_by_several_schedulers(clock, race_app):
    campaign = published()
    attempts = at_once(race_app, [lambda: len(release_due_rounds(actor=JOB)) for _ in range(6)])
    assert sorted(attempt.outcome for attempt in attempts) == [0] * 5 + [1]
    assert release_row(campaign.release).remaining == 10
    assert campaign.pool_fen("city") == 10_000_000 - 10_000


def test_a_round_is_closed_once_by_several_schedulers(clock, race_app):
    campaign = opened()
    claim(citizens(1)[0], campaign.release)
    clock.move_to(CLOSES)
    attempts = at_once(race_app, [lambda: len(close_due_rounds(actor=JOB)) for _ in range(6)])
    assert sorted(attempt.outcome for attempt in attempts) == [0] * 5 + [1]
    assert campaign.pool_fen("city") == 10_000_000 - 1_000


def test_vouchers_expire_once_by_several_schedulers(clock, race_app):
    campaign = opened()
    for citizen in citizens(10):
        claim(citizen, campaign.release)
    clock.move_to(OPENS + timedelta(days=7))
    attempts = at_once(race_app, [lambda: expire_due(actor=JOB) for _ in range(6)])
    assert sum(attempt.outcome for attempt in attempts) == 10
    assert campaign.outstanding_fen("city") == 0


def crossing():
    """Offers of one source each, which rounds name in the other order than the campaign does, and one of both sources;
    a round that runs, some that are due to close and some to be released."""
    later = OPENS + timedelta(hours=1)
    validity = {"kind": "hours", "hours": 1}
    offers = [
        offer("city-tea", validity=validity, funding={"shares": {"city": "100%"}}),
        offer("town-tea", validity=validity, funding={"shares": {"jiangcheng": "100%"}}),
        offer("meal", validity=validity, funding={"shares": {"jiangcheng": "50%", "city": "50%"}}),
    ]
    few = [{"offer": code, "stock": 20} for code in ("town-tea", "city-tea")]
    many = [{"offer": code, "stock": 100} for code in ("meal", "town-tea", "city-tea")]
    rounds = [
        a_round("running", releases=many, limits=[{"count": 3, "within": "round"}]),
        *[a_round(f"closing-{number}", closes_at=later, releases=few) for number in range(4)],
        *[a_round(f"opening-{number}", opens_at=later, releases=few) for number in range(4)],
    ]
    return spring(offers=offers, rounds=rounds)


def everything_due_at_once(clock):
    """Return claims, redemptions, voids, expiries and the jobs of rounds, all of one moment."""
    campaign = opened(crossing())
    place = shop(campaign)
    people = citizens(60)
    teas, codes = ("city-tea", "town-tea"), ("meal", "city-tea", "town-tea")
    release = {code: campaign.releases["running", code] for code in codes}
    # Old vouchers that are due to expire, and used ones that are voided beside the expiry.
    for number, citizen in enumerate(people[:24]):
        claim(citizen, release[teas[number % 2]])
    used = [
        redeem(place.till, claim_and_show(citizen, release[teas[number % 2]])[1])
        for number, citizen in enumerate(people[24:32])
    ]
    clock.move_to(OPENS + timedelta(hours=1))
    fresh = [show(claim(citizen, release[codes[number % 3]]), citizen) for number, citizen in enumerate(people[32:44])]
    return mixed(
        [lambda who=who, code=code: claim_operation(who, release[code]) for who in people[44:] for code in codes],
        [lambda digits=digits: redeem_operation(place.till, digits, 20_000) for digits in fresh],
        [lambda receipt=receipt: void_operation(receipt.redemption_id, place.till, "顾客退货") for receipt in used],
        [lambda: expire_due(actor=JOB, most=4) for _ in range(8)],
        [lambda: len(close_due_rounds(actor=JOB)) for _ in range(3)],
        [lambda: len(release_due_rounds(actor=JOB)) for _ in range(3)],
    )


def test_everything_beside_everything_never_waits_in_a_circle(clock, race_app, slow_ledger):
    works = everything_due_at_once(clock)
    attempts = at_once(race_app, works, threads=24)
    # Whoever waits in a circle is thrown out by the database and hears database_busy.
    assert Counter(attempt.code for attempt in attempts) == {"done": len(works)}
