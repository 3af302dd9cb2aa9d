"""Best-voucher advice: to the citizen for a bill and a shop, to the till once a code has been presented."""

from datetime import timedelta

import pytest

from campaigns.terms.sale import Sale
from foundation import clock as clocks
from foundation.ids import new_id
from merchants.till_advice import Better, better_than
from tests import people, world
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_pos_api import Till
from tests.people import CHEN, LIN
from tests.world import JIANGCHENG, YANGDONG, a_round, done, everything, offer, opened, redeem, shop, spring
from voucher.advice import advise


def a_purse():
    """A meal 50 off 200, two of 20 off 50 that go together, and one of 30 off 100 for Yangdong only."""
    small = {"benefit": {"face_value_yuan": 20, "threshold_yuan": 50}, "scope": {}}
    far = {"benefit": {"face_value_yuan": 30, "threshold_yuan": 100}, "scope": {"counties": [YANGDONG]}}
    return spring(
        offers=[
            offer(),
            offer("pair", name="通用券", use={"per_order": 2, "per_day": 2}, **small),
            offer("far", name="阳东券", **far),
        ],
        rounds=[
            a_round(
                limits=[{"count": 3, "within": "offer"}],
                releases=[{"offer": code, "stock": 30} for code in ("meal", "pair", "far")],
            )
        ],
    )


@pytest.fixture
def purse(clock, app):
    campaign = opened(a_purse())
    lin = people.citizen(LIN)
    held = {code: world.claim(lin, campaign.releases["r1", code]) for code in ("meal", "pair", "far")}
    held["second"] = world.claim(lin, campaign.releases["r1", "pair"])
    return campaign, lin, held


def a_sale(bill_fen, county=JIANGCHENG, industry="catering"):
    return Sale(bill_fen, county, industry, clocks.now())


@pytest.mark.parametrize(
    ("bill_fen", "county", "best", "saves_fen"),
    [
        (4_999, JIANGCHENG, [], 0),
        (5_000, JIANGCHENG, ["pair"], 2_000),
        (9_999, JIANGCHENG, ["pair"], 2_000),
        (10_000, JIANGCHENG, ["pair", "pair"], 4_000),
        (20_000, JIANGCHENG, ["meal"], 5_000),
        (9_999, YANGDONG, ["pair"], 2_000),
        (20_000, YANGDONG, ["pair", "pair"], 4_000),
    ],
)
def test_the_best_way_is_what_saves_the_most(purse, bill_fen, county, best, saves_fen):
    _, lin, _ = purse
    advice = advise(lin, a_sale(bill_fen, county))
    assert ([held.facts.code for held in advice.best], advice.saves_fen) == (best, saves_fen)


def test_every_voucher_has_its_worth_or_its_reason(purse):
    _, lin, held = purse
    before = everything()
    lines = advise(lin, a_sale(12_000)).lines
    told = {line.held.entitlement_id: line.saves_fen or line.refusal.code for line in lines}
    assert told == {
        held["meal"]: "bill_below_threshold",
        held["pair"]: 2_000,
        held["second"]: 2_000,
        held["far"]: "outside_county",
    }
    assert [line.saves_fen for line in lines] == [2_000, 2_000, 0, 0]
    assert everything() == before


def test_what_ends_first_is_used_first(clock, app):
    document = a_purse()
    document["offers"][1]["validity"] = {"kind": "hours", "hours": 48}
    campaign = opened(document)
    lin = people.citizen(LIN)
    first = world.claim(lin, campaign.releases["r1", "pair"])
    clock.move_to(world.OPENS + timedelta(hours=1))
    world.claim(lin, campaign.releases["r1", "pair"])
    assert [held.entitlement_id for held in advise(lin, a_sale(5_000)).best] == [first]


def test_what_the_day_allows_is_known(purse):
    campaign, lin, held = purse
    place = shop(campaign)
    redeem(place.till, world.show(held["pair"], lin), 5_000)
    world.claim(lin, campaign.releases["r1", "pair"])
    assert [each.facts.code for each in advise(lin, a_sale(10_000)).best] == ["pair"]
    redeem(place.till, world.show(held["second"], lin), 5_000)
    advice = advise(lin, a_sale(10_000))
    assert advice.best == ()
    assert "too_many_today" in [line.refusal.code for line in advice.lines if line.refusal]


def test_a_till_learns_of_the_one_better_way_and_only_for_a_code_that_it_was_shown(purse):
    campaign, lin, held = purse
    place = shop(campaign)
    digits = world.show(held["pair"], lin)
    assert better_than(place.till, digits, 20_000, 2_000) == Better("餐饮券", 1, 5_000)
    assert better_than(place.till, digits, 10_000, 2_000) == Better("通用券", 2, 4_000)
    assert better_than(place.till, digits, 20_000, 5_000) is None
    assert better_than(place.till, "not a code", 20_000, 0) is None
    assert better_than(place.till, "96314159265358979321", 20_000, 0) is None


def test_a_shop_outside_the_campaign_is_told_nothing(purse):
    _, lin, held = purse
    outside = shop(number=2)
    assert better_than(outside.till, world.show(held["pair"], lin), 20_000, 0) is None


def test_the_api_advises_without_changing_anything(purse, app):
    campaign, lin, held = purse
    till = Till(app, shop(campaign).store_id)
    body = {"code": world.show(held["far"], lin), "bill_fen": 10_000}
    still = ("account", "attempt_window")
    before = everything(but=still)
    refused = till.post("/quotes", body)
    advised = till.post("/orders/advice", body)
    assert refused.json["code"] == "outside_county"
    assert advised.json == {"offer_name": "通用券", "vouchers": 2, "discount_fen": 4_000}
    assert everything(but=still) == before
    foreign = till.post("/orders/advice", {"code": "96314159265358979321", "bill_fen": 10_000})
    assert foreign.json["code"] == "code_unknown"
    nothing = till.post("/orders/advice", {"code": world.show(held["meal"], lin), "bill_fen": 20_000})
    assert nothing.json == {"offer_name": None, "vouchers": None, "discount_fen": None}


def test_the_till_page_passes_the_advice_on(purse, app):
    campaign, lin, held = purse
    till = cashier_of(app, shop(campaign))

    def scan(code, bill_fen):
        body = {"code": world.show(held[code], lin), "bill_fen": bill_fen, "list_fen": None}
        return till.post("/till/redemptions", json=body, headers={"Idempotency-Key": new_id().hex}).json

    refused = scan("meal", 10_000)
    assert (refused["code"], refused["advice"]) == (
        "bill_below_threshold",
        "请告诉顾客：这一单可以用您的 2 张“通用券”同用，可减 40.00 元",
    )
    done_ = scan("pair", 20_000)
    assert done_["advice"] == "顾客有更省的券：“餐饮券”，可减 50.00 元。要换券，请先撤销这笔"
    assert scan("meal", 20_000)["advice"] == ""


def test_the_citizen_sees_each_voucher_for_a_kind_of_shop_and_for_a_shop(purse, app):
    campaign, *_ = purse
    shop(campaign)
    phone = people.browser_of(app, LIN)
    assert "/vouchers/advice" in phone.get("/vouchers").text
    page = phone.get("/vouchers/advice?bill=120&county=441702&industry=catering").text
    assert "最省：通用券 2 张，减 40.00 元，实付 80.00 元" in page
    assert "消费金额 120.00 元，未达到使用门槛 200 元" in page
    assert "再消费 80.00 元就可以用这张券" in page
    assert "请告诉顾客" not in page
    at_shop = phone.get("/vouchers/advice?bill=200&shop=漠阳味道总店").text
    assert "最省：餐饮券 1 张，减 50.00 元" in at_shop
    assert "这一单您的券都用不上" in phone.get("/vouchers/advice?bill=10&county=441702&industry=catering").text


def test_bad_input_is_answered_in_place(purse, app):
    phone = people.browser_of(app, LIN)
    assert "没有叫“某某店”的门店" in phone.get("/vouchers/advice?bill=200&shop=某某店").text
    for bill in ("abc", "-1", "0", "1.234", "9" * 40):
        answer = phone.get(f"/vouchers/advice?bill={bill}&county=441702&industry=catering")
        assert answer.status_code == 200
        assert "最省" not in answer.text.split("</form>")[1]


def test_who_holds_nothing_is_told_so_and_nobody_else_is_let_in(purse, app):
    assert "还没有可用的券" in people.browser_of(app, CHEN).get("/vouchers/advice?bill=200").text
    assert people.browser_of(app).get("/vouchers/advice").status_code in (302, 303)
    assert done(lambda: advise(people.citizen(CHEN), a_sale(20_000))).lines == ()
