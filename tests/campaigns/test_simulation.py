"""A definition played against an assumed demand: no fen is lost, the same seed gives the same days, funds run out."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.campaign_file import check
from campaigns.demand import Demand, DemandMalformed, as_typed, read_demand, usual
from campaigns.simulation import SpanTooLong, simulate
from campaigns.simulation_words import as_data, as_text
from tests.world import a_round, at, by_application, offer, spring, subsidy, toml

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
DAYS = {name: date.fromisoformat(f"2023-05-{name:02d}") for name in range(1, 32)}


def definition(**changed):
    return check(toml(spring(**changed)))


def stocked(stock, code="r1", **changed):
    return a_round(code, releases=[{"offer": "meal", "stock": stock}], **changed)


def money_on(played, day):
    return next(one.money for one in played.days if one.day == day)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
@settings(max_examples=15, deadline=None)
@given(
    claims=st.integers(1, 20_000),
    rate=st.integers(0, 10_000),
    delay=st.integers(0, 60),
    share=st.integers(100, 10_000),
    seed=st.integers(0, 99),
)
def test_no_fen_is_lost_on_any_day(file, claims, rate, delay, share, seed):
    campaign = check(file.read_text("utf-8"))
    played = simulate(campaign, Demand(claims, rate, delay, share, seed))
    for source in campaign.sources:
        for day in played.days:
            money = day.money[source.code]
            assert money.pool + money.released + money.outstanding + money.redeemed == source.budget_fen
            assert min(money.released, money.outstanding, money.redeemed) >= 0
        # The day after the end nothing is on release or held any more.
        last = played.days[-1].money[source.code]
        assert (last.released, last.outstanding) == (0, 0)
    assert played.total("claimed") == played.total("redeemed") + played.total("expired")


def test_the_same_seed_gives_the_same_days_and_another_gives_others():
    campaign = check(EXAMPLES[-1].read_text("utf-8"))
    demand = usual(campaign)
    assert simulate(campaign, demand) == simulate(campaign, demand)
    assert simulate(campaign, demand) != simulate(campaign, replace(demand, seed=2))


def test_everyone_claims_on_the_first_day_and_uses_at_once():
    campaign = definition(rounds=[stocked(100)])
    played = simulate(campaign, Demand(10_000, redemption_rate=10_000, days_to_use=0))
    assert (played.sold_out, played.total("claimed"), played.total("redeemed")) == ({"r1": DAYS[8]}, 100, 100)
    assert money_on(played, DAYS[8])["jiangcheng"].redeemed == 100 * 4_000
    assert played.total("turned_away") > 0


def test_what_is_not_used_comes_back_when_it_expires():
    campaign = definition(rounds=[stocked(100)])
    played = simulate(campaign, Demand(10_000, redemption_rate=0))
    # Seven natural days from the 8th end with the 14th.
    assert money_on(played, DAYS[14])["city"].outstanding == 100_000
    assert (money_on(played, DAYS[15])["city"].outstanding, money_on(played, DAYS[15])["city"].pool) == (0, 10_000_000)
    assert played.total("expired") == 100


def test_what_is_not_claimed_comes_back_when_the_round_closes():
    campaign = definition(rounds=[stocked(100)])
    played = simulate(campaign, Demand(1, redemption_rate=10_000, days_to_use=0))
    assert money_on(played, DAYS[8])["city"].released > 0
    closed = money_on(played, DAYS[10])["city"]
    assert closed.released == 0
    assert closed.pool == 10_000_000 - played.total("claimed") * 1_000


def test_the_poorest_source_decides_how_many_a_round_releases():
    # Jiangcheng pays 40 of 50 and has 100,000: 2,500 in all, whatever the second round asks for.
    rounds = [stocked(2_000), stocked(2_500, "r2", opens_at=at("2023-05-20 10:00"), closes_at=at("2023-05-22 00:00"))]
    played = simulate(definition(rounds=rounds), Demand(10**6, redemption_rate=10_000, days_to_use=0))
    assert played.total("claimed") == 2_500
    assert played.runs_out == {"city": None, "jiangcheng": DAYS[20]}
    assert played.sold_out == {"r1": DAYS[8], "r2": DAYS[20]}


def test_returned_money_is_released_again():
    rounds = [stocked(2_500), stocked(2_500, "r2", opens_at=at("2023-05-20 10:00"), closes_at=at("2023-05-22 00:00"))]
    played = simulate(definition(rounds=rounds), Demand(10**6, redemption_rate=5_000, days_to_use=1))
    assert played.total("claimed") == 2_500 + 1_250
    assert played.runs_out["jiangcheng"] == DAYS[8]


def test_a_voucher_that_is_usable_later_is_used_later():
    campaign = definition(offers=[offer(validity={"kind": "same_day", "usable_after_days": 2})], rounds=[stocked(100)])
    played = simulate(campaign, Demand(10_000, redemption_rate=10_000, days_to_use=0))
    used = {day.day: day.redeemed for day in played.days if day.redeemed}
    assert used == {DAYS[10]: 100}


@pytest.mark.parametrize(("crowd", "stock"), [(2, 400), (5_000, 2_500)], ids=["few a day", "many at once"])
def test_use_follows_the_claim_after_the_mean_delay(crowd, stock):
    validity = {"kind": "fixed_end", "until": at("2023-07-01 00:00")}
    round_of_weeks = stocked(stock, closes_at=at("2023-05-29 00:00"))
    campaign = definition(offers=[offer(validity=validity)], rounds=[round_of_weeks])
    played = simulate(campaign, Demand(crowd, redemption_rate=10_000, days_to_use=3))

    def mean_day(name):
        return sum(number * getattr(day, name) for number, day in enumerate(played.days)) / played.total(name)

    assert 2 <= mean_day("redeemed") - mean_day("claimed") <= 4


@pytest.mark.parametrize(
    ("kind", "share", "set_aside_fen", "paid_fen"),
    [
        ("appliance_trade_in", 5_000, 200_000, 100_000),
        ("car_subsidy", 10_000, 300_000, 300_000),
        ("car_subsidy", 5_000, 200_000, 200_000),
    ],
    ids=["a qualification sets aside the most", "an application knows its amount", "and never less than a tier pays"],
)
def test_what_is_set_aside_and_what_is_paid_may_differ(kind, share, set_aside_fen, paid_fen):
    changed = {"issuance": by_application()} if kind == "car_subsidy" else {}
    rounds = [{**stocked(10), **changed}]
    campaign = check(toml({**subsidy(kind), "rounds": rounds}))
    held = money_on(simulate(campaign, Demand(10_000, 0, award_share=share)), DAYS[8])
    assert sum(money.outstanding for money in held.values()) == 10 * set_aside_fen
    spent = simulate(campaign, Demand(10_000, 10_000, award_share=share)).days[-1].money
    assert sum(money.redeemed for money in spent.values()) == 10 * paid_fen


def test_a_campaign_of_many_years_is_refused():
    document = spring()
    document["campaign"]["ends_at"] = at("2033-01-01 00:00")
    with pytest.raises(SpanTooLong) as refused:
        simulate(check(toml(document)), Demand(1))
    assert refused.value.params["most"] == 1_100


def test_a_simulation_is_told_in_words_and_as_data():
    campaign = definition(rounds=[stocked(2_500)])
    played = simulate(campaign, Demand(10**6, redemption_rate=10_000, days_to_use=0))
    assert as_text(campaign, played).splitlines()[1:] == [
        "第一轮：2023-05-08 领完",
        "市财政：预算 100,000.00 元，使用 25,000.00 元，结余 75,000.00 元，没有用完",
        "江城区财政：预算 100,000.00 元，使用 100,000.00 元，结余 0.00 元，2023-05-08 用完",
    ]
    data = as_data(played)
    assert data["runs_out"] == {"city": None, "jiangcheng": "2023-05-08"}
    assert data["days"][0]["money"]["jiangcheng"]["redeemed"] == 10_000_000


# --- assumptions --------------------------------------------------------------------------------------------


def test_what_is_not_typed_is_usual():
    campaign = definition(rounds=[stocked(100)])
    assert read_demand({}, campaign) == usual(campaign) == Demand(34)
    assert read_demand({"redemption_rate": "72.5%", "seed": "9"}, campaign) == Demand(34, redemption_rate=7_250, seed=9)
    assert as_typed(Demand(34, redemption_rate=7_250)) == {
        "claims_per_day": "34",
        "redemption_rate": "72.5",
        "days_to_use": "3",
        "award_share": "60",
        "people": "0",
        "claims_each": "10",
        "take_up_rate": "90",
        "seed": "1",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("claims_per_day", "0"),
        ("claims_per_day", "-3"),
        ("claims_per_day", "1.5"),
        ("claims_per_day", "many"),
        ("claims_per_day", "５０"),
        ("claims_per_day", "1e999999999"),
        ("claims_per_day", "NaN"),
        ("redemption_rate", "101"),
        ("redemption_rate", "12.345"),
        ("days_to_use", "401"),
        ("award_share", "0"),
        ("seed", "0x1"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused_by_its_field(name, text):
    with pytest.raises(DemandMalformed) as refused:
        read_demand({name: text}, definition())
    assert refused.value.field == name
    assert refused.value.message % refused.value.params


WEEKS_LATER = {"opens_at": at("2023-05-20 10:00"), "closes_at": at("2023-05-22 00:00")}


def crowded(people, each=10, **changed):
    """Return what so many people claim, who come as often as they can."""
    demand = Demand(10**6, redemption_rate=10_000, days_to_use=0, people=people, claims_each=each)
    return simulate(definition(**changed), demand)


def claimed_by_periods(within, count, *spans, people=10):
    """Return how many are claimed of rounds over these spans, each with the same limit."""
    rounds = [
        a_round(
            f"r{number}",
            opens_at=at(opens),
            closes_at=at(closes),
            limits=[{"count": count, "within": within}],
            releases=[{"offer": "meal", "stock": 500}],
        )
        for number, (opens, closes) in enumerate(spans, 1)
    ]
    return sum(day.claimed for day in crowded(people, each=100, rounds=rounds).days)


@pytest.mark.parametrize(
    ("within", "count", "spans", "claimed"),
    [
        ("day", 1, [("2023-05-08 10:00", "2023-05-11 00:00")], 30),
        ("week", 1, [("2023-05-08 10:00", "2023-05-15 00:00")], 10),
        ("week", 1, [("2023-05-08 10:00", "2023-05-15 00:01")], 20),
        ("month", 2, [("2023-05-08 10:00", "2023-05-10 00:00"), ("2023-05-20 10:00", "2023-05-22 00:00")], 20),
        ("month", 2, [("2023-05-08 10:00", "2023-05-10 00:00"), ("2023-06-01 10:00", "2023-06-02 00:00")], 40),
    ],
)
def test_limits_by_period_bind_a_crowd_in_each_period(within, count, spans, claimed):
    assert claimed_by_periods(within, count, *spans) == claimed


@pytest.mark.parametrize(
    ("people", "each", "limits", "claimed"),
    [
        (0, 10, [{"count": 1, "within": "round"}], 100),
        (30, 10, [{"count": 1, "within": "round"}], 30),
        (30, 10, [{"count": 2, "within": "offer"}], 60),
        (30, 10, [{"count": 3, "within": "campaign"}], 90),
        (30, 10, [{"count": 3, "within": "campaign"}, {"count": 1, "within": "round"}], 30),
        (30, 2, [{"count": 3, "within": "campaign"}], 60),
        (500, 10, [{"count": 1, "within": "round"}], 100),
    ],
)
def test_limits_per_person_bind_all_people_together(people, each, limits, claimed):
    played = crowded(people, each, rounds=[stocked(100, limits=limits)])
    assert played.total("claimed") == claimed
    assert (played.sold_out["r1"] is not None) == (claimed == 100)
    assert bool(played.total("limited")) == (claimed < 100)
    assert played.total("limited") <= played.total("turned_away")


def test_what_counts_in_the_campaign_counts_over_rounds_and_what_counts_in_a_round_begins_again():
    limits = [{"count": 3, "within": "campaign"}, {"count": 2, "within": "round"}]
    rounds = [stocked(100, limits=limits), stocked(100, "r2", limits=limits, **WEEKS_LATER)]
    assert crowded(20, rounds=rounds).total("claimed") == 20 * 3
    alone = [{"count": 2, "within": "round"}]
    rounds = [stocked(100, limits=alone), stocked(100, "r2", limits=alone, **WEEKS_LATER)]
    assert crowded(20, rounds=rounds).total("claimed") == 20 * 2 * 2


def test_of_a_choice_group_each_person_takes_one_and_what_one_release_leaves_the_others_get():
    offers = [offer(), offer("tea", name="茶点券"), offer("tour", name="文旅券")]
    releases = [
        {"offer": "meal", "stock": 10, "group": "one"},
        {"offer": "tea", "stock": 500, "group": "one"},
        {"offer": "tour", "stock": 500},
    ]
    limits = [{"count": 1, "within": "offer"}]
    played = crowded(100, offers=offers, rounds=[a_round(releases=releases, limits=limits)])
    # One of the group and one beside it for each.
    assert played.total("claimed") == 200


def test_without_people_the_days_are_what_they_were():
    campaign = check(EXAMPLES[-1].read_text("utf-8"))
    demand = usual(campaign)
    many = replace(demand, people=10**8, claims_each=1_000)
    assert simulate(campaign, many) == simulate(campaign, demand)


@pytest.mark.parametrize("name", ["people", "claims_each"])
def test_assumptions_about_people_are_read_as_typed(name):
    assert getattr(read_demand({name: "7"}, definition()), name) == 7
    with pytest.raises(DemandMalformed):
        read_demand({name: "many"}, definition())
