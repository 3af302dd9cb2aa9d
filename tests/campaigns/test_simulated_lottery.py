"""Lotteries in a simulation: who enters, what is drawn and drawn again, where the money is meanwhile, to the fen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.demand import Demand, usual
from campaigns.simulation import simulate
from campaigns.simulation_words import as_data, as_text
from tests.campaigns.test_simulation import DAYS, WEEKS_LATER, definition, money_on, stocked
from tests.world import at, offer


def drawn(hours=0, until="2023-05-09 00:00", draw="2023-05-09 10:00", **changed):
    """Return a round that is drawn: registration on the 8th, the draw on the 9th, closed at the end of the 12th."""
    issuance = {"kind": "lottery", "register_until": at(until), "draw_at": at(draw), "take_up_hours": hours}
    return stocked(changed.pop("stock", 10), issuance=issuance, **{"closes_at": at("2023-05-13 00:00"), **changed})


def lottery(people, *, take_up=10_000, rate=10_000, days=0, **changed):
    """Return the simulation of one drawn round that so many people enter, all of them on its first day."""
    demand = Demand(10**6, rate, days, people=people, take_up_rate=take_up)
    return simulate(definition(rounds=[drawn(**changed)]), demand)


def by_day(played, name):
    return {day.day.day: getattr(day, name) for day in played.days if getattr(day, name)}


def outcome(played, code="r1"):
    one = played.lotteries[code]
    return (one.entrants, one.prizes, one.first_won, one.won, one.taken_up, one.lapsed, one.passed_over)


def test_prizes_of_a_lottery_are_given_at_the_draw_and_whoever_won_nothing_is_turned_away():
    played = lottery(40)
    assert outcome(played) == (40, 10, 10, 10, 10, 0, 0)
    assert (played.lotteries["r1"].first_chance, played.lotteries["r1"].chance) == (2_500, 2_500)
    assert by_day(played, "entered") == {8: 40}
    assert by_day(played, "claimed") == by_day(played, "redeemed") == by_day(played, "taken_up") == {9: 10}
    # On the last day the thirty without a prize.
    assert by_day(played, "turned_away")[12] == 30
    assert played.sold_out == {"r1": DAYS[9]}
    before, after = money_on(played, DAYS[8])["jiangcheng"], money_on(played, DAYS[9])["jiangcheng"]
    assert (before.released, before.redeemed) == (10 * 4_000, 0)
    assert (after.released, after.redeemed) == (0, 10 * 4_000)


@pytest.mark.parametrize(
    ("people", "hours", "take_up", "expected"),
    [
        # entrants, prizes, won first, won at all, taken up, lapsed, passed over
        (0, 0, 5_000, None),
        (6, 0, 10_000, (6, 10, 6, 6, 6, 0, 0)),
        # At 10:00 on the 9th to the 12th 10, 5, 3 and 1 are drawn, of which 5, 2 (and a half), 2 and 0 are taken up.
        (40, 24, 5_000, (40, 10, 10, 19, 9, 10, 0)),
        (40, 24, 0, (40, 10, 10, 40, 0, 40, 0)),
        (12, 24, 5_000, (12, 10, 10, 12, 6, 6, 0)),
        (40, 24, 10_000, (40, 10, 10, 10, 10, 0, 0)),
        # Over before the round is: nothing is drawn again once it is closed.
        (40, 85, 5_000, (40, 10, 10, 15, 7, 8, 0)),
    ],
    ids=[
        "everybody another",
        "fewer than prizes",
        "half take up",
        "nobody does",
        "the list ends",
        "all do",
        "the end comes first",
    ],
)
def test_prizes_that_are_not_taken_up_are_drawn_again_down_the_order(people, hours, take_up, expected):
    played = lottery(people, hours=hours, take_up=take_up)
    if expected is None:
        one = played.lotteries["r1"]
        assert (one.entrants, one.won) == (by_day(played, "entered")[8], 10)
        assert one.entrants > 500_000
        return
    assert outcome(played) == expected
    entrants, prizes, _first, won, taken_up, lapsed, _over = expected
    assert won == taken_up + lapsed
    assert played.total("claimed") == played.total("redeemed") == taken_up <= prizes
    assert by_day(played, "turned_away").get(12, 0) == entrants - won
    assert played.days[-1].money["city"].redeemed == taken_up * 1_000


def test_winners_take_up_evenly_over_the_days_they_have_and_use_over_the_validity():
    # From 10:00 on the 9th to 10:00 on the 11th: three days; the same-day voucher is used on its own day.
    offers = [offer(validity={"kind": "same_day"})]
    demand = Demand(10**6, 10_000, 5, people=500, take_up_rate=10_000)
    played = simulate(definition(offers=offers, rounds=[drawn(48, stock=100)]), demand)
    assert by_day(played, "won") == {9: 100}
    assert by_day(played, "claimed") == by_day(played, "redeemed") == {9: 34, 10: 33, 11: 33}
    assert played.sold_out == {"r1": DAYS[11]}
    # And whoever never uses has it until seven days after taking up.
    unused = lottery(500, hours=48, stock=100, rate=0)
    assert by_day(unused, "expired") == {16: 34, 17: 33, 18: 33}


def test_registration_takes_each_person_once_and_only_while_it_is_open():
    played = lottery(10**6, until="2023-05-10 18:00", draw="2023-05-11 10:00")
    days = by_day(played, "entered")
    assert set(days) <= {8, 9, 10}
    assert sum(days.values()) == 10**6
    # Nobody comes to a round that takes no entries and gives nothing at once.
    assert set(by_day(played, "turned_away")) <= {8, 9, 10, 12}


def test_limits_of_the_campaign_pass_winners_over_who_have_claimed_before():
    limits = [{"count": 1, "within": "campaign"}]
    first = stocked(30, limits=limits, closes_at=at("2023-05-09 00:00"))
    late = {"opens_at": at("2023-05-20 10:00"), "closes_at": at("2023-05-24 00:00")}
    second = drawn(code="r2", until="2023-05-21 00:00", draw="2023-05-21 10:00", stock=25, limits=limits, **late)
    played = simulate(definition(rounds=[first, second]), Demand(10**6, 10_000, 0, people=40))
    # Thirty of forty have theirs: of those drawn, ten are left to be granted, thirty passed over.
    assert outcome(played, "r2") == (40, 25, 10, 10, 10, 0, 30)
    assert played.total("claimed") == 40
    assert by_day(played, "limited")[23] == 30


def test_a_crowd_divides_between_what_is_claimed_and_what_is_drawn():
    rounds = [stocked(300), drawn(code="r2", stock=100)]
    played = simulate(definition(rounds=rounds), Demand(200, 10_000, 0))
    claimed, entered = by_day(played, "claimed")[8], by_day(played, "entered")[8]
    assert 100 <= claimed + entered <= 300
    assert abs(claimed - 3 * entered) <= 2


def test_a_lottery_without_money_draws_nothing_and_a_poor_source_decides_how_much_it_has():
    rounds = [stocked(2_500), drawn(code="r2", stock=5)]
    played = simulate(definition(rounds=rounds), Demand(10**6, 10_000, 0, people=5_000))
    assert outcome(played, "r2") == (0, 0, 0, 0, 0, 0, 0)
    assert played.lotteries["r2"].chance == 10_000
    rounds = [stocked(2_000), drawn(code="r2", stock=1_000)]
    played = simulate(definition(rounds=rounds), Demand(10**6, 10_000, 0, people=5_000))
    assert outcome(played, "r2") == (5_000, 500, 500, 500, 500, 0, 0)
    assert played.runs_out == {"city": None, "jiangcheng": DAYS[9]}


@settings(max_examples=60, deadline=None)
@given(
    people=st.integers(0, 300),
    crowd=st.integers(1, 400),
    hours=st.integers(0, 80),
    take_up=st.integers(0, 10_000),
    rate=st.integers(0, 10_000),
    seed=st.integers(0, 99),
)
def test_of_lotteries_no_fen_and_nobody_is_lost(people, crowd, hours, take_up, rate, seed):
    campaign = definition(rounds=[drawn(hours, stock=50), stocked(20, "r2", **WEEKS_LATER)])
    played = simulate(campaign, Demand(crowd, rate, 2, seed=seed, people=people, take_up_rate=take_up))
    for source in campaign.sources:
        for day in played.days:
            money = day.money[source.code]
            assert money.pool + money.released + money.outstanding + money.redeemed == source.budget_fen
            assert min(money.released, money.outstanding, money.redeemed) >= 0
    one = played.lotteries["r1"]
    assert one.taken_up + one.lapsed == one.won <= one.entrants
    assert one.taken_up <= one.prizes == 50
    assert played.total("taken_up") == one.taken_up
    assert played.total("claimed") == played.total("redeemed") + played.total("expired")


def test_a_lottery_is_told_in_words_and_as_data():
    campaign = definition(rounds=[drawn(24)])
    played = simulate(campaign, Demand(10**6, 10_000, 0, people=40, take_up_rate=5_000))
    assert as_text(campaign, played).splitlines()[1:3] == [
        "第一轮：开放期间没有领完",
        "第一轮：报名 40 人，10 份，首次开奖中签 10 人（25%），连同递补 19 人（47.5%），领取 9，逾期 10",
    ]
    assert as_data(played)["lotteries"]["r1"] == {
        "entrants": 40, "prizes": 10, "first_won": 10, "won": 19, "taken_up": 9, "lapsed": 10, "passed_over": 0,
        "first_chance": 2_500, "chance": 4_750,
    }  # fmt: skip


def test_usual_demand_of_a_lottery_comes_while_it_registers():
    assert usual(definition(rounds=[drawn(stock=100)])).claims_per_day == 100
