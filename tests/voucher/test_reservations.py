import pytest

from campaigns.rounds import release_due_rounds
from campaigns.terms.sale import VoucherExpired
from foundation.db import db
from foundation.ids import new_id
from foundation.money import apportion
from tests.cars import apply, award, cars_opened, close, give_back, grant, second_round, standing
from tests.cars import car_document as document
from tests.world import ENDS, JOB, at, citizens, claim, done, opened, published, release_row
from voucher import quotas, reservations
from voucher.errors import (
    AlreadyReserved,
    ApplicationLimitReached,
    ByApplication,
    NotByApplication,
    NotOpenYet,
    NotReserved,
    ReleaseUnknown,
)
from voucher.expiry import expire_due
from voucher.models import Entitlement

# --- money on release ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "put_yuan", "count"),
    [
        ({"budget_yuan": 60_000}, 60_000, 20),
        # By number alone: as much as that many may cost, as far as the pool reaches.
        ({"stock": 10}, 50_000, 10),
        ({"stock": 30}, 100_000, 30),
        ({"stock": 5, "budget_yuan": 60_000}, 25_000, 5),
        ({"stock": 50, "budget_yuan": 9_000}, 9_000, 3),
    ],
)
def test_what_is_put_on_release_is_money(clock, app, release, put_yuan, count):
    campaign = cars_opened(release=release)
    row = release_row(campaign.release)
    assert (row.released_fen, row.released, row.remaining) == (put_yuan * 100, count, count)
    assert standing(campaign)["released"] == put_yuan * 100


def test_the_source_with_the_least_money_decides_how_much_is_put_on_release(clock, app):
    sources = document()["sources"]
    sources[0]["budget_yuan"] = 10_001
    campaign = cars_opened(sources=sources, release={"stock": 16})
    # A fifth of it is the city's.
    assert release_row(campaign.release).released_fen == 5_000_500
    assert campaign.pool_fen("city") == 0


def test_what_nobody_applied_for_goes_back_to_the_pools_when_the_round_closes(clock, app):
    campaign = cars_opened()
    held = apply(citizens(1)[0], campaign.release)
    close(clock)
    assert standing(campaign) == {
        "budget": 9_600_000, "released": 0, "reserved": 400_000, "outstanding": 0, "due": 0,
    }  # fmt: skip
    assert release_row(campaign.release).remaining == 0
    grant(held)


def test_money_that_came_back_is_on_release_in_the_next_round(clock, app):
    campaign = cars_opened(rounds=second_round(stock=33))
    apply(citizens(1)[0], campaign.releases["r1", "car"])
    close(clock)
    done(lambda: release_due_rounds(actor=JOB))
    assert release_row(campaign.releases["r2", "car"]).released_fen == 9_600_000


# --- reserving ----------------------------------------------------------------------------------------------


def test_an_application_sets_aside_its_own_award_by_source(clock, app):
    campaign = cars_opened()
    apply(citizens(1)[0], campaign.release, price_yuan=312_000, powertrain="ice")
    assert standing(campaign) == {
        "budget": 0, "released": 9_600_000, "reserved": 400_000, "outstanding": 0, "due": 0,
    }  # fmt: skip
    assert release_row(campaign.release).remaining == 32


def test_c9_what_does_not_fit_waits_and_is_promoted_when_something_comes_back(clock, app):
    """Remaining 7,000; A 4,000, B 3,000, C 3,000 in the order of submission."""
    campaign = cars_opened(release={"budget_yuan": 7_000})
    a, b, c = citizens(3)
    first = apply(a, campaign.release)
    second = apply(b, campaign.release, powertrain="ice")
    assert first
    assert second
    assert apply(c, campaign.release, powertrain="ice") is None
    assert standing(campaign)["released"] == 0
    give_back(second)
    assert standing(campaign)["released"] == 300_000
    assert apply(c, campaign.release, powertrain="ice")


def test_who_waits_is_not_counted_under_any_limit(clock, app):
    campaign = cars_opened(release={"stock": 1})
    lin, chen = citizens(2)
    held = apply(lin, campaign.release)
    assert apply(chen, campaign.release) is None
    give_back(held)
    assert apply(chen, campaign.release)


def test_a_batch_is_reserved_in_the_order_given(clock, app):
    campaign = cars_opened(release={"budget_yuan": 9_000})
    wanted = [
        reservations.Wanted(new_id(), who, award(campaign.release, powertrain=powertrain))
        for who, powertrain in zip(citizens(4), ("nev", "ice", "nev", "nev"), strict=True)
    ]
    twice = reservations.Wanted(new_id(), wanted[0].citizen_id, award(campaign.release))
    outcomes = done(lambda: reservations.reserve_batch(campaign.release, [*wanted, twice]))
    assert outcomes[:4] == [True, True, False, False]
    assert isinstance(outcomes[4], ApplicationLimitReached)


def test_a_batch_with_room_for_all_is_asked_once(clock, app):
    campaign = cars_opened()
    wanted = [reservations.Wanted(new_id(), who, award(campaign.release)) for who in citizens(20)]
    assert done(lambda: reservations.reserve_batch(campaign.release, wanted)) == [True] * 20
    granted = done(lambda: reservations.grant_batch([each.application_id for each in wanted], actor="officer:7"))
    assert set(granted) == {each.application_id for each in wanted}
    assert standing(campaign)["outstanding"] == 8_000_000


def test_refusals(clock, app):
    campaign = opened(document())
    vouchers = published()
    [lin] = citizens(1)
    held = apply(lin, campaign.release)
    fine = award(campaign.release)
    with pytest.raises(AlreadyReserved):
        done(lambda: reservations.reserve(held, citizens(2)[1], campaign.release, fine))
    with pytest.raises(ApplicationLimitReached):
        apply(lin, campaign.release)
    with pytest.raises(ReleaseUnknown):
        done(lambda: reservations.reserve(new_id(), lin, 987, fine))
    with pytest.raises(NotByApplication):
        done(lambda: reservations.reserve(new_id(), lin, vouchers.release, fine))
    with pytest.raises(ByApplication):
        claim(lin, campaign.release)
    for operation in (reservations.give_back, lambda one: reservations.change(one, fine)):
        with pytest.raises(NotReserved):
            done(lambda operation=operation: operation(new_id()))
    with pytest.raises(NotReserved):
        done(lambda: reservations.grant(new_id(), actor="officer:7"))


def test_nothing_is_reserved_before_the_round_opens(clock, app):
    rounds = document()["rounds"]
    rounds[0]["opens_at"] = at("2023-05-08 11:00")
    campaign = cars_opened(rounds=rounds)
    with pytest.raises(NotOpenYet):
        apply(citizens(1)[0], campaign.release)


# --- changing, giving back, granting ------------------------------------------------------------------------


def test_a_correction_sets_aside_more_or_less(clock, app):
    campaign = cars_opened(release={"budget_yuan": 9_000})
    held, other = (apply(who, campaign.release) for who in citizens(2))
    assert done(lambda: reservations.change(held, award(campaign.release, powertrain="ice")))
    assert standing(campaign)["released"] == 200_000
    assert done(lambda: reservations.change(held, award(campaign.release, 310_000)))
    assert not done(lambda: reservations.change(other, award(campaign.release, 310_000)))
    assert standing(campaign)["reserved"] == 900_000


def test_after_the_round_a_correction_is_between_the_application_and_the_pool(clock, app):
    campaign = cars_opened()
    held = apply(citizens(1)[0], campaign.release)
    close(clock)
    assert done(lambda: reservations.change(held, award(campaign.release, 310_000)))
    assert standing(campaign)["budget"] == 9_500_000
    give_back(held)
    assert standing(campaign)["budget"] == 10_000_000
    assert release_row(campaign.release).remaining == 0


@pytest.mark.parametrize("fen", [400_001, 400_003, 399_999])
def test_every_fen_of_a_split_comes_back_to_its_source(clock, app, fen):
    campaign = cars_opened()
    held = apply(citizens(1)[0], campaign.release)
    odd = award(campaign.release)
    shares = {"city": 2_000, "county": 8_000}
    odd = type(odd)(odd.bill_fen, fen, apportion(fen, shares), tier=odd.tier)
    assert done(lambda: reservations.change(held, odd))
    give_back(held)
    assert standing(campaign)["released"] == 10_000_000


def test_an_application_that_was_rejected_may_reserve_again(clock, app):
    campaign = cars_opened()
    [lin] = citizens(1)
    held = apply(lin, campaign.release)
    give_back(held)
    with pytest.raises(NotReserved):
        give_back(held)
    assert done(lambda: reservations.reserve(held, lin, campaign.release, award(campaign.release, 310_000)))
    assert reservations.amounts_of([held]) == {held: 500_000}
    grant(held)


def test_a_grant_is_an_entitlement_worth_the_award(clock, app):
    campaign = cars_opened()
    [lin] = citizens(1)
    held = apply(lin, campaign.release)
    assert grant(held) == held
    entitlement = db.session.get_one(Entitlement, held)
    assert (entitlement.citizen_id, entitlement.face_value_fen, entitlement.status) == (lin, 400_000, "claimed")
    assert standing(campaign)["outstanding"] == 400_000
    for again in (grant, give_back):
        with pytest.raises(NotReserved):
            again(held)


def test_what_is_paid_out_may_be_granted_after_the_campaign_and_what_comes_off_a_bill_may_not(clock, app):
    campaign = cars_opened()
    off_the_bill = document(benefit={"given_as": "discount"})
    off_the_bill["campaign"]["code"] = "bills"
    bills = opened(off_the_bill)
    [lin] = citizens(1)
    paid_out, taken_off = apply(lin, campaign.release), apply(lin, bills.release)
    close(clock, ENDS)
    grant(paid_out)
    with pytest.raises(VoucherExpired):
        grant(taken_off)
    give_back(taken_off)


def test_what_is_not_used_in_time_goes_back_fen_by_fen(clock, app):
    campaign = cars_opened(benefit={"given_as": "discount"})
    lin, chen = citizens(2)
    grant(apply(lin, campaign.release))
    grant(apply(chen, campaign.release, powertrain="ice"))
    close(clock, ENDS)
    assert done(lambda: expire_due(actor=JOB)) == 2
    assert standing(campaign)["budget"] == 10_000_000


def test_counts_of_the_whole_campaign_are_what_applications_hold(clock, app):
    campaign = cars_opened()
    lin, chen = citizens(2)
    give_back(apply(lin, campaign.release))
    apply(chen, campaign.release)
    scope = f"campaign:{campaign.id}"
    rows = db.session.scalars(db.select(quotas.PersonQuota.used).where(quotas.PersonQuota.scope == scope))
    assert sorted(rows) == [0, 1]
