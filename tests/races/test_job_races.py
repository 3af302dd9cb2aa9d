"""Jobs beside each other and beside everybody: each thing is done once, and nobody waits in a circle."""

from collections import Counter
from datetime import timedelta

import pytest

from campaigns.drafting import import_draft, publish
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.db import db
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
    """Two offers, each paid by both sources but named in the other order; rounds that open, run and close at once."""
    hour = timedelta(hours=1)
    one_hour = {"kind": "hours", "hours": 1}
    offers = [
        offer("meal", validity=one_hour, funding={"shares": {"city": "50%", "jiangcheng": "50%"}}),
        offer("tea", validity=one_hour, funding={"shares": {"jiangcheng": "50%", "city": "50%"}}),
        offer("city-tea", validity=one_hour, funding={"shares": {"city": "100%"}}),
        offer("town-tea", validity=one_hour, funding={"shares": {"jiangcheng": "100%"}}),
    ]
    releases = [{"offer": code, "stock": 200} for code in ("tea", "town-tea", "meal", "city-tea")]
    limits = [{"count": 4, "within": "round"}]
    rounds = [
        a_round("running", releases=releases, limits=limits),
        *[
            a_round(
                f"closing-{n}",
                closes_at=OPENS + hour,
                limits=limits,
                releases=releases[n % 2 :: 2][:: -1 if n > 2 else 1],
            )
            for n in range(4)
        ],
        *[a_round(f"opening-{n}", opens_at=OPENS + hour, releases=releases[:: 1 if n % 2 else -1]) for n in range(4)],
    ]
    for each in rounds:
        each["releases"] = [{**release, "stock": 60} for release in each["releases"]]
    return spring(offers=offers, rounds=rounds)


def test_claims_redemptions_voids_expiries_and_rounds_beside_each_other_never_wait_in_a_circle(clock, race_app):
    campaign = opened(crossing())
    place = shop(campaign)
    people = citizens(60)
    codes = ("meal", "tea", "city-tea", "town-tea")
    release = {code: campaign.releases["running", code] for code in codes}
    # Old vouchers that are due to expire, among them some that were used and are voided beside the expiry.
    for number, citizen in enumerate(people[:24]):
        claim(citizen, release[codes[number % 4]])
    used = [
        redeem(place.till, claim_and_show(citizen, release[codes[n % 4]])[1]) for n, citizen in enumerate(people[24:32])
    ]
    clock.move_to(OPENS + timedelta(hours=1))
    fresh = [(citizen, claim(citizen, release[codes[n % 4]])) for n, citizen in enumerate(people[32:44])]
    shown = [show(voucher, citizen) for citizen, voucher in fresh]
    works = mixed(
        [
            lambda citizen=citizen, code=code: claim_operation(citizen, release[code])
            for citizen in people[44:]
            for code in codes
        ],
        [lambda digits=digits: redeem_operation(place.till, digits, 20_000) for digits in shown],
        [lambda receipt=receipt: void_operation(receipt.redemption_id, place.till, "顾客退货") for receipt in used],
        [lambda: expire_due(actor=JOB, most=5) for _ in range(10)],
        [lambda: len(close_due_rounds(actor=JOB)) for _ in range(3)],
        [lambda: len(release_due_rounds(actor=JOB)) for _ in range(3)],
    )
    attempts = at_once(race_app, works, threads=24)
    # Whoever waits in a circle is thrown out by the database and hears database_busy.
    assert Counter(attempt.code for attempt in attempts) == {"done": len(works)}
    db.session.rollback()
