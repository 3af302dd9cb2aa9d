"""Price tiers against the tables of real announcements (domain.md §2.1, §8.4), to the fen at every bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from campaigns.terms.axis import strategies
from campaigns.terms.benefit.price_tiers import without_tax
from campaigns.terms.price_table import Floating
from campaigns.terms.sale import Buyer, Car, NotUsable, Sale
from tests.world import JIANGCHENG, at

NOON = at("2025-08-08 12:00")
WAN = 1_000_000


def tiers(*rows, price="tax_inclusive", **others):
    """Read a benefit as a campaign file has it: rows are (prices, amounts of a tier)."""
    table = [{"prices": prices, **amounts} for prices, amounts in rows]
    schema = strategies("campaigns.terms.benefit")["price_tiers"]
    return schema.load_strategy({"price": price, "tiers": table, **others})


def both(ice, nev=None):
    return {"yuan": ice} if nev is None else {"ice_yuan": ice, "nev_yuan": nev}


def sale(price_fen, powertrain="ice", *conditions, without_fen=None, deal_fen=None, buyer=None, in_tier=None, spent=0):
    car = Car(price_fen, powertrain, without_fen, deal_fen, frozenset(conditions), in_tier, spent)
    return Sale(price_fen, JIANGCHENG, "automobile", NOON, car=car, buyer=buyer or Buyer())


def yuan(benefit, *facts, **others):
    """Return what a car gets in yuan, and 0 where it is refused."""
    try:
        return benefit.worth(sale(*facts, **others)).cost_fen / 100
    except NotUsable:
        return 0


def refused(benefit, a_sale):
    with pytest.raises(NotUsable) as refusal:
        benefit.worth(a_sale)
    assert refusal.value.message % refusal.value.params
    assert refusal.value.way_out % refusal.value.params
    return refusal.value.code


JINAN_SPRING = tiers(("[10万, 30万)", both(3000, 4000)), ("[30万, ∞)", both(4000, 5000)), price="tax_exclusive")
YANTAI = tiers(
    ("[0, 10万)", both(2000, 3000)),
    ("[10万, 20万)", both(3000, 4000)),
    ("[20万, ∞)", both(5000, 6000)),
    bonuses=[{"condition": "old_car_scrapped", "yuan": 1000}],
)


@pytest.mark.parametrize(
    ("with_tax", "without_fen", "nev", "ice"),
    [
        (99_000, 8_761_062, 0, 0),
        (112_999, 9_999_912, 0, 0),
        (113_000, 10_000_000, 4000, 3000),
        (152_800, 13_522_124, 4000, 3000),
        (338_999, 29_999_912, 4000, 3000),
        (339_000, 30_000_000, 5000, 4000),
        (500_000, 44_247_788, 5000, 4000),
    ],
)
@pytest.mark.parametrize("printed", [True, False], ids=["price without tax as printed", "computed"])
def test_jinan_spring_2025_pays_by_the_price_without_tax(with_tax, without_fen, nev, ice, printed):
    assert without_tax(with_tax * 100) == without_fen
    given_fen = without_fen if printed else None
    assert yuan(JINAN_SPRING, with_tax * 100, "nev", without_fen=given_fen) == nev
    assert yuan(JINAN_SPRING, with_tax * 100, "ice", without_fen=given_fen) == ice


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (99_999, (3000, 4000, 2000, 3000)),
        (100_000, (4000, 5000, 3000, 4000)),
        (199_999, (4000, 5000, 3000, 4000)),
        (200_000, (6000, 7000, 5000, 6000)),
    ],
)
def test_yantai_2023_adds_a_thousand_for_a_scrapped_car(price, expected):
    facts = [("nev",), ("nev", "old_car_scrapped"), ("ice",), ("ice", "old_car_scrapped")]
    assert tuple(yuan(YANTAI, price * 100, *one) for one in facts) == expected


def gift(card, worth_of_card, insurance):
    return {
        "gifts": [
            {"name": "加油卡", "cost_yuan": card, "advertised_yuan": worth_of_card},
            {"name": "车险", "cost_yuan": insurance},
        ]
    }


JINAN_AUTUMN = tiers(
    ("[0, 10万)", gift(1000, 1100, 800)),
    ("[10万, 15万)", gift(2000, 2200, 1000)),
    ("[15万, 25万)", gift(3000, 3300, 1500)),
    ("[25万, 40万)", gift(4000, 4400, 2000)),
    ("[40万, ∞)", gift(5000, 5500, 3000)),
    price="tax_exclusive",
    buyers={"person": 1, "firm": 3},
)


@pytest.mark.parametrize(
    ("without_fen", "cost", "value"),
    [
        (9_999_999, 1800, 1900),
        (10 * WAN, 3000, 3200),
        (15 * WAN, 4500, 4800),
        (25 * WAN, 6000, 6400),
        (40 * WAN, 8000, 8500),
    ],
)
@pytest.mark.parametrize("powertrain", ["ice", "nev"])
def test_jinan_autumn_2025_gives_gifts_that_cost_less_than_they_are_worth(without_fen, cost, value, powertrain):
    with_tax_fen = round(without_fen * 1.13)
    worth = JINAN_AUTUMN.worth(sale(with_tax_fen, powertrain, without_fen=without_fen))
    assert (worth.cost_fen, worth.advertised_fen, worth.given_as) == (cost * 100, value * 100, "gift")
    assert JINAN_AUTUMN.told_fen(worth.cost_fen) == value * 100
    assert JINAN_SPRING.told_fen(worth.cost_fen) == worth.cost_fen


@pytest.mark.parametrize(
    ("buyer", "code"),
    [
        (Buyer("firm", {"car": 2}), None),
        (Buyer("firm", {"car": 3}), "quantity_used_up"),
        (Buyer("person", {}), None),
        (Buyer("person", {"car": 1}), "quantity_used_up"),
    ],
    ids=["firm with two has one more", "firm with three has none", "first of a person", "who won before gets nothing"],
)
def test_jinan_autumn_2025_counts_buyers_across_its_rounds(buyer, code):
    a_sale = sale(12 * WAN, buyer=buyer)
    if code is None:
        assert JINAN_AUTUMN.worth(a_sale).cost_fen
    else:
        assert refused(JINAN_AUTUMN, a_sale) == code


def test_a_firm_gets_nothing_where_only_persons_do():
    assert refused(YANTAI, sale(12 * WAN, buyer=Buyer("firm"))) == "buyer_not_covered"


INSURANCE = tiers(
    ("[2000, 3000)", both(800)),
    ("[3000, 4000)", both(1000)),
    ("[4000, 6000)", both(1500)),
    ("[6000, 8000)", both(2000)),
    ("[8000, ∞)", both(3000)),
    price="bill",
)


@pytest.mark.parametrize(
    ("premium_fen", "expected"),
    [(199_999, 0), (200_000, 800), (300_000, 1000), (400_000, 1500), (600_000, 2000), (800_000, 3000)],
)
def test_the_first_insurance_of_2025_pays_by_the_premium(premium_fen, expected):
    a_sale = Sale(premium_fen, JIANGCHENG, "automobile", NOON)
    if expected:
        assert INSURANCE.worth(a_sale).cost_fen == expected * 100
    else:
        assert refused(INSURANCE, a_sale) == "price_outside_tiers"


NANSHAN_2 = tiers(
    ("(7万, 15万]", both(2000, 2500)),
    ("(15万, 25万]", both(4000, 5000)),
    ("(25万, 40万]", both(5500, 6500)),
    ("(40万, ∞)", both(7000, 8000)),
)
NANSHAN_3 = tiers(
    ("(8万, 15万]", both(3000, 4000)),
    ("(15万, 25万]", both(4000, 6000)),
    ("(25万, 40万]", both(6000, 8000)),
    ("(40万, 100万]", {"ice_yuan": 8000}),
    ("(100万, ∞)", both(12000)),
)
BAOAN_2022 = tiers(
    ("[10万, 20万)", both(5000)),
    ("[20万, 30万)", both(12000)),
    ("[30万, 50万)", both(17000)),
    ("[50万, ∞)", both(20000)),
)
BAOAN_2024 = tiers(("[10万, 20万)", both(1000)), ("[20万, ∞)", both(1500)))
CHANGSHA = tiers(("[9万, 20万)", both(1800, 3000)), ("[20万, ∞)", both(3000, 3600)), price="tax_exclusive")
GUANGZHOU = tiers(("[10万, 20万]", both(3000)), ("(20万, ∞)", both(5000)))
DEAL_2023 = tiers(
    ("[0, 10万)", both(1000)), ("[10万, 20万)", both(3000)), ("[20万, ∞)", both(5000)), price="deal_price"
)
NINGBO = tiers(("[10万, 15万)", both(3000)), ("[15万, ∞)", both(5000)))


@pytest.mark.parametrize(
    ("table", "price_fen", "ice", "nev"),
    [
        (NANSHAN_2, 7 * WAN, 0, 0),
        (NANSHAN_2, 7 * WAN + 1, 2000, 2500),
        (NANSHAN_2, 15 * WAN, 2000, 2500),
        (NANSHAN_2, 15 * WAN + 1, 4000, 5000),
        (NANSHAN_2, 25 * WAN, 4000, 5000),
        (NANSHAN_2, 25 * WAN + 1, 5500, 6500),
        (NANSHAN_2, 40 * WAN, 5500, 6500),
        (NANSHAN_2, 40 * WAN + 1, 7000, 8000),
        (NANSHAN_3, 8 * WAN, 0, 0),
        (NANSHAN_3, 8 * WAN + 1, 3000, 4000),
        (NANSHAN_3, 15 * WAN, 3000, 4000),
        (NANSHAN_3, 25 * WAN, 4000, 6000),
        (NANSHAN_3, 40 * WAN, 6000, 8000),
        (NANSHAN_3, 40 * WAN + 1, 8000, 0),
        (NANSHAN_3, 100 * WAN, 8000, 0),
        (NANSHAN_3, 100 * WAN + 1, 12000, 12000),
        (BAOAN_2022, 10 * WAN - 1, 0, 0),
        (BAOAN_2022, 10 * WAN, 5000, 5000),
        (BAOAN_2022, 20 * WAN, 12000, 12000),
        (BAOAN_2022, 30 * WAN, 17000, 17000),
        (BAOAN_2022, 50 * WAN - 1, 17000, 17000),
        (BAOAN_2022, 50 * WAN, 20000, 20000),
        (BAOAN_2024, 20 * WAN - 1, 1000, 1000),
        (BAOAN_2024, 20 * WAN, 1500, 1500),
        (GUANGZHOU, 10 * WAN, 3000, 3000),
        (GUANGZHOU, 20 * WAN, 3000, 3000),
        (GUANGZHOU, 20 * WAN + 1, 5000, 5000),
        (DEAL_2023, 10 * WAN - 1, 1000, 1000),
        (DEAL_2023, 10 * WAN, 3000, 3000),
        (DEAL_2023, 20 * WAN, 5000, 5000),
        (NINGBO, 15 * WAN - 1, 3000, 3000),
        (NINGBO, 15 * WAN, 5000, 5000),
        (CHANGSHA, 10_169_999, 0, 0),
        (CHANGSHA, 10_170_000, 1800, 3000),
        (CHANGSHA, 22_600_000, 3000, 3600),
    ],
)
def test_other_cities_tables_are_kept_at_every_bound(table, price_fen, ice, nev):
    assert (yuan(table, price_fen, "ice"), yuan(table, price_fen, "nev")) == (ice, nev)


def test_a_tier_without_an_amount_for_the_powertrain_says_so():
    assert refused(NANSHAN_3, sale(50 * WAN, "nev")) == "powertrain_not_covered"


def test_the_deal_price_counts_where_the_contract_differs_from_the_invoice():
    assert yuan(DEAL_2023, 10 * WAN, deal_fen=9 * WAN) == 1000


def test_without_a_car_there_is_no_price_to_go_by():
    assert refused(YANTAI, Sale(WAN, JIANGCHENG, "automobile", NOON)) == "car_needed"


@pytest.mark.parametrize(("off_fen", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_price_without_tax_must_fit_the_invoice_to_a_fen(off_fen, fits):
    a_sale = sale(15_280_000, "nev", without_fen=13_522_124 + off_fen)
    if fits:
        assert JINAN_SPRING.worth(a_sale).cost_fen == 400_000
    else:
        assert refused(JINAN_SPRING, a_sale) == "prices_disagree"


# --- pools of a tier ----------------------------------------------------------------------------------------

BAOAN_2025 = tiers(
    ("[20万, 30万)", {"floating": {"pool_yuan": 10_000_000, "least_yuan": 2000, "most_yuan": 4000}}),
    ("[30万, ∞)", {"floating": {"pool_yuan": 10_000_000, "least_yuan": 3000, "most_yuan": 6000}}),
)


@pytest.mark.parametrize(
    ("price", "in_tier", "fen"),
    [
        (25, 1, 400_000),
        (25, 2_500, 400_000),
        (25, 2_501, 399_840),
        (25, 4_000, 250_000),
        (25, 5_000, 200_000),
        (25, 5_001, None),
        (35, 1_666, 600_000),
        (35, 3_333, 300_030),
        (35, 3_334, None),
        (35, None, 600_000),
    ],
)
def test_baoan_2025_divides_a_pool_by_the_applications_and_closes_at_the_cap(price, in_tier, fen):
    a_sale = sale(price * WAN, in_tier=in_tier)
    if fen is None:
        assert refused(BAOAN_2025, a_sale) == "tier_full"
    else:
        assert BAOAN_2025.worth(a_sale).cost_fen == fen


@given(pool_fen=st.integers(1, 10**12), least_fen=st.integers(1, 10**6), more_fen=st.integers(0, 10**6), data=st.data())
def test_a_floating_pool_is_never_overdrawn_and_nobody_gets_less_than_the_least(pool_fen, least_fen, more_fen, data):
    pool_fen = max(pool_fen, least_fen + more_fen)
    floating = Floating(pool_fen, least_fen, least_fen + more_fen)
    applications = data.draw(st.integers(1, floating.most_applications))
    amount_fen = floating.amount_fen(applications)
    assert amount_fen * applications <= pool_fen
    assert least_fen <= amount_fen <= floating.most_fen


@pytest.mark.parametrize(
    ("limit", "in_tier", "spent", "full"),
    [
        ({"most_cars": 2}, 2, 0, False),
        ({"most_cars": 2}, 3, 0, True),
        ({"most_cars": 2}, None, 0, False),
        ({"pool_yuan": 10_000}, None, 700_000, False),
        ({"pool_yuan": 10_000}, None, 700_001, True),
    ],
)
def test_a_tier_closes_when_its_money_or_its_number_is_used_up(limit, in_tier, spent, full):
    table = tiers(("[0, ∞)", {"yuan": 3000, **limit}))
    a_sale = sale(12 * WAN, in_tier=in_tier, spent=spent)
    if full:
        assert refused(table, a_sale) == "tier_full"
    else:
        assert table.worth(a_sale).cost_fen == 300_000


@given(price_fen=st.integers(1, 10**9), powertrain=st.sampled_from(["ice", "nev"]), scrapped=st.booleans())
def test_an_award_never_exceeds_the_price_or_the_most_that_was_set_aside(price_fen, powertrain, scrapped):
    conditions = ["old_car_scrapped"] if scrapped else []
    worth = YANTAI.worth(sale(price_fen, powertrain, *conditions))
    assert 0 < worth.cost_fen <= min(price_fen, YANTAI.committed_fen)


@pytest.mark.parametrize(("given_as", "fen"), [("discount", 100_000), ("cash", 300_000)])
def test_what_comes_off_a_bill_is_no_more_than_the_bill(given_as, fen):
    table = tiers(("[0, ∞)", both(3000)), given_as=given_as)
    deposit = Sale(100_000, JIANGCHENG, "automobile", NOON, car=Car(12 * WAN, "ice"))
    assert table.worth(deposit).cost_fen == fen


def test_what_a_table_says_of_itself():
    assert str(YANTAI.describe()) == "按含税价（价税合计）分档，最高 7000 元"
    assert YANTAI.table().rows[1] == ("10 万元（含）至 20 万元（不含）", "燃油车 3000 元；新能源车 4000 元")
    assert YANTAI.table().rows[3] == ("报废旧车", "另补 1000 元")
    assert BAOAN_2025.table().rows[0][1:] == ("2000 至 4000 元，按申请数量浮动", "资金 10000000 元、5000 辆")
    assert JINAN_AUTUMN.table().rows[0][1] == "加油卡＋车险，价值 1900 元"
    assert (YANTAI.committed_fen, YANTAI.least_fen, YANTAI.threshold_fen) == (700_000, 200_000, 0)


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "others", "said"),
    [
        ([("[10万, 20万)", both(1)), ("[20万, 10万)", both(1))], {}, "上限应当高于下限"),
        ([("[10万, 10万)", both(1))], {}, "上限应当高于下限"),
        ([("10万-20万", both(1))], {}, "方括号含、圆括号不含"),
        ([("[30万, ∞]", both(1))], {}, "圆括号结束"),
        ([("[1.001, ∞)", both(1))], {}, "不足一分"),
        ([("[10万, 20万)", both(1)), ("[25万, ∞)", both(1))], {}, "既不重叠也不留缺口"),
        ([("[10万, 20万]", both(1)), ("[20万, ∞)", both(1))], {}, "既不重叠也不留缺口"),
        ([("[10万, 20万)", both(1)), ("(20万, ∞)", both(1))], {}, "既不重叠也不留缺口"),
        ([("[0, ∞)", both(1)), ("[20万, ∞)", both(1))], {}, "既不重叠也不留缺口"),
        ([("[0, ∞)", {"yuan": 1, "ice_yuan": 1})], {}, "只能用一种写法"),
        ([("[0, ∞)", {})], {}, "至少要有一档"),
        ([], {}, "至少要有一档"),
        ([("[0, 1万)", gift(1, 1, 1)), ("[1万, ∞)", both(1))], {}, "要么都发礼品"),
        ([("[0, ∞)", gift(1, 1, 1))], {"bonuses": [{"condition": "local_plate", "yuan": 1}]}, "不能另补钱"),
        ([("[0, ∞)", both(1))], {"buyers": {}}, "至少要有一种买家"),
        ([("[0, ∞)", both(1))], {"buyers": {"shop": 1}}, "没有“shop”"),
        ([("[0, ∞)", both(1))], {"price": "list"}, "没有“list”"),
        ([("[0, ∞)", both(1, 2))], {"price": "bill"}, "不看动力类型"),
        ([("[0, ∞)", {"floating": {"pool_yuan": 9, "least_yuan": 3, "most_yuan": 2}})], {}, "不能低于 least_yuan"),
        ([("[0, ∞)", {"floating": {"pool_yuan": 1, "least_yuan": 1, "most_yuan": 2}})], {}, "够发一份最高额"),
        (
            [("[0, ∞)", {"most_cars": 1, "floating": {"pool_yuan": 9, "least_yuan": 1, "most_yuan": 2}})],
            {},
            "名额由它算出",
        ),
    ],
)
def test_a_table_that_does_not_add_up_is_a_fault_said_in_words(rows, others, said):
    with pytest.raises(ValidationError) as fault:
        tiers(*rows, **others)
    assert said in str(fault.value.messages)


def test_a_price_range_with_nothing_for_anyone_may_stand_between_tiers():
    table = tiers(("[0, 10万)", both(1000)), ("[10万, 20万)", {}), ("[20万, ∞)", both(3000)))
    assert [yuan(table, price * WAN) for price in (5, 15, 25)] == [1000, 0, 3000]
