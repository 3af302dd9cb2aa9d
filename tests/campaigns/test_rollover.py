"""Which money a round may release, and stock that comes out day by day."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select

from campaigns import rounds
from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.demand import Demand
from campaigns.models import CampaignRound, Release
from campaigns.notice import as_text, notice
from campaigns.simulation import simulate
from foundation.db import db
from tests import people
from tests.people import LIN
from tests.world import (
    CLOSES,
    JOB,
    OPENS,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    offer,
    opened,
    published,
    redeem,
    release_row,
    shop,
    spring,
    toml,
)
from voucher.errors import SoldOut
from voucher.expiry import expire_due


def own(**keys):
    return {"kind": "own", **keys}


def three_rounds(first=None, second=None, third=None, stock=20):
    """迎江 in small: three rounds of 50-yuan vouchers that live for a day, the first with 500 yuan of its own."""
    rollovers = (first or own(budget_yuan=500), second or own(carry="r1"), third or own(carry="r2"))
    starts = ("2023-05-08 10:00", "2023-05-12 10:00", "2023-05-16 10:00")
    return spring(
        offers=[offer(validity={"kind": "hours", "hours": 24})],
        rounds=[
            a_round(
                f"r{number}",
                opens_at=at(start),
                closes_at=at(start) + timedelta(days=1),
                releases=[{"offer": "meal", "stock": stock}],
                rollover=rollover,
            )
            for number, (start, rollover) in enumerate(zip(starts, rollovers, strict=True), 1)
        ],
    )


def release_next(clock, moment):
    clock.move_to(at(moment))
    done(lambda: rounds.close_due_rounds(actor=JOB))
    done(lambda: expire_due(actor=JOB))
    done(lambda: rounds.release_due_rounds(actor=JOB))


def released(campaign, code):
    return release_row(campaign.releases[code, "meal"]).released


def test_the_second_round_has_what_the_first_did_not_redeem_and_the_third_the_balance(clock, app):
    campaign = opened(three_rounds())
    place = shop(campaign)
    people_ = citizens(12)
    assert released(campaign, "r1") == 10
    for number, citizen in enumerate(people_[:6]):
        digits = claim_and_show(citizen, campaign.releases["r1", "meal"])[1]
        if number < 4:
            redeem(place.till, digits)
    release_next(clock, "2023-05-12 10:00")
    # 500 less 4 redeemed at 50: what was not claimed, and the two that expired, are there again.
    assert released(campaign, "r2") == 6
    for citizen in people_[6:9]:
        redeem(place.till, claim_and_show(citizen, campaign.releases["r2", "meal"])[1])
    release_next(clock, "2023-05-16 10:00")
    assert released(campaign, "r3") == 3


def test_without_a_balance_the_round_ends_before_it_opens(clock, app):
    campaign = opened(three_rounds())
    place = shop(campaign)
    for citizen in citizens(10):
        redeem(place.till, claim_and_show(citizen, campaign.releases["r1", "meal"])[1])
    release_next(clock, "2023-05-12 10:00")
    states = dict(db.session.execute(select(CampaignRound.code, CampaignRound.status)).all())
    assert states == {"r1": "closed", "r2": "closed", "r3": "scheduled"}
    assert released(campaign, "r2") == 0


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (own(budget_yuan=250), 5),
        (own(budget_yuan=250, carry="r1"), 15),
        ({"kind": "pool"}, 20),
    ],
)
def test_unused_money_rolls_on_or_stays_as_the_file_says(clock, app, second, expected):
    campaign = opened(three_rounds(second=second, third={"kind": "pool"}))
    release_next(clock, "2023-05-12 10:00")
    assert released(campaign, "r2") == expected


def test_what_is_still_held_is_not_carried(clock, app):
    document = three_rounds()
    document["offers"][0]["validity"] = {"kind": "days", "days": 30}
    campaign = opened(document)
    for citizen in citizens(7):
        claim(citizen, campaign.releases["r1", "meal"])
    release_next(clock, "2023-05-12 10:00")
    assert released(campaign, "r2") == 3


def daily_round(stock=10, **daily):
    return spring(
        rounds=[
            a_round(
                closes_at=at("2023-05-14 22:00"),
                limits=[{"count": 50}],
                releases=[{"offer": "meal", "stock": stock}],
                daily={"at": time(9), **daily},
            )
        ]
    )


def test_portions_come_day_by_day_each_once(clock, app):
    campaign = opened(daily_round(stock=11, days=3))
    [lin] = citizens(1)
    assert released(campaign, "r1") == 4
    for _ in range(4):
        claim(lin, campaign.release)
    with pytest.raises(SoldOut):
        claim(lin, campaign.release)
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 0
    clock.move_to(at("2023-05-09 08:59"))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 0
    clock.move_to(at("2023-05-09 09:00"))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 1
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 0
    assert (released(campaign, "r1"), release_row(campaign.release).remaining) == (8, 4)
    claim(lin, campaign.release)
    clock.move_to(at("2023-05-10 09:30"))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 1
    assert released(campaign, "r1") == 11


def test_listed_portions_and_days_that_were_missed(clock, app):
    campaign = opened(daily_round(stock=10, shares=["50%", "20%", "30%"]))
    assert released(campaign, "r1") == 5
    clock.move_to(at("2023-05-10 12:00"))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 2
    assert released(campaign, "r1") == 10


def test_a_closed_round_releases_no_more(clock, app):
    campaign = opened(daily_round(days=3))
    clock.move_to(at("2023-05-14 22:00"))
    done(lambda: rounds.close_due_rounds(actor=JOB))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 0
    assert campaign.pool_fen("city") == 10_000_000


def test_a_portion_is_no_more_than_the_pool_pays(clock, app):
    document = daily_round(stock=10, days=2)
    document["sources"][0]["budget_yuan"] = 100
    document["sources"][1]["budget_yuan"] = 400
    campaign = opened(document)
    [lin] = citizens(1)
    claim(lin, campaign.release)
    clock.move_to(at("2023-05-09 09:00"))
    done(lambda: rounds.release_due_portions(actor=JOB))
    assert released(campaign, "r1") == 10


def test_the_page_says_when_the_next_portion_comes(clock, sqlite_app):
    campaign = opened(daily_round(stock=2, days=2))
    claim(citizens(1)[0], campaign.release)
    phone = people.browser_of(sqlite_app, LIN)
    page = phone.get("/campaigns/spring").text
    assert "下一批 2023-05-09 09:00 放出" in page
    assert "今天的已领完，5月9日 09:00 放出下一批" in page
    assert "等下一批" in page
    clock.move_to(at("2023-05-09 09:00"))
    done(lambda: rounds.release_due_portions(actor=JOB))
    assert "下一批" not in phone.get("/campaigns/spring").text


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"rollover": {"kind": "own"}}, "rounds[1].rollover.budget_yuan"),
        ({"rollover": own(carry="r9")}, "rounds[1].rollover.carry"),
        ({"rollover": own(carry="r1")}, "rounds[1].rollover.carry"),
        ({"daily": {"at": time(9)}}, "rounds[1].daily.days"),
        ({"daily": {"at": time(9), "days": 2, "shares": ["50%", "50%"]}}, "rounds[1].daily.days"),
        ({"daily": {"at": time(9), "shares": ["50%", "40%"]}}, "rounds[1].daily.shares"),
        ({"daily": {"at": "9", "days": 2}}, "rounds[1].daily.at"),
        ({"daily": {"at": time(9), "days": 5}}, "rounds[1].daily"),
        (
            {"daily": {"at": time(9), "days": 2}, "releases": [{"offer": "meal", "stock": 1}]},
            "rounds[1].releases[1].stock",
        ),
    ],
)
def test_what_does_not_fit_is_a_fault(changed, fault):
    with pytest.raises(DefinitionFaulty) as faults:
        check(toml(spring(rounds=[a_round(**changed)])))
    assert fault in [each.place for each in faults.value.faults]


def test_the_notice_says_it():
    told = as_text(notice(check(toml(three_rounds()))))
    assert "第一轮：本轮资金 500 元，用完为止，不用前一轮的结余。" in told
    assert "第一轮：本轮资金为前一轮的结余，没有结余则提前结束。" in told
    assert "第一轮分 2 天投放，每天 09:00。" in as_text(notice(check(toml(daily_round(days=2)))))


def test_the_simulation_plays_both():
    rush = Demand(claims_per_day=1000, redemption_rate=10_000, days_to_use=1)
    played = simulate(check(toml(three_rounds())), rush)
    assert played.total("claimed") == 10
    calm = Demand(claims_per_day=1000, redemption_rate=0, days_to_use=1)
    assert simulate(check(toml(three_rounds())), calm).total("claimed") == 30
    by_day = simulate(check(toml(daily_round(stock=9, days=3))), rush)
    assert [day.claimed for day in by_day.days[:4]] == [3, 3, 3, 0]


#: 济南 泉城购 2025, of domain research §8.3: rounds and their batches, first and last day.
JINAN = [
    [("07-19", "07-27"), ("07-28", "08-03")],
    [("08-04", "08-10"), ("08-11", "08-17"), ("08-18", "08-31")],
    [("09-01", "09-07"), ("09-08", "09-14"), ("09-15", "09-30")],
    [("10-01", "10-12"), ("10-13", "10-19"), ("10-20", "10-31")],
    [("11-01", "11-05"), ("11-06", "11-10"), ("11-11", "11-15")],
]


def jinan():
    """Fourteen batches; per batch one retail and one catering voucher a person; all open at 10:00, close at 23:59."""
    retail = offer("retail", name="零售券", benefit={"face_value_yuan": 20, "threshold_yuan": 100})
    meal = offer("meal", benefit={"face_value_yuan": 25, "threshold_yuan": 100})
    batches = [
        a_round(
            f"r{number}-{place}",
            name=f"第{number}轮第{place}批",
            opens_at=at(f"2025-{first} 10:00"),
            closes_at=at(f"2025-{last} 23:59"),
            limits=[{"count": 1, "within": "offer"}],
            releases=[{"offer": "retail", "stock": 5}, {"offer": "meal", "stock": 5}],
        )
        for number, batches in enumerate(JINAN, 1)
        for place, (first, last) in enumerate(batches, 1)
    ]
    document = spring(
        offers=[
            {**each, "scope": {}, "validity": {"kind": "hours", "hours": 24}, "funding": {"shares": {"city": "100%"}}}
            for each in (retail, meal)
        ],
        rounds=batches,
    )
    document["sources"][0]["budget_yuan"] = 225
    document["campaign"] |= {"starts_at": at("2025-07-19 00:00"), "ends_at": at("2025-11-16 00:00")}
    return document


def test_jinans_fourteen_batches_follow_each_other_and_unused_money_rolls(clock, app):
    clock.move_to(at("2025-07-18 12:00"))
    campaign = published(jinan())
    place = shop(campaign)
    [lin] = citizens(1)
    spent = 0
    calendar = [batch for batches in JINAN for batch in batches]
    assert len(calendar) == 14
    for number, (first, last) in enumerate(calendar):
        clock.move_to(at(f"2025-{first} 10:00"))
        done(lambda: rounds.close_due_rounds(actor=JOB))
        done(lambda: expire_due(actor=JOB))
        done(lambda: rounds.release_due_rounds(actor=JOB))
        db.session.expire_all()
        [current] = db.session.scalars(select(CampaignRound).where(CampaignRound.status == "released")).all()
        on_release = db.session.scalars(
            select(Release).where(Release.round_id == current.id).order_by(Release.id)
        ).all()
        worth = sum(each.released * fen for each, fen in zip(on_release, (2_000, 2_500), strict=True))
        # Everything but what was redeemed before rolls on, as far as whole vouchers go.
        assert min(22_500, 22_500 - spent) - 2_500 < worth <= 22_500 - spent
        if number % 7 == 0:
            redeem(place.till, claim_and_show(lin, on_release[0].id)[1])
            spent += 2_000
        clock.move_to(at(f"2025-{last} 23:59"))
    assert spent == 4_000


def test_the_opening_is_the_first_portion():
    planned = check(toml(daily_round(days=3))).rounds[0]
    assert planned.daily.due_at(planned.opens_at)[0] == OPENS
    assert planned.daily.due_at(planned.opens_at)[1] == at("2023-05-09 09:00")
    assert CLOSES > OPENS
