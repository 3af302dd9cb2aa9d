"""Raised awards: under review priced anew, approved topped up, kept out before and told; each once, as money allows."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from applications import endings, jobs, repricing, submission
from applications.models import ApplicantMessage, ApplicationDecision
from campaigns.models import Offer
from campaigns.terms.subsidy_refusals import PriceOutsideTiers
from foundation.db import db
from foundation.states import StateChange
from ledger import accounts
from ledger.posting import balance_fen
from merchants.models import Redemption
from merchants.payout_models import Payout
from tests import cars, people, world
from tests.applications import desk, raising
from tests.applications.desk import papers, row, status
from tests.world import ENDS, at, done
from voucher.models import Entitlement
from voucher.top_up_models import TopUp


def approved(clock, scene, *ids):
    """Review applications, stand their public notice out, and approve them."""
    for application_id in ids:
        desk.passed(scene, application_id)
    jobs.open_notices()
    clock.move_to(clock.now() + timedelta(days=10))
    jobs.end_notices()
    assert {status(application_id) for application_id in ids} == {"approved"}


def texts():
    db.session.rollback()
    return list(db.session.scalars(select(ApplicantMessage.body).order_by(ApplicantMessage.written_at)))


def payouts():
    db.session.rollback()
    rows = select(Payout.amount_fen, Payout.status, Redemption.bill_fen).join(Redemption, Redemption.id == Payout.id)
    return [tuple(each) for each in db.session.execute(rows.order_by(Payout.owed_at, Payout.amount_fen.desc()))]


def test_an_amendment_back_in_time_reaches_who_is_approved_who_is_reviewed_and_who_was_kept_out(clock, app):
    scene = desk.scene()
    paid, reviewed = desk.submitted(scene, 2)
    approved(clock, scene, paid)
    [kept_out_by] = people.citizens(1, first_phone=13800000090)
    draft = desk.filled(kept_out_by, scene.release, papers(90, price_yuan=80_000, powertrain="ice"))
    with pytest.raises(PriceOutsideTiers):
        desk.submit(draft, kept_out_by)
    decided = list(db.session.scalars(select(ApplicationDecision.campaign_version_id)))

    version = raising.published(raising.raised())
    assert raising.run() == "3 applications looked at, 2 top-ups settled"
    assert sorted(raising.top_ups()) == [("added", 500), ("granted", 500)]
    assert payouts() == [(400_000, "due", 15_280_000), (50_000, "due", 0)]
    assert (row(reviewed).award_fen, row(reviewed).campaign_version_id) == (450_000, version)
    assert cars.standing(scene.campaign)["reserved"] == 450_000
    told = "\n".join(texts())
    for words in ("已按新标准核定为 4,500.00 元", "再补发 500.00 元", "现在可以补贴 1,000.00 元"):
        assert words in told, words

    # Told once, paid once, however often the job runs.
    assert raising.run() == "0 applications looked at, 0 top-ups settled"
    assert len(texts()) == len(told.splitlines())
    assert desk.submit(draft, kept_out_by).award_fen == 100_000
    # What was decided before keeps the version that it was decided under.
    assert set(decided) == {scene.campaign.version_id}
    desk.passed(scene, reviewed)
    later = db.session.scalars(
        select(ApplicationDecision.campaign_version_id).where(ApplicationDecision.application_id == reviewed)
    ).all()
    assert set(later) == {version}
    changes = db.session.scalars(select(StateChange).where(StateChange.machine == "top_up")).all()
    assert {change.campaign_version_id for change in changes} == {version}


@pytest.mark.parametrize(
    ("amendment", "invoice", "award"),
    [
        ({"applies_from": at("2023-05-08 00:00")}, "2023-05-08", 450_000),
        ({"applies_from": at("2023-05-08 00:00")}, "2023-05-07", 400_000),
        ({}, "2023-05-07", 400_000),
        ({}, "2023-05-08", 450_000),
    ],
)
def test_the_date_on_the_invoice_decides_and_without_a_date_the_day_of_the_effect(
    clock, sqlite_app, amendment, invoice, award
):
    """Monday 8 May is the day on which it takes effect."""
    scene = desk.scene(invoices_from=at("2023-05-01 00:00"))
    [before] = desk.submitted(scene, 1, invoice_date=invoice)
    version = raising.published(raising.raised(amendment={"reason": "提高新能源车补贴", **amendment}))
    raising.run()
    [after] = desk.submitted(scene, 1, first=2, invoice_date=invoice)
    expected = (award, version if award == 450_000 else scene.campaign.version_id)
    for application_id in (before, after):
        assert (row(application_id).award_fen, row(application_id).campaign_version_id) == expected


def test_what_is_short_of_money_waits_in_order_and_is_served_when_some_comes(clock, app):
    """All but 400 yuan of the budget are spent; the pool has nothing, and the first who waits needs 500."""
    scene = desk.scene(release={"budget_yuan": 100_000})
    ids = desk.submitted(scene, 2)
    approved(clock, scene, *ids)
    others = desk.submitted(scene, 22, first=10)
    [least] = desk.submitted(scene, 1, first=50, powertrain="ice", price_yuan=152_800)
    assert cars.standing(scene.campaign)["released"] == 100_000
    raising.published(raising.raised())
    assert raising.run() == "25 applications looked at, 2 top-ups settled"
    assert cars.standing(scene.campaign)["released"] == 0
    done(lambda: endings.withdraw(least, row(least).citizen_id))
    assert raising.run() == "0 applications looked at, 6 top-ups settled"
    assert cars.standing(scene.campaign)["released"] == 0
    assert row(others[5]).award_fen == 450_000
    assert row(others[6]).award_fen == 400_000


def test_money_of_an_open_round_is_first_for_those_who_wait_for_all_of_theirs(clock, app):
    """500 yuan are on release, and the fourth waits for 4,500 of them; the pool has money for one difference."""
    scene = desk.scene(release={"budget_yuan": 100_000})
    ids = desk.submitted(scene, 24)
    [ice] = desk.submitted(scene, 1, first=40, powertrain="ice")
    [waits] = desk.submitted(scene, 1, first=50)
    approved(clock, scene, ids[0])
    assert (status(ice), status(waits)) == ("reviewing", "waiting")
    raising.published(raising.raised(budgets=(100, 400)))
    raising.run()
    assert sorted(raising.top_ups()) == [("granted", 500), *[("waiting", 500)] * 23]
    assert row(waits).award_fen == 450_000
    standing = cars.standing(scene.campaign)
    assert (standing["budget"], standing["released"]) == (0, 100_000)


def test_more_money_by_the_same_amendment_pays_the_differences_out_of_the_pool(clock, app):
    scene = desk.scene(release={"budget_yuan": 100_000})
    ids = desk.submitted(scene, 3)
    approved(clock, scene, *ids[:2])
    raising.published(raising.raised(budgets=(200, 800)))
    assert raising.run() == "3 applications looked at, 3 top-ups settled"
    standing = cars.standing(scene.campaign)
    assert (standing["budget"], standing["reserved"]) == (0, 450_000), "the third difference is from the release"
    assert standing["released"] == 10_000_000 - 1_200_000 - 50_000
    assert [fen for fen, _, _ in payouts()] == [400_000] * 2 + [50_000] * 2


def test_two_amendments_one_after_the_other_owe_each_its_own_difference(clock, app):
    scene = desk.scene()
    [paid] = desk.submitted(scene, 1)
    approved(clock, scene, paid)
    first = raising.published(raising.raised())
    higher = [*raising.RAISED[:1], {**raising.RAISED[1], "nev_yuan": 4800}, raising.RAISED[2]]
    again = {"reason": "再提高 300 元", "applies_from": at("2023-05-01 00:00")}
    raising.run()
    second = raising.published(raising.raised(tiers=higher, amendment=again))
    raising.run()
    rows = db.session.query(TopUp).order_by(TopUp.campaign_version_id).all()
    assert [(each.campaign_version_id, each.amount_fen, each.status) for each in rows] == [
        (first, 50_000, "granted"),
        (second, 30_000, "granted"),
    ]


def test_a_correction_handed_in_after_the_raise_is_priced_whole_and_not_raised_twice(clock, app):
    scene = desk.scene(release={"budget_yuan": 100_000})
    [application_id, *others] = desk.submitted(scene, 25)
    citizen_id = row(application_id).citizen_id
    desk.ask(application_id, scene.county, "plate")
    raising.published(raising.raised())
    # What is under review is raised out of the money on release, and there is none.
    raising.run()
    assert raising.top_ups() == [("waiting", 500)] * 25
    assert desk.fill(application_id, citizen_id, papers(1, plate="粤QD99999")) == {}
    corrected = desk.submit(application_id, citizen_id)
    assert (corrected.status, corrected.award_fen) == ("reviewing", 400_000), "nobody is kept from correcting"
    approved(clock, scene, application_id)
    done(lambda: endings.withdraw(others[0], row(others[0]).citizen_id))
    raising.run()
    assert {("lapsed", 500), ("granted", 500)} < set(raising.top_ups())
    assert [fen for fen, _, _ in payouts()] == [400_000, 50_000]


def test_what_is_withdrawn_or_rejected_after_the_raise_gives_all_of_it_back(clock, app):
    """What was raised out of the pool comes back on release, as everything does while the round is open."""
    scene = desk.scene(release={"budget_yuan": 8_000})
    withdrawn, rejected = desk.submitted(scene, 2)
    raising.published(raising.raised())
    raising.run()
    assert raising.top_ups() == [("added", 500)] * 2
    done(lambda: endings.withdraw(withdrawn, row(withdrawn).citizen_id))
    desk.reject(rejected, scene.county)
    standing = {"budget": 9_100_000, "released": 900_000, "reserved": 0, "outstanding": 0, "due": 0}
    assert cars.standing(scene.campaign) == standing


def test_a_car_that_came_back_is_not_topped_up_and_takes_its_top_up_back(clock, app):
    scene = desk.scene()
    back, topped = desk.submitted(scene, 2)
    approved(clock, scene, back, topped)
    take_back(back)
    raising.published(raising.raised())
    raising.run()
    assert raising.top_ups() == [("granted", 500)]
    assert take_back(topped) is False
    assert sorted(payouts()) == [
        (50_000, "taken_off", 0),
        (400_000, "taken_off", 15_280_000),
        (400_000, "taken_off", 15_280_000),
    ]
    assert cars.standing(scene.campaign)["due"] == 0


def take_back(application_id):
    payout = db.session.scalars(select(Redemption.id).where(Redemption.entitlement_id == application_id)).one()
    return done(
        lambda: cars.returns.take_back_payout(payout, by="officer:3", reason="顾客退车", evidence="红字发票 2444")
    )


def test_what_is_taken_off_at_the_dealers_is_topped_up_by_a_voucher_of_its_own(clock, app):
    scene = desk.scene(benefit={"given_as": "discount"})
    [application_id] = desk.submitted(scene, 1)
    approved(clock, scene, application_id)
    raising.published(raising.raised())
    raising.run()
    vouchers = db.session.scalars(select(Entitlement.face_value_fen).order_by(Entitlement.face_value_fen)).all()
    assert vouchers == [50_000, 400_000], "the voucher that was granted keeps its amount"


def test_what_would_come_off_a_bill_too_late_is_not_topped_up(clock, sqlite_app):
    scene = desk.scene(benefit={"given_as": "discount"})
    [application_id] = desk.submitted(scene, 1)
    approved(clock, scene, application_id)
    raising.published(raising.raised())
    clock.move_to(ENDS)
    raising.run()
    assert raising.top_ups() == [("lapsed", 500)]
    assert raising.run() == "0 applications looked at, 0 top-ups settled"


def test_it_goes_on_where_a_run_that_died_has_left_it(clock, app):
    scene = desk.scene()
    desk.submitted(scene, 5)
    version = raising.published(raising.raised())
    [raised] = repricing.raised_releases()
    assert done(lambda: repricing.plan(raised, actor="job:raise_awards", limit=2)) == 2
    assert done(lambda: repricing.serve(raised, actor="job:raise_awards", limit=1)) == 1
    progress = repricing.progress(version)
    assert (progress.left, progress.sums) == (3, {"added": (1, 50_000), "waiting": (1, 50_000)})
    assert raising.run() == "3 applications looked at, 4 top-ups settled"
    assert repricing.progress(version).sums == {"added": (5, 250_000)}


def test_the_preview_says_before_what_the_job_does_afterwards(clock, app):
    scene = desk.scene(release={"budget_yuan": 16_000})
    ids = desk.submitted(scene, 5)
    approved(clock, scene, ids[0], ids[1])
    [citizen_id] = people.citizens(1, first_phone=13800000090)
    desk.filled(citizen_id, scene.release, papers(90, price_yuan=80_000, powertrain="ice"))
    version = raising.drafted(raising.raised())
    told = repricing.preview(version)
    assert {name: (group.count, group.fen) for name, group in told.items()} == {
        "approved": (2, 100_000),
        "reviewing": (2, 100_000),
        "waiting": (1, 50_000),
        "draft": (1, 100_000),
    }
    assert db.session.scalar(select(func.count()).select_from(TopUp)) == 0


def test_offer_and_releases_follow_the_raised_table(clock, app):
    scene = desk.scene(release={"budget_yuan": 30_000})
    assert world.release_row(scene.release).remaining == 10
    raising.published(raising.raised())
    found = world.release_row(scene.release)
    assert (found.stock, found.released, found.remaining) == (30, 30, 30), "the least is 1,000 now"
    offer = db.session.get_one(Offer, scene.campaign.offers["car"])
    assert (offer.face_value_fen, offer.threshold_fen) == (500_000, 5_000_000)


def test_a_new_round_of_an_amendment_releases_an_offer_that_there_was(clock, app):
    scene = desk.scene(release={"budget_yuan": 30_000})
    document = raising.raised()
    document["rounds"].append(
        {**document["rounds"][0], "code": "r2", "name": "第二轮", "opens_at": at("2023-05-20 10:00"), "closes_at": ENDS}
    )
    raising.published(document)
    releases = db.session.scalars(select(world.Release.asked_fen).order_by(world.Release.id)).all()
    assert len(releases) == 2
    assert balance_fen(accounts.budget(scene.campaign.id, scene.campaign.sources["city"])) == 1_400_000
    assert submission.waiting_before(1) == 0
