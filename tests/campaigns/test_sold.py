"""How a voucher is sold is data of the campaign file: read exactly, refused with its reason, and told wherever the file
is told."""

import json
from decimal import Decimal

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.demand import Demand
from campaigns.notice import as_text as notice_text
from campaigns.notice import notice
from campaigns.quoting import answers, as_data, as_text
from campaigns.sale_file import SaleFile
from campaigns.simulation import simulate
from campaigns.simulation_words import as_data as simulation_data
from campaigns.simulation_words import as_text as simulation_text
from campaigns.terms.sale import Sale
from campaigns.terms.sold import Sold
from tests.sold import sold, sold_offer
from tests.world import CLOSES, OPENS, a_round, at, by_application, offer, spring, subsidy, toml


def faults_of(document):
    with pytest.raises(DefinitionFaulty) as refused:
        check(toml(document))
    return {fault.place: fault.message for fault in refused.value.faults}


def how(**changed):
    return check(toml(sold(**changed))).offer("meal").sold


def test_it_is_read_to_the_fen():
    assert how() == Sold(990, "bank", 15, "kept", "kept")
    read = how(price_yuan=Decimal("0.01"), pay_minutes=30, if_expired="returned", if_withdrawn="returned")
    assert read == Sold(1, "bank", 30, "returned", "returned")
    assert how(price_yuan=Decimal("59.99")).price_fen == 5_999


@pytest.mark.parametrize("zero", [0, Decimal("0.00")])
def test_a_price_of_nothing_is_none(zero):
    assert how(price_yuan=zero) is None
    document = sold(price_yuan=zero)
    del document["offers"][0]["sold"]["proceeds"]
    assert check(toml(document)).offer("meal").sold is None
    assert check(toml(spring())).offer("meal").sold is None


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("price_yuan", 60, "售价应当小于面值 60.00 元"),
        ("price_yuan", 300, "售价应当小于面值 60.00 元"),
        ("price_yuan", -1, "应当大于 0"),
        ("price_yuan", Decimal("9.905"), "不能有不足一分的金额"),
        ("price_yuan", "9.9", "应当是以元为单位的数字"),
        ("pay_minutes", 0, "应当是 1 至 120 之间的整数"),
        ("pay_minutes", 121, "应当是 1 至 120 之间的整数"),
        ("if_expired", "half", "没有“half”；可以是：kept, returned"),
        ("if_withdrawn", "half", "没有“half”；可以是：kept, returned"),
        ("proceeds", "nobody", "没有资金来源“nobody”；可以是：city、bank、shops"),
        ("colour", "red", "没有这一项"),
    ],
)
def test_what_it_may_not_say(key, value, why):
    assert why in faults_of(sold(**{key: value}))[f"offers[1].sold.{key}"]


def test_whose_the_price_is_has_to_be_said():
    document = sold()
    del document["offers"][0]["sold"]["proceeds"]
    assert faults_of(document)["offers[1].sold.proceeds"] == "要写明售价款归谁；可以是：city、bank、shops"


@pytest.mark.parametrize(
    ("issuance", "why"),
    [
        ({"kind": "lottery", "register_until": at("2023-05-09 10:00"), "draw_at": at("2023-05-09 12:00")}, "摇号"),
        ({"kind": "named_list"}, "定向发放"),
        ({"kind": "assisted"}, "线下代领"),
    ],
)
def test_it_is_bought_by_pressing_first_and_in_no_other_way(issuance, why):
    document = {**sold(), "rounds": [a_round(issuance=issuance)]}
    assert faults_of(document)["rounds[1].issuance.kind"] == f"要付钱的“meal”不能{why}，请用 first_come（先到先得）"


def test_it_is_not_in_a_pack():
    document = sold()
    document["packs"] = [{"code": "two", "name": "两张", "contents": [{"offer": "meal", "count": 2}]}]
    document["rounds"] = [a_round(releases=[{"pack": "two", "stock": 5}])]
    assert "不能放进券包" in faults_of(document)["rounds[1].releases[1].pack"]


@pytest.mark.parametrize("kind", ["car_subsidy", "appliance_trade_in"])
def test_subsidies_cost_nothing(kind):
    document = subsidy(kind)
    document["offers"][0]["sold"] = {"price_yuan": 1, "proceeds": "city"}
    assert faults_of(document)["offers[1].sold.price_yuan"] == "只有满减券可以出售；补贴不能要钱"


def test_what_is_applied_for_has_no_price():
    document = subsidy("car_subsidy")
    document["rounds"] = [a_round(issuance=by_application())]
    document["offers"][0]["sold"] = {"price_yuan": 1, "proceeds": "city"}
    assert "不能申请审核" in faults_of(document)["rounds[1].issuance.kind"]


def test_who_pays_at_the_last_moment_still_gets_something():
    document = sold()
    document["offers"][0]["validity"] = {"kind": "fixed_end", "until": CLOSES.replace(minute=10)}
    assert "15 分钟内付款" in faults_of(document)["rounds[1].releases[1].offer"]
    document["offers"][0]["validity"]["until"] = CLOSES.replace(minute=16)
    assert check(toml(document)).offer("meal").sold


def test_the_notice_says_what_it_costs_and_whose_the_price_is():
    text = notice_text(notice(check(toml(sold(if_withdrawn="returned")))))
    assert "60元券：售价 9.90 元，下单后 15 分钟内付款；过期不退，未使用可随时退。" in text
    assert "售价款由建设银行收取，不计入活动资金。" in text
    assert "有效期从付款时起算" in text
    assert "付款" not in notice_text(notice(check(toml(spring()))))


def test_a_quote_says_the_price_and_takes_it_off_no_share():
    definition = check(toml(sold()))
    asked = SaleFile(Sale(30_000, "441702", "catering", OPENS), OPENS, "")
    found = answers(definition, asked)
    [answer] = as_data(definition, found)["answers"]
    assert answer["price_fen"] == 990
    assert answer["award"]["by_source"] == {"city": 2_000, "bank": 2_000, "shops": 2_000}
    assert "售价 9.90 元" in as_text(definition, found)
    assert "售价款归建设银行，不抵减出资" in as_text(definition, found)
    free = check(toml(spring()))
    [answer] = as_data(free, answers(free, asked))["answers"]
    assert answer["price_fen"] == 0


def test_a_comparison_names_what_changed_of_the_sale():
    before, after = sold(), sold(price_yuan=Decimal("19.9"), if_expired="returned")
    changes = [str(change) for change in compare(check(toml(before)), check(toml(after)))]
    assert changes == [
        "修改 offers[meal].sold.price_yuan（售价）：9.90 元 → 19.90 元",
        "修改 offers[meal].sold.if_expired（过期未用）：过期不退 → 过期自动退",
    ]


def test_the_simulation_counts_what_is_paid_and_adds_it_to_no_source():
    document = sold()
    document["offers"].append(offer("tea", funding={"shares": {"city": "100%"}}))
    document["rounds"] = [a_round(releases=[{"offer": "meal", "stock": 10}])]
    definition = check(toml(document))
    played = simulate(definition, Demand(claims_per_day=100))
    assert played.total("claimed") == 10
    assert played.total("proceeds_fen") == 9_900
    for day in played.days:
        for source in definition.sources:
            money = day.money[source.code]
            assert money.pool + money.released + money.outstanding + money.redeemed == source.budget_fen
    assert "售价款 99.00 元" in simulation_text(definition, played)
    assert sum(day["proceeds_fen"] for day in simulation_data(played)["days"]) == 9_900
    free = check(toml(spring()))
    assert "售价款" not in simulation_text(free, simulate(free, Demand(claims_per_day=5)))
    assert json.dumps(simulation_data(played))


def test_several_may_be_sold_beside_free_ones():
    document = sold()
    document["offers"] += [sold_offer("tea", proceeds="city"), offer("free", funding={"shares": {"city": "100%"}})]
    releases = [{"offer": code, "stock": 5} for code in ("meal", "tea", "free")]
    document["rounds"] = [a_round(releases=releases)]
    definition = check(toml(document))
    assert [bool(each.sold) for each in definition.offers] == [True, True, False]
