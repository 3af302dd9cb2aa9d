"""Goods that come back after the day: the voucher, the customer, the money, and everybody's books."""

from datetime import timedelta

import pytest

from campaigns.terms.refunding import NotPaidBack, RefundExceedsBill
from foundation.db import db
from ledger import accounts
from ledger.posting import balance_fen
from merchants.errors import AlreadyRefunded, AlreadyVoided, RedemptionUnknown, RefundReasonMissing
from merchants.models import Redemption
from merchants.refunds import preview_refund, refund, refunds_of
from settlement import claw_backs
from settlement.closing import approve, close_period, mark_paid, reject
from settlement.day_closing import close_days
from settlement.errors import NotPaidYet, RefundNotPending
from settlement.reading import statement_page, unsettled
from settlement.reports import Query, report
from tests.campaigns.test_refund_terms import shizuishan
from tests.world import (
    OPENS,
    at,
    citizens,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
    void,
)
from voucher.holdings import voucher_of
from voucher.models import Entitlement

DAY_8, DAY_9 = at("2023-05-08 00:00").date(), at("2023-05-09 00:00").date()


class Counter:
    """One meal of 50 (city 10, Jiangcheng 40) used on 400 yuan on 8 May; it is the 9th now."""

    def __init__(self, clock, document=None, bill_fen=40_000):
        self.clock = clock
        self.campaign = opened(document or spring())
        self.shop = shop(self.campaign)
        [self.lin] = citizens(1)
        self.voucher, digits = claim_and_show(self.lin, self.campaign.release)
        self.redemption = redeem(self.shop.till, digits, bill_fen).redemption_id
        clock.move_to(at("2023-05-09 12:00"))

    def refund(self, goods_fen, reason="质量问题", **asked):
        return done(lambda: refund(self.redemption, self.shop.desk, goods_fen, reason, **asked))

    def settle(self, last_day=DAY_8, *, until="paid"):
        """Close, and go on until the batch is closed, approved or paid; return its statement."""
        batch = done(lambda: close_period(self.campaign.id, last_day, by="officer:3").id)
        if until != "closed":
            done(lambda: approve(batch, by="officer:4"))
        if until == "paid":
            done(lambda: mark_paid(batch, by="officer:3", payment_reference="2023-0001"))
        db.session.rollback()
        return statement_page(batch, 1).rows[0].statement

    def another(self, bill_fen=20_000):
        """Somebody else uses a meal here today."""
        chen = citizens(2)[1]
        return redeem(self.shop.till, claim_and_show(chen, self.campaign.release)[1], bill_fen)

    def total(self, **asked):
        return report(Query(campaign_id=self.campaign.id, **asked)).total.values

    def fen(self, kind, source="city"):
        key = getattr(accounts, kind)
        db.session.rollback()
        return balance_fen(key(self.campaign.id, self.campaign.sources[source], merchant_id=self.shop.merchant_id))


@pytest.fixture
def scene(clock, app):
    return Counter(clock)


def offered(kind, **changed):
    return spring(offers=[offer(refund={"kind": kind}, **changed)])


def test_the_whole_order_gives_the_voucher_back_with_its_end(scene):
    slip = scene.refund(40_000)
    assert (slip.customer_fen, slip.discount_fen, slip.restored) == (35_000, 5_000, True)
    voucher = db.session.get_one(Entitlement, scene.voucher)
    assert (voucher.status, voucher.expires_at, voucher.redeemed_at) == ("claimed", at("2023-05-15 00:00"), None)
    assert db.session.get_one(Redemption, scene.redemption).status == "returned"
    assert (scene.campaign.outstanding_fen("city"), scene.campaign.outstanding_fen("jiangcheng")) == (1_000, 4_000)
    assert scene.fen("payable") == 0
    assert redeem(scene.shop.till, show(scene.voucher, scene.lin), 20_000).discount_fen == 5_000


def test_a_part_goes_to_the_pool_in_proportion_and_the_voucher_stays_used(scene):
    pool = scene.campaign.pool_fen("city")
    slip = scene.refund(10_000)
    assert (slip.customer_fen, slip.discount_fen, slip.restored) == (8_750, 1_250, False)
    assert scene.campaign.pool_fen("city") == pool + 250
    assert (scene.fen("payable"), scene.fen("payable", "jiangcheng")) == (750, 3_000)
    held = voucher_of(scene.voucher, scene.lin)
    assert (held.tab, held.refunded_bill_fen) == ("used", 10_000)


def test_several_parts_until_the_whole_and_then_no_more(scene):
    slips = [scene.refund(13_333), scene.refund(13_333), scene.refund(13_334)]
    assert sum(slip.discount_fen for slip in slips) == 5_000
    assert sum(slip.customer_fen for slip in slips) == 35_000
    assert not any(slip.restored for slip in slips)
    assert db.session.get_one(Redemption, scene.redemption).status == "refunded"
    assert voucher_of(scene.voucher, scene.lin).tab == "used"
    assert (scene.fen("payable"), scene.fen("payable", "jiangcheng")) == (0, 0)
    assert [slip.goods_fen for slip in refunds_of(scene.redemption)] == [13_333, 13_333, 13_334]
    before = everything()
    with pytest.raises(AlreadyRefunded):
        scene.refund(1)
    assert everything() == before


def test_a_refund_after_the_vouchers_end_leaves_it_used(scene):
    scene.clock.move_to(at("2023-05-15 00:00"))
    slip = scene.refund(40_000)
    assert (slip.restored, slip.customer_fen) == (False, 35_000)
    assert voucher_of(scene.voucher, scene.lin).tab == "used"


@pytest.mark.parametrize(
    ("goods_fen", "reason", "refusal"),
    [
        (40_001, "质量问题", RefundExceedsBill),
        (10_000, "坏", RefundReasonMissing),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(scene, goods_fen, reason, refusal):
    before = everything()
    with pytest.raises(refusal):
        scene.refund(goods_fen, reason)
    assert everything() == before


def test_a_preview_changes_nothing(scene):
    before = everything()
    shown = preview_refund(scene.redemption, scene.shop.desk, 10_000)
    assert (shown.pool_fen, shown.customer_fen, shown.restores) == (1_250, 8_750, False)
    assert everything() == before


def test_another_store_knows_nothing_of_it(scene):
    other = shop(scene.campaign, number=2)
    with pytest.raises(RedemptionUnknown):
        done(lambda: refund(scene.redemption, other.till, 100, "质量问题"))


def test_what_was_voided_is_not_refunded_and_what_was_refunded_is_not_voided(clock, app):
    campaign = opened()
    place = shop(campaign)
    lin, chen = citizens(2)
    voided = redeem(place.till, claim_and_show(lin, campaign.release)[1])
    void(voided, place.till)
    with pytest.raises(AlreadyVoided):
        done(lambda: refund(voided.redemption_id, place.till, 100, "质量问题"))
    kept = redeem(place.till, claim_and_show(chen, campaign.release)[1])
    done(lambda: refund(kept.redemption_id, place.till, 100, "质量问题"))
    with pytest.raises(AlreadyRefunded):
        void(kept, place.till)


def test_no_return_never_gives_the_voucher_back(clock, app):
    scene = Counter(clock, offered("no_return"))
    slip = scene.refund(40_000)
    assert (slip.customer_fen, slip.discount_fen, slip.restored) == (35_000, 5_000, False)
    assert scene.campaign.outstanding_fen("city") == 0


def test_pay_back_first_waits_for_the_subsidy(clock, app):
    scene = Counter(clock, offered("pay_back_first"))
    with pytest.raises(NotPaidBack):
        scene.refund(40_000)
    slip = scene.refund(40_000, paid_back=True)
    assert (slip.collect_fen, slip.customer_fen, slip.restored) == (5_000, 40_000, False)
    assert scene.fen("payable") == 0


# --- reports ------------------------------------------------------------------------------------------------


def test_a_refund_counts_on_its_own_day_and_the_closed_day_stays(scene):
    done(close_days)
    first = scene.total(first_day=DAY_8, last_day=DAY_8)
    scene.refund(10_000)
    after = scene.total(first_day=DAY_8, last_day=DAY_8)
    # Balances are of now, whatever the period.
    assert {key for key in first if first[key] != after[key]} == {"surplus_fen", "owed_fen"}
    second = scene.total(first_day=DAY_9, last_day=DAY_9)
    assert (second["refunded_fen"], second["net_redeemed_fen"], second["driven_fen"]) == (1_250, -1_250, -10_000)
    both = scene.total()
    assert (both["redeemed_fen"], both["net_redeemed_fen"], both["driven_fen"]) == (5_000, 3_750, 30_000)
    scene.clock.move_to(at("2023-05-10 12:00"))
    done(close_days)
    assert scene.total()["driven_fen"] == 30_000


# --- statements ---------------------------------------------------------------------------------------------


def test_before_the_statement_the_refund_is_taken_off_it(scene):
    scene.refund(10_000)
    assert [line.payable_fen for line in unsettled()] == [3_750]
    statement = scene.settle()
    found = (statement.redemption_count, statement.bill_fen, statement.deduction_count, statement.deducted_fen)
    assert found == (1, 40_000, 1, 1_250)
    assert statement.payable_fen == 3_750
    assert (scene.fen("paid"), scene.fen("paid", "jiangcheng")) == (750, 3_000)
    assert claw_backs.pending() == []


def test_after_payment_it_is_taken_off_the_next_statement(scene):
    scene.settle()
    pool = scene.campaign.pool_fen("jiangcheng")
    scene.refund(10_000)
    assert scene.campaign.pool_fen("jiangcheng") == pool
    [back] = claw_backs.pending()
    assert (back.fen, back.is_paid) == (1_250, True)
    scene.another()
    scene.clock.move_to(at("2023-05-10 09:00"))
    statement = scene.settle(DAY_9)
    assert (statement.deducted_fen, statement.payable_fen) == (1_250, 3_750)
    # The two sources have exactly theirs: what was paid is what both redemptions cost less what came back.
    assert (scene.fen("paid"), scene.fen("paid", "jiangcheng")) == (1_750, 7_000)
    assert claw_backs.pending() == []


def test_a_rejected_statement_frees_what_it_took_off(scene):
    scene.refund(10_000)
    batch = scene.settle(until="closed").batch_id
    assert unsettled() == []
    done(lambda: reject(batch, by="officer:4", reason="要重新核对"))
    assert [line.payable_fen for line in unsettled()] == [3_750]
    # What comes back of a redemption whose statement was rejected is taken off the statement that has it.
    second = scene.settle(until="closed").batch_id
    scene.refund(10_000)
    done(lambda: reject(second, by="officer:4", reason="要重新核对"))
    assert [line.payable_fen for line in unsettled()] == [2_500]
    statement = scene.settle()
    assert (statement.deduction_count, statement.deducted_fen, statement.payable_fen) == (2, 2_500, 2_500)
    assert (scene.fen("paid"), scene.fen("payable")) == (500, 0)


def test_what_the_next_statement_cannot_bear_waits(scene):
    scene.settle()
    scene.clock.move_to(at("2023-05-16 12:00"))
    scene.refund(40_000)
    assert claw_backs.pending()[0].fen == 5_000
    with pytest.raises(RefundNotPending):
        done(lambda: claw_backs.record_repaid(scene.redemption, by="officer:3", reference="2023-1"))
    back = claw_backs.pending()[0].refund_id
    done(lambda: claw_backs.record_repaid(back, by="officer:3", reference="2023-1"))
    assert (scene.fen("paid"), scene.fen("paid", "jiangcheng")) == (0, 0)
    assert claw_backs.pending() == []
    before = everything()
    with pytest.raises(RefundNotPending):
        done(lambda: claw_backs.record_repaid(back, by="officer:3", reference="2023-2"))
    assert everything() == before


@pytest.mark.parametrize("until", ["closed", "approved"])
def test_while_the_statement_is_under_way_it_stays_as_it_was_signed(scene, until):
    statement = scene.settle(until=until)
    scene.refund(10_000)
    db.session.rollback()
    assert statement_page(statement.batch_id, 1).rows[0].statement.payable_fen == 5_000
    [back] = claw_backs.pending()
    assert not back.is_paid
    with pytest.raises(NotPaidYet):
        done(lambda: claw_backs.record_repaid(back.refund_id, by="officer:3", reference="2023-1"))


def test_a_settled_voucher_goes_back_to_its_holder_and_the_pool_goes_ahead(scene):
    scene.settle()
    pool = scene.campaign.pool_fen("city")
    assert scene.refund(40_000).restored
    assert scene.campaign.pool_fen("city") == pool - 1_000
    assert scene.campaign.outstanding_fen("city") == 1_000
    [back] = claw_backs.pending()
    done(lambda: claw_backs.record_repaid(back.refund_id, by="officer:3", reference="2023-1"))
    assert scene.campaign.pool_fen("city") == pool


def test_an_empty_pool_cannot_go_ahead_so_the_voucher_stays_used(clock, app):
    document = spring(rounds=spring()["rounds"])
    document["sources"] = [
        source | {"budget_yuan": 40 if source["code"] != "city" else 10} for source in document["sources"]
    ]
    document["rounds"][0]["releases"][0]["stock"] = 1
    scene = Counter(clock, document)
    scene.settle()
    slip = scene.refund(40_000)
    assert (slip.restored, slip.customer_fen) == (False, 35_000)
    assert voucher_of(scene.voucher, scene.lin).tab == "used"


# --- a merchant's own share ---------------------------------------------------------------------------------


def test_the_merchants_own_share_is_never_owed_to_it(clock, app):
    scene = Counter(clock, shizuishan(), bill_fen=10_000)
    assert (scene.fen("payable", "bureau"), scene.fen("payable", "ccb")) == (1_000, 500)
    assert (scene.fen("borne", "shops"), scene.fen("payable", "shops")) == (1_000, 0)
    assert (scene.total()["owed_fen"], scene.total()["borne_fen"]) == (1_500, 1_000)
    statement = scene.settle()
    assert statement.payable_fen == 1_500
    assert (scene.total()["paid_fen"], scene.total()["net_redeemed_fen"]) == (1_500, 2_500)
    assert scene.refund(10_000).restored
    assert scene.fen("borne", "shops") == 0
    assert scene.campaign.outstanding_fen("shops") == 1_000
    assert claw_backs.pending()[0].fen == 1_500


def test_a_void_takes_the_merchants_share_back_too(clock, app):
    campaign = opened(shizuishan())
    place = shop(campaign)
    [lin] = citizens(1)
    receipt = redeem(place.till, claim_and_show(lin, campaign.release)[1], 10_000)
    assert receipt.payers == {"government": 1_000, "bank": 500, "merchant": 1_000}
    void(receipt, place.till)
    assert campaign.outstanding_fen("shops") == 1_000


def test_hours_of_validity_end_to_the_second(clock, app):
    scene = Counter(clock, offered("proportional", validity={"kind": "hours", "hours": 30}))
    scene.clock.move_to(OPENS + timedelta(hours=30) - timedelta(seconds=1))
    assert preview_refund(scene.redemption, scene.shop.till, 40_000).restores
    scene.clock.move_to(OPENS + timedelta(hours=30))
    assert not preview_refund(scene.redemption, scene.shop.till, 40_000).restores
