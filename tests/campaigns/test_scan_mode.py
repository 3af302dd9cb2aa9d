"""Who scans whom, from the campaign file to what citizens read of it."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.notice import as_text, notice
from campaigns.offers import campaign_view
from tests import world
from tests.world import spring, subsidy, toml

SHOWN = "使用时出示平台上的动态券码，券码每分钟更新，截图和照片无效。"


def with_mode(mode, *, document=None):
    document = document or spring()
    document["offers"][0]["use"] = {} if mode is None else {"scan_mode": mode}
    return document


def faults(document):
    with pytest.raises(DefinitionFaulty) as found:
        check(toml(document))
    return {fault.place: fault.message for fault in found.value.faults}


@pytest.mark.parametrize(
    ("mode", "may_show", "may_scan"),
    [(None, True, False), ("shown", True, False), ("scanned", False, True), ("either", True, True)],
)
def test_a_mode_says_who_may_scan(mode, may_show, may_scan):
    use = check(toml(with_mode(mode))).offers[0].terms.use
    assert (use.may_show, use.may_scan) == (may_show, may_scan)


def test_another_word_is_a_fault_with_the_allowed_ones():
    told = faults(with_mode("both"))
    assert "shown" in told["offers[1].use.scan_mode"]
    assert "either" in told["offers[1].use.scan_mode"]


@pytest.mark.parametrize("kind", ["car_subsidy", "appliance_trade_in"])
@pytest.mark.parametrize("mode", ["scanned", "either"])
def test_what_needs_an_article_or_a_car_is_always_shown(kind, mode):
    assert "只有满减券" in faults(with_mode(mode, document=subsidy(kind)))["offers[1].use.scan_mode"]
    assert check(toml(with_mode("shown", document=subsidy(kind))))


def test_what_is_printed_for_people_without_a_phone_may_be_shown():
    document = with_mode("scanned")
    assisted = world.a_round("desk", name="窗口", issuance={"kind": "assisted", "beside": "r1"})
    document["rounds"].append(assisted)
    assert "纸质券用不了" in faults(document)["rounds[2].releases[1].offer"]
    document["packs"] = [{"code": "two", "name": "两张", "contents": [{"offer": "meal", "count": 2}]}]
    assisted["releases"] = [{"pack": "two", "stock": 1}]
    assert "纸质券用不了" in faults(document)["rounds[2].releases[1].pack"]
    with_mode("either", document=document)
    assert check(toml(document))


def test_the_notice_says_how_each_offer_is_used():
    assert SHOWN in as_text(notice(check(toml(spring()))))
    told = as_text(notice(check(toml(with_mode("scanned")))))
    assert "使用时用手机扫描商户收银台上的二维码" in told
    assert SHOWN not in told
    both = with_mode("either")
    both["offers"].append(world.offer("tea", name="饮品券"))
    both["rounds"][0]["releases"].append({"offer": "tea", "stock": 1})
    told = as_text(notice(check(toml(both))))
    assert "餐饮券：使用时出示平台上的动态券码，或者用手机扫描商户收银台上的二维码" in told
    assert f"饮品券：{SHOWN}" in told


def test_a_change_of_mode_is_told_in_chinese():
    [change] = compare(check(toml(spring())), check(toml(with_mode("scanned"))))
    assert (change.place, change.name) == ("offers[meal].use.scan_mode", "扫码方式")
    assert (change.before, change.after) == ("出示券码，由店员扫码", "用手机扫收银台的二维码")


@pytest.mark.parametrize(
    ("mode", "line"),
    [("shown", None), ("scanned", "用手机扫收银台的二维码"), ("either", "出示券码或扫收银台的二维码都可以")],
)
def test_the_ticket_says_what_is_not_usual(clock, app, mode, line):
    world.opened(with_mode(mode))
    lines = [str(each) for each in campaign_view("spring").rounds[0].offers[0].lines]
    assert lines[2:] == ([line] if line else [])
