"""Merchants check their statements: confirm, dispute, or say nothing, and what the bureau decides of it."""

import threading
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select

from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.states import StateChange
from merchants.models import Redemption, Refund
from merchants.refunds import refund
from settlement import checks, closing, jobs
from settlement.check_models import Dispute, StatementCheck
from settlement.closing import approve, close_period, mark_paid, reject
from settlement.errors import (
    BatchNotInState,
    CheckOver,
    DisputeDecided,
    DisputeReasonMissing,
    DisputeUnknown,
    LineDecided,
    LineNotOnStatement,
    NothingDisputed,
    ReasonMissing,
    StatementUnknown,
    StillChecking,
)
from settlement.models import SettlementBatch, Statement, StatementLine
from tests.settlement.advanced import GUOTING, HEJING, WEEKLY, ZHOU, settled, sold
from tests.settlement.test_due import at_once
from tests.world import at, done, everything, offer, opened, shop

#: Monday the 15th, on which the week from the 8th to the 14th is closed; the merchant checks until the 18th.
CLOSED, CHECKED = "2023-05-15 00:40", "2023-05-18"


class Week:
    """Two merchants sold three and two vouchers of 50 yuan; their statements wait to be checked."""

    def __init__(self, clock):
        self.clock = clock
        self.campaign = opened(settled(WEEKLY))
        self.place, self.other = shop(self.campaign), shop(self.campaign, number=2, name="舌尖小馆")
        self.lines = sold(self.campaign, self.place, 3)
        self.others = sold(self.campaign, self.other, 2, first_phone=13900000020)
        clock.move_to(at(CLOSED))
        jobs.settle_due()
        self.batch_id = db.session.scalars(select(SettlementBatch.id)).one()
        self.statement, self.other_statement = db.session.scalars(select(Statement.id).order_by(Statement.id)).all()
        db.session.rollback()

    def dispute(self, *lines, reason="金额与小票不符", by=ZHOU):
        reasons = dict.fromkeys(lines, reason)
        done(lambda: checks.dispute(self.statement, self.place.merchant_id, reasons, by=by))

    def confirm_other(self):
        done(lambda: checks.confirm(self.other_statement, self.other.merchant_id, by="cashier:2"))

    def close_again(self):
        return done(lambda: close_period(self.campaign.id, date(2023, 5, 14), by=HEJING).id)


@pytest.fixture
def week(clock, app):
    return Week(clock)


def refused(refusal, work):
    """Check that ``work`` is refused and that nothing at all has changed."""
    before = everything()
    with pytest.raises(refusal) as caught:
        done(work)
    assert everything() == before
    return caught.value


def status(statement_id):
    db.session.rollback()
    return db.session.get_one(StatementCheck, statement_id).status


def payable(statement_id):
    """Return (redemptions, bill, payable) of a statement, and its lines by source."""
    db.session.rollback()
    found = db.session.get_one(Statement, statement_id)
    lines = db.session.scalars(
        select(StatementLine.amount_fen)
        .where(StatementLine.statement_id == statement_id)
        .order_by(StatementLine.fund_source_id)
    )
    return (found.redemption_count, found.bill_fen, found.payable_fen), list(lines)


def events(machine):
    changes = select(StateChange).where(StateChange.machine == machine).order_by(StateChange.at, StateChange.id)
    return [(change.event, change.actor) for change in db.session.scalars(changes)]


def test_closing_asks_each_merchant_and_approval_waits_for_all(week):
    assert (status(week.statement), status(week.other_statement)) == ("collected", "collected")
    refusal = refused(StillChecking, lambda: approve(week.batch_id, by=GUOTING))
    assert (refusal.params["count"], refusal.params["day"]) == (2, date(2023, 5, 18))
    done(lambda: checks.confirm(week.statement, week.place.merchant_id, by=ZHOU))
    assert refused(StillChecking, lambda: approve(week.batch_id, by=GUOTING)).params["count"] == 1
    week.confirm_other()
    done(lambda: approve(week.batch_id, by=GUOTING))
    assert events("statement_check")[2:] == [("confirm", ZHOU), ("confirm", "cashier:2")]


def test_silence_until_the_last_day_is_consent_and_is_recorded_as_that(week):
    week.clock.move_to(at(f"{CHECKED} 23:59"))
    refused(StillChecking, lambda: approve(week.batch_id, by=GUOTING))
    done(lambda: checks.confirm(week.statement, week.place.merchant_id, by=ZHOU))
    week.clock.move_to(at("2023-05-19 00:00"))
    refused(CheckOver, lambda: checks.confirm(week.other_statement, week.other.merchant_id, by="cashier:2"))
    assert jobs.settle_due() == "closed 0 batches, 1 statements confirmed by silence"
    assert (status(week.statement), status(week.other_statement)) == ("confirmed", "confirmed")
    assert events("statement_check")[2:] == [("confirm", ZHOU), ("lapse", jobs.SETTLE_DUE)]
    done(lambda: approve(week.batch_id, by=GUOTING))


def test_an_approval_after_the_last_day_does_not_wait_for_the_job(week):
    week.clock.move_to(at("2023-05-19 00:00"))
    done(lambda: approve(week.batch_id, by=GUOTING))
    assert events("statement_check")[2:] == [("lapse", GUOTING), ("lapse", GUOTING)]


def test_a_disputed_line_leaves_the_batch_and_the_rest_is_paid(week):
    week.dispute(week.lines[1])
    assert payable(week.statement) == ((2, 40_000, 10_000), [2_000, 8_000])
    assert status(week.statement) == "disputed"
    week.confirm_other()
    done(lambda: approve(week.batch_id, by=GUOTING))
    done(lambda: mark_paid(week.batch_id, by=HEJING, payment_reference="2023-0001"))
    assert db.session.get_one(Redemption, week.lines[1]).statement_id is None
    # Until it is decided it is on no batch.
    refused(closing.NothingToSettle, week.close_again)


@pytest.mark.parametrize(("outcome", "status_of_line", "fen"), [("keep", "redeemed", 5_000), ("deny", "refunded", 0)])
def test_a_decided_line_comes_on_the_next_batch(week, outcome, status_of_line, fen):
    week.dispute(week.lines[1])
    pool_fen = week.campaign.pool_fen("jiangcheng")
    dispute_id = db.session.scalars(select(Dispute.id)).one()
    done(lambda: checks.decide(dispute_id, outcome, by=HEJING, answer="与收银小票核对过"))
    again = week.close_again()
    statement = db.session.scalars(select(Statement).where(Statement.batch_id == again)).one()
    assert (statement.redemption_count, statement.payable_fen) == (1, fen)
    assert db.session.get_one(Redemption, week.lines[1]).status == status_of_line
    assert week.campaign.pool_fen("jiangcheng") - pool_fen == (0 if fen else 4_000)
    # The merchant checks the new statement too, but what was decided stands.
    refused(
        LineDecided,
        lambda: checks.dispute(statement.id, week.place.merchant_id, {week.lines[1]: "还是不对"}, by=ZHOU),
    )


def test_every_line_may_be_disputed(week):
    week.dispute(*week.lines)
    assert payable(week.statement) == ((0, 0, 0), [])
    week.confirm_other()
    done(lambda: approve(week.batch_id, by=GUOTING))
    done(lambda: mark_paid(week.batch_id, by=HEJING, payment_reference="2023-0001"))


def test_refunds_on_a_statement_are_counted_anew_for_what_is_left(clock, app):
    campaign = opened(settled(WEEKLY, offers=[offer(refund={"kind": "proportional"})]))
    place = shop(campaign)
    first, second, third = sold(campaign, place, 3)
    clock.move_to(at("2023-05-10 10:00"))
    # Half of one sale came back before the week was closed.
    done(lambda: refund(first, place.till, 10_000, "质量问题"))
    clock.move_to(at(CLOSED))
    jobs.settle_due()
    batch_id, statement_id = db.session.execute(select(Statement.batch_id, Statement.id)).one()
    assert payable(statement_id) == ((3, 60_000, 12_500), [2_500, 10_000])
    # Half of another comes back while the merchant checks.
    done(lambda: refund(second, place.till, 10_000, "质量问题"))
    done(lambda: checks.dispute(statement_id, place.merchant_id, {first: "没有这笔退货"}, by=ZHOU))
    # The half of the first waits with its sale, that of the second is taken off at once.
    assert payable(statement_id) == ((2, 40_000, 7_500), [1_500, 6_000])
    refunds = {each.redemption_id: each.statement_id for each in db.session.scalars(select(Refund))}
    assert refunds == {first: None, second: statement_id}
    clock.move_to(at("2023-05-19 09:00"))
    done(lambda: approve(batch_id, by=GUOTING))
    dispute_id = db.session.scalars(select(Dispute.id)).one()
    done(lambda: checks.decide(dispute_id, "keep", by=HEJING, answer="退货属实"))
    again = done(lambda: close_period(campaign.id, date(2023, 5, 14), by=HEJING).id)
    rest = db.session.scalars(select(Statement.id).where(Statement.batch_id == again)).one()
    assert payable(rest) == ((1, 20_000, 2_500), [500, 2_000])
    assert db.session.get_one(Redemption, third).statement_id == statement_id


def test_an_answer_is_given_once(week):
    week.dispute(week.lines[0])
    mine = week.place.merchant_id
    refused(CheckOver, lambda: checks.confirm(week.statement, mine, by=ZHOU))
    refused(CheckOver, lambda: checks.dispute(week.statement, mine, {week.lines[1]: "也不对"}, by=ZHOU))
    week.confirm_other()
    refused(
        CheckOver,
        lambda: checks.dispute(week.other_statement, week.other.merchant_id, {week.others[0]: "不对的"}, by=ZHOU),
    )


def test_nobody_answers_for_another_merchant(week):
    stranger = week.other.merchant_id
    refused(StatementUnknown, lambda: checks.confirm(week.statement, stranger, by=ZHOU))
    refused(StatementUnknown, lambda: checks.dispute(week.statement, stranger, {week.lines[0]: "不对的"}, by=ZHOU))
    refused(StatementUnknown, lambda: checks.confirm(999, stranger, by=ZHOU))


@pytest.mark.parametrize("reason", ["", " ", "错", "长" * 101])
def test_a_dispute_says_why(week, reason):
    refused(
        DisputeReasonMissing,
        lambda: checks.dispute(
            week.statement, week.place.merchant_id, {week.lines[0]: "金额不符", week.lines[1]: reason}, by=ZHOU
        ),
    )


def test_only_lines_of_the_statement_are_disputed(week):
    mine = week.place.merchant_id
    refused(NothingDisputed, lambda: checks.dispute(week.statement, mine, {}, by=ZHOU))
    for stranger in (week.others[0], uuid4()):
        reasons = {week.lines[0]: "金额不符", stranger: "金额不符"}
        refused(LineNotOnStatement, lambda given=reasons: checks.dispute(week.statement, mine, given, by=ZHOU))


def test_a_dispute_is_decided_once_and_with_an_answer(week):
    week.dispute(week.lines[0])
    dispute_id = db.session.scalars(select(Dispute.id)).one()
    refused(ReasonMissing, lambda: checks.decide(dispute_id, "keep", by=HEJING, answer=" 好 "))
    refused(DisputeUnknown, lambda: checks.decide(dispute_id + 1, "keep", by=HEJING, answer="核对过"))
    done(lambda: checks.decide(dispute_id, "keep", by=HEJING, answer="核对过"))
    for outcome in ("keep", "deny"):
        refused(DisputeDecided, lambda given=outcome: checks.decide(dispute_id, given, by=GUOTING, answer="再看看"))


def test_after_the_batch_is_sent_back_or_approved_nothing_is_answered(week):
    mine = week.place.merchant_id
    week.dispute(week.lines[0])
    done(lambda: reject(week.batch_id, by=HEJING, reason="账户有误"))
    assert (status(week.statement), status(week.other_statement)) == ("dropped", "dropped")
    refused(CheckOver, lambda: checks.confirm(week.other_statement, week.other.merchant_id, by=ZHOU))
    refused(BatchNotInState, lambda: approve(week.batch_id, by=GUOTING))
    # What was disputed still waits for the bureau; the rest is closed again.
    again = week.close_again()
    counts = db.session.scalars(
        select(Statement.redemption_count).where(Statement.batch_id == again).order_by(Statement.merchant_id)
    )
    assert list(counts) == [2, 2]
    week.clock.move_to(at("2023-05-19 00:00"))
    done(lambda: approve(again, by=GUOTING))
    statement_id = db.session.scalars(select(Statement.id).where(Statement.batch_id == again)).first()
    refused(CheckOver, lambda: checks.dispute(statement_id, mine, {week.lines[1]: "金额不符"}, by=ZHOU))


def test_where_no_days_are_given_nothing_is_asked(clock, app):
    campaign = opened(settled({"cadence": {"kind": "daily"}}))
    place = shop(campaign)
    sold(campaign, place)
    clock.move_to(at("2023-05-09 00:40"))
    jobs.settle_due()
    assert db.session.scalars(select(StatementCheck)).all() == []
    batch_id, statement_id = db.session.execute(select(Statement.batch_id, Statement.id)).one()
    refused(CheckOver, lambda: checks.confirm(statement_id, place.merchant_id, by=ZHOU))
    done(lambda: approve(batch_id, by=GUOTING))


# --- two at once --------------------------------------------------------------------------------------------


def test_a_dispute_beside_an_approval_is_on_the_batch_or_off_it_and_never_both(clock, postgres_app):
    """At the stroke of midnight the merchant still disputes while the bureau already approves."""
    week = Week(clock)
    week.confirm_other()
    clock.move_to(at(f"{CHECKED} 23:59"))
    together = threading.Event()
    took_lock = checks._lock

    def lock_and_wait(batch_id):
        locked = took_lock(batch_id)
        if threading.current_thread().name == "merchant":
            # Holds the batch while the day ends and the bureau presses the button.
            clock.move_to(at("2023-05-19 00:00"))
            together.set()
            threading.Event().wait(1)
        return locked

    outcomes = {}

    def run(name, work):
        with postgres_app.app_context():
            try:
                with transaction():
                    work()
                outcomes[name] = "done"
            except Refusal as refusal:
                outcomes[name] = refusal.code
            finally:
                db.session.remove()

    def bureau():
        assert together.wait(20)
        approve(week.batch_id, by=GUOTING)

    def merchant():
        checks.dispute(week.statement, week.place.merchant_id, {week.lines[0]: "金额不符"}, by=ZHOU)

    checks._lock = lock_and_wait
    try:
        threads = [
            threading.Thread(target=run, args=(work.__name__, work), name=work.__name__) for work in (merchant, bureau)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    finally:
        checks._lock = took_lock
    assert outcomes == {"merchant": "done", "bureau": "done"}
    assert status(week.statement) == "disputed"
    assert payable(week.statement)[0] == (2, 40_000, 10_000)
    # What was approved is what was left (fixture: the audit agrees).
    assert week.campaign.payable_fen("jiangcheng", week.place.merchant_id) == 4_000


def test_of_many_answers_at_once_one_counts(clock, postgres_app):
    week = Week(clock)
    mine = week.place.merchant_id
    confirms = [lambda: checks.confirm(week.statement, mine, by=ZHOU)] * 4
    disputes = [
        lambda line=line: checks.dispute(week.statement, mine, {line: "金额不符"}, by=ZHOU) for line in week.lines
    ]
    bystander = [lambda: checks.confirm(week.other_statement, week.other.merchant_id, by="cashier:2")]
    outcomes = at_once(postgres_app, *confirms, *disputes, *bystander)
    answered = [outcome for outcome in outcomes if not isinstance(outcome, Refusal)]
    assert len(answered) == 2
    assert {refusal.code for refusal in outcomes if isinstance(refusal, Refusal)} == {"statement_check_over"}
    disputed = status(week.statement) == "disputed"
    assert payable(week.statement)[0] == ((2, 40_000, 10_000) if disputed else (3, 60_000, 15_000))
    assert status(week.other_statement) == "confirmed"
    assert payable(week.other_statement)[0] == (2, 40_000, 10_000)
