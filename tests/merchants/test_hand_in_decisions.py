"""What the bureau decides about evidence, on what, who may, and what follows for the money."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from evidence.pictures import draw
from foundation.db import db, transaction
from merchants.hand_in_decisions import Decision, Officer, accept_batch, clean_ids, decide
from merchants.hand_in_errors import ChiefNeeded, DecisionReasonMissing, NotHandedIn
from merchants.hand_in_models import HandIn, HandInDecision, HandInSuspicion
from merchants.hand_ins import add_file
from merchants.models import Redemption
from merchants.refunds import refund
from settlement import claw_backs
from settlement.closing import approve, close_period, mark_paid
from settlement.errors import NothingToSettle
from settlement.reading import statement_page, unsettled
from tests.merchants.sold import Sold, campaign_file, handed_in, picture
from tests.world import at, done

EDITOR, CHIEF = Officer("officer:5", "editor"), Officer("officer:6", "chief")
ACCEPT = Decision("accept")
CORRECT = Decision("correct", ["invoice_unreadable"])
REJECT = Decision("reject", ["not_a_real_sale"])
DAY = at("2023-05-08 00:00").date()


@pytest.fixture
def sold(clock, app):
    return Sold()


def of(redemption_id):
    db.session.rollback()
    return db.session.get_one(HandIn, redemption_id, populate_existing=True)


def decisions(redemption_id):
    db.session.rollback()
    return list(db.session.scalars(select(HandInDecision).where(HandInDecision.hand_in_id == redemption_id)))


def suspicions(redemption_id):
    db.session.rollback()
    rows = db.session.scalars(select(HandInSuspicion.rule).where(HandInSuspicion.hand_in_id == redemption_id))
    return sorted(rows)


def settle(sold):
    batch = done(lambda: close_period(sold.campaign.id, DAY, by="officer:3").id)
    done(lambda: approve(batch, by="officer:4"))
    done(lambda: mark_paid(batch, by="officer:3", payment_reference="2023-0001"))
    return statement_page(batch, 1).rows[0].statement


# --- decisions ----------------------------------------------------------------------------------------------


def test_a_decision_says_who_when_on_what_and_under_which_rules(sold):
    [sale] = sold.sell()
    handed_in(sold, sale)
    done(lambda: decide(sale, ACCEPT, EDITOR))
    [made] = decisions(sale)
    assert (made.decision, made.decided_by, made.role) == ("accept", "officer:5", "editor")
    assert made.campaign_version_id == sold.campaign.version_id
    assert len(made.evidence_digest) == 64
    assert (of(sale).status, of(sale).decided_by) == ("accepted", "officer:5")


def test_a_correction_gives_days_of_its_own_and_other_evidence_another_digest(sold, clock):
    [sale] = sold.sell()
    clock.move_to(at("2023-05-22 10:00"))
    handed_in(sold, sale)
    done(lambda: decide(sale, CORRECT, EDITOR))
    found = of(sale)
    assert (found.status, found.due_on, found.ends_on) == (
        "correction", at("2023-05-29 00:00").date(), at("2023-06-03 00:00").date(),
    )  # fmt: skip
    handed_in(sold, sale, 2)
    done(lambda: decide(sale, ACCEPT, EDITOR))
    first, second = decisions(sale)
    assert (first.decision, first.reasons, second.decision) == ("correct", "invoice_unreadable", "accept")
    assert first.evidence_digest != second.evidence_digest


@pytest.mark.parametrize(
    ("decision", "by", "refusal"),
    [
        (REJECT, EDITOR, ChiefNeeded),
        (Decision("correct"), EDITOR, DecisionReasonMissing),
        (Decision("correct", ["no-such"]), EDITOR, DecisionReasonMissing),
        (Decision("reject", ["other"], " "), CHIEF, DecisionReasonMissing),
        (Decision("accept", seen_at=at("2023-05-08 09:59")), EDITOR, NotHandedIn),
    ],
)
def test_what_may_not_be_decided(sold, decision, by, refusal):
    [sale] = sold.sell()
    handed_in(sold, sale)
    with pytest.raises(refusal):
        done(lambda: decide(sale, decision, by))
    assert of(sale).status == "handed_in"
    assert decisions(sale) == []


@pytest.mark.parametrize("decision", [ACCEPT, CORRECT, REJECT])
def test_nothing_is_decided_twice_or_before_it_was_handed_in(sold, decision):
    [sale] = sold.sell()
    with pytest.raises(NotHandedIn):
        done(lambda: decide(sale, decision, CHIEF))
    handed_in(sold, sale)
    done(lambda: decide(sale, ACCEPT, EDITOR))
    with pytest.raises(NotHandedIn):
        done(lambda: decide(sale, decision, CHIEF))


def test_decisions_are_only_added_to(sold):
    [sale] = sold.sell()
    handed_in(sold, sale)
    done(lambda: decide(sale, ACCEPT, EDITOR))
    for statement in ("UPDATE hand_in_decision SET note = 'x'", "DELETE FROM hand_in_decision"):
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(text(statement))


# --- suspicions ---------------------------------------------------------------------------------------------


def test_three_buyers_at_one_address_are_suspicious_and_two_are_not(sold):
    sales = sold.sell(4)
    for number, (sale, address) in enumerate(
        zip(sales, ("东风一路1号", "东风一路 1 号", "东风一路２号", "东风一路1号。"), strict=True), 1
    ):
        if number == 4:
            assert [suspicions(each) for each in sales] == [[], [], [], []]
        handed_in(sold, sale, number, delivery_address=address)
    assert [suspicions(sale) for sale in sales] == [["A04"], ["A04"], [], ["A04"]]


def test_consecutive_invoices_are_suspicious(sold):
    sales = sold.sell(3)
    for sale, number in zip(
        sales, ("23440000000000000017", "23440000000000000018", "23440000000000000020"), strict=True
    ):
        handed_in(sold, sale, sales.index(sale), invoice_number=number)
    assert [suspicions(sale) for sale in sales] == [["A06"], ["A06"], []]


def test_another_buyer_and_a_late_hand_in_are_suspicious(sold, clock):
    first, second, third = sold.sell(3)
    handed_in(sold, first, invoice_buyer="陈大勇")
    handed_in(sold, second, 2)
    clock.move_to(at("2023-05-24 10:00"))
    handed_in(sold, third, 3, delivered_on="2023-05-24")
    assert [suspicions(sale) for sale in (first, second, third)] == [["A05"], [], ["A09"]]


def test_an_award_that_the_rule_does_not_give_is_suspicious(sold):
    [right, wrong] = sold.sell() + sold.sell(price_fen=1_000_001)
    handed_in(sold, right)
    with transaction():
        db.session.execute(text("UPDATE sold_item SET grade = '2' WHERE price_fen = 1000001"))
    handed_in(sold, wrong, 2, invoice_fen="10000.01")
    assert (suspicions(right), suspicions(wrong)) == ([], ["A10"])


def test_pictures_that_look_alike_are_suspicious(clock, app):
    sold = Sold(campaign_file(device_photo_days=15))
    sales = sold.sell(3)
    for number, (sale, seed) in enumerate(zip(sales, (1, 1, 2), strict=True), 1):
        sent = picture(seed)
        done(
            lambda sale=sale, sent=sent: add_file(
                sale, sold.shop.store_id, "device_photo", "机身.jpg", sent, draw(sent)
            )
        )
        handed_in(sold, sale, number)
    assert [suspicions(sale) for sale in sales] == [["A07"], ["A07"], []]


def test_an_editor_may_not_accept_against_a_suspicion_and_the_chief_may(sold):
    [sale] = sold.sell()
    handed_in(sold, sale, invoice_buyer="陈大勇")
    with pytest.raises(ChiefNeeded):
        done(lambda: decide(sale, ACCEPT, EDITOR))
    done(lambda: decide(sale, ACCEPT, CHIEF))
    assert decisions(sale)[0].suspicions == "A05 陈*"


def test_many_without_suspicion_are_accepted_together(sold):
    sales = sold.sell(4)
    handed_in(sold, sales[0], 1)
    handed_in(sold, sales[1], 2, invoice_buyer="陈大勇")
    handed_in(sold, sales[2], 3)
    assert clean_ids() == [sales[0], sales[2]]
    assert done(lambda: accept_batch(sales, EDITOR)) == {sales[0], sales[2]}
    assert [of(sale).status for sale in sales] == ["accepted", "handed_in", "accepted", "awaited"]
    assert [len(decisions(sale)) for sale in sales] == [1, 0, 1, 0]


# --- money --------------------------------------------------------------------------------------------------


def test_only_what_was_accepted_is_settled(sold, clock):
    accepted, waiting, rejected, awaited = sold.sell(4)
    for number, sale in enumerate((accepted, waiting, rejected), 1):
        handed_in(sold, sale, number)
    pool = sold.campaign.pool_fen("city")
    clock.move_to(at("2023-05-09 10:00"))
    with pytest.raises(NothingToSettle):
        done(lambda: close_period(sold.campaign.id, DAY, by="officer:3"))
    assert unsettled() == []
    done(lambda: decide(accepted, ACCEPT, EDITOR))
    done(lambda: decide(rejected, REJECT, CHIEF))
    assert [(one.count, one.payable_fen) for one in unsettled()] == [(1, 200_000)]
    statement = settle(sold)
    assert (statement.redemption_count, statement.payable_fen, statement.deducted_fen) == (1, 200_000, 0)
    # What was rejected is in the pool again, and the merchant has given the discount.
    assert sold.campaign.pool_fen("city") == pool + 40_000
    assert db.session.get_one(Redemption, rejected).status == "refunded"
    assert sold.campaign.payable_fen("city", sold.shop.merchant_id) == 2 * 40_000
    done(lambda: decide(waiting, ACCEPT, EDITOR))
    assert settle(sold).redemption_count == 1
    assert of(awaited).status == "awaited"


def test_a_part_that_came_back_before_a_rejection_comes_back_once(sold, clock):
    [sale] = sold.sell()
    pool = sold.campaign.pool_fen("city")
    handed_in(sold, sale)
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: refund(sale, sold.shop.desk, 250_000, "部分退货"))
    done(lambda: decide(sale, REJECT, CHIEF))
    assert sold.campaign.pool_fen("city") == pool + 40_000
    assert sold.campaign.payable_fen("city", sold.shop.merchant_id) == 0


def test_what_comes_back_after_payment_is_clawed_back(sold, clock):
    [sale] = sold.sell()
    handed_in(sold, sale)
    done(lambda: decide(sale, ACCEPT, EDITOR))
    clock.move_to(at("2023-05-09 10:00"))
    settle(sold)
    done(lambda: refund(sale, sold.shop.desk, 1_000_000, "质量问题"))
    assert of(sale).status == "withdrawn"
    [owed] = claw_backs.pending()
    assert (owed.fen, owed.is_paid) == (200_000, True)
