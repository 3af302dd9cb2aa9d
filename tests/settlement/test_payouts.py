from datetime import timedelta

import pytest

from evidence import marks
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import new_id, text_id
from merchants.errors import PayeeIncomplete
from merchants.models import Redemption
from merchants.payout_models import Payout
from merchants.payouts import Payee
from settlement import claw_backs, closing, payouts, reading
from settlement import payout_returns as returns
from settlement.errors import (
    AnswersDoNotFit,
    ApproverClosedIt,
    BatchNotInState,
    EvidenceMissing,
    NothingToPayOut,
    NothingToSettle,
    PaymentReferenceMissing,
    PaymentUnderway,
    PayoutBatchUnknown,
    PayoutNotInState,
    PayoutUnknown,
    ReasonMissing,
    RepayByMissing,
)
from settlement.payout_models import PayoutBatch, PayoutLine
from settlement.payouts import BankAnswer
from tests.cars import CARD, answered, apply, batched, bought, cars_opened, sent, standing
from tests.world import OPENS, at, citizens, done, shop
from voucher.errors import ApplicationLimitReached

TODAY = bureau_day(OPENS)
VIN = "LSVAA4182E2184847"
PAID = BankAnswer(1, is_paid=True, reference="B-0001")
FAILED = BankAnswer(1, is_paid=False, reason="账号户名不符")


def owed(count=1, **benefit):
    """A campaign that owes 4,000 yuan to each of ``count`` citizens, and their payouts."""
    campaign = cars_opened(benefit=benefit)
    place = shop(campaign, industry="automobile")
    return campaign, [bought(apply(who, campaign.release), place) for who in citizens(count)]


def status(payout_id):
    db.session.expire_all()
    return db.session.get_one(Payout, payout_id).status


def batch_status(batch):
    db.session.expire_all()
    return db.session.get_one(PayoutBatch, batch).status


def take_back(payout_id, **changed):
    usual = {"by": "officer:3", "reason": "顾客退车", "evidence": "红字发票 24442000"}
    return done(lambda: returns.take_back_payout(payout_id, **{**usual, **changed}))


def paid_fen(campaign):
    return sum(row.by_kind.get("paid", 0) for row in reading_money(campaign))


def reading_money(campaign):
    from ledger.reading import money_by_source

    db.session.rollback()
    return [row for row in money_by_source() if row.campaign_id == campaign.id]


# --- the way of a payout ------------------------------------------------------------------------------------


def test_a_payout_is_batched_approved_sent_and_paid(clock, app):
    campaign, [lin, chen] = owed(2)
    batch = batched(campaign)
    lines = db.session.scalars(db.select(PayoutLine).order_by(PayoutLine.number)).all()
    assert [(line.number, line.payout_id, line.amount_fen) for line in lines] == [(1, lin, 400_000), (2, chen, 400_000)]
    done(lambda: payouts.approve(batch, by="officer:4"))
    assert standing(campaign)["due"] == 0
    assert (status(lin), paid_fen(campaign)) == ("cleared", 0)
    done(lambda: payouts.send(batch, by="officer:3"))
    answered(batch, PAID)
    assert (status(lin), status(chen), batch_status(batch)) == ("paid", "cleared", "sent")
    answered(batch, BankAnswer(2, is_paid=True, reference="B-0002"))
    assert batch_status(batch) == "finished"
    assert paid_fen(campaign) == 800_000


def test_what_the_bank_could_not_pay_is_due_again_once_the_account_is_corrected(clock, app):
    campaign, [lin] = owed()
    first = sent(campaign)
    answered(first, FAILED)
    assert (status(lin), standing(campaign)["due"], batch_status(first)) == ("failed", 400_000, "finished")
    with pytest.raises(NothingToPayOut):
        batched(campaign)
    with pytest.raises(PayeeIncomplete):
        done(lambda: payouts.correct(lin, Payee("林小满", "农业银行", "1"), by="officer:3", reason="换卡"))
    with pytest.raises(ReasonMissing):
        done(lambda: payouts.correct(lin, Payee("林小满", "农业银行", CARD), by="officer:3", reason=""))
    done(lambda: payouts.correct(lin, Payee("林小满", "农业银行", CARD), by="officer:3", reason="换卡"))
    with pytest.raises(PayoutNotInState):
        done(lambda: payouts.correct(lin, Payee("林小满", "农业银行", CARD), by="officer:3", reason="换卡"))
    second = sent(campaign)
    answered(second, PAID)
    assert (status(lin), paid_fen(campaign)) == ("paid", 400_000)
    assert db.session.get_one(Payout, lin).failure == ""


def test_a_rejected_batch_frees_what_is_on_it(clock, app):
    campaign, [lin] = owed()
    batch = batched(campaign)
    with pytest.raises(ReasonMissing):
        done(lambda: payouts.reject(batch, by="officer:4", reason=" "))
    done(lambda: payouts.reject(batch, by="officer:4", reason="开户行有误"))
    assert (status(lin), batch_status(batch)) == ("due", "rejected")
    assert batched(campaign) != batch


def test_who_may_do_what_when(clock, app):
    campaign, _payouts = owed()
    batch = batched(campaign)
    with pytest.raises(ApproverClosedIt):
        done(lambda: payouts.approve(batch, by="officer:3"))
    for early in (lambda: payouts.send(batch, by="officer:3"), lambda: answered(batch, PAID)):
        with pytest.raises(BatchNotInState):
            done(early)
    done(lambda: payouts.approve(batch, by="officer:4"))
    for late in (
        lambda: payouts.approve(batch, by="officer:4"),
        lambda: payouts.reject(batch, by="officer:4", reason="开户行有误"),
    ):
        with pytest.raises(BatchNotInState):
            done(late)
    for operation in (payouts.approve, payouts.send):
        with pytest.raises(PayoutBatchUnknown):
            done(lambda operation=operation: operation(987, by="officer:4"))
    with pytest.raises(PayoutBatchUnknown):
        answered(987, PAID)
    with pytest.raises(NothingToPayOut):
        batched(campaign)


@pytest.mark.parametrize(
    "answers",
    [
        [BankAnswer(3, is_paid=True, reference="B-0001")],
        [PAID, PAID],
        [BankAnswer(1, is_paid=True)],
        [BankAnswer(1, is_paid=False)],
        [PAID, BankAnswer(2, is_paid=False, reason=" ")],
    ],
)
def test_answers_that_do_not_fit_change_nothing(clock, app, answers):
    campaign, ids = owed(2)
    batch = sent(campaign)
    with pytest.raises(AnswersDoNotFit):
        answered(batch, *answers)
    assert {status(one) for one in ids} == {"cleared"}


def test_a_line_is_answered_once(clock, app):
    campaign, _ids = owed(2)
    batch = sent(campaign)
    answered(batch, PAID)
    with pytest.raises(AnswersDoNotFit):
        answered(batch, FAILED)


def test_statements_never_settle_what_is_owed_to_citizens(clock, app):
    campaign, [lin] = owed()
    clock.move_to(at("2023-05-09 09:00"))
    assert reading.unsettled() == []
    with pytest.raises(NothingToSettle):
        done(lambda: closing.close_period(campaign.id, TODAY, by="officer:3"))
    answered(sent(campaign), PAID)
    take_back(lin, repay_by=TODAY + timedelta(days=9))
    assert claw_backs.pending() == []


# --- cars that come back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["due", "batched", "cleared", "failed"])
def test_before_it_is_paid_the_money_goes_back_to_the_pool(clock, app, stage):
    campaign, [lin, chen] = owed(2)
    batch = None
    if stage != "due":
        batch = batched(campaign)
    if stage in ("cleared", "failed"):
        done(lambda: payouts.approve(batch, by="officer:4"))
    if stage == "failed":
        done(lambda: payouts.send(batch, by="officer:3"))
        answered(batch, FAILED)
    assert status(lin) == stage
    assert take_back(lin) is False
    assert standing(campaign)["budget"] == 400_000
    assert (status(lin), db.session.get_one(Redemption, lin).status) == ("taken_off", "refunded")
    assert returns.open_claims() == []
    with pytest.raises(PayoutNotInState):
        take_back(lin)
    if stage == "due":
        batch = batched(campaign)
    if stage in ("due", "batched"):
        done(lambda: payouts.approve(batch, by="officer:4"))
    if stage != "failed":
        done(lambda: payouts.send(batch, by="officer:3"))
    answered(batch, BankAnswer(1 if stage == "due" else 2, is_paid=True, reference="B-0002"))
    assert (status(chen), batch_status(batch)) == ("paid", "finished")


def test_while_the_bank_has_it_its_answer_comes_first(clock, app):
    campaign, [lin] = owed()
    batch = sent(campaign)
    with pytest.raises(PaymentUnderway):
        take_back(lin)
    answered(batch, FAILED)
    take_back(lin)


def test_a_batch_with_nothing_left_on_it_is_not_approved_and_one_approved_before_is_finished(clock, app):
    campaign, [lin, chen] = owed(2)
    batch = batched(campaign)
    take_back(lin)
    done(lambda: payouts.approve(batch, by="officer:4"))
    take_back(chen)
    done(lambda: payouts.send(batch, by="officer:3"))
    assert batch_status(batch) == "finished"
    other, [liang] = owed_again(campaign)
    batch = batched(other)
    take_back(liang)
    with pytest.raises(NothingToPayOut):
        done(lambda: payouts.approve(batch, by="officer:4"))


def owed_again(campaign):
    place = shop(campaign, number=2, industry="automobile")
    return campaign, [bought(apply(citizens(3)[2], campaign.release), place)]


def test_what_was_paid_is_claimed_back_with_a_deadline_and_repaid(clock, app):
    campaign, [lin] = owed()
    answered(sent(campaign), PAID)
    until = TODAY + timedelta(days=30)
    assert take_back(lin, repay_by=until) is True
    [claim] = returns.open_claims()
    assert (claim.payout_id, claim.repay_by, claim.evidence) == (lin, until, "红字发票 24442000")
    assert standing(campaign)["budget"] == 0
    with pytest.raises(PaymentReferenceMissing):
        done(lambda: returns.record_repaid(lin, by="officer:3", reference=""))
    done(lambda: returns.record_repaid(lin, by="officer:3", reference="2023-0600"))
    assert (status(lin), standing(campaign)["budget"], paid_fen(campaign)) == ("repaid", 400_000, 0)
    assert returns.open_claims() == []
    with pytest.raises(PayoutNotInState):
        done(lambda: returns.record_repaid(lin, by="officer:3", reference="2023-0600"))


@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        (ReasonMissing, {"reason": ""}),
        (EvidenceMissing, {"evidence": " "}),
        (RepayByMissing, {}),
        (RepayByMissing, {"repay_by": TODAY - timedelta(days=1)}),
    ],
)
def test_refusals_of_taking_back(clock, app, refusal, changed):
    campaign, [lin] = owed()
    answered(sent(campaign), PAID)
    with pytest.raises(refusal):
        take_back(lin, **changed)
    with pytest.raises(PayoutUnknown):
        take_back(new_id())


@pytest.mark.parametrize("counts", [True, False])
def test_whether_a_returned_car_counts_is_said_by_the_benefit(clock, app, counts):
    campaign = cars_opened(benefit={"returned_counts": counts})
    [lin] = citizens(1)
    held = apply(lin, campaign.release)
    mine = Claimed("vin", VIN, "application", text_id(held))
    done(lambda: marks.take([mine]))
    take_back(bought(held, shop(campaign, industry="automobile")))
    again = Claimed("vin", VIN, "application", text_id(new_id()))
    if counts:
        with pytest.raises(MarkTaken):
            done(lambda: marks.take([again]))
        with pytest.raises(ApplicationLimitReached):
            apply(lin, campaign.release)
    else:
        done(lambda: marks.take([again]))
        assert apply(lin, campaign.release)
