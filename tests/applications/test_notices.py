"""Public notices: working days, masks, objections."""

from datetime import timedelta

import pytest

from applications import jobs, notices, reviewing
from applications.errors import NoticeOver, NoticeUnknown, ObjectionEmpty, ObjectionsTooMany
from applications.models import PublicNotice
from foundation.db import db
from tests import cars, world
from tests.applications import desk
from tests.applications.desk import row, status
from tests.world import at, done

REASON = "该车在公示以前已经转卖给车商，不是自用。"


def in_public(scene, count=1):
    """Return applications that stand in public, and their notice."""
    ids = desk.submitted(scene, count)
    for application_id in ids:
        desk.passed(scene, application_id)
    jobs.open_notices()
    return ids, row(ids[0]).notice_id


def object_to(application_id, notice_id, reason=REASON, place="10.0.0.1"):
    return done(lambda: notices.object_to(application_id, notice_id, reason=reason, contact="13900000000", place=place))


def decide(application_id, scene, *, uphold):
    words = "已核实：车辆仍在申请人名下" if not uphold else "已核实：车辆已转让"
    done(lambda: notices.decide_objections(application_id, scene.city, uphold=uphold, words=words))


def test_a_notice_stands_for_its_working_days(clock, app):
    scene = desk.scene()
    clock.move_to(at("2023-06-20 09:00"))
    _ids, notice_id = in_public(scene)
    db.session.rollback()
    # Tuesday 20 June; Dragon Boat is 22 to 24 June, and Sunday the 25th is worked for it: 21, 25, 26, 27, 28.
    assert db.session.get_one(PublicNotice, notice_id).ends_at == at("2023-06-29 00:00")
    db.session.rollback()


def test_what_passes_later_stands_in_a_notice_of_its_own(clock, app):
    scene = desk.scene()
    _ids, first = in_public(scene)
    (later,) = desk.submitted(scene, first=2)
    desk.passed(scene, later)
    assert jobs.open_notices() == "1 applications put in public"
    assert row(later).notice_id != first
    assert [view.number for view in notices.notice_views()] == [2, 1]
    db.session.rollback()


def test_the_public_sees_enough_to_object_and_nothing_more(clock, app):
    scene = desk.scene()
    (application_id,), notice_id = in_public(scene)
    (line,) = notices.lines_of(notice_id)
    name = desk.a_name(1)
    assert line.name == f"{name[0]}*{name[-1]}"
    assert (line.phone, line.vin_tail) == ("138****0001", desk.a_vin(1)[-6:])
    assert (line.dealer, line.told_fen, line.is_held) == ("漠阳汽车", 400_000, False)
    assert line.application_id == application_id
    db.session.rollback()


@pytest.mark.parametrize(("name", "shown"), [("张三", "张*"), ("张晓三", "张*三"), ("欧阳晓三", "欧**三")])
def test_names_are_masked_as_public_notices_have_them(name, shown):
    assert notices.public_name(name) == shown


def test_an_objection_holds_its_case_alone_until_it_is_dismissed(clock, app):
    scene = desk.scene()
    (first, second), notice_id = in_public(scene, 2)
    object_to(first, notice_id)
    object_to(first, notice_id, place="10.0.0.2")
    assert (status(first), status(second)) == ("held", "noticed")
    clock.move_to(clock.now() + timedelta(days=8))
    assert jobs.end_notices() == "1 notices ended, 1 applications approved"
    assert (status(first), status(second)) == ("held", "approved")
    decide(first, scene, uphold=False)
    assert status(first) == "noticed"
    assert jobs.end_notices() == "0 notices ended, 1 applications approved"
    assert status(first) == "approved"


def test_an_objection_that_is_upheld_ends_the_application(clock, app):
    scene = desk.scene()
    (application_id,), notice_id = in_public(scene)
    object_to(application_id, notice_id)
    decide(application_id, scene, uphold=True)
    assert status(application_id) == "rejected"
    assert cars.standing(scene.campaign)["reserved"] == 0
    clock.move_to(clock.now() + timedelta(days=8))
    assert jobs.end_notices() == "1 notices ended, 0 applications approved"


def test_an_objection_needs_a_reason_a_notice_and_its_time(clock, app):
    scene = desk.scene()
    (application_id,), notice_id = in_public(scene)
    with pytest.raises(ObjectionEmpty):
        object_to(application_id, notice_id, reason="不行")
    with pytest.raises(NoticeUnknown):
        object_to(application_id, notice_id + 1)
    for _ in range(10):
        object_to(application_id, notice_id)
    with pytest.raises(ObjectionsTooMany):
        object_to(application_id, notice_id)
    clock.move_to(clock.now() + timedelta(days=8))
    with pytest.raises(NoticeOver):
        object_to(application_id, notice_id, place="10.0.0.9")


def test_without_a_notice_the_last_review_is_the_approval(clock, app):
    scene = desk.scene(notice_days=0, reviews=["city"])
    (application_id,) = desk.submitted(scene)
    desk.approve(application_id, scene.city)
    assert jobs.open_notices() == "0 applications put in public"
    assert jobs.end_notices() == "0 notices ended, 1 applications approved"
    assert status(application_id) == "approved"


def test_texts_go_out_once(clock, app):
    scene = desk.scene()
    desk.submitted(scene)
    assert jobs.tell_applicants() == "1 texts sent"
    assert jobs.tell_applicants() == "0 texts sent"


def test_a_discount_is_shown_at_the_dealers_and_not_paid_out(clock, app):
    scene = desk.scene(notice_days=0, reviews=["city"], benefit={"given_as": "discount"})
    (application_id,) = desk.submitted(scene)
    desk.approve(application_id, scene.city)
    jobs.end_notices()
    approved = row(application_id)
    assert approved.status == "approved"
    digits = world.show(application_id, approved.citizen_id)
    receipt = world.redeem(scene.dealer.till, digits, 15_280_000)
    assert receipt.discount_fen == 400_000


def test_whoever_reviews_a_county_decides_no_objection(clock, app):
    scene = desk.scene()
    (application_id,), _notice = in_public(scene)
    with pytest.raises(Exception) as refusal:
        done(lambda: reviewing.open_case(application_id, scene.county))
    assert refusal.value.code == "not_under_review"
