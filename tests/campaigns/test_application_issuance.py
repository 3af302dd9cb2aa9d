"""Application with review, as campaign files say it."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.notice import as_text, notice
from campaigns.terms.issuance.application import DOCUMENTS
from tests.world import a_round, at, by_application, spring, subsidy, toml


def a_file(**changed):
    document = subsidy("car_subsidy")
    document["rounds"] = [a_round(issuance=by_application(**changed))]
    return toml(document)


def faults(text):
    with pytest.raises(DefinitionFaulty) as refusal:
        check(text)
    return str(refusal.value)


def test_what_is_not_written_is_as_most_announcements_have_it():
    issuance = check(a_file()).rounds[0].application
    assert issuance.reviews == ("county", "city")
    assert (issuance.corrections.most, issuance.corrections.days, issuance.corrections.until) == (3, 5, None)
    assert (issuance.notice_days, issuance.waiting_list, issuance.plates) == (5, True, ())


def test_a_firm_uploads_its_licence_and_a_person_does_not():
    documents = ["id_card", "business_licence", "vehicle_invoice"]
    issuance = check(a_file(documents=documents)).rounds[0].application
    assert issuance.documents_of("firm") == documents
    assert issuance.documents_of("person") == ["id_card", "vehicle_invoice"]


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        ({"documents": ["id_card"]}, "documents", "至少要有：vehicle_invoice"),
        ({"documents": ["id_card", "vehicle_invoice", "passport"]}, "documents[3]", "没有“passport”；可以是：id_card"),
        ({"documents": ["id_card", "id_card", "vehicle_invoice"]}, "documents", "同一项写了两次"),
        ({"reviews": []}, "reviews", "至少要有一级审核"),
        ({"reviews": ["city", "county"]}, "reviews", "先县区、后市级"),
        ({"reviews": ["province"]}, "reviews[1]", "没有“province”"),
        ({"corrections": {"most": 3}}, "corrections.until", "或者 most 和 days"),
        ({"corrections": {"most": 3, "days": 5, "until": at("2023-06-01 00:00")}}, "corrections.until", "只能写一种"),
        ({"corrections": {"most": 21, "days": 5}}, "corrections.most", "1 至 20"),
        ({"corrections": {"until": at("2023-05-08 09:00")}}, "corrections.until", "晚于这一轮的开放时间"),
        ({"notice_days": 61}, "notice_days", "0 至 60"),
        ({"waiting_list": "yes"}, "waiting_list", "true 或 false"),
        ({"invoices_until": at("2023-05-08 00:00")}, "invoices_until", "必须晚于 invoices_from"),
        ({"invoices_from": at("2023-05-20 00:00")}, "invoices_from", "早于这一轮的关闭时间"),
        ({"registered_until": at("2023-05-01 00:00")}, "registered_until", "必须晚于 invoices_from"),
        ({"plates": ["粤Q12345"]}, "plates[1]", "1 至 4 个字"),
    ],
)
def test_each_fault_has_its_place_and_its_words(changed, place, said):
    told = faults(a_file(**changed))
    assert f"rounds[1].issuance.{place}" in told
    assert said in told


def test_vouchers_are_not_applied_for_and_car_subsidies_are():
    applied = toml(spring(rounds=[a_round(issuance=by_application())]))
    assert "“消费券”活动不能用“application”" in faults(applied)
    document = subsidy("car_subsidy")
    document["rounds"] = [a_round()]
    assert "“购车补贴”活动只能用“application”" in faults(toml(document))


def test_the_notice_says_what_applicants_must_know():
    text = as_text(notice(check(a_file(plates=["粤Q"], registered_until=at("2023-08-01 00:00")))))
    for words in (
        "按提交完整申请的先后受理，经县区审核、市级审核，公示 5 个工作日无异议后兑现",
        "上传的材料：身份证、机动车销售统一发票",
        "发票应当在 2023-05-08 至 2023-06-30 首次开具",
        "首次注册登记不晚于 2023-07-31",
        "号牌以 粤Q 开头",
        "每次 5 日内改好，最多 3 次",
        "有申请退出时依次递补",
    ):
        assert words in text
    until = as_text(notice(check(a_file(corrections={"until": at("2023-06-01 00:00")}, notice_days=0))))
    assert "2023年5月31日前改好" in until
    assert "公示" not in until.split("发放方式")[1].split("补贴标准")[0]


def test_every_document_says_what_to_show():
    assert all(document.name and document.hint and document.least >= 1 for document in DOCUMENTS.values())
