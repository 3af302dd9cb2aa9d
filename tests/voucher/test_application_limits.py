import pytest

from campaigns.rounds import release_due_rounds
from campaigns.terms.subsidy_refusals import BuyerNotCovered
from foundation.db import db
from tests.cars import apply, award, cars_opened, close, give_back, grant, second_round, standing, tier_row
from tests.cars import car_document as document
from tests.world import JOB, a_uscc, citizens, done, opened
from voucher import reservations
from voucher.errors import ApplicationLimitReached, HadAnotherSubsidy, NotPricedYet
from voucher.models import Entitlement

FIRM, OTHER_FIRM = a_uscc(901), a_uscc(902)
FLOATING = [
    {"prices": "[10万, 20万)", "floating": {"pool_yuan": 20_000, "least_yuan": 2_000, "most_yuan": 6_000}},
    {"prices": "[20万, ∞)", "yuan": 5_000},
]


# --- limits -------------------------------------------------------------------------------------------------


def test_a_firm_has_three_over_all_rounds_and_its_people_have_their_own(clock, app):
    campaign = cars_opened(rounds=second_round(budget_yuan=20_000))
    lin, chen = citizens(2)
    first, second = campaign.releases["r1", "car"], campaign.releases["r2", "car"]
    assert apply(lin, first, firm=FIRM)
    assert apply(lin, first, firm=FIRM)
    assert apply(lin, first)
    close(clock)
    done(lambda: release_due_rounds(actor=JOB))
    third = apply(chen, second, firm=FIRM)
    with pytest.raises(ApplicationLimitReached):
        apply(chen, second, firm=FIRM)
    assert apply(chen, second, firm=OTHER_FIRM)
    with pytest.raises(ApplicationLimitReached):
        apply(lin, second)
    give_back(third)
    assert apply(lin, second, firm=FIRM)


def test_a_firm_is_refused_where_only_persons_are_covered(clock, app):
    campaign = cars_opened(benefit={"buyers": {"person": 1}})
    with pytest.raises(BuyerNotCovered):
        apply(citizens(1)[0], campaign.release, firm=FIRM)


@pytest.mark.parametrize("says", ["cars", "county"])
def test_campaigns_that_do_not_go_together_exclude_each_other_whichever_says_so(clock, app, says):
    apart = {"cars": {}, "county": {}}
    other = {"cars": "county", "county": "cars"}[says]
    apart[says] = {"people": {"apart_from": [{"code": other, "name": "另一项购车补贴"}]}}
    campaign = cars_opened(**apart["cars"])
    county = document(**apart["county"])
    county["campaign"] |= {"code": "county", "name": "江城区购车补贴"}
    county = opened(county)
    lin, chen = citizens(2)
    held = apply(lin, campaign.release)
    with pytest.raises(HadAnotherSubsidy):
        apply(lin, county.release)
    assert apply(chen, county.release, firm=FIRM)
    with pytest.raises(HadAnotherSubsidy):
        apply(chen, campaign.release, firm=FIRM)
    assert apply(chen, campaign.release)
    # What came to nothing excludes nobody.
    give_back(held)
    assert apply(lin, county.release)


# --- tiers --------------------------------------------------------------------------------------------------


def test_a_tier_ends_with_its_own_money_while_others_go_on(clock, app):
    tiers = [
        {"prices": "[10万, 30万)", "nev_yuan": 4_000, "pool_yuan": 9_000},
        {"prices": "[30万, ∞)", "nev_yuan": 5_000, "most_cars": 1},
    ]
    campaign = cars_opened(tiers=tiers)
    people = citizens(5)
    first = apply(people[0], campaign.release)
    assert apply(people[1], campaign.release)
    assert apply(people[2], campaign.release) is None
    assert apply(people[2], campaign.release, price_yuan=400_000)
    assert apply(people[3], campaign.release, price_yuan=400_000) is None
    row = tier_row(campaign.release)
    assert (row.taken, row.taken_fen) == (2, 800_000)
    give_back(first)
    assert apply(people[4], campaign.release)


def test_a_correction_may_change_the_tier(clock, app):
    tiers = [
        {"prices": "[10万, 30万)", "nev_yuan": 4_000, "most_cars": 2},
        {"prices": "[30万, ∞)", "nev_yuan": 5_000, "most_cars": 1},
    ]
    campaign = cars_opened(tiers=tiers)
    lin, chen = citizens(2)
    held, other = apply(lin, campaign.release), apply(chen, campaign.release)
    dearer = award(campaign.release, 310_000)
    assert done(lambda: reservations.change(held, dearer))
    assert not done(lambda: reservations.change(other, dearer))
    assert (tier_row(campaign.release, "1").taken, tier_row(campaign.release, "2").taken) == (1, 1)
    assert standing(campaign)["reserved"] == 900_000


def test_a_floating_pool_is_divided_when_its_round_closes(clock, app):
    campaign = cars_opened(tiers=FLOATING)
    people = citizens(8)
    floating = [apply(who, campaign.release) for who in people[:7]]
    fixed = apply(people[7], campaign.release, price_yuan=250_000)
    # Until then each has the least set aside, and nobody is granted.
    assert standing(campaign)["reserved"] == 7 * 200_000 + 500_000
    with pytest.raises(NotPricedYet):
        grant(floating[0])
    grant(fixed)
    give_back(floating[6])
    close(clock)
    # 20,000 yuan for six: 3,333.33 each, and two fen stay in the pool.
    assert tier_row(campaign.release).each_fen == 333_333
    assert set(reservations.amounts_of(floating[:6]).values()) == {333_333}
    assert standing(campaign)["budget"] == 10_000_000 - 500_000 - 6 * 333_333
    entitlement = db.session.get_one(Entitlement, grant(floating[0]))
    assert entitlement.face_value_fen == 333_333
    give_back(floating[1])


def test_a_floating_pool_takes_no_more_than_it_pays_the_least(clock, app):
    campaign = cars_opened(tiers=FLOATING)
    people = citizens(11)
    assert all(apply(who, campaign.release) for who in people[:10])
    assert apply(people[10], campaign.release) is None
    close(clock)
    assert tier_row(campaign.release).each_fen == 200_000


def test_a_floating_pool_nobody_applied_to_is_not_divided(clock, app):
    campaign = cars_opened(tiers=FLOATING)
    close(clock)
    assert standing(campaign)["budget"] == 10_000_000
