"""A sale file is read exactly, and every fault is named by its field."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sale_file import LONGEST_SALE, SaleFaulty, read_sale
from campaigns.terms.sale import Buyer, Car, GoodsLine
from tests.world import JIANGCHENG, at

MEAL = {"at": "2023-05-08T12:00:00+08:00", "county": JIANGCHENG, "industry": "catering", "bill_yuan": 200}
FRIDGE = {"category": "refrigerator", "price_yuan": 3999, "grade": "1", "barcode": "6901234567892"}
CAR = {"price_with_tax_yuan": 152800, "powertrain": "nev"}


def read(**changed):
    document = {key: value for key, value in {**MEAL, **changed}.items() if value is not None}
    return read_sale(json.dumps(document, ensure_ascii=False))


def faults_of(text):
    with pytest.raises(SaleFaulty) as refused:
        read_sale(text)
    assert refused.value.params["count"] == len(refused.value.faults) > 0
    return {fault.place: fault.message for fault in refused.value.faults}


def test_a_whole_sale_is_read_to_the_fen_and_the_second():
    found = read(
        claimed_at="2023-05-07T10:00:00+08:00",
        offer="meal",
        bill_yuan=None,
        list_price_yuan=5000.5,
        merchant_discounts=[{"name": "店庆", "yuan": 1000}, {"name": "会员", "yuan": 0.5}],
        goods=[FRIDGE],
        car={**CAR, "price_without_tax_yuan": 135221.24, "conditions": ["old_car_scrapped"], "in_tier": 7},
        buyer={"kind": "firm", "had": {"car": 2}},
    )
    assert (found.offer, found.claimed_at) == ("meal", at("2023-05-07 10:00"))
    sale = found.sale
    assert (sale.bill_fen, sale.list_price_fen, sale.at) == (400_000, 500_050, at("2023-05-08 12:00"))
    assert sale.goods == (GoodsLine("refrigerator", 399_900, "1", "6901234567892"),)
    assert sale.car == Car(15_280_000, "nev", 13_522_124, None, frozenset({"old_car_scrapped"}), 7, 0)
    assert sale.buyer == Buyer("firm", {"car": 2})


@pytest.mark.parametrize(
    ("given_as", "bill_fen", "list_fen"),
    [
        ({}, 20_000, 20_000),
        ({"merchant_discounts": [{"name": "店庆", "yuan": 5}]}, 20_000, 20_500),
        ({"list_price_yuan": 205, "merchant_discounts": [{"name": "店庆", "yuan": 5}]}, 20_000, 20_500),
        ({"bill_yuan": None, "goods": [FRIDGE]}, 399_900, 399_900),
        ({"bill_yuan": None, "car": CAR}, 15_280_000, 15_280_000),
        ({"bill_yuan": None, "car": {**CAR, "deal_price_yuan": 150000}}, 15_000_000, 15_000_000),
    ],
)
def test_the_bill_may_be_told_in_several_ways(given_as, bill_fen, list_fen):
    sale = read(**given_as).sale
    assert (sale.bill_fen, sale.list_price_fen) == (bill_fen, list_fen)


def test_a_time_that_is_not_given_is_now_and_the_claim_is_of_the_same_moment(clock):
    found = read(at=None)
    assert found.sale.at == found.claimed_at == clock.now()


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"county": None}, "county", "缺少这一项"),
        ({"industry": None}, "industry", "缺少这一项"),
        ({"industry": "food"}, "industry", "可以是：catering"),
        ({"county": "江城区"}, "county", "六位行政区划代码"),
        ({"bill_yuan": None}, "bill_yuan", "缺少这一项；也可以写"),
        ({"bill_yuan": "200"}, "bill_yuan", "不加引号"),
        ({"bill_yuan": 200.005}, "bill_yuan", "不足一分"),
        ({"bill_yuan": 0}, "bill_yuan", "大于 0"),
        ({"bill_yuan": True}, "bill_yuan", "不加引号"),
        ({"list_price_yuan": 300}, "bill_yuan", "应为 300.00 元"),
        (
            {"bill_yuan": None, "list_price_yuan": 5, "merchant_discounts": [{"name": "店庆", "yuan": 5}]},
            "bill_yuan",
            "大于 0",
        ),
        ({"merchant_discounts": [{"yuan": 5}]}, "merchant_discounts[1].name", "缺少这一项"),
        ({"merchant_discounts": {}}, "merchant_discounts", "应当是一组"),
        ({"goods": [FRIDGE]}, "goods", "超过了消费金额"),
        ({"goods": [FRIDGE | {"category": "sofa"}]}, "goods[1].category", "没有“sofa”"),
        ({"goods": [FRIDGE | {"grade": "9"}]}, "goods[1].grade", "可以是：1, 2"),
        ({"goods": [FRIDGE | {"grade": 1}]}, "goods[1].grade", "带引号"),
        ({"goods": [FRIDGE | {"barcode": "6901234567893"}]}, "goods[1].barcode", "校验位不对"),
        ({"goods": [FRIDGE | {"barcode": "６901234567892"}]}, "goods[1].barcode", "13 位数字"),
        ({"goods": [FRIDGE | {"barcode": 6901234567892}]}, "goods[1].barcode", "13 位数字"),
        ({"goods": [{"category": "phone"}]}, "goods[1].price_yuan", "缺少这一项"),
        ({"car": {"powertrain": "nev"}}, "car.price_with_tax_yuan", "缺少这一项"),
        ({"car": CAR | {"powertrain": "steam"}}, "car.powertrain", "可以是：ice, nev"),
        ({"car": CAR | {"conditions": ["red"]}}, "car.conditions[1]", "没有“red”"),
        ({"car": CAR | {"colour": "red"}}, "car.colour", "没有这一项"),
        ({"buyer": {"kind": "shop"}}, "buyer.kind", "可以是：person, firm"),
        ({"buyer": {"had": {"sofa": 1}}}, "buyer.had.sofa", "没有“sofa”"),
        ({"buyer": {"had": {"car": -1}}}, "buyer.had.car", "0 至 1000"),
        ({"at": "2023-05-08T12:00:00"}, "at", "带时区的时间"),
        ({"at": "noon"}, "at", "带时区的时间"),
        ({"at": 20230508}, "at", "带时区的时间"),
        ({"claimed_at": "2023-05-09T12:00:00+08:00"}, "claimed_at", "不能晚于交易时间"),
        ({"offer": "早茶"}, "offer", "小写字母"),
        ({"bil_yuan": 3}, "bil_yuan", "没有这一项"),
    ],
)
def test_a_fault_is_named_by_its_field(changed, place, said):
    document = {key: value for key, value in {**MEAL, **changed}.items() if value is not None}
    faults = faults_of(json.dumps(document, ensure_ascii=False))
    assert said in faults.get(place, f"not there, but {faults}")


@pytest.mark.parametrize(
    "text",
    ["", "{", "nope", '{"a": 1, "a": 2}', '{"bill_yuan": NaN}', "[" * 100_000, " " * (LONGEST_SALE + 1), "1e999999999"],
)
def test_what_is_not_json_is_a_fault_of_the_whole(text):
    assert "全文" in faults_of(text)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"sale"'])
def test_what_is_not_a_table_is_a_fault_of_the_whole(text):
    assert faults_of(text)["全文"] == "应当是一个表"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["at", "county", "bill_yuan", "goods", "car", "buyer", "had", "category"]),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_whatever_is_written_is_read_or_refused_in_chinese(document):
    try:
        read_sale(json.dumps(document))
    except SaleFaulty as refused:
        for fault in refused.faults:
            assert re.search(r"[一-鿿]", fault.message), fault
