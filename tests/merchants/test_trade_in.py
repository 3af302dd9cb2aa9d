"""Trade-in at the till: one article, its award, its numbers that count once, and every refusal."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns import drafting
from campaigns.models import CampaignRound, Offer, Release
from evidence import marks
from foundation import clock as clocks
from foundation.db import db
from foundation.errors import Refusal
from merchants import confirmations, redemptions, refunds, register
from merchants.items import Item
from merchants.models import RefusedScan, SoldItem
from merchants.receipts import receipt_of
from tests import trade_in, world
from tests.trade_in import FRIDGE, article, claim_and_show, opened, sell, shop
from tests.world import done, void
from voucher.jobs import return_spares


def refused(work):
    with pytest.raises(Refusal) as refusal:
        work()
    told = refusal.value
    assert told.message % told.params
    assert told.way_out % told.params
    return told.code


def fen(yuan):
    return round(yuan * 100)


def sold_through_the_door(app, rules, category, price, item):
    """Sell in a campaign of these rules; return (award, what the customer pays) in fen, or why not."""
    campaign, (lin,) = opened(rules), world.citizens(1)
    store = shop(campaign)
    _, digits = claim_and_show(lin, campaign.release, category)
    try:
        receipt = sell(store.till, digits, fen(price), item)
    except Refusal as refusal:
        return refusal.code
    return receipt.discount_fen, receipt.customer_pays_fen


A1 = [
    (3999, "1", 799.80, 3199.20),
    (4999, "2", 749.85, 4249.15),
    (4999, "1", 999.80, 3999.20),
    (899, "2", 134.85, 764.15),
    (9999.99, "1", 1999.99, 8000.00),
    (10000, "1", 2000.00, 8000.00),
    (10000.01, "1", 2000.00, 8000.01),
    (12000, "1", 2000.00, 10000.00),
    (13333.33, "2", 1999.99, 11333.34),
    (20000, "2", 2000.00, 18000.00),
    (3333.33, "2", 499.99, 2833.34),
]


def test_the_rules_of_2024_and_2025_through_the_door(clock, app):
    """A1, each price sold to a person of their own in one campaign."""
    campaign, people = opened(trade_in.RULES_2024), world.citizens(len(A1))
    till = shop(campaign).till
    for (price, grade, award, pays), who in zip(A1, people, strict=True):
        _, digits = claim_and_show(who, campaign.release)
        told = redemptions.quote_code(till, digits, fen(price), item=article(grade))
        receipt = sell(till, digits, fen(price), article(grade))
        assert (receipt.discount_fen, receipt.customer_pays_fen) == (fen(award), fen(pays))
        assert (told.discount_fen, told.invoice_fen, receipt.invoice_fen) == (fen(award), fen(price), fen(price))


def test_a_third_grade_is_refused(clock, app):
    assert sold_through_the_door(app, trade_in.RULES_2025, "refrigerator", 3999, article("3")) == "grade_not_covered"


@pytest.mark.parametrize(
    ("price", "grade", "expected"),
    [
        (2999, "1", (44_985, 254_915)),
        (2999, "2", "grade_not_covered"),
        (9999, "1", (149_985, 849_915)),
        (10000, "1", (150_000, 850_000)),
        (12000, "1", (150_000, 1_050_000)),
    ],
)
def test_the_rules_of_2026_through_the_door(price, grade, expected, clock, app):
    """A2."""
    assert sold_through_the_door(app, trade_in.RULES_2026, "refrigerator", price, article(grade)) == expected


def test_a_dishwasher_is_not_in_the_rules_of_2026(clock, app):
    assert (
        refused(lambda: sold_through_the_door(app, trade_in.RULES_2026, "dishwasher", 2999, None)) == "category_needed"
    )


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (1999, (29_985, 169_915)),
        (3333, (49_995, 283_305)),
        (3334, (50_000, 283_400)),
        (5999, (50_000, 549_900)),
        (6000, (50_000, 550_000)),
        (6000.01, "price_above_ceiling"),
    ],
)
def test_digital_products_through_the_door(price, expected, clock, app):
    """A3: the label does not matter, so no grade is asked for; a phone has an IMEI instead of a serial number."""
    phone = Item(imei="490154203237518")
    assert sold_through_the_door(app, trade_in.DIGITAL, "phone", price, phone) == expected


def test_an_invoice_may_be_for_what_was_paid(clock, app):
    campaign, (lin,) = opened({**trade_in.RULES_2025, "invoice": "paid"}), world.citizens(1)
    store = shop(campaign)
    receipt = sell(store.till, claim_and_show(lin, campaign.release)[1], 399_900)
    assert receipt.invoice_fen == 319_920
    assert receipt_of(receipt.redemption_id, store.store_id).invoice_fen == 319_920


def test_the_sold_item_is_kept_in_canonical_spelling(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    store = shop(campaign)
    receipt = sell(store.till, claim_and_show(lin, campaign.release)[1], 399_900, FRIDGE)
    kept = db.session.get_one(SoldItem, receipt.redemption_id)
    assert (kept.category, kept.grade, kept.price_fen) == ("refrigerator", "1", 399_900)
    assert (kept.serial, kept.barcode, kept.brand) == ("SN0001", "6901234567892", "海尔")
    assert receipt_of(receipt.redemption_id, store.store_id).item.serial == "SN0001"


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (None, "goods_needed"),
        (Item(category="washing-machine", grade="1", serial="SN12345"), "other_category"),
        (Item(category="sofa", grade="1", serial="SN12345"), "category_unknown"),
        (Item(grade="1"), "serial_missing"),
        (Item(serial="SN12345"), "grade_missing"),
        (Item(grade="9", serial="SN12345"), "grade_unknown"),
        (Item(grade="none", serial="SN12345"), "grade_not_covered"),
        (Item(grade="1", serial="?"), "serial_malformed"),
        (Item(grade="1", serial="SN12345", barcode="6901234567890"), "barcode_malformed"),
        (Item(grade="1", imei="490154203237519"), "imei_malformed"),
    ],
)
def test_refusals_of_an_article(item, code, clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    till = shop(campaign).till
    _, digits = claim_and_show(lin, campaign.release)
    before = world.everything()
    assert refused(lambda: done(lambda: redemptions.redeem(till, digits, 399_900, item=item))) == code
    assert world.everything() == before


@pytest.mark.parametrize(("identify", "code"), [("imei", "imei_missing"), ("barcode", "barcode_missing")])
def test_a_campaign_says_which_numbers_it_wants(identify, code, clock, app):
    campaign, (lin,) = opened(article={"identify": ["serial", identify]}), world.citizens(1)
    _, digits = claim_and_show(lin, campaign.release)
    assert refused(lambda: sell(shop(campaign).till, digits, 399_900)) == code


def test_a_qualification_is_for_appliance_shops(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    store = world.shop(campaign, industry="catering")
    _, digits = claim_and_show(lin, campaign.release)
    assert refused(lambda: sell(store.till, digits, 399_900)) == "outside_industry"


# --- numbers that count once -----------------------------------------------------------------------------------


def test_an_article_is_subsidised_once_over_all_campaigns(clock, app):
    """A01 一机多补."""
    campaign, (lin, chen) = opened(), world.citizens(2)
    other = trade_in.trade_in()
    other["campaign"]["code"] = "other"
    other = world.opened(other)
    sell(shop(campaign).till, claim_and_show(lin, campaign.release)[1], 399_900, FRIDGE)
    again = Item(serial=" sn0001", grade="1")
    _, digits = claim_and_show(chen, other.release)
    store = shop(other, number=2)
    assert refused(lambda: sell(store.till, digits, 399_900, again)) == "mark_taken"
    sell(store.till, digits, 399_900, article())


def test_a_batch_tells_its_own_doubles(clock, app):
    campaign, people = opened(), world.citizens(3)
    till = shop(campaign).till
    scans = [
        redemptions.Scan(till, claim_and_show(who, campaign.release)[1], 399_900, item=item)
        for who, item in zip(people, (FRIDGE, FRIDGE, article()), strict=True)
    ]
    first, second, third = done(lambda: redemptions.redeem_batch(scans))
    assert getattr(second, "code", "") == "mark_taken"
    assert (first.discount_fen, third.discount_fen) == (79_980, 79_980)


def test_what_is_refused_takes_none_of_its_numbers(clock, app):
    campaign, people = opened(), world.citizens(3)
    till = shop(campaign).till
    codes = [claim_and_show(who, campaign.release)[1] for who in people]
    both = Item(serial="SN0002", imei="490154203237518", grade="1")
    sell(till, codes[0], 399_900, Item(imei="490154203237518", grade="1"))
    assert refused(lambda: sell(till, codes[1], 399_900, both)) == "mark_taken"
    sell(till, codes[2], 399_900, Item(serial="SN0002", grade="1"))


@pytest.mark.parametrize("back", ["void", "return"])
def test_numbers_are_free_again_when_the_article_is_back(back, clock, app):
    campaign, (lin, chen) = opened(), world.citizens(2)
    store = shop(campaign)
    _, digits = claim_and_show(lin, campaign.release)
    receipt = sell(store.till, digits, 399_900, FRIDGE)
    assert marks.holder_of("serial", "SN0001") == ("redemption", receipt.redemption_id.hex)
    if back == "void":
        void(receipt, store.till)
    else:
        done(lambda: refunds.refund(receipt.redemption_id, store.till, 399_900, "质量问题"))
    assert marks.holder_of("serial", "SN0001") is None
    sell(store.till, claim_and_show(chen, campaign.release)[1], 399_900, FRIDGE)


def test_a_part_that_comes_back_frees_nothing(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    store = shop(campaign)
    receipt = sell(store.till, claim_and_show(lin, campaign.release)[1], 399_900, FRIDGE)
    slip = done(lambda: refunds.refund(receipt.redemption_id, store.till, 50_000, "价保退差"))
    assert (slip.discount_fen, slip.restored) == (10_000, False)
    assert marks.holder_of("serial", "SN0001")


# --- confirming ------------------------------------------------------------------------------------------------


def confirm(counter, digits):
    return done(lambda: confirmations.confirm(counter, digits))


def test_a_store_that_has_confirmed_completes_the_sale_without_the_code(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    store = shop(campaign)
    entitlement_id, digits = claim_and_show(lin, campaign.release)
    confirmed = confirm(store.desk, digits)
    assert (confirmed.category_name, confirmed.cap_fen) == ("冰箱", 200_000)
    assert [each.entitlement_id for each in confirmations.confirmed_at(store.store_id)] == [entitlement_id]
    trade_in.later(clock, days=2)  # the code has long gone
    sold = sell(store.till, "", 399_900, confirmed_id=entitlement_id)
    assert sold.discount_fen == 79_980
    assert confirmations.confirmed_at(store.store_id) == []
    again = refused(lambda: sell(store.till, "", 399_900, confirmed_id=entitlement_id))
    assert again == "already_redeemed"


def test_a_confirmation_ends_with_its_days_and_with_the_qualification(clock, app):
    campaign, (lin, chen) = opened(article={"confirm_days": 1}), world.citizens(2)
    store = shop(campaign)
    entitlement_id, digits = claim_and_show(lin, campaign.release)
    confirm(store.desk, digits)
    trade_in.later(clock, days=1)
    assert refused(lambda: sell(store.till, "", 399_900, confirmed_id=entitlement_id)) == "not_confirmed"
    late, digits = claim_and_show(chen, campaign.release)
    trade_in.later(clock, seconds=30)
    assert confirm(store.desk, digits).until <= clock.now() + timedelta(days=1)
    assert late


def test_the_store_that_scans_last_has_it(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    here, there = shop(campaign), shop(campaign, number=2)
    entitlement_id, digits = claim_and_show(lin, campaign.release)
    confirm(here.desk, digits)
    confirm(there.desk, digits)
    assert refused(lambda: sell(here.till, "", 399_900, confirmed_id=entitlement_id)) == "not_confirmed"
    sell(there.till, "", 399_900, confirmed_id=entitlement_id)


def test_what_may_not_be_used_here_is_not_confirmed(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    _, digits = claim_and_show(lin, campaign.release)
    restaurant = world.shop(campaign, number=2)
    assert refused(lambda: confirm(restaurant.desk, digits)) == "outside_industry"
    stranger = shop(None, number=3)
    assert refused(lambda: confirm(stranger.desk, digits)) == "merchant_not_enrolled"
    document = world.spring()
    document["campaign"]["code"] = "meals"
    vouchers, (chen,) = world.opened(document), world.citizens(1)
    _, voucher = world.claim_and_show(chen, vouchers.release)
    diner = world.shop(vouchers, number=4)
    assert refused(lambda: confirm(diner.desk, voucher)) == "not_a_qualification"


def test_a_refused_article_is_on_the_trail(clock, app):
    campaign, (lin,) = opened(), world.citizens(1)
    store = shop(campaign)
    entitlement_id, digits = claim_and_show(lin, campaign.release)
    confirm(store.desk, digits)
    with pytest.raises(Refusal) as refusal:
        sell(store.till, "", 399_900, article("3"), confirmed_id=entitlement_id)
    done(
        lambda: redemptions.record_refusal(
            store.till, refusal.value, code_text="", bill_fen=399_900, named_id=entitlement_id
        )
    )
    scan = db.session.scalar(select(RefusedScan))
    assert (scan.reason, scan.entitlement_id) == ("grade_not_covered", entitlement_id)


# --- the example -----------------------------------------------------------------------------------------------


def test_the_example_is_published_claimed_and_redeemed(app):
    with clocks.simulated(world.at("2025-01-20 09:00")) as simulated:
        example = (Path(__file__).parents[2] / "examples" / "appliance-trade-in-2025.toml").read_text("utf-8")
        version_id = done(lambda: drafting.import_draft(example, by=world.DRAFTER).id)
        campaign_id = done(lambda: drafting.publish(version_id, by=world.PUBLISHER).id)
        store = shop(None)
        done(lambda: register.enroll(campaign_id, [store.merchant_id], by=world.DRAFTER))
        simulated.move_to(world.at("2025-02-01 10:00"))
        trade_in.open_due_rounds()
        releases = dict(
            db.session.execute(
                select(Offer.code, Release.id)
                .join(Release, Release.offer_id == Offer.id)
                .join(CampaignRound, CampaignRound.id == Release.round_id)
                .where(CampaignRound.code == "r1")
            ).all()
        )
        (lin,) = world.citizens(1)
        _, digits = claim_and_show(lin, releases["appliance"], "air-conditioner")
        sold = sell(store.till, digits, 349_900, FRIDGE)
        assert (sold.discount_fen, sold.invoice_fen) == (69_980, 349_900)
        _, digits = claim_and_show(lin, releases["digital"], "phone")
        phone = Item(imei="490154203237518", barcode="6901234567892")
        assert sell(store.till, digits, 499_900, phone).discount_fen == 50_000
        simulated.move_to(world.at("2025-02-02 00:05"))
        assert return_spares() == "returned the rest of 1 qualifications"
