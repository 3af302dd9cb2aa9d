"""A campaign file is read exactly, and every fault is named with its place and what is allowed."""

import re
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.campaign_file import LONGEST_DOCUMENT, DefinitionFaulty, check
from campaigns.terms.issuance.first_come import FirstCome
from campaigns.terms.limits.per_person import PerPerson
from campaigns.terms.scope.places import Places
from campaigns.terms.validity.natural_days import NaturalDays
from tests.world import CLOSES, ENDS, OPENS, STARTS, a_round, at, offer, spring, toml

MISSING = object()


def faults_of(text):
    """Return place → message of every fault."""
    with pytest.raises(DefinitionFaulty) as refused:
        check(text)
    assert refused.value.params["count"] == len(refused.value.faults) > 0
    return {fault.place: fault.message for fault in refused.value.faults}


def changed(place, value):
    """Return the spring document with one thing at ``place`` replaced, added or (MISSING) left out."""
    document = deepcopy(spring())
    *way, last = (int(step) - 1 if step.isdigit() else step for step in re.findall(r"\w+", place))
    inner = document
    for step in way:
        inner = inner[step]
    if value is MISSING:
        del inner[last]
    else:
        inner[last] = value
    return document


def test_a_whole_file_is_read_to_the_fen_and_the_second():
    definition = check(toml(spring()))
    assert (definition.code, definition.kind, definition.city) == ("spring", "consumer_voucher", "4417")
    assert (definition.starts_at, definition.ends_at) == (STARTS, ENDS)
    assert [(source.code, source.budget_fen, source.county) for source in definition.sources] == [
        ("city", 10_000_000, ""),
        ("jiangcheng", 10_000_000, "441702"),
    ]
    terms = definition.offer("meal").terms
    assert (terms.benefit.face_value_fen, terms.benefit.threshold_fen) == (5_000, 20_000)
    assert terms.funding.shares == {"city": 2_000, "jiangcheng": 8_000}
    assert terms.scope == Places(["441702"], ["catering"])
    assert terms.validity == NaturalDays(7, "claim_day")
    [first] = definition.rounds
    assert (first.opens_at, first.closes_at, first.issuance) == (OPENS, CLOSES, FirstCome())
    assert first.limits == (PerPerson(1, "round"),)
    assert [(release.offer, release.stock) for release in first.releases] == [("meal", 10)]


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [
        ("50", 5_000),
        ("49.9", 4_990),
        ("49.90", 4_990),
        ("0.01", 1),
        ("1_00", 10_000),
        ("1e2", 10_000),
        ("50.000", 5_000),
    ],
)
def test_yuan_are_read_exactly(yuan, fen):
    text = toml(spring()).replace('"face_value_yuan" = 50', f'"face_value_yuan" = {yuan}')
    assert check(text).offer("meal").terms.benefit.face_value_fen == fen


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        # what is not there, and what should not be
        ("campaign", MISSING, "缺少这一项"),
        ("rounds", MISSING, "缺少这一项"),
        ("campaign.code", MISSING, "缺少这一项"),
        ("sources[2].budget_yuan", MISSING, "缺少这一项"),
        ("offers[1].benefit", MISSING, "缺少这一项"),
        ("offers[1].benefit.threshold_yuan", MISSING, "缺少这一项"),
        ("offers[1].funding.shares", MISSING, "缺少这一项"),
        ("rounds[1].releases[1].stock", MISSING, "缺少这一项"),
        ("colour", "red", "没有这一项"),
        ("campaign.nmae", "x", "没有这一项"),
        ("offers[1].scope.county", "441702", "没有这一项"),
        ("rounds[1].releases[1].stok", 3, "没有这一项"),
        ("sources", [], "至少要有一项"),
        ("offers", [], "至少要有一项"),
        ("rounds", [], "至少要有一项"),
        ("rounds[1].limits", [], "至少要有一条每人限领"),
        ("rounds[1].releases", [], "至少要投放一种券"),
        # shapes
        ("campaign", "spring", "应当是一个表"),
        ("sources", "city", "应当是一组"),
        ("sources", {"code": "city"}, "应当是一组"),
        ("sources[1]", 3, "应当是一个表"),
        ("offers[1].benefit", 50, "应当是一个表"),
        ("offers[1].scope.counties", "441702", "应当是一组"),
        ("offers[1].funding.shares", ["city"], "应当是一个表"),
        ("rounds[1].limits > rounds[1].limits[1]", [1], "应当是一个表"),
        # text and codes
        ("campaign.name", "", "1 至 80 个字"),
        ("campaign.name", "长" * 81, "1 至 80 个字"),
        ("campaign.name", 2023, "应当是带引号的文字"),
        ("campaign.notice", "a\tb", "不能含有控制字符"),
        ("campaign.name", "a\u0000b", "不能含有控制字符"),
        ("campaign.code", "Spring 2023", "小写字母、数字或连字符"),
        ("campaign.code", "春季", "小写字母、数字或连字符"),
        ("campaign.code", "ｓｐｒｉｎｇ", "小写字母、数字或连字符"),
        ("campaign.code", "x", "2 至 40 个"),
        ("campaign.code", "x" * 41, "2 至 40 个"),
        ("campaign.code", "spring\n", "小写字母、数字或连字符"),
        # choices
        ("campaign.kind", "lottery", "没有“lottery”；可以是：consumer_voucher"),
        ("campaign.kind", ["consumer_voucher"], "应当是带引号的文字"),
        ("sources[1].level", "town", "可以是：central, province, city, county, bank, merchant"),
        ("sources[1].level", 3, "应当是带引号的文字"),
        ("offers[1].scope.industries > offers[1].scope.industries[1]", ["food"], "可以是：catering, retail"),
        (
            "offers[1].benefit.kind",
            "percent",
            "没有“percent”这一种；可以是：percent_by_grade、price_tiers、spend_discount",
        ),
        ("offers[1].benefit.kind", ["x"], "可以是：percent_by_grade、price_tiers、spend_discount"),
        ("offers[1].validity.kind", {"a": 1}, "可以是：days、fixed_end、hours、month_end、natural_days、same_day"),
        ("offers[1].validity > offers[1].validity.kind", {}, "没有写 kind；可以是：days、fixed_end、hours"),
        ("campaign.kind > offers[1].benefit.kind", "car_subsidy", "不能用“spend_discount”；可以是：price_tiers"),
        ("campaign.contact", "", "1 至 200 个字"),
        ("offers[1].validity.counted_from", "today", "claim_day, next_day"),
        ("rounds[1].limits[1].within", "year", "可以是：offer, round, campaign"),
        ("rounds[1].issuance > rounds[1].issuance.kind", {"kind": "draw"}, "可以是：application、assisted、first_come"),
        # money
        ("offers[1].benefit.face_value_yuan", Decimal("49.905"), "不足一分"),
        ("offers[1].benefit.face_value_yuan", Decimal("50.00000000000000000000000000000001"), "不足一分"),
        ("offers[1].benefit.face_value_yuan", 0, "大于 0"),
        ("offers[1].benefit.face_value_yuan", -50, "大于 0"),
        ("offers[1].benefit.face_value_yuan", "50", "不加引号"),
        ("offers[1].benefit.face_value_yuan", "５０", "不加引号"),
        ("offers[1].benefit.face_value_yuan", True, "不加引号"),
        ("offers[1].benefit.face_value_yuan", [50], "不加引号"),
        ("offers[1].benefit.face_value_yuan", 10**9, "10,000,000.00 元"),
        ("sources[1].budget_yuan", 10**11 + 1, "100,000,000,000.00 元"),
        ("offers[1].benefit.threshold_yuan", 50, "必须高于面值"),
        ("offers[1].benefit.threshold_yuan", Decimal("49.99"), "必须高于面值"),
        ("offers[1].benefit.threshold_times", 4, "只能写一项"),
        (
            "offers[1].benefit > offers[1].benefit.threshold_times",
            {"face_value_yuan": 10_000_000, "threshold_times": 2},
            "不能超过 10,000,000.00 元",
        ),
        (
            "offers[1].benefit > offers[1].benefit.threshold_times",
            {"face_value_yuan": 50, "threshold_times": 1},
            "2 至 100 之间",
        ),
        # counts
        ("rounds[1].releases[1].stock", 0, "1 至 100000000 之间的整数"),
        ("rounds[1].releases[1].stock", Decimal("2.5"), "之间的整数"),
        ("rounds[1].releases[1].stock", "10", "之间的整数"),
        ("rounds[1].limits[1].count", 101, "1 至 100 之间的整数"),
        ("rounds[1].limits[1].count", True, "之间的整数"),
        ("offers[1].validity.days", 0, "1 至 400 之间的整数"),
        ("offers[1].validity > offers[1].validity.hours", {"kind": "hours", "hours": -1}, "之间的整数"),
        # shares
        ("offers[1].funding.shares", {"city": "20%", "jiangcheng": "79%"}, "现在是 99%"),
        ("offers[1].funding.shares", {"city": "20.01%", "jiangcheng": "80%"}, "现在是 100.01%"),
        ("offers[1].funding.shares", {}, "现在是 0%"),
        ("offers[1].funding.shares > offers[1].funding.shares.city", {"city": 100}, "带引号的百分数"),
        ("offers[1].funding.shares > offers[1].funding.shares.city", {"city": "１００%"}, "带引号的百分数"),
        ("offers[1].funding.shares > offers[1].funding.shares.city", {"city": "33.333%"}, "带引号的百分数"),
        ("offers[1].funding.shares > offers[1].funding.shares.city", {"city": "0%", "jiangcheng": "100%"}, "大于 0%"),
        ("offers[1].funding.shares > offers[1].funding.shares.city", {"city": "100.5%"}, "不超过 100%"),
        ("offers[1].funding.shares > offers[1].funding.shares.City", {"City": "100%"}, "小写字母"),
        # moments
        ("campaign.starts_at", "2023-05-08", "带时区的日期时间"),
        ("campaign.starts_at", 20230508, "带时区的日期时间"),
        ("campaign.starts_at", OPENS.replace(tzinfo=None), "带时区的日期时间"),
        ("campaign.ends_at", at("2101-01-01 00:00"), "2000 至 2100"),
        ("campaign.starts_at", at("1999-12-31 00:00"), "2000 至 2100"),
        # names that lead nowhere
        ("campaign.city", "4401", "没有这个城市"),
        ("campaign.city", 4417, "应当是带引号的文字"),
        ("sources[2].county", "440103", "没有县区“440103”；可以是：441702、441704"),
        ("sources[2].county", "江城区", "六位行政区划代码"),
        ("sources[2].county", "４４１７０２", "六位行政区划代码"),
        ("sources[2].county", 441702, "六位行政区划代码"),
        ("sources[2].county", MISSING, "要写明县区代码"),
        ("offers[1].scope.counties", ["440103"], "没有县区“440103”"),
        (
            "offers[1].funding.shares",
            {"city": "20%", "yangxi": "80%"},
            "没有资金来源“yangxi”；可以是：city、jiangcheng",
        ),
        ("rounds[1].releases[1].offer", "dinner", "没有券“dinner”；可以是：meal"),
        # parts that do not fit together
        ("campaign.ends_at", STARTS, "必须晚于开始时间"),
        ("rounds[1].closes_at", OPENS, "必须晚于开放时间"),
        ("rounds[1].opens_at", STARTS - timedelta(seconds=1), "2023-05-08 00:00 至 2023-07-01 00:00"),
        ("rounds[1].closes_at > rounds[1].opens_at", ENDS + timedelta(seconds=1), "必须在活动期间"),
        ("offers", [offer(), offer()], "代码“meal”出现了 2 次"),
        ("rounds", [a_round(), a_round()], "代码“r1”出现了 2 次"),
        (
            "rounds[1].releases",
            [{"offer": "meal", "stock": 1}, {"offer": "meal", "stock": 2}],
            "券“meal”在同一轮里出现了 2 次",
        ),
        (
            "rounds[1].releases[1].stock > rounds[1].releases",
            2_501,
            "“jiangcheng”出资 100,040.00 元，超过它的预算 100,000.00 元",
        ),
        (
            "offers[1].validity > rounds[1].releases[1].offer",
            {"kind": "fixed_end", "until": CLOSES - timedelta(seconds=1)},
            "领取结束前“meal”就已经过期",
        ),
        (
            "offers[1].validity > rounds[1].releases[1].offer",
            {"kind": "fixed_end", "until": at("2023-05-15 00:00"), "usable_from": at("2023-05-15 00:00")},
            "还没到可用的时间就已经过期",
        ),
        ("offers[1].validity.usable_after_days", -1, "0 至 400 之间"),
        ("offers[1].validity.usable_from", "2023-05-15", "带时区的日期时间"),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_is_allowed(place, value, message):
    """``a > b``: what is changed at a is a fault at b."""
    there, _, named = place.partition(" > ")
    faults = faults_of(toml(changed(there, value)))
    assert message in faults.get(named or there, f"not there, but {faults}")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("rounds[1].releases[1].stock", 2_500),
        ("rounds[1].closes_at", ENDS),
        ("rounds[1].opens_at", STARTS),
        ("offers[1].validity", {"kind": "fixed_end", "until": CLOSES}),
        ("offers[1].scope", {}),
        ("offers[1].scope", {"counties": []}),
        ("offers[1].benefit.threshold_yuan", Decimal("50.01")),
        ("campaign.notice", "第一行\n第二行"),
        ("campaign.contact", "市商务局 0662-0000000"),
        ("offers[1].benefit", {"face_value_yuan": 50, "threshold_times": 4}),
        ("offers[1].validity", {"kind": "same_day", "usable_after_days": 1}),
        ("offers[1].validity", {"kind": "month_end", "usable_from": at("2023-06-01 00:00")}),
        ("offers[1].funding.shares", {"city": "33.33%", "jiangcheng": "66.67%"}),
    ],
)
def test_what_is_just_within_the_rules_is_accepted(place, value):
    check(toml(changed(place, value)))


@pytest.mark.parametrize(
    ("face", "times", "threshold_fen"), [(20, 3, 6_000), (50, 4, 20_000), (Decimal("33.33"), 3, 9_999)]
)
def test_a_threshold_may_be_a_multiple_of_the_face(face, times, threshold_fen):
    benefit = {"face_value_yuan": face, "threshold_times": times}
    assert check(toml(changed("offers[1].benefit", benefit))).offer("meal").terms.benefit.threshold_fen == threshold_fen


def test_rounds_together_may_release_more_than_the_budget_since_money_returns():
    later = a_round("r2", opens_at=at("2023-06-01 10:00"), closes_at=at("2023-06-02 10:00"))
    rounds = [
        a_round(releases=[{"offer": "meal", "stock": 2_500}]),
        later | {"releases": [{"offer": "meal", "stock": 2_500}]},
    ]
    assert len(check(toml(spring(rounds=rounds))).rounds) == 2


def test_all_faults_are_named_at_once():
    document = spring()
    document["campaign"]["kind"] = "x"
    document["offers"][0]["benefit"]["face_value_yuan"] = -1
    document["rounds"][0]["releases"][0]["stock"] = 0
    assert len(faults_of(toml(document))) == 3


@pytest.mark.parametrize(
    "text",
    ["", "campaign", "[campaign", 'a = "', "a = 1\na = 2", "a = 1.2.3", "\x00", "\ufeff[campaign]", "= 1"],
)
def test_broken_toml_is_a_fault_of_the_whole(text):
    faults = faults_of(text)
    assert faults
    if text:
        assert "不是有效的 TOML" in faults["全文"]


@pytest.mark.parametrize(
    "value",
    ["1" * 5_000, "1e9999999999999999999", "1e-9999999999999999999", "1e999999", "-inf", "nan", "0x" + "f" * 10_000],
)
def test_a_number_beyond_all_bounds_is_a_fault_like_any_other(value):
    text = toml(spring()).replace('"face_value_yuan" = 50', f'"face_value_yuan" = {value}')
    assert faults_of(text)


@pytest.mark.parametrize("opening", ["[", "{a=", '{"a".b=['])
def test_brackets_nested_beyond_reason_are_a_fault_like_any_other(opening):
    assert "全文" in faults_of(f"x = {opening * 20_000}")


def test_a_file_that_is_too_long_is_not_even_read():
    assert faults_of("#" * (LONGEST_DOCUMENT + 1))["全文"] == "不能超过 200000 个字符"
    check(toml(spring()) + "#" * (LONGEST_DOCUMENT - len(toml(spring()))))


# --- whatever is written ------------------------------------------------------------------------------------


def check_or_refuse(text):
    """Check ``text``; anything but DefinitionFaulty is a fault of ours, and faults are said in Chinese."""
    try:
        check(text)
    except DefinitionFaulty as refused:
        for fault in refused.faults:
            assert fault.place
            assert re.search(r"[一-鿿]", fault.message), fault


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    check_or_refuse(text)


SCALARS = st.one_of(
    st.none().map(lambda _: MISSING),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9998, 12, 30), timezones=st.just(OPENS.tzinfo)),  # noqa: DTZ001
    st.sampled_from(["meal", "city", "441702", "4417", "natural_days", "hours", "fixed_end", "spend_discount", "100%"]),
)
VALUES = st.recursive(
    SCALARS.filter(lambda value: value is not MISSING),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abckind_-", max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places_in(value, path=()):
    """Return the path of everything in a document."""
    found = [path] if path else []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return found
    return found + [place for key, item in items for place in places_in(item, (*path, key))]


@settings(max_examples=200)
@given(st.data())
def test_a_document_changed_anywhere_is_read_or_refused(data):
    document = deepcopy(spring())
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places_in(document)))
        inner = document
        for step in path[:-1]:
            inner = inner[step]
        value = data.draw(st.one_of(st.just(MISSING), VALUES))
        if value is not MISSING:
            inner[path[-1]] = value
        elif isinstance(inner, dict):
            del inner[path[-1]]
        if not places_in(document):
            break
    check_or_refuse(toml(document))


@settings(max_examples=200)
@given(st.data())
def test_a_file_with_characters_changed_is_read_or_refused(data):
    text = toml(spring())
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 5))
    check_or_refuse(text[:place] + data.draw(st.text(max_size=5)) + text[place + length :])
