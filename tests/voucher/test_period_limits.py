"""Limits by calendar period: 上海 2024 let everybody have one voucher a week."""

import pytest

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.notice import as_text, notice
from tests import people
from tests.people import LIN
from tests.voucher.test_claims import claim_all, refused, used
from tests.world import a_round, at, by_application, citizens, claim, offer, opened, spring, subsidy, toml
from voucher.errors import LimitReached


@pytest.mark.parametrize(
    ("within", "still", "anew", "word"),
    [
        # May 8, 2023 is a Monday.
        ("day", "2023-05-08 23:59", "2023-05-09 00:00", "今天"),
        ("week", "2023-05-14 23:59", "2023-05-15 00:00", "本周"),
        ("month", "2023-05-31 23:59", "2023-06-01 00:00", "本月"),
    ],
)
def test_a_limit_by_period_begins_anew_by_the_calendar_in_shanghai(clock, app, within, still, anew, word):
    until = {"kind": "fixed_end", "until": at("2023-07-01 00:00")}
    long_round = a_round(closes_at=at("2023-06-20 00:00"), limits=[{"count": 2, "within": within}])
    campaign = opened(spring(offers=[offer(validity=until)], rounds=[long_round]))
    lin, chen = citizens(2)
    claim(lin, campaign.release)
    clock.move_to(at(still))
    if within == "day":
        claim(lin, campaign.release)
    else:
        assert claim_all((lin, campaign.release), (chen, campaign.release)) == ["granted", "granted"]
    refusal = refused(LimitReached, lin, campaign.release)
    assert (refusal.params["period"], refusal.params["moment"]) == (word, anew[:10])
    clock.move_to(at(anew))
    claim(lin, campaign.release)


def test_a_week_counts_over_the_rounds_of_a_campaign_and_a_round_may_count_both(clock, app):
    limits = [{"count": 1, "within": "week"}, {"count": 2, "within": "campaign"}]
    second = a_round("r2", name="第二轮", closes_at=at("2023-05-20 00:00"), limits=limits)
    campaign = opened(spring(rounds=[a_round(limits=limits), second]))
    [lin] = citizens(1)
    claim(lin, campaign.releases["r1", "meal"])
    refused(LimitReached, lin, campaign.releases["r2", "meal"])
    clock.move_to(at("2023-05-15 00:00"))
    claim(lin, campaign.releases["r2", "meal"])
    assert list(used(f"week:{campaign.id}:2023-05-08").values()) == [1]
    assert list(used(f"campaign:{campaign.id}").values()) == [2]


def test_who_finds_nothing_left_keeps_the_period(clock, app):
    campaign = opened(
        spring(rounds=[a_round(releases=[{"offer": "meal", "stock": 1}], limits=[{"count": 1, "within": "month"}])])
    )
    lin, chen = citizens(2)
    assert claim_all((lin, campaign.release), (chen, campaign.release)) == ["granted", "sold_out"]
    assert sorted(used(f"month:{campaign.id}:2023-05-01").values()) == [0, 1]


@pytest.mark.parametrize(("within", "word"), [("day", "今天已领"), ("week", "本周已领"), ("month", "本月已领")])
def test_the_ticket_says_for_how_long_nothing_more_can_be_had(clock, sqlite_app, within, word):
    limits = [{"count": 1, "within": within}]
    tea = offer("tea", name="茶饮券")
    rows = [{"offer": "meal", "stock": 5}, {"offer": "tea", "stock": 5}]
    campaign = opened(spring(offers=[offer(), tea], rounds=[a_round(limits=limits, releases=rows)]))
    claim(people.citizen(LIN), campaign.releases["r1", "meal"])
    assert word in people.browser_of(sqlite_app, LIN).get("/campaigns/spring").text


def test_the_notice_says_it():
    document = spring(rounds=[a_round(limits=[{"count": 1, "within": "week"}])])
    assert "每人每周限领 1 张" in as_text(notice(check(toml(document))))


def test_what_is_applied_for_has_no_period():
    document = subsidy("car_subsidy")
    document["rounds"] = [a_round(issuance=by_application(), limits=[{"count": 1, "within": "month"}])]
    with pytest.raises(DefinitionFaulty) as faulty:
        check(toml(document))
    assert "rounds[1].limits[1].within" in [fault.place for fault in faulty.value.faults]
