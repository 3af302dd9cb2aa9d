from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaigns.terms.sale import BillBelowThreshold, OutsideCounty, OutsideIndustry, VoucherExpired
from foundation.clock import TICK
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import text_id
from foundation.money import AmountMalformed, AmountOutOfRange
from foundation.states import StateChange
from merchants import redemptions, register
from merchants.errors import MerchantSuspended, NotEnrolled, OtherCity, StoreUnknown, TillSuspended
from merchants.models import Redemption, RefusedScan
from merchants.receipts import Receipt, totals
from merchants.register import Counter
from merchants.scans import Scan
from tests.world import (
    DRAFTER,
    ELSEWHERE,
    JOB,
    OPENS,
    OTHER_PHONE,
    YANGDONG,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
)
from voucher.codes import GRACE, SHOWN_FOR, new_digits
from voucher.errors import (
    AlreadyRedeemed,
    CodeExpired,
    CodeForeign,
    CodeMalformed,
    CodeMistyped,
    CodeRetired,
    CodeUnknown,
)
from voucher.expiry import expire_due
from voucher.models import Entitlement


class Counters:
    """One open campaign, Lin with a voucher and its code on the screen, and a shop that may redeem it."""

    def __init__(self, document=None):
        self.campaign = opened(document)
        self.shop = shop(self.campaign)
        [self.lin] = citizens(1)
        self.voucher, self.digits = claim_and_show(self.lin, self.campaign.release)


@pytest.fixture
def scene(clock, app):
    return Counters()


def refuse(refusal, counter, digits, bill_fen=20_000):
    """Scan what must be refused, see that nothing has changed, and that the trail knows of it."""
    before = everything(but=["refused_scan"])
    with pytest.raises(refusal) as raised:
        redeem(counter, digits, bill_fen)
    assert everything(but=["refused_scan"]) == before
    assert raised.value.message % raised.value.params
    done(lambda: redemptions.record_refusal(counter, raised.value, code_text=str(digits), bill_fen=bill_fen))
    assert everything(but=["refused_scan"]) == before
    row = db.session.scalars(select(RefusedScan).order_by(RefusedScan.id.desc())).first()
    assert (row.reason, row.store_id, row.till_id) == (raised.value.code, counter.store_id, counter.till_id)
    return raised.value, row


# --- what a redemption does ---------------------------------------------------------------------------------


def test_a_redemption_takes_the_face_off_and_owes_it_to_the_merchant(scene):
    receipt = redeem(scene.shop.till, scene.digits, 23_450)
    assert (receipt.bill_fen, receipt.discount_fen, receipt.customer_pays_fen) == (23_450, 5_000, 18_450)
    assert (receipt.campaign_name, receipt.offer_name) == ("春季消费券", "餐饮券")
    assert (receipt.merchant_name, receipt.store_name, receipt.redeemed_at) == ("漠阳味道", "漠阳味道总店", OPENS)
    campaign, merchant = scene.campaign, scene.shop.merchant_id
    assert (campaign.payable_fen("city", merchant), campaign.payable_fen("jiangcheng", merchant)) == (1_000, 4_000)
    assert (campaign.outstanding_fen("city"), campaign.outstanding_fen("jiangcheng")) == (0, 0)


def test_a_redemption_is_written_down_whole(scene):
    receipt = redeem(scene.shop.till, scene.digits, 20_000)
    row = db.session.get_one(Redemption, receipt.redemption_id)
    assert (row.entitlement_id, row.campaign_version_id) == (scene.voucher, scene.campaign.version_id)
    assert (row.merchant_id, row.store_id, row.till_id, row.cashier_id) == (
        scene.shop.merchant_id,
        scene.shop.store_id,
        scene.shop.till_id,
        None,
    )
    assert (row.status, row.bureau_day.isoformat()) == ("redeemed", "2023-05-08")
    voucher = db.session.get_one(Entitlement, scene.voucher)
    assert (voucher.status, voucher.redeemed_place, voucher.redeemed_bill_fen) == ("redeemed", "漠阳味道总店", 20_000)


@pytest.mark.parametrize("who", ["till", "desk"])
def test_who_redeemed_is_on_the_vouchers_history(scene, who):
    counter = getattr(scene.shop, who)
    redeem(counter, scene.digits)
    step = db.session.scalar(
        select(StateChange).where(StateChange.thing_id == text_id(scene.voucher), StateChange.event == "redeem")
    )
    assert (step.actor, step.from_state, step.to_state) == (counter.actor, "claimed", "redeemed")
    assert (step.at, step.campaign_version_id) == (OPENS, scene.campaign.version_id)


def test_a_quote_says_what_it_would_be_and_changes_nothing(scene):
    before = everything()
    award = done(lambda: redemptions.quote_code(scene.shop.till, scene.digits, 23_450))
    assert (award.discount_fen, award.customer_pays_fen) == (5_000, 18_450)
    with pytest.raises(BillBelowThreshold):
        done(lambda: redemptions.quote_code(scene.shop.till, scene.digits, 19_999))
    assert everything() == before


# --- refusals: the code -------------------------------------------------------------------------------------


def test_what_is_no_code_is_refused(scene):
    for code, refusal in [
        ("", CodeMalformed),
        ("12", CodeMalformed),
        ("９６１２３４５６７８９０１２３４５６７８", CodeMalformed),
        ("9" * 10_000, CodeMalformed),
        ("134567890123456789", CodeForeign),
        ("https://example.org", CodeForeign),
        ("6901234567892", CodeForeign),
    ]:
        _, row = refuse(refusal, scene.shop.till, code)
        assert row.entitlement_id is None


def test_a_mistyped_code_is_told_from_an_unknown_one(scene):
    wrong = scene.digits[:-1] + str((int(scene.digits[-1]) + 1) % 10)
    _, row = refuse(CodeMistyped, scene.shop.till, wrong)
    assert row.entitlement_id is None
    _, row = refuse(CodeUnknown, scene.shop.till, new_digits())
    assert row.entitlement_id is None


def test_a_code_past_its_minute_and_grace_is_refused(scene, clock):
    clock.move_to(OPENS + SHOWN_FOR + GRACE)
    refusal, row = refuse(CodeExpired, scene.shop.till, scene.digits)
    assert "截图" in refusal.way_out
    assert row.entitlement_id == scene.voucher


def test_a_code_at_the_very_end_of_its_grace_is_taken(scene, clock):
    clock.move_to(OPENS + SHOWN_FOR + GRACE - TICK)
    assert redeem(scene.shop.till, scene.digits)


def test_a_code_of_a_device_that_lost_the_voucher_is_refused(scene):
    show(scene.voucher, scene.lin, OTHER_PHONE)
    refuse(CodeRetired, scene.shop.till, scene.digits)


def test_a_used_code_names_the_first_use(scene):
    redeem(scene.shop.till, scene.digits)
    refusal, row = refuse(AlreadyRedeemed, scene.shop.till, scene.digits)
    assert refusal.message % refusal.params == "这张券已于 2023-05-08 10:00:00 在“漠阳味道总店”使用"
    assert row.entitlement_id == scene.voucher


def test_another_code_of_a_used_voucher_is_refused_as_used(scene):
    second = show(scene.voucher, scene.lin)
    redeem(scene.shop.till, scene.digits)
    refuse(AlreadyRedeemed, scene.shop.till, second)


# --- refusals: the bill -------------------------------------------------------------------------------------


def test_a_faulty_bill_is_refused(scene):
    for bill_fen, refusal in [
        (19_999, BillBelowThreshold),
        (1, BillBelowThreshold),
        (0, AmountOutOfRange),
        (-1, AmountOutOfRange),
        (-20_000, AmountOutOfRange),
        (1_000_000_001, AmountOutOfRange),
        (2**63, AmountOutOfRange),
        (10**400, AmountOutOfRange),
        (True, AmountMalformed),
        (None, AmountMalformed),
        (20_000.0, AmountMalformed),
        (float("nan"), AmountMalformed),
        ("20000", AmountMalformed),
        ("２００００", AmountMalformed),
        ("20_000", AmountMalformed),
        ([20_000], AmountMalformed),
        ({"$gt": 0}, AmountMalformed),
    ]:
        raised, row = refuse(refusal, scene.shop.till, scene.digits, bill_fen)
        assert raised.field == "bill_fen"
        assert row.entitlement_id == scene.voucher
        storable = isinstance(bill_fen, int) and not isinstance(bill_fen, bool) and 0 <= bill_fen < 2**62
        assert row.bill_fen == (bill_fen if storable else None)


@pytest.mark.parametrize("bill_fen", [20_000, 1_000_000_000])
def test_a_bill_at_the_bounds_is_taken(scene, bill_fen):
    assert redeem(scene.shop.till, scene.digits, bill_fen).bill_fen == bill_fen


# --- refusals: the counter ----------------------------------------------------------------------------------


def test_an_unknown_store_is_refused(scene):
    refuse(StoreUnknown, Counter(99, till_id=scene.shop.till_id), scene.digits)


def test_a_suspended_merchant_is_refused_until_it_is_resumed(scene):
    done(lambda: register.suspend_merchant(scene.shop.merchant_id, by=DRAFTER, reason="虚假交易"))
    refuse(MerchantSuspended, scene.shop.till, scene.digits)
    refuse(MerchantSuspended, scene.shop.desk, scene.digits)
    done(lambda: register.resume_merchant(scene.shop.merchant_id, by=DRAFTER))
    assert redeem(scene.shop.till, scene.digits)


def test_a_suspended_till_is_refused_and_the_cashier_beside_it_is_not(scene):
    done(lambda: register.suspend_till(scene.shop.till_id, by=DRAFTER, reason="设备丢失"))
    refuse(TillSuspended, scene.shop.till, scene.digits)
    assert redeem(scene.shop.desk, scene.digits)


def test_a_till_of_another_store_is_refused(scene):
    other = shop(scene.campaign, number=2)
    refuse(TillSuspended, Counter(scene.shop.store_id, till_id=other.till_id), scene.digits)


@pytest.mark.parametrize(
    ("place", "refusal"),
    [
        ({"county": ELSEWHERE}, OtherCity),
        ({"county": YANGDONG}, OutsideCounty),
        ({"industry": "retail"}, OutsideIndustry),
    ],
)
def test_a_shop_in_the_wrong_place_is_refused(scene, place, refusal):
    other = shop(scene.campaign, number=2, **place)
    refuse(refusal, other.till, scene.digits)


def test_a_shop_that_does_not_take_part_is_refused(scene):
    refusal, _ = refuse(NotEnrolled, shop(number=2).till, scene.digits)
    assert refusal.params == {"campaign": "春季消费券"}


def test_a_bad_code_is_refused_before_the_counter_and_the_counter_before_the_voucher(scene):
    nowhere = Counter(99)
    refuse(AmountOutOfRange, nowhere, "x", 0)
    refuse(CodeForeign, nowhere, "x")
    refuse(StoreUnknown, nowhere, new_digits())


# --- refusals: the voucher ----------------------------------------------------------------------------------


def test_an_expired_voucher_is_refused_before_and_after_the_job(scene, clock):
    end = at("2023-05-15 00:00")
    clock.move_to(end - timedelta(seconds=30))
    digits = show(scene.voucher, scene.lin)
    clock.move_to(end)
    refuse(VoucherExpired, scene.shop.till, digits)
    assert done(lambda: expire_due(actor=JOB)) == 1
    refuse(VoucherExpired, scene.shop.till, digits)


def test_a_voucher_is_taken_in_its_last_microsecond(scene, clock):
    end = at("2023-05-15 00:00")
    clock.move_to(end - TICK)
    assert redeem(scene.shop.till, show(scene.voucher, scene.lin)).redeemed_at == end - TICK


# --- the trail ----------------------------------------------------------------------------------------------


def test_the_trail_keeps_no_code(scene):
    refuse(BillBelowThreshold, scene.shop.till, scene.digits, 1)
    assert scene.digits not in repr(everything())


def test_the_trail_knows_the_cashier(scene):
    _, row = refuse(CodeUnknown, scene.shop.desk, new_digits())
    assert (row.cashier_id, row.till_id, row.at) == (scene.shop.cashier_id, None, OPENS)


# --- batches ------------------------------------------------------------------------------------------------


def scan_all(*scans):
    return done(lambda: redemptions.redeem_batch([Scan(*scan) for scan in scans]))


def test_one_bad_scan_never_fails_its_neighbours(clock, app):
    scene = Counters()
    chen, liang = citizens(3)[1:]
    hers, his = (claim_and_show(person, scene.campaign.release)[1] for person in (chen, liang))
    till = scene.shop.till
    outcomes = scan_all(
        (till, "x", 20_000),
        (till, hers, 20_000),
        (till, scene.digits, 19_999),
        (Counter(99), scene.digits, 20_000),
        (scene.shop.desk, his, 30_000),
        (till, hers, 20_000),
        (till, new_digits(), 20_000),
        (till, scene.digits, -1),
    )
    got = [outcome.code if isinstance(outcome, Refusal) else outcome.bill_fen for outcome in outcomes]
    assert got == [
        "code_foreign",
        20_000,
        "bill_below_threshold",
        "store_unknown",
        30_000,
        "already_redeemed",
        "code_unknown",
        "amount_out_of_range",
    ]
    assert outcomes[5].params["place"] == "漠阳味道总店"
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 2


def test_two_codes_of_one_voucher_in_a_batch_spend_it_once(scene):
    second = show(scene.voucher, scene.lin)
    outcomes = scan_all((scene.shop.till, scene.digits, 20_000), (scene.shop.desk, second, 30_000))
    assert [type(outcome) for outcome in outcomes] == [Receipt, AlreadyRedeemed]


def test_a_refused_first_scan_leaves_the_voucher_to_the_second(scene):
    outcomes = scan_all((scene.shop.till, scene.digits, 1), (scene.shop.till, scene.digits, 20_000))
    assert [type(outcome) for outcome in outcomes] == [BillBelowThreshold, Receipt]


def test_a_batch_pays_each_offers_sources(clock, app):
    tea = offer("tea", funding={"shares": {"city": "100%"}}, benefit={"face_value_yuan": 10, "threshold_yuan": 20})
    releases = [{"offer": "meal", "stock": 5}, {"offer": "tea", "stock": 5}]
    limits = [{"count": 2, "within": "round"}]
    scene = Counters(spring(offers=[offer(), tea], rounds=[a_round(releases=releases, limits=limits)]))
    cup = claim(scene.lin, scene.campaign.releases["r1", "tea"])
    scan_all((scene.shop.till, scene.digits, 20_000), (scene.shop.till, show(cup, scene.lin), 2_000))
    owed = [scene.campaign.payable_fen(source, scene.shop.merchant_id) for source in ("city", "jiangcheng")]
    assert owed == [1_000 + 1_000, 4_000]


def test_an_empty_batch_is_nothing(clock, app):
    assert scan_all() == []
    assert totals([]).count == 0
