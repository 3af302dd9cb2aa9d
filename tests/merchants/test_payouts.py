"""Subsidies whose award was fixed by review: taken off a dealer's bill, or paid out to the citizen."""

import pytest

from campaigns.terms.sale import NotYetValid, OutsideIndustry, VoucherExpired
from campaigns.terms.subsidy_refusals import BillBelowAward
from foundation.db import db
from foundation.money import AmountOutOfRange
from ledger import accounts
from ledger.posting import balance_fen
from merchants import payouts, receipts, redemptions
from merchants.errors import NotEnrolled, PayeeIncomplete, RedemptionUnknown, StoreUnknown
from merchants.models import Redemption
from merchants.payout_models import Payout
from merchants.payouts import Payee
from merchants.refunds import refund
from tests.cars import CARD, apply, bought, cars_opened, close, grant, standing
from tests.cars import car_document as document
from tests.world import CLOSES, ENDS, at, citizens, done, redeem, shop, show, void
from voucher.errors import AlreadyRedeemed, VoucherUnknown
from voucher.models import Entitlement

PAYEE = Payee("林小满", "工商银行阳江分行", CARD)


def off_the_bill(**changed):
    """A campaign whose subsidies come off the bill, a dealer in it, and a citizen who was granted 4,000 yuan."""
    campaign = cars_opened(benefit={"given_as": "discount"}, **changed)
    place = shop(campaign, industry="automobile")
    [lin] = citizens(1)
    return campaign, place, lin, grant(apply(lin, campaign.release))


def to_the_card():
    campaign = cars_opened()
    place = shop(campaign, industry="automobile")
    [lin] = citizens(1)
    return campaign, place, lin, apply(lin, campaign.release)


# --- off the dealer's bill ----------------------------------------------------------------------------------


def test_the_dealers_till_takes_off_what_was_awarded_whatever_the_bill(clock, app):
    campaign, place, lin, held = off_the_bill()
    # By the tiers a car for 312,000 yuan would be worth 5,000, and the till knows no powertrain.
    assert redemptions.quote_code(place.desk, show(held, lin), 31_200_000).discount_fen == 400_000
    receipt = redeem(place.desk, show(held, lin), 31_200_000)
    assert (receipt.discount_fen, receipt.customer_pays_fen) == (400_000, 30_800_000)
    owed = {source: campaign.payable_fen(source, place.merchant_id) for source in ("city", "county")}
    assert owed == {"city": 80_000, "county": 320_000}


@pytest.mark.parametrize(("bill_fen", "fits"), [(400_000, True), (399_999, False)])
def test_the_bill_is_at_least_the_award(clock, app, bill_fen, fits):
    _campaign, place, lin, held = off_the_bill()
    if fits:
        assert redeem(place.desk, show(held, lin), bill_fen).customer_pays_fen == 0
        return
    with pytest.raises(BillBelowAward):
        redeem(place.desk, show(held, lin), bill_fen)


def test_time_place_and_enrolment_still_hold_at_the_dealers(clock, app):
    validity = {"kind": "natural_days", "days": 10, "usable_after_days": 1}
    offers = document(benefit={"given_as": "discount"})["offers"]
    offers[0]["validity"] = validity
    campaign, place, lin, held = off_the_bill(offers=offers)
    with pytest.raises(NotYetValid):
        redeem(place.desk, show(held, lin), 15_280_000)
    clock.move_to(at("2023-05-09 09:00"))
    with pytest.raises(OutsideIndustry):
        redeem(shop(campaign, number=2, industry="catering").desk, show(held, lin), 15_280_000)
    with pytest.raises(NotEnrolled):
        redeem(shop(number=3, industry="automobile").desk, show(held, lin), 15_280_000)
    clock.move_to(at("2023-05-18 23:59"))
    digits = show(held, lin)
    clock.move_to(at("2023-05-19 00:00"))
    with pytest.raises(VoucherExpired):
        redeem(place.desk, digits, 15_280_000)


def test_a_void_gives_the_citizen_the_award_back(clock, app):
    campaign, place, lin, held = off_the_bill()
    void(redeem(place.desk, show(held, lin), 15_280_000), place.desk)
    assert standing(campaign)["outstanding"] == 400_000
    assert redeem(place.desk, show(held, lin), 15_280_000).discount_fen == 400_000


# --- paid out to the citizen --------------------------------------------------------------------------------


def test_a_payout_spends_the_entitlement_and_owes_it_to_the_citizen(clock, app):
    campaign, place, _lin, held = to_the_card()
    payout_id = bought(held, place)
    row = db.session.get_one(Redemption, payout_id)
    assert (row.payee, row.bill_fen, row.discount_fen, row.customer_pays_fen) == (
        "citizen", 15_280_000, 400_000, 15_280_000,
    )  # fmt: skip
    assert {
        source: balance_fen(accounts.due(campaign.id, campaign.sources[source])) for source in ("city", "county")
    } == {"city": 80_000, "county": 320_000}
    assert campaign.payable_fen("city", place.merchant_id) == 0
    payout = db.session.get_one(Payout, payout_id)
    assert (payout.payee_name, payout.bank_account, payout.status) == ("林小满", CARD, "due")
    assert db.session.get_one(Entitlement, held).redeemed_discount_fen == 400_000


def test_the_till_knows_nothing_of_what_was_paid_out(clock, app):
    _campaign, place, _lin, held = to_the_card()
    payout_id = bought(held, place)
    assert receipts.receipts_of_day(place.store_id, at("2023-05-08 00:00").date()) == []
    with pytest.raises(RedemptionUnknown):
        receipts.receipt_of(payout_id, place.store_id)
    with pytest.raises(RedemptionUnknown):
        done(lambda: redemptions.void(payout_id, place.desk, "顾客退货"))
    with pytest.raises(RedemptionUnknown):
        done(lambda: refund(payout_id, place.desk, 100, "顾客退货"))


@pytest.mark.parametrize(
    ("refusal", "changed"),
    [
        (AmountOutOfRange, {"bill_fen": 0}),
        (BillBelowAward, {"bill_fen": 399_999}),
        (StoreUnknown, {"store_id": 987}),
        (PayeeIncomplete, {"payee": Payee(" ", "工商银行", CARD)}),
        (PayeeIncomplete, {"payee": Payee("林小满", "", CARD)}),
        (PayeeIncomplete, {"payee": Payee("林小满", "工商银行", "6222 0212")}),
        (PayeeIncomplete, {"payee": Payee("林小满", "工商银行", "６２２２０２１２")}),
    ],
)
def test_what_cannot_be_paid_out(clock, app, refusal, changed):
    campaign, place, _lin, held = to_the_card()
    grant(held)
    usual = {"store_id": place.store_id, "bill_fen": 15_280_000, "payee": PAYEE}
    with pytest.raises(refusal):
        done(lambda: payouts.pay_out(held, **{**usual, **changed}))
    assert standing(campaign)["outstanding"] == 400_000


def test_an_entitlement_is_paid_out_once(clock, app):
    campaign, place, _lin, held = to_the_card()
    bought(held, place)
    with pytest.raises(AlreadyRedeemed):
        done(lambda: payouts.pay_out(held, store_id=place.store_id, bill_fen=15_280_000, payee=PAYEE))
    with pytest.raises(VoucherUnknown):
        done(lambda: payouts.pay_out(citizens(2)[1], store_id=place.store_id, bill_fen=15_280_000, payee=PAYEE))
    assert standing(campaign)["due"] == 400_000


def test_a_batch_with_the_same_entitlement_twice_pays_out_nothing(clock, app):
    campaign, place, _lin, held = to_the_card()
    grant(held)
    twice = [payouts.PayOut(held, place.store_id, 15_280_000, PAYEE)] * 2
    with pytest.raises(AlreadyRedeemed):
        done(lambda: payouts.pay_out_batch(twice))
    assert standing(campaign)["outstanding"] == 400_000


def test_what_was_approved_after_the_campaign_is_paid_out(clock, app):
    campaign, place, _lin, held = to_the_card()
    close(clock, CLOSES)
    clock.move_to(ENDS)
    bought(held, place)
    assert standing(campaign)["due"] == 400_000
