"""Closing by cadence: each campaign on its days, each day once, and by hand no earlier either."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from foundation.db import db, transaction
from foundation.errors import Refusal
from merchants import register
from merchants.models import Redemption
from settlement import due, jobs
from settlement.check_models import ClosingSlot
from settlement.closing import approve, close_period, mark_paid, reject
from settlement.errors import NothingToSettle, PeriodNotOver
from settlement.models import SettlementBatch, Statement
from settlement.reading import unsettled
from tests.settlement.advanced import GUOTING, HEJING, WEEKLY, settled, sold
from tests.world import at, done, everything, opened, shop


def batches():
    """Return (campaign, first day, last day, fen) of every batch, in the order in which they were made."""
    db.session.rollback()
    rows = db.session.execute(
        select(SettlementBatch, Statement.payable_fen)
        .join(Statement, Statement.batch_id == SettlementBatch.id)
        .order_by(SettlementBatch.id)
    )
    return [(b.campaign_id, b.first_day.isoformat(), b.last_day.isoformat(), fen) for b, fen in rows]


def night(clock, day):
    """Let the job run in the night of a day; return what it said."""
    clock.move_to(at(f"{day} 00:40"))
    return jobs.settle_due()


def test_two_campaigns_of_one_merchant_are_closed_each_on_its_days(clock, app):
    weekly = opened(settled(WEEKLY, "weekly"))
    daily = opened(settled({"cadence": {"kind": "daily"}}, "daily"))
    by_hand = opened(settled({}, "by-hand"))
    place = shop(weekly)
    with transaction():
        for campaign in (daily, by_hand):
            register.enroll(campaign.id, [place.merchant_id], by="officer:1")
    # Monday the 8th
    for number, campaign in enumerate((weekly, daily, by_hand)):
        sold(campaign, place, first_phone=13900000000 + number)
    assert night(clock, "2023-05-09") == "closed 1 batches, 0 statements confirmed by silence"
    assert batches() == [(daily.id, "2023-05-08", "2023-05-08", 5_000)]
    clock.move_to(at("2023-05-14 21:00"))
    for number, campaign in enumerate((weekly, daily)):
        sold(campaign, place, first_phone=13900000010 + number)
    assert night(clock, "2023-05-15") == "closed 2 batches, 0 statements confirmed by silence"
    assert batches()[1:] == [
        (weekly.id, "2023-05-08", "2023-05-14", 10_000),
        (daily.id, "2023-05-14", "2023-05-14", 5_000),
    ]
    made = {b.campaign_id: (b.check_until, b.pay_by) for b in db.session.scalars(select(SettlementBatch))}
    assert made == {weekly.id: (date(2023, 5, 18), date(2023, 5, 25)), daily.id: (None, None)}
    # What is by hand waits for a hand.
    assert [(line.campaign.id, line.payable_fen) for line in unsettled()] == [(by_hand.id, 5_000)]
    assert done(lambda: close_period(by_hand.id, date(2023, 5, 14), by=HEJING).id)


def test_a_closing_day_is_done_once_and_a_missed_one_with_the_next(clock, app):
    campaign = opened(settled(WEEKLY))
    place = shop(campaign)
    sold(campaign, place)
    # The scheduler stood still on Monday the 15th.
    assert night(clock, "2023-05-16").startswith("closed 1 ")
    before = everything()
    assert jobs.settle_due().startswith("closed 0 ")
    assert everything() == before
    sold(campaign, place, first_phone=13900000010)
    assert night(clock, "2023-05-17").startswith("closed 0 ")
    assert night(clock, "2023-05-22").startswith("closed 1 ")
    slots = db.session.execute(select(ClosingSlot.closing_day, ClosingSlot.batch_id).order_by(ClosingSlot.closing_day))
    assert [(day.isoformat(), batch is not None) for day, batch in slots] == [
        ("2023-05-15", True),
        ("2023-05-22", True),
    ]


def test_what_was_sent_back_comes_on_the_next_list_or_by_hand(clock, app):
    campaign = opened(settled(WEEKLY | {"check_days": 0}))
    sold(campaign, shop(campaign))
    night(clock, "2023-05-15")
    batch_id = db.session.scalars(select(SettlementBatch.id)).one()
    done(lambda: reject(batch_id, by=HEJING, reason="账户有误"))
    assert night(clock, "2023-05-16").startswith("closed 0 ")
    again = done(lambda: close_period(campaign.id, date(2023, 5, 14), by=HEJING).id)
    done(lambda: approve(again, by=GUOTING))
    done(lambda: mark_paid(again, by=HEJING, payment_reference="2023-0001"))
    assert night(clock, "2023-05-22").startswith("closed 0 ")


@pytest.mark.parametrize(
    ("cadence", "today", "last_day", "due_on"),
    [
        ({"kind": "weekly", "weekday": "monday"}, "2023-05-14 10:00", "2023-05-08", "2023-05-15"),
        ({"kind": "weekly", "weekday": "monday"}, "2023-05-15 10:00", "2023-05-14", None),
        ({"kind": "monthly"}, "2023-05-31 23:59", "2023-05-30", "2023-06-01"),
        ({"kind": "monthly"}, "2023-06-01 00:00", "2023-05-31", None),
        ({"kind": "after_end"}, "2023-06-30 23:59", "2023-06-29", "2023-07-01"),
        ({"kind": "after_end"}, "2023-07-01 00:00", "2023-06-30", None),
        ({"kind": "after_end", "days": 5}, "2023-07-01 00:00", "2023-06-30", "2023-07-06"),
        ({"kind": "daily"}, "2023-05-09 00:00", "2023-05-08", None),
        ({"kind": "by_hand"}, "2023-05-09 00:00", "2023-05-08", None),
    ],
)
def test_nobody_closes_a_period_by_hand_before_it_is_over(clock, app, cadence, today, last_day, due_on):
    campaign = opened(settled({"cadence": cadence}))
    sold(campaign, shop(campaign))
    clock.move_to(at(today))
    last = date.fromisoformat(last_day)
    if due_on is None:
        assert done(lambda: close_period(campaign.id, last, by=HEJING).id)
        return
    before = everything()
    with pytest.raises(PeriodNotOver) as caught:
        done(lambda: close_period(campaign.id, last, by=HEJING))
    assert due_on in caught.value.way_out % caught.value.params
    assert everything() == before


def test_there_is_one_closing_after_the_end_and_what_is_late_comes_day_by_day(clock, app):
    campaign = opened(settled({"cadence": {"kind": "after_end"}}))
    place = shop(campaign)
    sold(campaign, place, 2)
    for day in ("2023-05-09", "2023-06-01", "2023-06-30"):
        assert night(clock, day).startswith("closed 0 ")
    assert night(clock, "2023-07-01").startswith("closed 1 ")
    [batch_id] = db.session.scalars(select(SettlementBatch.id))
    done(lambda: reject(batch_id, by=HEJING, reason="账户有误"))
    assert night(clock, "2023-07-02").startswith("closed 1 ")


# --- two at once --------------------------------------------------------------------------------------------


def at_once(app, *works):
    """Run works in threads of their own; return what each returned, or its refusal."""
    together = threading.Barrier(len(works))
    outcomes = [None] * len(works)

    def run(place, work):
        with app.app_context():
            try:
                together.wait(timeout=20)
                with transaction():
                    outcomes[place] = work()
            except Refusal as refusal:
                outcomes[place] = refusal
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    db.session.rollback()
    return outcomes


def test_of_eight_schedulers_and_two_officers_each_redemption_is_closed_once(clock, postgres_app):
    campaign = opened(settled(WEEKLY))
    bystander = opened(settled({"cadence": {"kind": "daily"}}, "daily"))
    place = shop(campaign)
    other = shop(bystander, number=2)
    sold(campaign, place, 6)
    sold(bystander, other, 2, first_phone=13900000020)
    clock.move_to(at("2023-05-15 00:40"))
    slots = [lambda: due.close_slot(campaign.id, actor=jobs.SETTLE_DUE)] * 8
    hands = [lambda: close_period(campaign.id, date(2023, 5, 14), by=HEJING).id] * 2
    others = [lambda: due.close_slot(bystander.id, actor=jobs.SETTLE_DUE)] * 2
    outcomes = at_once(postgres_app, *slots, *hands, *others)
    assert all(outcome is None or isinstance(outcome, int | NothingToSettle) for outcome in outcomes), outcomes
    assert len([outcome for outcome in outcomes[:8] if isinstance(outcome, int)]) <= 1
    assert sorted(fen for campaign_id, *_days, fen in batches() if campaign_id == campaign.id)[-1] == 30_000
    assert sum(fen for *_rest, fen in batches()) == 40_000
    assert db.session.scalars(select(Redemption.id).where(Redemption.statement_id.is_(None))).all() == []
    assert len(db.session.scalars(select(ClosingSlot)).all()) == 2


def test_without_the_slot_every_scheduler_would_make_a_batch_of_its_own(clock, app):
    """The negative control: one day's late redemptions would be spread over as many batches as there are schedulers."""
    campaign = opened(settled({"cadence": {"kind": "daily"}}))
    place = shop(campaign)
    sold(campaign, place)
    clock.move_to(at("2023-05-09 00:40"))
    first = done(lambda: due.close_slot(campaign.id, actor=jobs.SETTLE_DUE))
    [redemption_id] = db.session.scalars(select(Redemption.id))
    done(lambda: reject(first, by=HEJING, reason="账户有误"))
    assert done(lambda: due.close_slot(campaign.id, actor=jobs.SETTLE_DUE)) is None
    with transaction():
        db.session.query(ClosingSlot).delete()
    assert done(lambda: due.close_slot(campaign.id, actor=jobs.SETTLE_DUE)) > first
    assert db.session.get_one(Redemption, redemption_id).statement_id
