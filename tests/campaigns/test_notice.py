"""The notice says what the file says, in the order and words of real announcements."""

from pathlib import Path

import pytest

from campaigns.campaign_file import check
from campaigns.notice import as_text, notice
from campaigns.notice_parts import end_in_words, numerals
from tests.world import a_round, at, offer, spring, subsidy, toml

EXAMPLES = Path(__file__).parents[2] / "examples"


def section(definition, heading):
    return next(one for one in notice(definition).sections if one.heading == heading)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_notice_has_all_its_parts_in_order(file):
    definition = check(file.read_text("utf-8"))
    offers = "券种与面额" if definition.kind == "consumer_voucher" else "补贴标准"
    after = ["售后材料"] if definition.kind == "appliance_trade_in" else []
    assert [one.heading for one in notice(definition).sections] == [
        "活动时间", "发放方式", offers, "使用规则", "有效期", "领取限制", "适用范围", "资金", *after, "退款",
        "活动说明", "咨询",
    ]  # fmt: skip
    text = as_text(notice(definition))
    assert definition.name in text
    assert "None" not in text
    assert ("十二、咨询" if after else "十一、咨询") in text


def test_a_voucher_notice_says_faces_rounds_limits_and_money():
    definition = check(toml(spring()))
    text = as_text(notice(definition))
    for words in (
        "2023年5月8日00:00至2023年6月30日24:00。",
        "| 第一轮 | 2023年5月8日10:00至2023年5月10日22:00 | 10 张 |",
        "| 餐饮券 | 50 | 200 |",
        "7 个自然日内有效（含领取当日）。",
        "每轮每人限领 1 张。",
        "适用于江城区参加活动的餐饮商户。",
        "活动资金共 20 万元：市财政 10 万元，江城区财政 10 万元。",
        "市财政 20%、江城区财政 80% 共同承担。",
        "消费券退回原账户，有效期不变",
        "活动咨询和投诉：阳江市商务局。",
    ):
        assert words in text


def test_offers_that_differ_are_told_apart():
    offers = [offer(), offer("any", name="通用券", scope={}, validity={"kind": "same_day"})]
    definition = check(toml(spring(offers=offers)))
    assert section(definition, "有效期").paragraphs[:2] == (
        "餐饮券：7 个自然日内有效（含领取当日）。",
        "通用券：领取当日 24:00 前有效。",
    )
    assert section(definition, "适用范围").paragraphs[1] == "通用券：适用于阳江市参加活动的各行业商户。"


def test_rounds_with_other_limits_are_told_apart():
    later = a_round("r2", name="第二轮", limits=[{"count": 2, "within": "campaign"}])
    definition = check(toml(spring(rounds=[a_round(), later])))
    assert section(definition, "领取限制").paragraphs == (
        "第一轮：每轮每人限领 1 张。",
        "第二轮：整个活动每人限领 2 张。",
        "账号、手机号、身份证号任一相同视为同一人。",
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("car_subsidy", ("以含税价（价税合计）确定补贴档次", "个人（每人最多 1 辆）", "退车、发票红冲")),
        ("appliance_trade_in", ("一件一单", "发票开具补贴前的全价", "冰箱")),
    ],
)
def test_a_subsidys_notice_says_its_rules(kind, words):
    text = as_text(notice(check(toml(subsidy(kind)))))
    assert [one for one in words if one not in text] == []


def test_whom_to_ask_is_the_files_contact():
    document = spring()
    document["campaign"]["contact"] = "市商务局 0662-0000000"
    assert section(check(toml(document)), "咨询").paragraphs[0] == "活动咨询和投诉：市商务局 0662-0000000。"


def test_midnight_at_an_end_is_24_oclock_of_the_day_before():
    assert end_in_words(at("2024-03-01 00:00")) == "2024年2月29日24:00"
    assert end_in_words(at("2024-03-01 00:01")) == "2024年3月1日00:01"
    assert numerals(11)[-2:] == ["十", "十一"]


def test_a_pack_is_told_with_its_contents_and_how_it_counts():
    packs = [
        {
            "code": "family",
            "name": "全家券包",
            "contents": [{"offer": "meal", "count": 2}, {"offer": "tea", "count": 1}],
        }
    ]
    tea = offer("tea", name="茶点券", benefit={"face_value_yuan": 20, "threshold_yuan": 80})
    rounds = [a_round(releases=[{"pack": "family", "stock": 5}])]
    found = section(check(toml(spring(offers=[offer(), tea], packs=packs, rounds=rounds))), "券包")
    assert "一个券包在每人限领中按一张计算" in found.paragraphs[0]
    assert found.tables[0][1].rows == (
        ("全家券包", "餐饮券 2 张（满 200 元减 50 元）、茶点券 1 张（满 80 元减 20 元）", "120"),
    )


def drawn(code="r2", name="第二轮", **changed):
    issuance = {"kind": "lottery", "register_until": at("2023-05-09 00:00"), "draw_at": at("2023-05-09 10:00")}
    return a_round(code, name=name, issuance={**issuance, **changed})


def test_a_draw_is_told_with_its_times_and_how_to_check_it():
    definition = check(toml(spring(rounds=[drawn(take_up_hours=24)])))
    times, check_it = section(definition, "摇号规则").paragraphs
    assert times == (
        "第二轮：2023年5月8日10:00至2023年5月8日24:00报名，每人限报名一次；2023年5月9日10:00开奖，"
        "中签者在开奖后 24 小时内领取，逾期由后面的号依次递补。"
    )
    assert "承诺值（SHA-256）" in check_it
    assert "在报名期间报名。" in section(definition, "发放方式").paragraphs[1]
    assert "中签的券直接到账。" in section(check(toml(spring(rounds=[drawn()]))), "摇号规则").paragraphs[0]


def test_a_named_list_is_told_apart_from_what_anybody_may_claim():
    listed = a_round("r3", name="定向轮", issuance={"kind": "named_list"})
    definition = check(toml(spring(rounds=[a_round(), drawn(), listed])))
    assert section(definition, "定向发放").paragraphs[0].startswith("定向轮不公开领取，只发放给名单上的人。")
    issuing = section(definition, "发放方式").paragraphs
    assert "第一轮先到先得，领完即止；第二轮摇号：" in issuing[0]
    assert "开放时间内领取，摇号的轮次在报名期间报名" in issuing[1]


def test_what_a_campaign_does_not_have_has_no_section():
    headings = [one.heading for one in notice(check(toml(spring()))).sections]
    assert not {"券包", "摇号规则", "定向发放"} & {*headings}
