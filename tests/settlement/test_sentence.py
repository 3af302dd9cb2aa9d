"""The year's sentence in the bureau's own style."""

import pytest

from settlement.sentence import year_report, year_sentence
from tests.world import (
    JIANGCHENG,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    offer,
    opened,
    redeem,
    shop,
    spring,
)

SOURCES = {
    "central": {"code": "central", "name": "中央财政", "level": "central"},
    "province": {"code": "province", "name": "省财政", "level": "province"},
    "city": {"code": "city", "name": "市财政", "level": "city"},
    "jiangcheng": {"code": "jiangcheng", "name": "江城区财政", "level": "county", "county": JIANGCHENG},
    "bank": {"code": "bank", "name": "建设银行", "level": "bank"},
}


def campaign_of(shares, *, budget_yuan=20_000_000, face_yuan=1_783_100, more=()):
    """Publish a campaign whose vouchers are as large as the report's year needs them."""
    return opened(
        spring(
            sources=[SOURCES[code] | {"budget_yuan": budget_yuan} for code in (*shares, *more)],
            offers=[
                offer(
                    benefit={"face_value_yuan": face_yuan, "threshold_yuan": face_yuan + 1},
                    funding={"shares": shares},
                )
            ],
            rounds=[a_round(releases=[{"offer": "meal", "stock": 10}])],
        )
    )


def test_the_bureaus_sentence_of_2023_is_written_as_the_bureau_wrote_it(clock, app):
    campaign = campaign_of({"city": "20%", "jiangcheng": "80%"})
    place = shop(campaign)
    for person in citizens(10):
        redeem(place.till, claim_and_show(person, campaign.release)[1], 924_320_000)
    assert year_sentence(2023) == (
        "2023年，市县两级共同发放消费券1783.1万元，拉动消费9243.2万元，拉动比1:5.18（按发放），1:5.18（按核销）。"
    )


def test_both_ratios_are_given_and_said_which_they_are(clock, app):
    campaign = campaign_of({"city": "20%", "jiangcheng": "80%"}, face_yuan=50)
    place = shop(campaign)
    first, *others = citizens(4)
    redeem(place.till, claim_and_show(first, campaign.release)[1], 35_000)
    for person in others:
        claim(person, campaign.release)
    assert year_sentence(2023) == (
        "2023年，市县两级共同发放消费券0万元，拉动消费0万元，拉动比1:1.75（按发放），1:7.00（按核销）。"
    )


@pytest.mark.parametrize(
    ("shares", "who"),
    [
        ({"city": "100%"}, "市级"),
        ({"jiangcheng": "100%"}, "县级"),
        ({"province": "100%"}, "省级"),
        ({"province": "50%", "city": "50%"}, "省市两级共同"),
        ({"province": "50%", "city": "30%", "jiangcheng": "20%"}, "省市县三级共同"),
        ({"central": "40%", "province": "20%", "city": "20%", "jiangcheng": "20%"}, "央省市县四级共同"),
        # A bank that shares is no level of government.
        ({"city": "50%", "bank": "50%"}, "市级"),
        ({"bank": "100%"}, ""),
    ],
)
def test_the_sentence_names_the_levels_that_paid(shares, who, clock, sqlite_app):
    campaign = campaign_of(shares)
    claim(citizens(1)[0], campaign.release)
    assert year_sentence(2023) == f"2023年，{who}发放消费券178.3万元，拉动消费0万元，拉动比1:0.00（按发放）。"


def test_a_level_whose_money_nobody_claimed_is_not_named(clock, sqlite_app):
    campaign = campaign_of({"city": "100%"}, more=["jiangcheng"])
    claim(citizens(1)[0], campaign.release)
    assert year_sentence(2023).startswith("2023年，市级发放消费券")


def test_a_year_without_vouchers_says_so(clock, sqlite_app):
    campaign = campaign_of({"city": "100%"})
    assert year_sentence(2023) == "2023年，还没有发放消费券。"
    claim(citizens(1)[0], campaign.release)
    assert year_sentence(2022) == "2022年，还没有发放消费券。"
    assert year_sentence(2024) == "2024年，还没有发放消费券。"


def test_the_year_ends_at_midnight_in_shanghai(clock, sqlite_app):
    document = spring(rounds=[a_round(opens_at=at("2023-12-31 10:00"), closes_at=at("2024-01-02 10:00"))])
    document["campaign"] |= {"ends_at": at("2024-03-01 00:00")}
    clock.move_to(at("2023-12-31 23:59"))
    campaign = opened(document)
    old, new = citizens(2)
    claim(old, campaign.release)
    clock.move_to(at("2024-01-01 00:00"))
    claim(new, campaign.release)
    for year in (2023, 2024):
        assert f"{year}年，市县两级共同发放消费券0万元" in year_sentence(year)
    assert [year_report(year).total.values["claimed_count"] for year in (2023, 2024)] == [1, 1]
