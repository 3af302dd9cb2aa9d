import pytest
from sqlalchemy import func, select

from campaigns.rounds import close_due_rounds
from foundation.clock import TICK
from foundation.db import db
from foundation.ids import text_id
from foundation.states import StateChange
from tests.world import CLOSES, ENDS, JOB, a_round, at, citizens, claim, done, offer, opened, redeem, shop, show, spring
from voucher import expiry
from voucher.expiry import expire_due
from voucher.jobs import expire_vouchers
from voucher.models import Entitlement, ExpiryRun

#: When what was claimed at the opening ends.
END = at("2023-05-15 00:00")


def expire(most=expiry.BATCH):
    return done(lambda: expire_due(actor=JOB, most=most))


def statuses():
    db.session.rollback()
    return dict(db.session.execute(select(Entitlement.status, func.count()).group_by(Entitlement.status)).all())


def test_an_unused_voucher_expires_at_its_end_and_its_money_returns_to_the_pools(clock, app):
    campaign = opened()
    for citizen in citizens(3):
        claim(citizen, campaign.release)
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    clock.move_to(END - TICK)
    assert expire() == 0
    clock.move_to(END)
    assert expire() == 3
    assert statuses() == {"expired": 3}
    assert (campaign.outstanding_fen("city"), campaign.pool_fen("city")) == (0, 10_000_000)
    assert (campaign.outstanding_fen("jiangcheng"), campaign.pool_fen("jiangcheng")) == (0, 10_000_000)


def test_a_voucher_expires_once(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    claim(lin, campaign.release)
    clock.move_to(END)
    assert [expire(), expire()] == [1, 0]


def test_a_used_voucher_does_not_expire(clock, app):
    campaign = opened()
    place = shop(campaign)
    lin, chen = citizens(2)
    redeem(place.till, show(claim(lin, campaign.release), lin))
    claim(chen, campaign.release)
    clock.move_to(END)
    assert expire() == 1
    assert statuses() == {"redeemed": 1, "expired": 1}


def test_expiry_is_on_the_history_with_the_job_and_the_version(clock, app):
    campaign = opened()
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    clock.move_to(END)
    expire()
    step = db.session.scalar(
        select(StateChange).where(StateChange.thing_id == text_id(voucher), StateChange.event == "expire")
    )
    assert (step.from_state, step.to_state, step.actor) == ("claimed", "expired", JOB)
    assert (step.at, step.campaign_version_id) == (END, campaign.version_id)


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_batches_together_expire_everything_the_oldest_first(clock, app, most):
    offers = [offer("meal"), offer("tea", validity={"kind": "hours", "hours": 1})]
    releases = [{"offer": "meal", "stock": 3}, {"offer": "tea", "stock": 2}]
    limits = [{"count": 1, "within": "offer"}]
    campaign = opened(spring(offers=offers, rounds=[a_round(limits=limits, releases=releases)]))
    people = citizens(3)
    for citizen in people:
        claim(citizen, campaign.releases["r1", "meal"])
    teas = {claim(citizen, campaign.releases["r1", "tea"]) for citizen in people[:2]}
    clock.move_to(END)
    counts = []
    while count := expire(most):
        counts.append(count)
        if sum(counts) == 2:
            assert set(db.session.scalars(select(Entitlement.id).where(Entitlement.status == "expired"))) == teas
    assert sum(counts) == 5
    assert max(counts) <= most
    assert (campaign.outstanding_fen("city", "tea"), campaign.outstanding_fen("city", "meal")) == (0, 0)


def test_a_run_counts_what_it_expired_of_one_offer(clock, app):
    offers = [offer("meal"), offer("tea")]
    releases = [{"offer": "meal", "stock": 3}, {"offer": "tea", "stock": 2}]
    campaign = opened(spring(offers=offers, rounds=[a_round(releases=releases)]))
    lin, chen, liang = citizens(3)
    for citizen, code in [(lin, "meal"), (chen, "meal"), (liang, "tea")]:
        claim(citizen, campaign.releases["r1", code])
    clock.move_to(END)
    expire()
    runs = dict(db.session.execute(select(ExpiryRun.offer_id, ExpiryRun.count)).all())
    assert runs == {campaign.offers["meal"]: 2, campaign.offers["tea"]: 1}
    of_run = db.session.execute(
        select(ExpiryRun.count, func.count(Entitlement.id))
        .join(Entitlement, Entitlement.expiry_run_id == ExpiryRun.id)
        .group_by(ExpiryRun.id, ExpiryRun.count)
    )
    assert all(count == found for count, found in of_run)


def test_expiry_is_clipped_to_the_end_of_the_campaign(clock, app):
    late = a_round(opens_at=at("2023-06-30 10:00"), closes_at=ENDS)
    clock.move_to(at("2023-06-30 10:00"))
    campaign = opened(spring(rounds=[late]))
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    assert db.session.get_one(Entitlement, voucher).expires_at == ENDS
    clock.move_to(ENDS)
    assert expire() == 1


def test_the_job_goes_on_until_nothing_is_left(clock, app, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH", 2)
    monkeypatch.setattr(expiry.expire_due, "__kwdefaults__", {"most": 2})
    campaign = opened()
    for citizen in citizens(5):
        claim(citizen, campaign.release)
    clock.move_to(END)
    assert expire_vouchers() == "expired 5 vouchers"
    assert statuses() == {"expired": 5}
    assert expire_vouchers() == "expired 0 vouchers"
