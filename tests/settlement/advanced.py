"""Campaigns with a settlement of their own, for the tests of closing by cadence, checks and prefunding."""

from datetime import timedelta

from sqlalchemy import select

from campaigns.rounds import close_all, release_due_rounds
from foundation.clock import bureau_day, day_start
from foundation.db import db
from foundation.states import Step
from settlement import checks, jobs, prefunding
from settlement.check_models import Dispute
from settlement.closing import approve, mark_paid
from settlement.models import SettlementBatch, Statement
from tests.people import citizens as register
from tests.world import JOB, a_round, at, claim_and_show, done, published, redeem, shop, spring

WEEKLY = {"cadence": {"kind": "weekly", "weekday": "monday"}, "check_days": 3, "pay_days": 7}
PREFUNDED = {"mode": "prefunded", "cadence": {"kind": "daily"}, "pay_days": 1}
HEJING, GUOTING = "officer:3", "officer:4"
ZHOU = "cashier:1"


def settled(settlement, code="spring", **changed):
    """Return the document of a campaign that settles so; its round takes claims for three weeks."""
    document = spring(settlement=settlement, rounds=[a_round(closes_at=at("2023-06-01 22:00"))], **changed)
    document["campaign"] |= {"code": code, "name": f"活动 {code}"}
    return document


def sold(campaign, place, count=1, bill_fen=20_000, first_phone=13900000000):
    """Sell to as many citizens, one voucher each; return the redemptions."""
    people = register(count, first_phone=first_phone)
    return [
        redeem(place.till, claim_and_show(person, campaign.release)[1], bill_fen).redemption_id for person in people
    ]


def paid_in(campaign, city_fen, jiangcheng_fen, by=HEJING):
    """Record what both sources paid in, and let the round be released if that is enough."""
    for source, fen in (("city", city_fen), ("jiangcheng", jiangcheng_fen)):
        if fen:
            reference = f"{source}-{fen}"
            done(
                lambda s=source, f=fen, r=reference: prefunding.record_deposit(
                    campaign.id, campaign.sources[s], f, by=by, reference=r
                )
            )
    done(lambda: release_due_rounds(actor=JOB))


def a_life(clock):
    """Live through a prefunded campaign whose merchants check: one disputes two lines, of which one is decided, the
    other says nothing; at the end the rest goes back."""
    now = clock.now()
    document = settled(PREFUNDED | {"check_days": 1}, "prefunded")
    document["campaign"] |= {"starts_at": now, "ends_at": now + timedelta(days=20)}
    document["rounds"][0] |= {"opens_at": now, "closes_at": now + timedelta(days=10)}
    campaign = published(document)
    paid_in(campaign, 10_000, 40_000)
    place, other = shop(campaign, number=71, name="漠江海鲜"), shop(campaign, number=72, name="东门粥铺")
    lines = sold(campaign, place, 3, first_phone=13900000071)
    sold(campaign, other, 1, first_phone=13900000081)
    _nights_on(clock, 1)
    first, silent = db.session.scalars(
        select(Statement)
        .join(SettlementBatch, SettlementBatch.id == Statement.batch_id)
        .where(SettlementBatch.campaign_id == campaign.id)
        .order_by(Statement.id)
    ).all()
    reasons = dict.fromkeys(lines[:2], "金额与小票不符")
    statement_id, batch_id = first.id, silent.batch_id
    done(lambda: checks.dispute(statement_id, place.merchant_id, reasons, by=ZHOU))
    dispute_id = db.session.scalars(select(Dispute.id).order_by(Dispute.id)).first()
    done(lambda: checks.decide(dispute_id, "keep", by=HEJING, answer="与收银记录核对过"))
    _nights_on(clock, 2)
    done(lambda: approve(batch_id, by=GUOTING))
    done(lambda: mark_paid(batch_id, by=HEJING, payment_reference="2023-T1"))
    clock.move_to(now + timedelta(days=20))
    # Other campaigns of the test stay as they are.
    done(lambda: close_all(campaign.id, Step(JOB, clock.now())))
    return_id = done(lambda: prefunding.propose_return(campaign.id, by=HEJING))
    done(lambda: prefunding.carry_out_return(return_id, by=GUOTING, payment_reference="退-1"))


def _nights_on(clock, count):
    clock.move_to(day_start(bureau_day(clock.now()) + timedelta(days=count)))
    jobs.settle_due()
