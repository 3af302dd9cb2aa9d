"""Reviewing: the queue, cases that are one reviewer's alone, decisions, corrections."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from applications import endings, reviewing, timeline
from applications.errors import (
    CaseNotOpened,
    CaseTaken,
    CityReviewOnly,
    CorrectionOverdue,
    FieldsMissing,
    NotAReviewer,
    NothingToReview,
    NotUnderReview,
    OtherCounty,
    ReasonMissing,
    ReviewedItBefore,
    ReviewerNeeded,
    TicksMissing,
)
from applications.models import ApplicantMessage, ApplicationDecision
from applications.reviewing import Desk
from evidence import marks
from foundation.clock import day_end
from foundation.db import db
from tests import cars, people, world
from tests.applications import desk
from tests.applications.desk import papers, row, status
from tests.people import HE
from tests.world import YANGDONG, done


def decisions(application_id):
    db.session.rollback()
    kinds = select(ApplicationDecision.kind).where(ApplicationDecision.application_id == application_id)
    return db.session.scalars(kinds.order_by(ApplicationDecision.decided_at, ApplicationDecision.id)).all()


def test_reviewers_take_cases_in_the_order_of_submission_and_each_their_own(clock, app):
    scene = desk.scene()
    first, second = desk.submitted(scene, 2)
    other = Desk(people.account(HE), world.JIANGCHENG)
    assert done(lambda: reviewing.open_next(scene.county)) == first
    assert done(lambda: reviewing.open_next(scene.county)) == first
    assert done(lambda: reviewing.open_next(other)) == second
    with pytest.raises(CaseTaken):
        done(lambda: reviewing.open_case(first, other))
    clock.move_to(clock.now() + reviewing.OPEN_FOR)
    assert done(lambda: reviewing.open_next(other)) == first
    with pytest.raises(CaseNotOpened):
        done(lambda: reviewing.reject(first, scene.county, reasons=["unreadable"]))


def test_each_stage_and_county_has_its_own_reviewers(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    elsewhere = Desk(people.account(HE), YANGDONG)
    with pytest.raises(OtherCounty):
        done(lambda: reviewing.open_case(application_id, elsewhere))
    with pytest.raises(NothingToReview):
        done(lambda: reviewing.open_next(elsewhere))
    desk.approve(application_id, scene.county)
    with pytest.raises(CityReviewOnly):
        done(lambda: reviewing.open_case(application_id, elsewhere))
    assert done(lambda: reviewing.open_next(scene.city)) == application_id


def test_nobody_reviews_the_same_application_in_both_stages(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    everywhere = Desk(scene.city.account_id, None)
    desk.approve(application_id, everywhere)
    with pytest.raises(ReviewedItBefore):
        done(lambda: reviewing.open_case(application_id, everywhere))
    with pytest.raises(NothingToReview):
        done(lambda: reviewing.open_next(everywhere))


def test_every_field_and_document_is_ticked_before_it_passes(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    done(lambda: reviewing.open_case(application_id, scene.county))
    every = reviewing.things_to_tick(row(application_id))
    assert {"vin", "price_with_tax", "bank_card", "id_card", "vehicle_invoice"} <= set(every)
    with pytest.raises(TicksMissing) as refusal:
        done(lambda: reviewing.approve(application_id, scene.county, ticked=every[2:]))
    assert refusal.value.params == {"count": 2}
    assert status(application_id) == "reviewing"


def test_a_decision_says_why_and_on_what(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    done(lambda: reviewing.open_case(application_id, scene.county))
    with pytest.raises(ReasonMissing):
        done(lambda: reviewing.reject(application_id, scene.county, reasons=["because"]))
    with pytest.raises(FieldsMissing):
        done(
            lambda: reviewing.ask_for_correction(
                application_id, scene.county, fields=["passport"], reasons=["unreadable"]
            )
        )
    digest = reviewing.evidence_digest(row(application_id))
    db.session.rollback()
    done(lambda: reviewing.reject(application_id, scene.county, reasons=["unreadable"], words="VIN 看不清"))
    assert decisions(application_id) == ["open", "reject"]
    kept = db.session.scalars(select(ApplicationDecision).where(ApplicationDecision.kind == "reject")).one()
    assert (kept.evidence_digest, kept.words, kept.stage) == (digest, "VIN 看不清", "county")
    assert kept.campaign_version_id == scene.campaign.version_id
    latest = timeline.steps_of(row(application_id))[0]
    assert (latest.event, latest.reasons, latest.words) == ("reject", ["照片看不清"], "VIN 看不清")
    assert latest.who == "审核人员"
    db.session.rollback()


def test_decisions_can_only_be_added_to(clock, app):
    scene = desk.scene()
    desk.submitted(scene)
    done(lambda: reviewing.open_next(scene.county))
    for statement in ("UPDATE application_decision SET kind = 'approve'", "DELETE FROM application_decision"):
        with pytest.raises(Exception, match="only be added to"):
            done(lambda statement=statement: db.session.execute(text(statement)))


def test_a_rejection_gives_back_money_and_numbers_and_tells_the_applicant(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    desk.reject(application_id, scene.county)
    assert cars.standing(scene.campaign)["reserved"] == 0
    assert marks.holder_of("vin", papers(1)["vin"]) is None
    bodies = db.session.scalars(select(ApplicantMessage.body).order_by(ApplicantMessage.written_at)).all()
    assert any("审核未通过" in body for body in bodies)
    with pytest.raises(NotUnderReview):
        done(lambda: reviewing.open_case(application_id, scene.county))


def test_a_correction_changes_only_what_was_asked_and_keeps_its_place(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    citizen_id = row(application_id).citizen_id
    desk.ask(application_id, scene.county, "price_with_tax", "price_without_tax", "vin", "driving_licence")
    asked = row(application_id)
    assert (asked.status, asked.corrections) == ("correcting", 1)
    assert asked.correct_by == day_end(clock.now().date() + timedelta(days=5))

    better = papers(1, price_yuan=339_000, plate="粤QD99999", vin=desk.a_vin(77))
    assert desk.fill(application_id, citizen_id, better) == {}
    again = desk.submit(application_id, citizen_id)
    assert (again.status, again.sequence, again.award_fen) == ("reviewing", 1, 500_000)
    assert cars.standing(scene.campaign)["reserved"] == 500_000
    assert marks.holder_of("vin", papers(1)["vin"]) is None
    assert marks.holder_of("vin", desk.a_vin(77)) == ("application", application_id.hex)
    # What was not asked for stays.
    assert marks.holder_of("plate", papers(1)["plate"]) is not None
    db.session.rollback()


def test_c10_three_corrections_of_five_days_and_the_fourth_failure_is_the_end(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    citizen_id = row(application_id).citizen_id
    for times in (1, 2, 3):
        desk.ask(application_id, scene.county, "id_card")
        assert (status(application_id), row(application_id).corrections) == ("correcting", times)
        clock.move_to(row(application_id).correct_by - timedelta(seconds=1))
        db.session.rollback()
        assert desk.submit(application_id, citizen_id).status == "reviewing"
    desk.ask(application_id, scene.county, "id_card")
    assert status(application_id) == "rejected"
    assert "补正次数已经用完，仍不符合要求" in timeline.steps_of(row(application_id))[0].reasons
    db.session.rollback()
    assert cars.standing(scene.campaign)["reserved"] == 0


def test_a_correction_that_does_not_come_in_time_is_rejected(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    citizen_id = row(application_id).citizen_id
    desk.ask(application_id, scene.county, "id_card")
    clock.move_to(row(application_id).correct_by)
    db.session.rollback()
    with pytest.raises(CorrectionOverdue):
        desk.submit(application_id, citizen_id)
    assert done(lambda: endings.reject_overdue(actor="job:test")) == 1
    assert status(application_id) == "rejected"
    assert done(lambda: endings.reject_overdue(actor="job:test")) == 0


def test_one_end_for_all_corrections_is_another_rule(clock, app):
    scene = desk.scene(corrections={"until": world.at("2023-05-20 00:00")})
    first, second = desk.submitted(scene, 2)
    for _ in range(4):
        desk.ask(first, scene.county, "id_card")
        assert row(first).correct_by == world.at("2023-05-20 00:00")
        desk.submit(first, row(first).citizen_id)
    clock.move_to(world.at("2023-05-20 00:00"))
    desk.ask(second, scene.county, "id_card")
    assert status(second) == "rejected"


def test_a_correction_goes_on_in_the_stage_that_asked_for_it(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    desk.approve(application_id, scene.county)
    desk.ask(application_id, scene.city, "bank_card")
    desk.submit(application_id, row(application_id).citizen_id)
    assert done(lambda: reviewing.open_next(scene.city)) == application_id
    desk.approve(application_id, scene.city)
    assert status(application_id) == "passed"


def test_only_officers_with_the_role_review_and_only_where_they_were_named(clock, sqlite_app):
    desk.scene()
    account = people.account(HE)
    with pytest.raises(NotAReviewer):
        done(lambda: reviewing.name_reviewer(account, "", city="4417", by="officer:1"))
    with pytest.raises(ReviewerNeeded):
        reviewing.desk_of(account, "finance")
    assert reviewing.desk_of(account, "chief").county is None


def test_the_system_tells_the_reviewer_what_to_look_at(clock, app):
    scene = desk.scene()
    desk.submitted(scene)
    citizen_id = people.citizens(1, first_phone=13800000080)[0]
    odd = papers(80, seller_name="漠阳汽车有限公司", bank_card=desk.a_card(1))
    application_id = desk.filled(citizen_id, scene.release, odd)
    desk.submit(application_id, citizen_id)
    assert {each["code"] for each in row(application_id).findings} == {"same_card", "same_seller_name"}
    db.session.rollback()
