"""The report of a car subsidy: what was granted, is set aside, was paid, and what it drove; and the year's sentence."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns import drafting, rounds
from campaigns.models import Release
from foundation.clock import bureau_day
from foundation.db import db
from foundation.ids import new_id
from merchants import payouts
from merchants.payouts import Payee, PayOut
from settlement import payout_returns as returns
from settlement.day_closing import close_days
from settlement.exports import report_sheet, to_csv
from settlement.metrics import BY_KEY
from settlement.payouts import BankAnswer
from settlement.reports import Query, report
from settlement.rows import rows_of
from settlement.sentence import car_sentence, year_sentence, year_sentences
from tests.cars import CARD, answered, apply, award, bought, cars_opened, give_back, grant, sent
from tests.settlement.test_rows import adds_up_to, beneath
from tests.world import DRAFTER, JOB, OPENS, PUBLISHER, at, citizens, claim, done, opened, shop
from voucher import reservations

EXAMPLE = Path(__file__).parents[2] / "examples" / "car-subsidy-2023.toml"
MEASURES = [key for key, metric in BY_KEY.items() if metric.kind in ("fen", "count")]


def a_month():
    """Seven applied: one is rejected, one reviewed, one granted, four bought, of which one came back before and one
    after it was paid."""
    campaign = cars_opened()
    place = shop(campaign, industry="automobile")
    prices = [152_800, 312_000, 152_800, 152_800, 152_800, 312_000, 152_800]
    applied = [apply(who, campaign.release, price_yuan=price) for who, price in zip(citizens(7), prices, strict=True)]
    give_back(applied[0])
    grant(applied[2])
    ids = [bought(application, place) for application in applied[3:]]
    done(lambda: returns.take_back_payout(ids[0], by="officer:3", reason="顾客退车", evidence="红字发票"))
    answered(sent(campaign), *(BankAnswer(n, is_paid=True, reference=f"B-{n:04}") for n in (1, 2)))
    until = bureau_day(OPENS) + timedelta(days=30)
    done(
        lambda: returns.take_back_payout(ids[1], by="officer:3", reason="顾客退车", evidence="红字发票", repay_by=until)
    )
    return campaign


@pytest.mark.parametrize("closed", [False, True])
def test_the_report_of_a_car_subsidy_adds_up_to_the_fen(clock, app, closed, subtests):
    campaign = a_month()
    if closed:
        clock.move_to(at("2023-05-09 09:00"))
        done(close_days)
    found = report(Query(campaign_id=campaign.id))
    values = found.total.values
    assert {key: values[key] for key in MEASURES} == {
        "budget_fen": 10_000_000,
        "released_fen": 10_000_000,
        "reserved_fen": 500_000,
        "claimed_count": 5,
        "claimed_fen": 4 * 400_000 + 500_000,
        "redeemed_count": 4,
        "redeemed_fen": 3 * 400_000 + 500_000,
        "voided_fen": 0,
        "refunded_fen": 800_000,
        "net_redeemed_fen": 900_000,
        "expired_fen": 0,
        "returned_fen": 0,
        "driven_fen": 2 * 15_280_000,
        "surplus_fen": 10_000_000 - 3 * 400_000 - 500_000 + 400_000,
        "owed_fen": 400_000,
        "paid_fen": 900_000,
        "borne_fen": 0,
    }
    for by in ("campaign", "source", "merchant", "day", "offer", "county"):
        query = Query(by=by, campaign_id=campaign.id)
        result = report(query)
        for row in [*result.rows, result.total]:
            for key in MEASURES:
                if row.values[key] is not None:
                    with subtests.test(by=by, row=row.key, metric=key):
                        assert adds_up_to(beneath(query, row), key) == row.values[key]


def test_a_car_subsidy_has_words_of_its_own_and_vouchers_have_theirs(clock, app):
    campaign = a_month()
    vouchers = opened()
    of_cars, of_vouchers = (report(Query(campaign_id=one.id)) for one in (campaign, vouchers))
    names = [of_cars.words_of(BY_KEY[key])[0] for key in of_cars.metrics]
    assert [name for name in names if name in ("占用", "发放", "核销(兑付)", "拉动消费")] == [
        "占用", "发放", "核销(兑付)", "拉动消费",
    ]  # fmt: skip
    assert "reserved_fen" not in of_vouchers.metrics
    assert of_vouchers.words_of(BY_KEY["claimed_fen"])[0] == "领取(发放)"
    assert "占用" in to_csv(report_sheet(of_cars, "结算报表")).decode("utf-8-sig").split("\r\n")[0]
    # Beside vouchers the column is there as long as something is set aside.
    assert "reserved_fen" in report(Query()).metrics


def test_what_is_set_aside_opens_to_its_movements(clock, app):
    campaign = a_month()
    found = rows_of(Query(campaign_id=campaign.id), "reserved_fen")
    assert found.kind == "transfers"
    assert found.total_fen == 500_000


def test_a_grant_before_the_month_ends_is_counted_on_its_day(clock, app):
    campaign = cars_opened()
    held = apply(citizens(1)[0], campaign.release)
    clock.move_to(at("2023-05-09 09:00"))
    grant(held)
    by_day = report(Query(by="day", campaign_id=campaign.id))
    assert {row.key: row.values["claimed_count"] for row in by_day.rows} == {"2023-05-08": 0, "2023-05-09": 1}


# --- the year's sentence ------------------------------------------------------------------------------------


def test_the_year_2023_of_the_bureaus_report(clock, sqlite_app):
    clock.move_to(at("2023-06-01 09:00"))
    version = done(lambda: drafting.import_draft(EXAMPLE.read_text(encoding="utf-8"), by=DRAFTER).id)
    done(lambda: drafting.publish(version, by=PUBLISHER))
    done(lambda: rounds.release_due_rounds(actor=JOB))
    release = db.session.scalars(db.select(Release.id)).one()
    place = shop(industry="automobile")
    prices = [80_000] * 108 + [150_000] * 194 + [260_000] * 40
    people = citizens(342)
    awards = {price: award(release, price) for price in set(prices)}
    wanted = [reservations.Wanted(new_id(), who, awards[price]) for who, price in zip(people, prices, strict=True)]
    assert done(lambda: reservations.reserve_batch(release, wanted)) == [True] * 342
    ids = [each.application_id for each in wanted]
    done(lambda: reservations.grant_batch(ids, actor="officer:7"))
    payee = Payee("林小满", "工商银行阳江分行", CARD)
    out = [PayOut(one, place.store_id, price * 100, payee) for one, price in zip(ids, prices, strict=True)]
    done(lambda: payouts.pay_out_batch(out, actor="officer:7"))
    assert car_sentence(2023) == "惠民购车补贴99.8万元，342名消费者受益。"
    assert year_sentences(2023) == ["2023年，还没有发放消费券。", "惠民购车补贴99.8万元，342名消费者受益。"]
    # Every fen of the 998,000 yuan is spent: the next one waits.
    assert not done(lambda: reservations.reserve(new_id(), citizens(343)[342], release, awards[80_000]))


def test_the_vouchers_sentence_says_nothing_of_cars(clock, app):
    a_month()
    vouchers = opened()
    claim(citizens(9)[8], vouchers.release)
    assert year_sentence(2023) == "2023年，市县两级共同发放消费券0万元，拉动消费0万元，拉动比1:0.00（按发放）。"
    assert car_sentence(2023) == "惠民购车补贴0.9万元，2名消费者受益。"
    assert car_sentence(2022) == ""
