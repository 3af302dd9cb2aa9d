"""Quotes of whole campaign files: the examples, the best offer first, and why another cannot be used."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.campaign_file import check
from campaigns.quoting import answers, as_data, as_text
from campaigns.sale_file import SaleFaulty, SaleFile, read_sale
from campaigns.terms.sale import Car, Sale
from tests.world import JIANGCHENG, YANGDONG, at, offer, spring, toml

EXAMPLES = Path(__file__).parents[2] / "examples"
NOON = at("2023-05-08 12:00")


@cache
def example(name):
    return check((EXAMPLES / name).read_text("utf-8"))


def meal(yuan=200, county=JIANGCHENG, industry="catering", asked="", claimed=NOON):
    return SaleFile(Sale(yuan * 100, county, industry, NOON), claimed, asked)


def test_the_examples_cover_every_kind_of_campaign():
    kinds = {example(file.name).kind for file in EXAMPLES.glob("*.toml")}
    assert kinds == {"consumer_voucher", "car_subsidy", "appliance_trade_in"}


@pytest.mark.parametrize(
    ("campaign", "sale", "offer_code", "discount_fen", "pays_fen", "by_source"),
    [
        (
            "yangjiang-2023.toml",
            "sale-voucher.json",
            "jiangcheng-catering",
            10_000,
            34_800,
            {"yangjiang-city": 2_000, "jiangcheng": 8_000},
        ),
        ("car-subsidy-2023.toml", "sale-car.json", "car", 300_000, 15_280_000, {"yangjiang-city": 300_000}),
        (
            "appliance-trade-in-2025.toml",
            "sale-appliance.json",
            "appliance",
            99_980,
            399_920,
            {"guangdong": 89_982, "yangjiang-city": 9_998},
        ),
    ],
)
def test_each_example_is_quoted_with_its_sale(campaign, sale, offer_code, discount_fen, pays_fen, by_source):
    definition = example(campaign)
    found = answers(definition, read_sale((EXAMPLES / sale).read_text("utf-8")))
    award = found[0].award
    assert found[0].offer.code == offer_code
    assert (award.discount_fen, award.customer_pays_fen, award.by_source) == (discount_fen, pays_fen, by_source)
    assert award.reasons


def test_the_342_cars_of_the_report_cost_998_000_yuan():
    definition = example("car-subsidy-2023.toml")
    cars = [(88_000, 108), (152_800, 194), (236_000, 40)]
    total = 0
    for yuan, count in cars:
        car = Car(yuan * 100, "ice")
        asked = SaleFile(Sale(car.with_tax_fen, JIANGCHENG, "automobile", at("2023-08-01 10:00"), car=car), NOON)
        total += answers(definition, asked)[0].award.discount_fen * count
    assert total == 99_800_000 == sum(source.budget_fen for source in definition.sources)
    assert sum(count for _, count in cars) == 342


def test_the_best_offer_comes_first_and_the_others_say_why_not():
    small = {"face_value_yuan": 20, "threshold_yuan": 100}
    offers = [offer("small", benefit=small), offer(), offer("shop", scope={"industries": ["retail"]})]
    definition = check(toml(spring(offers=offers)))
    found = answers(definition, meal())
    assert [answer.offer.code for answer in found] == ["meal", "small", "shop"]
    assert found[2].refusal.code == "outside_industry"
    assert [answer.offer.code for answer in answers(definition, meal(150)) if answer.award] == ["small"]
    assert [answer.offer.code for answer in answers(definition, meal(asked="shop"))] == ["shop"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (meal(199), "bill_below_threshold"),
        (meal(county=YANGDONG), "outside_county"),
        (meal(claimed=at("2023-05-01 12:00")), "voucher_expired"),
    ],
)
def test_why_not_is_the_refusal_that_the_till_gives(asked, code):
    definition = check(toml(spring()))
    [answer] = answers(definition, asked)
    assert (answer.award, answer.refusal.code) == (None, code)
    data = as_data(definition, [answer])["answers"][0]
    assert (data["usable"], data["refusal"]["code"]) == (False, code)
    assert "不能用：" in as_text(definition, [answer])


def test_nothing_is_usable_before_the_campaign_begins():
    definition = check(toml(spring()))
    early = at("2023-05-01 12:00")
    [answer] = answers(definition, SaleFile(Sale(20_000, JIANGCHENG, "catering", early), early))
    assert answer.refusal.code == "voucher_not_yet_valid"


def test_an_offer_that_is_not_in_the_file_is_a_fault_of_the_sale():
    with pytest.raises(SaleFaulty) as refused:
        answers(check(toml(spring())), meal(asked="dinner"))
    assert str(refused.value) == "offer：没有券“dinner”；可以是：meal"


@pytest.mark.parametrize(
    ("campaign", "sale"),
    [("car-subsidy-2023.toml", "sale-car.json"), ("appliance-trade-in-2025.toml", "sale-appliance.json")],
)
@given(price_fen=st.integers(1, 10**9))
def test_payers_pay_exactly_the_award_whatever_the_price(campaign, sale, price_fen):
    asked = read_sale((EXAMPLES / sale).read_text("utf-8"))
    goods = tuple(replace(line, price_fen=price_fen) for line in asked.sale.goods)
    car = asked.sale.car and Car(price_fen, "nev")
    found = answers(
        example(campaign), replace(asked, sale=replace(asked.sale, bill_fen=price_fen, goods=goods, car=car))
    )
    for award in (answer.award for answer in found if answer.award):
        assert sum(award.by_source.values()) == award.discount_fen > 0
        assert award.customer_pays_fen >= 0


def test_a_quote_says_it_in_words_and_as_data():
    definition = check(toml(spring()))
    found = answers(definition, meal())
    assert as_text(definition, found).splitlines() == [
        "餐饮券（meal）",
        "  补贴 50.00 元，付款时立减",
        "  消费金额 200.00 元，顾客实付 150.00 元",
        "  出资：市财政 10.00 元，江城区财政 40.00 元",
        "  · 消费 200.00 元，达到门槛 200 元，减 50 元",
    ]
    data = json.loads(json.dumps(as_data(definition, found)))["answers"][0]
    assert data["award"]["by_source"] == {"city": 1_000, "jiangcheng": 4_000}
    assert (data["valid_from"], data["expires_at"]) == ("2023-05-08T12:00:00+08:00", "2023-05-15T00:00:00+08:00")
