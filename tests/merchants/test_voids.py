from datetime import timedelta

import pytest
from sqlalchemy import select

from foundation.clock import TICK
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.states import StateChange
from merchants import redemptions, register
from merchants.errors import (
    AlreadySettled,
    AlreadyVoided,
    MerchantSuspended,
    RedemptionUnknown,
    StoreUnknown,
    TillSuspended,
    VoidReasonMissing,
    VoidTooLate,
)
from merchants.receipts import receipt_of, receipts_of_day, totals
from merchants.register import Counter
from settlement.closing import close_period
from tests.world import (
    JOB,
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
from voucher.errors import CodeExpired, VoucherNotShowable
from voucher.expiry import expire_due
from voucher.holdings import voucher_of
from voucher.models import Entitlement

END = at("2023-05-15 00:00")


class Counters:
    def __init__(self, document=None):
        self.campaign = opened(document)
        self.shop = shop(self.campaign)
        [self.lin] = citizens(1)
        self.voucher, self.digits = claim_and_show(self.lin, self.campaign.release)
        self.receipt = redeem(self.shop.till, self.digits, 23_450)


@pytest.fixture
def scene(clock, app):
    return Counters()


def refuse(refusal, receipt, counter, reason="顾客退货"):
    before = everything()
    with pytest.raises(refusal) as raised:
        void(receipt, counter, reason)
    assert everything() == before
    return raised.value


def test_a_void_gives_the_voucher_back_with_its_end_and_the_money_to_it(scene):
    got = void(scene.receipt, scene.shop.till)
    assert (got.status, got.voided_at, got.void_reason) == ("voided", OPENS, "顾客退货")
    voucher = db.session.get_one(Entitlement, scene.voucher)
    assert (voucher.status, voucher.expires_at) == ("claimed", END)
    assert (voucher.redeemed_at, voucher.redeemed_place, voucher.redeemed_bill_fen) == (None, None, None)
    assert scene.campaign.payable_fen("city", scene.shop.merchant_id) == 0
    assert (scene.campaign.outstanding_fen("city"), scene.campaign.outstanding_fen("jiangcheng")) == (1_000, 4_000)


def test_a_void_is_on_the_history_of_both_with_its_reason(scene):
    void(scene.receipt, scene.shop.desk, "金额输错")
    for thing in (scene.voucher, scene.receipt.redemption_id):
        step = db.session.scalar(
            select(StateChange).where(StateChange.thing_id == text_id(thing), StateChange.event == "void")
        )
        assert (step.actor, step.reason) == (scene.shop.desk.actor, "金额输错")


def test_a_voided_voucher_is_redeemed_again_with_a_fresh_code(scene):
    void(scene.receipt, scene.shop.till)
    with pytest.raises(CodeExpired):
        redeem(scene.shop.till, scene.digits)
    again = redeem(scene.shop.till, show(scene.voucher, scene.lin), 30_000)
    assert again.redemption_id != scene.receipt.redemption_id
    void(again, scene.shop.till)
    assert redeem(scene.shop.till, show(scene.voucher, scene.lin))


def test_a_redemption_is_voided_once(scene):
    void(scene.receipt, scene.shop.till)
    refuse(AlreadyVoided, scene.receipt, scene.shop.till)


def test_an_old_redemption_of_a_voucher_that_was_used_again_stays_voided(scene):
    void(scene.receipt, scene.shop.till)
    redeem(scene.shop.till, show(scene.voucher, scene.lin))
    refuse(AlreadyVoided, scene.receipt, scene.shop.till)


def test_a_void_is_possible_until_midnight(scene, clock):
    clock.move_to(at("2023-05-09 00:00") - TICK)
    assert void(scene.receipt, scene.shop.till).status == "voided"


def test_a_void_of_yesterday_is_too_late(scene, clock):
    clock.move_to(at("2023-05-09 00:00"))
    assert refuse(VoidTooLate, scene.receipt, scene.shop.till).params == {"day": "2023-05-08"}


def test_another_stores_redemption_is_unknown(scene):
    refuse(RedemptionUnknown, scene.receipt, shop(scene.campaign, number=2).till)
    with pytest.raises(RedemptionUnknown):
        receipt_of(scene.receipt.redemption_id, 99)
    with pytest.raises(RedemptionUnknown):
        done(lambda: redemptions.void(new_id(), scene.shop.till, "顾客退货"))


def test_any_counter_of_the_store_may_void(scene):
    assert void(scene.receipt, scene.shop.desk).status == "voided"


def test_a_suspended_till_or_merchant_gives_no_voucher_back(scene):
    done(lambda: register.suspend_till(scene.shop.till_id, by=JOB, reason="被盗"))
    refuse(TillSuspended, scene.receipt, scene.shop.till)
    done(lambda: register.suspend_merchant(scene.shop.merchant_id, by=JOB, reason="套现"))
    refuse(MerchantSuspended, scene.receipt, scene.shop.desk)
    done(lambda: register.resume_merchant(scene.shop.merchant_id, by=JOB))
    refuse(StoreUnknown, scene.receipt, Counter(99))
    assert void(scene.receipt, scene.shop.desk).status == "voided"


def test_a_void_without_a_reason_is_refused(scene):
    for reason in ["", " ", "退", " 退 ", "长" * 101, "\n\t"]:
        refuse(VoidReasonMissing, scene.receipt, scene.shop.till, reason)


def test_what_is_on_a_statement_is_not_voided(scene, monkeypatch):
    # A statement takes only days that are over, so by the clock this cannot happen; the guard stands all the same.
    monkeypatch.setattr("settlement.closing.bureau_day", lambda _moment: at("2023-05-09 00:00").date())
    done(lambda: close_period(scene.campaign.id, at("2023-05-08 00:00").date(), by="officer:3"))
    refuse(AlreadySettled, scene.receipt, scene.shop.till)


def test_a_void_after_the_vouchers_end_leaves_its_money_to_the_next_expiry(clock, app):
    scene = Counters(spring(offers=[offer(validity={"kind": "hours", "hours": 1})]))
    clock.move_to(OPENS + timedelta(hours=1))
    assert done(lambda: expire_due(actor=JOB)) == 0
    void(scene.receipt, scene.shop.till)
    assert voucher_of(scene.voucher, scene.lin).tab == "expired"
    with pytest.raises(VoucherNotShowable):
        show(scene.voucher, scene.lin)
    assert scene.campaign.outstanding_fen("city") == 1_000
    assert done(lambda: expire_due(actor=JOB)) == 1
    assert scene.campaign.outstanding_fen("city") == 0
    refuse(AlreadyVoided, scene.receipt, scene.shop.till)


def test_receipts_of_a_day_are_listed_newest_first_and_added_up(scene, clock):
    chen, liang = citizens(3)[1:]
    hers = claim_and_show(chen, scene.campaign.release)[1]
    his = claim_and_show(liang, scene.campaign.release)[1]
    clock.move_to(OPENS + 1000 * TICK)
    second = redeem(scene.shop.till, hers, 20_000)
    clock.move_to(OPENS + 2000 * TICK)
    third = redeem(scene.shop.desk, his, 30_000)
    void(second, scene.shop.till)
    today = receipts_of_day(scene.shop.store_id, at("2023-05-08 00:00").date())
    assert [receipt.redemption_id for receipt in today] == [
        third.redemption_id,
        second.redemption_id,
        scene.receipt.redemption_id,
    ]
    sums = totals(today)
    assert (sums.count, sums.bill_fen, sums.discount_fen, sums.voided) == (2, 53_450, 10_000, 1)
    assert receipts_of_day(scene.shop.store_id, at("2023-05-09 00:00").date()) == []
    assert receipt_of(third.redemption_id, scene.shop.store_id) == third
