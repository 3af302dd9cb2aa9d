"""What changed between two files is told by meaning, place by place."""

from pathlib import Path

import pytest

from campaigns.campaign_file import check
from campaigns.comparison import _places, compare, words_of
from tests.world import a_round, offer, spring, toml

EXAMPLES = Path(__file__).parents[2] / "examples"


def changes(old, new):
    return [str(change) for change in compare(check(old), check(new))]


def changed(**parts):
    return toml(spring(**parts))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_comments_and_layout_are_no_change(file):
    text = file.read_text("utf-8")
    assert changes(text, "# 第二稿\n\n" + text.replace(" = ", "  =   ")) == []


def test_a_threshold_written_as_a_multiple_is_no_change():
    same = {"kind": "spend_discount", "face_value_yuan": 50, "threshold_times": 4}
    assert changes(toml(spring()), changed(offers=[offer(benefit=same)])) == []


def test_defaults_that_are_written_out_are_no_change():
    same = offer(validity={"kind": "natural_days", "days": 7, "counted_from": "claim_day", "usable_after_days": 0})
    assert changes(toml(spring()), changed(offers=[same])) == []


def test_each_change_has_its_place_and_both_values():
    new = offer(benefit={"face_value_yuan": 60, "threshold_yuan": 240}, scope={"industries": ["catering", "retail"]})
    assert changes(toml(spring()), changed(offers=[new])) == [
        "修改 offers[meal].benefit.face_value_yuan（面值）：50.00 元 → 60.00 元",
        "修改 offers[meal].benefit.threshold_yuan（使用门槛）：200.00 元 → 240.00 元",
        "删除 offers[meal].scope.counties（县区）：江城区",
        "修改 offers[meal].scope.industries（行业）：餐饮 → 餐饮、零售",
    ]


def test_what_is_added_or_removed_whole_is_said_once():
    later = a_round("r2", name="第二轮", releases=[{"offer": "dinner", "stock": 5}])
    new = changed(offers=[offer(), offer("dinner", name="晚餐券")], rounds=[a_round(), later])
    assert changes(toml(spring()), new) == ["增加 offers[dinner]（券种）：晚餐券", "增加 rounds[r2]（轮次）：第二轮"]
    assert changes(new, toml(spring())) == ["删除 offers[dinner]（券种）：晚餐券", "删除 rounds[r2]（轮次）：第二轮"]


def test_moving_an_entry_is_no_change():
    both = [offer(), offer("dinner", name="晚餐券")]
    assert changes(changed(offers=both), changed(offers=both[::-1])) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("car-subsidy-2023.toml", '20万)", yuan = 3000', '20万)", yuan = 3500', "3,000.00 元 → 3,500.00 元"),
        ("car-subsidy-2023.toml", 'given_as = "cash"', 'given_as = "discount"', "审核后兑付到银行卡 → 付款时立减"),
        ("car-subsidy-2023.toml", 'price = "tax_inclusive"', 'price = "deal_price"', "含税价（价税合计） → 成交价"),
        ("car-subsidy-2023.toml", "stock = 400", "stock = 300", "rounds[r1].releases[car].stock（张数）：400 → 300"),
        ("appliance-trade-in-2025.toml", '2 = "15%"', '2 = "10%"', "offers[appliance].benefit.rates.2：15% → 10%"),
        ("appliance-trade-in-2025.toml", "air-conditioner = 3", "air-conditioner = 2", "categories.air-conditioner"),
        ("appliance-trade-in-2025.toml", 'rounding = "down"', 'rounding = "half_up"', "不足一分舍去 → 四舍五入到分"),
        (
            "appliance-trade-in-2025.toml",
            "price_ceiling_yuan = 6000\n",
            "",
            "删除 offers[digital].benefit.price_ceiling",
        ),
        (
            "yangjiang-2023.toml",
            "ends_at = 2024",
            'contact = "12345"\nends_at = 2024',
            "增加 campaign.contact（咨询）：12345",
        ),
    ],
)
def test_every_kind_of_campaign_is_compared(file, old, new, said):
    text = (EXAMPLES / file).read_text("utf-8")
    assert old in text
    [change] = changes(text, text.replace(old, new, 1))
    assert said in change


def test_a_place_is_said_in_words():
    assert words_of("offers[meal].benefit.face_value_yuan") == "券种 meal › 优惠 › 面值"
    assert (
        words_of("offers[car].benefit.tiers[7.5 万元（含）以上].nev_yuan")
        == "券种 car › 优惠 › 档次 7.5 万元（含）以上 › 新能源车"
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            {"offers": [offer(validity={"kind": "days", "days": 7})]},
            {"offers": [offer(validity={"kind": "hours", "hours": 7})]},
            "修改 offers[meal].validity.kind（种类）：满若干个 24 小时 → 领取后若干小时",
        ),
        (
            {"rounds": [a_round()]},
            {"rounds": [a_round(issuance={"kind": "named_list"})]},
            "修改 rounds[r1].issuance.kind（种类）：先到先得 → 定向发放",
        ),
        (
            {"people": {"same_person": ["id_number"]}},
            {"people": {"same_person": ["device", "card"]}},
            "修改 people.same_person（同一人）：身份证号 → 手机设备、银行卡",
        ),
    ],
)
def test_words_of_the_file_are_told_in_chinese(before, after, words):
    assert words in changes(changed(**before), changed(**after))


def test_a_city_is_told_by_its_name():
    assert dict(_places(check(toml(spring()))))["campaign.city"] == "阳江市"
