"""Closing a period, approval by a second person, payment: every redemption is settled exactly once."""

import threading
from datetime import date

import pytest
from sqlalchemy import func, select

from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.states import StateChange
from ledger.models import Transfer
from merchants.errors import VoidTooLate
from merchants.models import Redemption
from merchants.redemptions import void as void_redemption
from settlement import closing
from settlement.closing import approve, close_period, lines_of, mark_paid, reject, statements_of
from settlement.errors import (
    ApproverClosedIt,
    BatchNotInState,
    BatchUnknown,
    DayNotOver,
    NothingToSettle,
    PaymentReferenceMissing,
    ReasonMissing,
)
from settlement.exports import to_csv
from settlement.models import SettlementBatch, Statement, StatementLine
from settlement.payment_list import payment_sheet
from settlement.reports import Query, report
from tests.settlement import small_year
from tests.settlement.small_year import GUOTING, HEJING
from tests.world import at, citizens, claim_and_show, done, everything, opened, redeem, shop, show, void

YESTERDAY = date(2023, 5, 8)


@pytest.fixture
def day_over(clock, app):
    """Two shops redeemed three vouchers yesterday and one today; one more was voided yesterday."""
    return a_day_over(clock)


def a_day_over(clock):
    campaign = opened()
    first, second = shop(campaign, number=1, name="漠阳味道"), shop(campaign, number=2, name="舌尖小馆")
    people = citizens(5)
    receipts = [
        redeem(place.till, claim_and_show(person, campaign.release)[1], bill_fen)
        for person, place, bill_fen in zip(
            people[:4], (first, first, second, second), (20_001, 30_000, 40_000, 50_000), strict=True
        )
    ]
    void(receipts[3], second.till)
    waiting = claim_and_show(people[4], campaign.release)
    clock.move_to(at("2023-05-09 09:00"))
    redeem(first.till, show(waiting[0], people[4]), 60_000)
    return campaign, first, second, receipts


def closed(campaign, last_day=YESTERDAY, by=HEJING):
    return done(lambda: close_period(campaign.id, last_day, by=by).id)


def batch_status(batch_id):
    db.session.rollback()
    return db.session.get_one(SettlementBatch, batch_id).status


def facts_of(batch_id):
    return [(s.merchant_id, s.redemption_count, s.bill_fen, s.payable_fen) for s in statements_of(batch_id)]


def refused(refusal, work):
    """Check that ``work`` is refused and that nothing at all has changed."""
    before = everything()
    with pytest.raises(refusal) as caught:
        done(work)
    assert everything() == before
    return caught.value


# --- closing ------------------------------------------------------------------------------------------------


def test_a_period_becomes_one_statement_per_merchant_of_what_stands(day_over):
    campaign, first, second, receipts = day_over
    batch_id = closed(campaign)
    assert facts_of(batch_id) == [(first.merchant_id, 2, 50_001, 10_000), (second.merchant_id, 1, 40_000, 5_000)]
    batch = db.session.get_one(SettlementBatch, batch_id)
    assert (batch.status, batch.first_day, batch.last_day, batch.closed_by) == ("closed", YESTERDAY, YESTERDAY, HEJING)
    settled = set(db.session.scalars(select(Redemption.id).where(Redemption.statement_id.is_not(None))))
    assert settled == {receipt.redemption_id for receipt in receipts[:3]}


def test_each_statement_is_divided_among_its_sources(day_over):
    campaign, _first, _second, _receipts = day_over
    batch_id = closed(campaign)
    city, jiangcheng = campaign.sources["city"], campaign.sources["jiangcheng"]
    lines = lines_of(batch_id)
    by_statement = [{line.fund_source_id: line.amount_fen for line in lines[s.id]} for s in statements_of(batch_id)]
    assert by_statement == [{city: 2_000, jiangcheng: 8_000}, {city: 1_000, jiangcheng: 4_000}]


def test_today_and_the_future_cannot_be_closed(day_over):
    for last_day in (date(2023, 5, 9), date(2023, 5, 10), date(2099, 1, 1)):
        refusal = refused(DayNotOver, lambda day=last_day: close_period(day_over[0].id, day, by=HEJING))
        assert last_day.isoformat() in str(refusal)


def test_a_day_can_be_closed_from_the_stroke_of_midnight(clock, sqlite_app):
    campaign, *_ = a_day_over(clock)
    clock.move_to(at("2023-05-09 23:59"))
    refused(DayNotOver, lambda: close_period(campaign.id, date(2023, 5, 9), by=HEJING))
    clock.move_to(at("2023-05-10 00:00"))
    assert closed(campaign, date(2023, 5, 9))


def test_a_period_without_redemptions_is_nothing_to_settle(day_over):
    campaign = day_over[0]
    refused(NothingToSettle, lambda: close_period(campaign.id, date(2023, 5, 7), by=HEJING))
    refused(NothingToSettle, lambda: close_period(campaign.id + 1, YESTERDAY, by=HEJING))


def test_what_is_settled_is_not_settled_again(day_over, clock):
    campaign, first, *_ = day_over
    closed(campaign)
    refused(NothingToSettle, lambda: close_period(campaign.id, YESTERDAY, by=GUOTING))
    clock.move_to(at("2023-05-10 09:00"))
    # The next batch has only what came since, whichever its last day is.
    assert facts_of(closed(campaign, date(2023, 5, 9))) == [(first.merchant_id, 1, 60_000, 5_000)]


def test_a_settled_redemption_cannot_be_voided(day_over):
    campaign, first, _second, receipts = day_over
    closed(campaign)
    refused(VoidTooLate, lambda: void_redemption(receipts[0].redemption_id, first.till, "顾客退货"))


# --- approval -----------------------------------------------------------------------------------------------


def test_approval_by_another_person_clears_every_sources_part(day_over):
    campaign, first, *_ = day_over
    batch_id = closed(campaign)
    done(lambda: approve(batch_id, by=GUOTING))
    batch = db.session.get_one(SettlementBatch, batch_id)
    assert (batch.status, batch.approved_by, batch.approved_at) == ("approved", GUOTING, at("2023-05-09 09:00"))
    cleared = db.session.execute(
        select(Transfer.document_id, Transfer.amount_fen).where(Transfer.code == "clear").order_by(Transfer.id)
    ).all()
    statements = [str(statement.id) for statement in statements_of(batch_id)]
    assert cleared == list(zip([statements[0]] * 2 + [statements[1]] * 2, (2_000, 8_000, 1_000, 4_000), strict=True))
    # What is left as payable is what was redeemed today.
    assert campaign.payable_fen("jiangcheng", first.merchant_id) == 4_000


def test_who_closed_a_batch_cannot_approve_it(day_over):
    batch_id = closed(day_over[0])
    refused(ApproverClosedIt, lambda: approve(batch_id, by=HEJING))


def test_a_batch_is_approved_once(day_over):
    batch_id = closed(day_over[0])
    done(lambda: approve(batch_id, by=GUOTING))
    refusal = refused(BatchNotInState, lambda: approve(batch_id, by="officer:5"))
    assert str(refusal.params["state"]) == "已审批"


def test_a_batch_nobody_made_is_unknown(sqlite_app):
    for work in (
        lambda: approve(7, by=GUOTING),
        lambda: reject(7, by=GUOTING, reason="金额不符"),
        lambda: mark_paid(7, by=GUOTING, payment_reference="2023-0001"),
        lambda: statements_of(7),
        lambda: payment_sheet(7),
    ):
        refused(BatchUnknown, work)


# --- rejection ----------------------------------------------------------------------------------------------


def test_a_rejected_batch_frees_its_redemptions_and_they_are_settled_again(day_over):
    campaign, *_ = day_over
    rejected = closed(campaign)
    before = facts_of(rejected)
    done(lambda: reject(rejected, by=GUOTING, reason="金额不符"))
    assert db.session.scalar(select(func.count()).where(Redemption.statement_id.is_not(None))) == 0
    again = closed(campaign, by=GUOTING)
    assert facts_of(again) == before
    done(lambda: approve(again, by=HEJING))
    change = db.session.scalars(select(StateChange).where(StateChange.event == "reject")).one()
    assert (change.thing_id, change.actor, change.reason) == (str(rejected), GUOTING, "金额不符")


def test_who_closed_a_batch_may_take_it_back(day_over):
    batch_id = closed(day_over[0])
    done(lambda: reject(batch_id, by=HEJING, reason="日期选错"))
    assert batch_status(batch_id) == "rejected"


def test_a_rejection_says_why(day_over):
    batch_id = closed(day_over[0])
    for reason in ("", "  ", "错", "长" * 101):
        refused(ReasonMissing, lambda given=reason: reject(batch_id, by=GUOTING, reason=given))


def test_a_batch_that_was_sent_back_or_approved_cannot_be_sent_back(day_over):
    campaign = day_over[0]
    first = closed(campaign)
    done(lambda: reject(first, by=GUOTING, reason="金额不符"))
    second = closed(campaign)
    done(lambda: approve(second, by=GUOTING))
    for batch_id, state in ((first, "已退回"), (second, "已审批")):
        refusal = refused(BatchNotInState, lambda b=batch_id: reject(b, by=GUOTING, reason="金额不符"))
        assert str(refusal.params["state"]) == state
    refused(BatchNotInState, lambda: approve(first, by=GUOTING))


# --- payment ------------------------------------------------------------------------------------------------


def test_payment_is_posted_with_the_banks_reference(day_over):
    campaign, first, *_ = day_over
    batch_id = closed(campaign)
    done(lambda: approve(batch_id, by=GUOTING))
    done(lambda: mark_paid(batch_id, by=HEJING, payment_reference=" 国库 2023-0001 "))
    batch = db.session.get_one(SettlementBatch, batch_id)
    assert (batch.status, batch.paid_by, batch.payment_reference) == ("paid", HEJING, "国库 2023-0001")
    assert db.session.scalar(select(func.sum(Transfer.amount_fen)).where(Transfer.code == "pay")) == 15_000
    of_first = report(Query(merchant_id=first.merchant_id)).total.values
    assert (of_first["paid_fen"], of_first["owed_fen"]) == (10_000, 5_000)


def test_nothing_is_paid_before_it_is_approved_nor_twice(day_over):
    batch_id = closed(day_over[0])
    refused(BatchNotInState, lambda: mark_paid(batch_id, by=HEJING, payment_reference="2023-0001"))
    done(lambda: approve(batch_id, by=GUOTING))
    done(lambda: mark_paid(batch_id, by=HEJING, payment_reference="2023-0001"))
    refused(BatchNotInState, lambda: mark_paid(batch_id, by=HEJING, payment_reference="2023-0002"))


def test_a_payment_names_its_reference(day_over):
    batch_id = closed(day_over[0])
    done(lambda: approve(batch_id, by=GUOTING))
    for reference in ("", " ", "1", "9" * 61):
        refused(
            PaymentReferenceMissing, lambda given=reference: mark_paid(batch_id, by=HEJING, payment_reference=given)
        )


def test_there_is_a_payment_list_only_after_approval(day_over):
    campaign = day_over[0]
    batch_id = closed(campaign)
    refused(BatchNotInState, lambda: payment_sheet(batch_id))
    done(lambda: reject(batch_id, by=GUOTING, reason="金额不符"))
    refused(BatchNotInState, lambda: payment_sheet(batch_id))


def test_the_payment_list_has_a_row_per_merchant_with_account_and_sums_by_source(clock, app):
    year = small_year.live(clock)
    for batch_id in (year.paid_batch, year.approved_batch):
        sheet = payment_sheet(batch_id)
        statements = statements_of(batch_id)
        head = to_csv(sheet).decode("utf-8-sig").splitlines()[0]
        assert head.endswith(",应付,其中：市财政,其中：江城区财政")
        assert [row[8] for row in sheet.rows] == [statement.payable_fen for statement in statements]
        for row in sheet.rows:
            assert sum(row[9:]) == row[8]
    rows = {row[2]: row for row in payment_sheet(year.paid_batch).rows}
    assert rows["漠阳味道"][5:] == ["62220000000001", 2, 0, 10_000, 2_000, 8_000]
    assert rows["百汇超市"][5:] == ["62220000000002", 1, 0, 3_335, 1_668, 1_667]
    totals = db.session.execute(
        select(StatementLine.fund_source_id, func.sum(StatementLine.amount_fen))
        .join(Statement)
        .where(Statement.batch_id == year.paid_batch)
        .group_by(StatementLine.fund_source_id)
        .order_by(StatementLine.fund_source_id)
    )
    assert dict(totals.all()) == {year.campaign.sources["city"]: 3_668, year.campaign.sources["jiangcheng"]: 9_667}


# --- two at once --------------------------------------------------------------------------------------------


def at_once(app, monkeypatch, *works):
    """Run closings in threads of their own that have all looked before any of them writes; return what came of each."""
    together = threading.Barrier(len(works))
    make_statement, has_waited = closing._make_statement, threading.local()

    def wait_first(*args):
        if not getattr(has_waited, "yes", False):
            has_waited.yes = True
            together.wait(timeout=20)
        return make_statement(*args)

    monkeypatch.setattr(closing, "_make_statement", wait_first)
    outcomes = [None] * len(works)

    def run(place, work):
        with app.app_context():
            try:
                with transaction():
                    outcomes[place] = work().id
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


def on_statements():
    rows = db.session.execute(
        select(SettlementBatch.id, Statement.merchant_id, Statement.redemption_count, Statement.payable_fen)
        .join(Statement, Statement.batch_id == SettlementBatch.id)
        .order_by(SettlementBatch.id, Statement.merchant_id)
    )
    return [tuple(row) for row in rows]


def test_of_two_who_close_the_same_period_at_once_one_gets_everything(clock, postgres_app, monkeypatch):
    campaign, first, second, _ = a_day_over(clock)
    works = [lambda by=by: close_period(campaign.id, YESTERDAY, by=by) for by in (HEJING, GUOTING, "officer:5")]
    outcomes = at_once(postgres_app, monkeypatch, *works)
    [batch_id] = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, int)] == [NothingToSettle] * 2
    assert on_statements() == [(batch_id, first.merchant_id, 2, 10_000), (batch_id, second.merchant_id, 1, 5_000)]
    assert db.session.scalar(select(func.count(SettlementBatch.id))) == 1


def test_periods_that_overlap_share_no_redemption_when_closed_at_once(clock, postgres_app, monkeypatch):
    campaign, *_ = a_day_over(clock)
    clock.move_to(at("2023-05-10 09:00"))
    outcomes = at_once(
        postgres_app,
        monkeypatch,
        lambda: close_period(campaign.id, YESTERDAY, by=HEJING),
        lambda: close_period(campaign.id, date(2023, 5, 9), by=GUOTING),
    )
    statements = on_statements()
    assert sum(count for _, _, count, _ in statements) == 4
    assert sum(fen for *_, fen in statements) == 20_000
    assert {batch_id for batch_id, *_ in statements} == {outcome for outcome in outcomes if isinstance(outcome, int)}
    unsettled = select(func.count()).where(Redemption.statement_id.is_(None), Redemption.status == "redeemed")
    assert db.session.scalar(unsettled) == 0
    for batch in db.session.scalars(select(SettlementBatch)):
        days = db.session.scalars(
            select(Redemption.bureau_day)
            .join(Statement, Statement.id == Redemption.statement_id)
            .where(Statement.batch_id == batch.id)
        ).all()
        assert batch.first_day == min(days)
        assert batch.last_day >= max(days)


def test_of_two_who_approve_at_once_one_does(clock, postgres_app):
    batch_id = closed(a_day_over(clock)[0])
    outcomes = []

    def run(by):
        with postgres_app.app_context():
            try:
                with transaction():
                    approve(batch_id, by=by)
                outcomes.append("approved")
            except Refusal as refusal:
                outcomes.append(f"{refusal.code} {refusal.params['state']}")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(f"officer:{n}",)) for n in range(10, 14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["approved", *["settlement_batch_not_in_state 已审批"] * 3]
    assert db.session.scalar(select(func.sum(Transfer.amount_fen)).where(Transfer.code == "clear")) == 15_000
