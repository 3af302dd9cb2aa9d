"""What a merchant must hand in after a sale, as the campaign file says it."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.notice import notice
from campaigns.terms.axis import strategies
from tests.world import offer, spring, subsidy, toml


def trade_in(**evidence):
    document = subsidy("appliance_trade_in")
    document["offers"][0]["evidence"] = {"kind": "after_sale", **evidence}
    return document


def terms_of(document):
    return check(toml(document)).offers[0].terms.evidence


def duties(document):
    return [section.paragraphs for section in notice(check(toml(document))).sections if section.heading == "售后材料"]


def test_without_the_table_nothing_is_to_be_handed_in():
    assert terms_of(subsidy("appliance_trade_in")).deadlines == {}
    assert duties(subsidy("appliance_trade_in")) == []


@pytest.mark.parametrize(
    ("evidence", "deadlines", "words"),
    [
        # 山东: the signature within 15 days
        ({"delivery_days": 15}, {"delivery": 15}, "送货签收须在售后 15 天内提交"),
        # 海南: a month
        ({"invoice_days": 30, "delivery_days": 30}, {"invoice": 30, "delivery": 30}, "发票须在售后 30 天内提交"),
        ({"device_photo_days": 3}, {"device_photo": 3}, "机身照片须在售后 3 天内提交"),
        (
            {"old_appliance": "required", "old_appliance_days": 20},
            {"old_appliance": 20},
            "旧机回收须在售后 20 天内提交",
        ),
        ({"invoice_days": 1, "old_appliance": "encouraged"}, {"invoice": 1}, "鼓励交售旧家电"),
        ({"invoice_days": 1, "files": "on_request"}, {"invoice": 1}, "原件由门店留存备查"),
        ({"invoice_days": 1, "grace_days": 5}, {"invoice": 1}, "到期后 5 天仍未提交的，不予补贴"),
        ({"invoice_days": 1, "correction_days": 9}, {"invoice": 1}, "须在 9 天内补齐"),
    ],
)
def test_what_is_asked_for_and_how_the_notice_says_it(evidence, deadlines, words):
    document = trade_in(**evidence)
    assert terms_of(document).deadlines == deadlines
    [[told]] = duties(document)
    assert words in told


@pytest.mark.parametrize(
    ("evidence", "place", "message"),
    [
        ({}, "evidence.invoice_days", "至少要有一项材料"),
        ({"invoice_days": 0}, "evidence.invoice_days", "1 至 180"),
        ({"invoice_days": 181}, "evidence.invoice_days", "1 至 180"),
        ({"invoice_days": 15, "old_appliance": "required"}, "evidence.old_appliance_days", "必须写"),
        ({"invoice_days": 15, "old_appliance_days": 15}, "evidence.old_appliance_days", "必须写"),
        ({"invoice_days": 15, "old_appliance": "maybe"}, "evidence.old_appliance", "encouraged"),
        ({"device_photo_days": 15, "files": "on_request"}, "evidence.device_photo_days", "照片本身就是文件"),
        ({"invoice_days": 15, "grace_days": 91}, "evidence.grace_days", "0 至 90"),
        ({"invoice_days": 15, "photo_days": 15}, "evidence.photo_days", "没有这一项"),
    ],
)
def test_faults_are_named_in_chinese(evidence, place, message):
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(trade_in(**evidence)))
    assert any(fault.place == f"offers[1].{place}" and message in fault.message for fault in faulty.value.faults)


def test_a_voucher_has_no_article_whose_evidence_could_be_asked_for():
    document = spring(offers=[offer(evidence={"kind": "after_sale", "invoice_days": 15})])
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(document))
    assert [fault.place for fault in faulty.value.faults] == ["offers[1].evidence.kind"]


def test_changes_are_named_by_meaning():
    before, after = trade_in(invoice_days=15), trade_in(invoice_days=30, old_appliance="encouraged")
    changes = list(map(str, compare(check(toml(before)), check(toml(after)))))
    assert changes == [
        "修改 offers[meal].evidence.invoice_days（发票天数）：15 → 30",
        "修改 offers[meal].evidence.old_appliance（交旧）：不交旧 → 鼓励交旧",
    ]


def test_only_the_offers_with_duties_are_named():
    document = trade_in(invoice_days=15)
    other = {**document["offers"][0], "code": "other", "name": "数码补贴"}
    del other["evidence"]
    document["offers"].append(other)
    [[told]] = duties(document)
    assert told.startswith("餐饮券：发票")


def test_the_strategies_are_found_by_being_there():
    assert list(strategies("campaigns.terms.evidence")) == ["after_sale", "none"]
