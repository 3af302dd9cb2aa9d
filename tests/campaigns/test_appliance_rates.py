"""Percent by grade against the national rules of 2024, 2025 and 2026, which are the data of the guide."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from campaigns.terms.axis import strategies
from campaigns.terms.benefit.percent_by_grade import PercentByGrade
from campaigns.terms.sale import Buyer, GoodsLine, NotUsable, Sale
from campaigns.terms.subsidy_refusals import WorthNothing
from tests.world import JIANGCHENG, at

NOON = at("2025-08-08 12:00")
GUIDE = Path(__file__).parents[2] / "docs" / "campaign-file.md"

BLOCK = re.search(r"```toml\n(\[rules-2024\].*?)```", GUIDE.read_text("utf-8"), flags=re.S)
assert BLOCK
RULES = tomllib.loads(BLOCK.group(1))


def rule(name, **changed):
    """Read the rules of a year as the guide prints them."""
    data = {**RULES[name], **changed}
    return strategies("campaigns.terms.benefit")[data.pop("kind")].load_strategy(data)


def sale(yuan, grade="1", category="refrigerator", had=None, kind="person"):
    line = GoodsLine(category, round(yuan * 100), grade)
    return Sale(line.price_fen, JIANGCHENG, "appliance", NOON, goods=(line,), buyer=Buyer(kind, had or {}))


def refused(benefit, a_sale):
    with pytest.raises(NotUsable) as refusal:
        benefit.worth(a_sale)
    assert refusal.value.message % refusal.value.params
    assert refusal.value.way_out % refusal.value.params
    return refusal.value.code


@pytest.mark.parametrize(
    ("price", "grade", "down", "half_up", "pays"),
    [
        (3999, "1", 799.80, 799.80, 3199.20),
        (4999, "2", 749.85, 749.85, 4249.15),
        (4999, "1", 999.80, 999.80, 3999.20),
        (899, "2", 134.85, 134.85, 764.15),
        (9999.99, "1", 1999.99, 2000.00, 8000.00),
        (10000, "1", 2000.00, 2000.00, 8000.00),
        (10000.01, "1", 2000.00, 2000.00, 8000.01),
        (12000, "1", 2000.00, 2000.00, 10000.00),
        (13333.33, "2", 1999.99, 2000.00, 11333.34),
        (20000, "2", 2000.00, 2000.00, 18000.00),
        (3333.33, "2", 499.99, 500.00, 2833.34),
    ],
)
@pytest.mark.parametrize("year", ["rules-2024", "rules-2025"])
def test_2024_and_2025_pay_20_and_15_percent_up_to_2000(year, price, grade, down, half_up, pays):
    a_sale = sale(price, grade)
    worth = rule(year).worth(a_sale)
    assert worth.cost_fen == round(down * 100)
    assert a_sale.bill_fen - worth.cost_fen == round(pays * 100)
    assert rule(year, rounding="half_up").worth(a_sale).cost_fen == round(half_up * 100)


@pytest.mark.parametrize("grade", ["3", "4", "5", "none"])
def test_a_lower_grade_is_not_covered(grade):
    assert refused(rule("rules-2025"), sale(3999, grade)) == "grade_not_covered"


def test_an_article_without_a_label_may_be_given_a_rate():
    with_rate = rule("rules-2025", rates={"1": "20%", "2": "15%", "none": "15%"})
    assert with_rate.worth(sale(1000, "none")).cost_fen == 15_000


@pytest.mark.parametrize(
    ("price", "grade", "category", "expected"),
    [
        (2999, "1", "refrigerator", 449.85),
        (2999, "2", "refrigerator", "grade_not_covered"),
        (9999, "1", "refrigerator", 1499.85),
        (10000, "1", "refrigerator", 1500.00),
        (12000, "1", "refrigerator", 1500.00),
        (3999, "1", "dishwasher", "category_not_covered"),
    ],
)
def test_2026_pays_15_percent_of_grade_1_for_six_categories(price, grade, category, expected):
    benefit, a_sale = rule("rules-2026"), sale(price, grade, category)
    if isinstance(expected, str):
        assert refused(benefit, a_sale) == expected
    else:
        assert benefit.worth(a_sale).cost_fen == round(expected * 100)


@pytest.mark.parametrize(
    ("price", "expected"), [(1999, 299.85), (3333, 499.95), (3334, 500.00), (5999, 500.00), (6000, 500.00)]
)
@pytest.mark.parametrize("category", ["phone", "tablet", "wearable"])
def test_digital_products_get_15_percent_up_to_500_whatever_their_grade(price, expected, category):
    for grade in ("none", "1", "5"):
        assert rule("digital-2025").worth(sale(price, grade, category)).cost_fen == round(expected * 100)


def test_a_digital_product_above_6000_gets_nothing():
    assert refused(rule("digital-2025"), sale(6000.01, category="phone")) == "price_above_ceiling"
    assert refused(rule("digital-2025"), sale(3000, category="smart-glasses")) == "category_not_covered"
    assert rule("digital-2026").worth(sale(3000, category="smart-glasses")).cost_fen == 45_000


@pytest.mark.parametrize(
    ("year", "category", "had", "code"),
    [
        ("rules-2025", "air-conditioner", {"air-conditioner": 2}, None),
        ("rules-2025", "air-conditioner", {"air-conditioner": 3}, "quantity_used_up"),
        ("rules-2025", "refrigerator", {"refrigerator": 1}, "quantity_used_up"),
        ("rules-2025", "refrigerator", {"air-conditioner": 3}, None),
        ("rules-2024", "air-conditioner", {"air-conditioner": 1}, "quantity_used_up"),
        ("rules-2025", "refrigerator", {}, None),
    ],
    ids=["third", "fourth", "second fridge", "each category by itself", "one in 2024", "2024's buyer again in 2025"],
)
def test_each_category_has_its_own_quantity_per_person(year, category, had, code):
    a_sale = sale(3999, category=category, had=had)
    if code is None:
        assert rule(year).worth(a_sale).cost_fen
    else:
        assert refused(rule(year), a_sale) == code


@pytest.mark.parametrize(
    ("year", "count"), [("rules-2024", 8), ("rules-2025", 12), ("rules-2026", 6), ("digital-2025", 3)]
)
def test_a_years_rules_cover_so_many_categories(year, count):
    assert len(rule(year).categories) == count


def test_huizhou_2023_gave_ten_percent():
    benefit = PercentByGrade({"any": 1_000}, 200_000, {"television": 1})
    assert benefit.worth(sale(3000, category="television")).cost_fen == 30_000


def test_shenzhen_2024_had_rates_of_its_own_for_phones_and_tablets():
    phone = PercentByGrade({"any": 1_000}, 100_000, {"phone": 1})
    tablet = PercentByGrade({"any": 1_500}, 200_000, {"tablet": 1, "wearable": 1})
    assert phone.worth(sale(12_000, category="phone")).cost_fen == 100_000
    assert tablet.worth(sale(12_000, category="tablet")).cost_fen == 180_000


def test_one_qualification_is_for_one_article():
    line = GoodsLine("refrigerator", 100_000, "1")
    other = GoodsLine("phone", 100_000, "none")
    two = Sale(200_000, JIANGCHENG, "appliance", NOON, goods=(line, line))
    assert refused(rule("rules-2025"), two) == "one_item_only"
    assert refused(rule("rules-2025"), Sale(1, JIANGCHENG, "appliance", NOON)) == "goods_needed"
    # What the rules do not cover may stand on the same bill.
    mixed = Sale(200_000, JIANGCHENG, "appliance", NOON, goods=(line, other))
    assert rule("rules-2025").worth(mixed).cost_fen == 20_000


def test_a_subsidy_of_less_than_a_fen_is_none():
    assert refused(rule("rules-2025"), sale(0.04)) == "worth_nothing"


def test_the_reasons_show_the_arithmetic():
    worth = rule("rules-2025").worth(sale(12_000))
    assert worth.reasons == (
        "冰箱（1 级）：12,000.00 元 × 20% = 2,400.00 元（不足一分舍去）",
        "超过每件上限，按上限补贴 2,000.00 元",
        "发票开具补贴前的全价 12,000.00 元",
    )
    assert rule("rules-2025", invoice="paid").worth(sale(3999)).invoice_fen == 319_920
    assert str(rule("digital-2025").describe()) == "按售价的 15% 补贴，每件最高 500 元"
    assert str(rule("rules-2024").describe()) == "按售价补贴（1 级能效 20%、2 级能效 15%），每件最高 2000 元"
    assert rule("digital-2025").table().rows[0] == ("手机", "15%", "500", "6000（含）", "1 件")


@given(
    price_fen=st.integers(1, 10**9), grade=st.sampled_from(["1", "2"]), rounding=st.sampled_from(["down", "half_up"])
)
def test_an_award_never_exceeds_cap_price_or_rounded_down_the_statutory_percentage(price_fen, grade, rounding):
    benefit = rule("rules-2025", rounding=rounding)
    try:
        worth = benefit.worth(sale(price_fen / 100, grade))
    except WorthNothing:
        return
    assert worth.cost_fen <= min(benefit.cap_fen, price_fen)
    if rounding == "down":
        assert worth.cost_fen * 10_000 <= price_fen * benefit.rates[grade]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rates": {}}, "至少要有一个能效等级"),
        ({"rates": {"any": "15%", "1": "20%"}}, "不看能效"),
        ({"rates": {"6": "15%"}}, "没有“6”"),
        ({"rates": {"1": "0%"}}, "大于 0%"),
        ({"categories": {}}, "至少要有一个补贴品类"),
        ({"categories": {"sofa": 1}}, "没有“sofa”"),
        ({"categories": {"phone": 0}}, "1 至 100 之间"),
        ({"rounding": "up"}, "没有“up”"),
        ({"invoice": "half"}, "没有“half”"),
        ({"cap_yuan": 0}, "大于 0"),
    ],
)
def test_rules_that_do_not_add_up_are_a_fault_said_in_words(changed, said):
    with pytest.raises(ValidationError) as fault:
        rule("rules-2025", **changed)
    assert said in str(fault.value.messages)
