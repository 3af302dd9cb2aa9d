"""Gifts handed out (domain.md §2.1 济南 2025-07, §8.4 C6): what they cost whom, once per part and number, and back."""

from datetime import timedelta

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.notice import as_text, notice
from campaigns.terms.gifts import Gift, divide
from evidence.errors import IssuedNumberMalformed, MarkTaken
from foundation.db import db
from foundation.money import apportion
from ledger import accounts
from ledger.posting import balance_fen
from merchants import gifts, redemptions
from merchants.errors import NotEnrolled, VoidTooLate
from merchants.gift_errors import (
    CameBackMissing,
    GiftNotRefundable,
    GiftToHandOut,
    NotAGift,
    NothingToHandOut,
    NumberIsCode,
    PartFromOthers,
    PartNumberMissing,
    PartUnknown,
)
from merchants.receipts import receipt_of
from merchants.refunds import refund
from merchants.scans import Scan, sale_of
from merchants.sites import require_site
from settlement import closing, gift_figures
from settlement.reports import Query, report
from tests import cars, people, world
from tests import gifts as scene
from tests.world import done
from voucher import advice, expiry
from voucher.errors import AlreadyRedeemed, ApplicationLimitReached, GiftEndedMeanwhile, NotConfirmed, PartHandedOut
from voucher.holdings import voucher_of
from voucher.models import Entitlement

CARD, POLICY = "1000 1100 0000 0001", "pdza-2025-000001"


@pytest.fixture
def campaign(clock, app):
    return scene.opened(rounds=2)


@pytest.fixture
def desks(campaign):
    return scene.desks(campaign)


@pytest.fixture
def lin(campaign):
    """Lin's gift for a car of 100,000 yuan without tax, and who Lin is."""
    (who,) = people.citizens(1)
    return scene.won(who, campaign.release), who


def gift_row(gift_id):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Entitlement, gift_id)


def outstanding(campaign):
    return cars.standing(campaign)["outstanding"]


def payable(campaign, shop):
    return {code: campaign.payable_fen(code, shop.merchant_id) for code in ("city", "county")}


# --- C6 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("without_tax_fen", "cost", "value", "card", "insurance"),
    [
        (9_999_999, 1800, 1900, 1000, 800),
        (10_000_000, 3000, 3200, 2000, 1000),
        (15_000_000, 4500, 4800, 3000, 1500),
        (25_000_000, 6000, 6400, 4000, 2000),
        (40_000_000, 8000, 8500, 5000, 3000),
    ],
)
def test_jinan_gifts_cost_their_suppliers_price_and_are_worth_what_was_announced(
    without_tax_fen, cost, value, card, insurance, campaign, desks
):
    oil, insurer = desks
    (who,) = people.citizens(1)
    gift_id = scene.won(who, campaign.release, without_tax_fen=without_tax_fen)
    assert gift_row(gift_id).face_value_fen == cost * 100
    scene.hand_out(oil.till, gift_id, who, {1: CARD})
    scene.hand_out(insurer.till, gift_id, who, {2: POLICY})
    assert payable(campaign, oil) == {"city": card * 20, "county": card * 80}
    assert payable(campaign, insurer) == {"city": insurance * 20, "county": insurance * 80}
    assert (outstanding(campaign), gift_row(gift_id).status) == (0, "redeemed")
    totals = gift_figures.totals(gift_figures.given(Query()))
    assert (totals.count, totals.cost_fen, totals.advertised_fen) == (2, cost * 100, value * 100)


def test_a_firm_with_two_gifts_has_one_more_in_later_rounds_and_a_winner_has_none(clock, campaign):
    firm, (lin, chen) = world.a_uscc(901), people.citizens(2)
    first, second = campaign.releases["r1", "car"], campaign.releases["r2", "car"]
    scene.won(chen, first, firm=firm)
    scene.won(chen, first, firm=firm)
    scene.won(lin, first)
    scene.next_round(clock)
    scene.won(chen, second, firm=firm)
    with pytest.raises(ApplicationLimitReached):
        cars.apply(chen, second, firm=firm)
    with pytest.raises(ApplicationLimitReached):
        cars.apply(lin, second)


@pytest.mark.parametrize("split", [{"a": 1}, {"a": 1, "b": 1}, {"a": 20, "b": 80}, {"a": 1, "b": 3, "c": 3}])
@pytest.mark.parametrize("costs", [(1,), (1, 1, 1), (100_001, 80_003), (7, 11, 13, 17, 19)])
def test_the_parts_of_each_source_sum_to_what_was_set_aside(split, costs):
    parts = [Gift("x", cost, cost) for cost in costs]
    aside = apportion(sum(costs), split)
    shares = divide(parts, aside)
    assert [sum(share.values()) for share in shares] == list(costs)
    assert {code: sum(share.get(code, 0) for share in shares) for code in aside} == aside


# --- handing out ----------------------------------------------------------------------------------------------


def test_a_desk_sees_what_it_hands_out_and_who_hands_out_the_rest(desks, lin):
    oil, _ = desks
    seen = scene.scan(oil.till, *lin)
    assert [(each.part.gift.name, each.may_hand_out, each.suppliers) for each in seen.parts] == [
        ("加油卡", True, ("漠阳石油",)),
        ("车险", False, ("海陵保险",)),
    ]
    assert [each.number_name for each in seen.parts] == ["卡号", "保单号"]
    scene.hand_out(oil.till, *lin, {1: CARD})
    again = scene.scan(oil.till, *lin)
    assert not any(each.may_hand_out for each in again.parts)


@pytest.mark.parametrize(
    ("wanted", "refusal", "field"),
    [
        ({}, NothingToHandOut, "parts"),
        ({3: ""}, PartUnknown, "parts"),
        ({2: POLICY}, PartFromOthers, "number_2"),
        ({1: " "}, PartNumberMissing, "number_1"),
        ({1: "12"}, IssuedNumberMalformed, "number_1"),
        ({1: "卡号一二三四五六"}, IssuedNumberMalformed, "number_1"),
    ],
)
def test_what_cannot_be_handed_out_is_refused_by_name_and_nothing_is_half_done(wanted, refusal, field, desks, lin):
    oil, _ = desks
    scene.scan(oil.till, *lin)
    before = world.everything()
    with pytest.raises(refusal) as why:
        done(lambda: gifts.hand_out(oil.till, lin[0], wanted))
    assert why.value.field == field
    assert why.value.way_out
    assert world.everything() == before


def test_a_gun_that_reads_the_phone_again_hands_nothing_out(desks, lin):
    oil, _ = desks
    digits = world.show(*lin)
    done(lambda: gifts.scan(oil.till, digits))
    with pytest.raises(NumberIsCode):
        done(lambda: gifts.hand_out(oil.till, lin[0], {1: digits}))


def test_a_number_counts_once_over_all_campaigns_in_whatever_spelling(campaign, desks, lin):
    oil, _ = desks
    (chen,) = people.citizens(1, first_phone=13900000500)
    other = scene.won(chen, campaign.release)
    scene.hand_out(oil.till, *lin, {1: CARD})
    scene.scan(oil.till, other, chen)
    before = world.everything()
    with pytest.raises(MarkTaken) as why:
        done(lambda: gifts.hand_out(oil.till, other, {1: "１０００-11000000 0001"}))
    assert (why.value.field, str(why.value.params["what"])) == ("number_1", "卡号")
    assert world.everything() == before
    scene.hand_out(oil.till, other, chen, {1: "1000110000000002"})


def test_two_parts_of_one_gift_do_not_share_a_number(clock, app):
    table = scene.tiers(suppliers=[])
    for tier in table:
        tier["gifts"][1] |= {"suppliers": [], "number": "card"}
    campaign = scene.opened(tiers=table)
    oil, _ = scene.desks(campaign)
    (lin,) = people.citizens(1)
    gift_id = scene.won(lin, campaign.release)
    scene.scan(oil.till, gift_id, lin)
    with pytest.raises(MarkTaken) as why:
        done(lambda: gifts.hand_out(oil.till, gift_id, {1: CARD, 2: CARD}))
    assert why.value.field == "number_2"
    # A merchant that hands out everything does so at once.
    scene.hand_out(oil.till, gift_id, lin, {1: CARD, 2: "1000110000000009"})
    assert gift_row(gift_id).status == "redeemed"


def test_a_part_is_handed_out_once(desks, lin):
    oil, insurer = desks
    scene.hand_out(oil.till, *lin, {1: CARD})
    with pytest.raises(PartHandedOut):
        scene.hand_out(oil.till, *lin, {1: "1000110000000002"})
    scene.hand_out(insurer.till, *lin, {2: POLICY})
    with pytest.raises(AlreadyRedeemed):
        done(lambda: gifts.hand_out(insurer.till, lin[0], {2: "PDZA2025000002"}))


def test_only_the_desk_that_scanned_last_hands_out_and_only_for_half_an_hour(clock, desks, lin):
    oil, insurer = desks
    scene.scan(oil.till, *lin)
    scene.scan(insurer.till, *lin)
    with pytest.raises(NotConfirmed):
        done(lambda: gifts.hand_out(oil.till, lin[0], {1: CARD}))
    clock.move_to(clock.now() + timedelta(minutes=30))
    with pytest.raises(NotConfirmed):
        done(lambda: gifts.hand_out(insurer.till, lin[0], {2: POLICY}))


def test_a_supplier_outside_the_campaign_and_a_voucher_are_refused(campaign, lin):
    oil, _ = scene.desks(None)
    with pytest.raises(NotEnrolled):
        scene.scan(oil.till, *lin)
    meals = world.opened()
    shop = world.shop(meals, number=5)
    (chen,) = people.citizens(1, first_phone=13900000500)
    digits = world.claim_and_show(chen, meals.release)[1]
    with pytest.raises(NotAGift):
        done(lambda: gifts.scan(shop.till, digits))


def test_a_gift_is_no_voucher_for_a_bill_and_no_advice(clock, desks, lin):
    oil, _ = desks
    digits = world.show(*lin)
    with pytest.raises(GiftToHandOut):
        done(lambda: redemptions.redeem(oil.till, digits, 20_000))
    sale = sale_of(Scan(oil.till, digits, 20_000), require_site(oil.till), clock.now())
    assert advice.advise(lin[1], sale).lines == ()


def test_the_holder_sees_what_was_handed_out_with_its_number_masked(desks, lin):
    oil, _ = desks
    redemption_id = scene.hand_out(oil.till, *lin, {1: CARD})
    held = voucher_of(*lin)
    assert [(part.gift.name, part.handed is not None) for part in held.parts] == [("加油卡", True), ("车险", False)]
    assert (held.parts[0].handed.place, held.parts[0].handed.number) == ("漠阳石油总店", "1000110000000001")
    receipt = receipt_of(redemption_id, oil.store_id)
    assert (receipt.bill_fen, receipt.discount_fen, receipt.customer_pays_fen) == (0, 200_000, 0)
    assert [(part.name, part.came_back) for part in receipt.gift] == [("加油卡", None)]


# --- back -----------------------------------------------------------------------------------------------------


def test_a_mistaken_hand_out_is_voided_the_same_day_and_its_numbers_are_free_again(campaign, desks, lin):
    oil, insurer = desks
    scene.hand_out(insurer.till, *lin, {2: POLICY})
    wrong = scene.hand_out(oil.till, *lin, {1: CARD})
    assert gift_row(lin[0]).status == "redeemed"
    voided = scene.take_back(wrong, oil.till, {1: "collected"})
    assert (voided.status, [part.came_back for part in voided.gift]) == ("voided", ["collected"])
    row = gift_row(lin[0])
    assert (row.status, row.handed_fen, row.redeemed_at) == ("claimed", 100_000, None)
    assert (payable(campaign, oil), outstanding(campaign)) == ({"city": 0, "county": 0}, 200_000)
    scene.hand_out(oil.till, *lin, {1: CARD})
    assert gift_row(lin[0]).status == "redeemed"


@pytest.mark.parametrize("came_back", [None, {}, {1: "lost"}, {2: "collected"}])
def test_what_is_not_said_to_have_come_back_is_not_voided(came_back, desks, lin):
    oil, _ = desks
    given = scene.hand_out(oil.till, *lin, {1: CARD})
    before = world.everything()
    with pytest.raises(CameBackMissing) as why:
        scene.take_back(given, oil.till, came_back)
    assert why.value.field == "came_back_1"
    assert world.everything() == before


def test_a_hand_out_of_yesterday_is_neither_voided_nor_refunded(clock, desks, lin):
    oil, _ = desks
    given = scene.hand_out(oil.till, *lin, {1: CARD})
    with pytest.raises(GiftNotRefundable):
        done(lambda: refund(given, oil.till, 100, "质量问题"))
    clock.move_to(clock.now() + timedelta(days=1))
    with pytest.raises(VoidTooLate):
        scene.take_back(given, oil.till, {1: "collected"})


def test_what_is_not_collected_in_time_goes_back_to_the_pool(clock, campaign, desks, lin):
    oil, _ = desks
    scene.hand_out(oil.till, *lin, {1: CARD})
    (chen,) = people.citizens(1, first_phone=13900000500)
    scene.won(chen, campaign.release)
    before = cars.standing(campaign)["budget"]
    clock.move_to(world.ENDS)
    assert done(lambda: expiry.expire_due(actor=world.JOB)) == 2
    assert cars.standing(campaign)["budget"] == before + 100_000 + 300_000
    row = gift_row(lin[0])
    assert (row.status, row.handed_fen, outstanding(campaign)) == ("expired", 200_000, 0)


def test_a_gift_that_ended_meanwhile_is_not_given_back_to_anybody(clock, app):
    written = scene.document()
    ends_at = world.at("2023-06-30 18:00")
    written["offers"][0]["validity"]["until"] = ends_at
    campaign = world.opened(written)
    oil, _ = scene.desks(campaign)
    (lin,) = people.citizens(1)
    gift_id = scene.won(lin, campaign.release)
    clock.move_to(ends_at - timedelta(minutes=1))
    given = scene.hand_out(oil.till, gift_id, lin, {1: CARD})
    clock.move_to(ends_at)
    done(lambda: expiry.expire_due(actor=world.JOB))
    before = world.everything()
    with pytest.raises(GiftEndedMeanwhile):
        scene.take_back(given, oil.till, {1: "collected"})
    assert world.everything() == before


# --- money and figures ----------------------------------------------------------------------------------------


def test_gifts_are_settled_with_everything_else_and_drive_nothing(clock, campaign, desks, lin):
    oil, insurer = desks
    scene.hand_out(oil.till, *lin, {1: CARD})
    scene.hand_out(insurer.till, *lin, {2: POLICY})
    total = report(Query()).total.values
    assert (total["redeemed_fen"], total["driven_fen"]) == (300_000, 0)
    rows = gift_figures.given(Query(campaign_id=campaign.id))
    assert [(row.name, row.merchant_name, row.count, row.cost_fen, row.advertised_fen) for row in rows] == [
        ("加油卡", "漠阳石油", 1, 200_000, 220_000),
        ("车险", "海陵保险", 1, 100_000, 100_000),
    ]
    assert gift_figures.given(Query(merchant_id=oil.merchant_id))[0].name == "加油卡"
    assert gift_figures.given(Query(fund_source_id=campaign.sources["city"])) == []
    day = clock.now()
    clock.move_to(day + timedelta(days=1))
    batch = done(lambda: closing.close_period(campaign.id, world.OPENS.date(), by="officer:3").id)
    done(lambda: closing.approve(batch, by="officer:4"))
    done(lambda: closing.mark_paid(batch, by="officer:3", payment_reference="2023-001"))
    paid = [
        balance_fen(accounts.paid(campaign.id, campaign.sources[code], merchant_id=oil.merchant_id))
        for code in ("city", "county")
    ]
    assert paid == [40_000, 160_000]
    assert report(Query()).total.values["driven_fen"] == 0


# --- the campaign file ----------------------------------------------------------------------------------------


def test_the_file_the_notice_and_the_changes_say_who_hands_out_what(app):
    written = scene.document()
    definition = check(world.toml(written))
    told = as_text(notice(definition))
    assert "加油卡登记卡号、车险登记保单号，一个号码只能使用一次" in told
    other = scene.document(tiers=scene.tiers(suppliers=[world.a_uscc(7)]))
    changes = compare(definition, check(world.toml(other)))
    assert any("发放商户" in str(change) for change in changes)


@pytest.mark.parametrize(
    ("card", "use", "place", "words"),
    [
        ({"suppliers": ["12345"]}, {}, "suppliers", "18 位统一社会信用代码"),
        ({"suppliers": [5]}, {}, "suppliers", "带引号"),
        ({"number": "plate"}, {}, "number", "没有“plate”"),
        ({}, {"per_day": 1}, "per_day", "礼品可以分几处领取"),
    ],
)
def test_a_wrong_gift_is_a_fault_at_its_place(card, use, place, words):
    written = scene.document(tiers=scene.tiers(**card))
    if use:
        written["offers"][0]["use"] = use
    with pytest.raises(DefinitionFaulty) as why:
        check(world.toml(written))
    assert any(place in fault.place and words in fault.message for fault in why.value.faults)
