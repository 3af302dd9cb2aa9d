"""What campaign files say of money on release, and what the tools on files make of it."""

import pytest

from campaigns import notice, simulation
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.comparison import compare
from campaigns.demand import Demand, usual
from tests.cars import TIERS, car_document
from tests.world import a_round, spring, toml

FLOATING = [{"prices": "[10万, ∞)", "floating": {"pool_yuan": 50_000, "least_yuan": 2_000, "most_yuan": 6_000}}]


def faults(document):
    with pytest.raises(DefinitionFaulty) as refused:
        check(toml(document))
    return [fault.place for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"release": {"offer": "car"}}, "rounds[1].releases[1].stock"),
        ({"release": {"budget_yuan": 0}}, "rounds[1].releases[1].budget_yuan"),
        ({"release": {"budget_yuan": 2_999}}, "rounds[1].releases[1].budget_yuan"),
        ({"release": {"budget_yuan": 49_999}, "tiers": FLOATING}, "rounds[1].releases[1].budget_yuan"),
        # A fifth of it would be more than the city grants.
        ({"release": {"budget_yuan": 100_001}}, "rounds[1].releases"),
        ({"people": {"apart_from": [{"code": "county"}]}}, "people.apart_from[1].name"),
        ({"tiers": FLOATING, "benefit": {"bonuses": [{"condition": "local_plate", "yuan": 500}]}}, None),
    ],
)
def test_faults_of_money_on_release(changes, place):
    assert (place or "offers[1].benefit.bonuses") in faults(car_document(**changes))


def test_vouchers_are_put_on_release_by_number():
    document = spring(rounds=[a_round(releases=[{"offer": "meal", "stock": 10, "budget_yuan": 500}])])
    assert faults(document) == ["rounds[1].releases[1].budget_yuan"]


def test_the_notice_says_how_much_money_each_round_has_and_what_excludes():
    apart = {"apart_from": [{"code": "county", "name": "江城区购车补贴"}]}
    text = notice.as_text(notice.notice(check(toml(car_document(release={"budget_yuan": 60_000}, people=apart)))))
    assert "| 6 万元 |" in text
    assert "已享受“江城区购车补贴”的不再享受" in text
    both = check(toml(car_document(release={"budget_yuan": 60_000, "stock": 20})))
    assert "| 6 万元、20 份 |" in notice.as_text(notice.notice(both))


def test_a_diff_names_the_money():
    before, after = (check(toml(car_document(release=release))) for release in ({"stock": 20}, {"budget_yuan": 60_000}))
    assert [str(change) for change in compare(before, after)] == [
        "删除 rounds[r1].releases[car].stock（张数）：20",
        "增加 rounds[r1].releases[car].budget_yuan（预算）：60,000.00 元",
    ]


def test_a_simulation_ends_with_the_money_of_the_round():
    definition = check(toml(car_document(release={"budget_yuan": 30_000})))
    assert usual(definition).claims_per_day == 4
    # At 4,000 yuan each on average seven are paid, and 2,000 yuan are left.
    played = simulation.simulate(definition, Demand(claims_per_day=50, redemption_rate=10_000, award_share=8_000))
    assert played.total("claimed") == 7
    assert sum(money.redeemed for money in played.days[-1].money.values()) == 2_800_000


def test_tiers_of_their_own_are_named_as_awards_name_them():
    tiers = [TIERS[0], {**TIERS[1], "pool_yuan": 20_000}]
    benefit = check(toml(car_document(tiers=tiers))).offer("car").terms.benefit
    assert {name: tier.own_fen for name, tier in benefit.limited_tiers().items()} == {"2": 2_000_000}
