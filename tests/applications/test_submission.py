"""Handing in: order, marks, money, and the waiting list."""

from datetime import timedelta

import pytest

from applications import drafts, endings, submission
from applications.errors import (
    ApplicationIncomplete,
    ApplicationUnknown,
    ApplyingOver,
    CannotWithdraw,
    DealerNotListed,
    FundsUsedUp,
    NotChangeable,
)
from evidence.errors import MarkTaken
from foundation.db import db
from merchants import register
from tests import cars, people
from tests.applications import desk
from tests.applications.desk import papers, row, status
from tests.people import CHEN, LIN
from tests.world import ENDS, done

LIN_PAPERS = papers(1)


def test_an_application_walks_from_draft_to_approval(clock, app):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.filled(citizen_id, scene.release)
    handed_in = desk.submit(application_id, citizen_id)
    assert (handed_in.status, handed_in.sequence, handed_in.award_fen) == ("reviewing", 1, 400_000)
    assert cars.standing(scene.campaign)["reserved"] == 400_000

    desk.passed(scene, application_id)
    assert status(application_id) == "passed"
    desk.run_notices()
    assert status(application_id) == "noticed"
    # Monday 8 May; five working days end with Monday 15 May.
    clock.move_to(clock.now() + timedelta(days=7))
    desk.run_notices()
    assert status(application_id) == "noticed"
    clock.move_to(clock.now() + timedelta(days=1))
    desk.run_notices()
    assert status(application_id) == "approved"
    assert cars.standing(scene.campaign)["reserved"] == 0


def test_each_device_of_the_citizen_finds_the_same_draft_and_nobody_else_does(clock, app):
    scene = desk.scene()
    citizen_id, other = people.citizen(LIN), people.citizen(CHEN)
    application_id = desk.begin(citizen_id, scene.release)
    assert desk.begin(citizen_id, scene.release) == application_id
    assert desk.begin(other, scene.release) != application_id
    with pytest.raises(ApplicationUnknown):
        drafts.own(application_id, other)


def test_what_is_wrong_is_named_and_everything_else_is_kept(clock, app):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.begin(citizen_id, scene.release)
    wrong = {"vin": "LSVAA0010N0000001", "price_without_tax": "150000.00", "plate": "Q123", "bank_card": "6228480000"}
    assert desk.fill(application_id, citizen_id, papers(**wrong)) == {
        "vin": "vin_mistyped",
        "price_without_tax": "prices_disagree",
        "plate": "plate_malformed",
        "bank_card": "bank_card_malformed",
    }
    kept = drafts.answering.loads(row(application_id).answers)
    assert {key for key in papers() if key not in kept} - {"invoice_code"} == set(wrong)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"invoice_date": "2023-04-30"}, "answer_date_outside"),
        ({"invoice_date": "2023-05-09"}, "answer_date_in_future"),
        ({"invoice_date": "2023-02-30"}, "answer_date_malformed"),
        ({"registered_on": "8.5.23"}, "answer_date_malformed"),
        ({"invoice_number": "1234567"}, "invoice_number_malformed"),
        ({"seller_uscc": "914417020000000001"}, "uscc_malformed"),
        ({"id_number": "441702199001011234"}, "id_number_malformed"),
        ({"licence_owner": "别人"}, "owners_differ"),
        ({"card_holder": ""}, "answer_missing"),
        ({"price_with_tax": "十五万"}, "answer_price_malformed"),
        ({"powertrain": "steam"}, "answer_not_a_choice"),
        ({"certificate_number": "44"}, "certificate_number_malformed"),
        ({"bank_name": "行" * 61}, "answer_too_long"),
    ],
)
def test_each_field_says_what_is_wrong_with_it(clock, sqlite_app, changed, code):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.begin(citizen_id, scene.release)
    refused = desk.fill(application_id, citizen_id, papers(**changed))
    assert set(refused.values()) == {code}


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("vin", "ｌｓｖａａ001 0n", None),
        ("invoice_date", "2023年5月8日", "2023-05-08"),
        ("price_with_tax", "¥152,800", "152800.00"),
        ("plate", "粤q·d00001", "粤QD00001"),
        ("licence_owner", f" {desk.a_name(1)} ", desk.a_name(1)),
    ],
)
def test_one_thing_is_spelled_in_one_way(clock, sqlite_app, key, typed, kept):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.begin(citizen_id, scene.release)
    if kept is None:
        typed, kept = papers()["vin"].lower()[:9] + " " + papers()["vin"][9:], papers()["vin"]
    assert desk.fill(application_id, citizen_id, papers(**{key: typed})) == {}
    assert drafts.answering.loads(row(application_id).answers)[key] == kept


def test_an_incomplete_application_is_not_handed_in(clock, app):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.begin(citizen_id, scene.release)
    desk.fill(application_id, citizen_id, papers())
    with pytest.raises(ApplicationIncomplete):
        desk.submit(application_id, citizen_id)
    assert status(application_id) == "draft"
    desk.upload(application_id, citizen_id)
    assert desk.submit(application_id, citizen_id).status == "reviewing"
    with pytest.raises(NotChangeable):
        desk.submit(application_id, citizen_id)


def test_a_dealer_must_take_part(clock, app):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.filled(citizen_id, scene.release)
    done(lambda: register.suspend_merchant(scene.dealer.merchant_id, by="officer:1", reason="整改"))
    with pytest.raises(DealerNotListed):
        desk.submit(application_id, citizen_id)
    assert cars.standing(scene.campaign)["reserved"] == 0


@pytest.mark.parametrize(("key", "field"), [("vin", "vin"), ("invoice_number", "invoice_number"), ("plate", "plate")])
def test_a_number_counts_once_and_comes_back_with_a_withdrawal(clock, app, key, field):
    scene = desk.scene()
    (first,) = desk.submitted(scene)
    citizen_id = people.citizens(1, first_phone=13800000050)[0]
    application_id = desk.begin(citizen_id, scene.release)
    same = papers(50, **{key: papers(1)[key]})
    assert desk.fill(application_id, citizen_id, same) == {field: "mark_taken"}
    desk.upload(application_id, citizen_id)
    with pytest.raises(MarkTaken) as refusal:
        desk.submit(application_id, citizen_id)
    assert refusal.value.field == field
    assert status(application_id) == "draft"
    done(lambda: endings.withdraw(first, row(first).citizen_id))
    assert desk.submit(application_id, citizen_id).sequence == 2


def test_c9_the_last_money_goes_by_the_order_of_submission_and_comes_back_to_who_waits(clock, app):
    """7,000 left: NEV 4,000 and ICE 3,000 are reserved, the next ICE 3,000 waits until one is rejected."""
    scene = desk.scene(release={"budget_yuan": 7_000})
    (first,) = desk.submitted(scene, powertrain="nev")
    (second,) = desk.submitted(scene, first=2, powertrain="ice")
    third, fourth = desk.submitted(scene, 2, first=3, powertrain="ice")
    assert [status(each) for each in (first, second, third, fourth)] == ["reviewing", "reviewing", "waiting", "waiting"]
    assert submission.waiting_before(row(fourth).round_id, row(fourth).sequence) == 1
    desk.reject(second, scene.county)
    assert [status(each) for each in (second, third, fourth)] == ["rejected", "reviewing", "waiting"]
    assert cars.standing(scene.campaign)["reserved"] == 700_000
    done(lambda: endings.withdraw(first, row(first).citizen_id))
    assert status(fourth) == "reviewing"


def test_nobody_overtakes_who_waits(clock, app):
    scene = desk.scene(release={"budget_yuan": 7_000})
    desk.submitted(scene, powertrain="nev")
    (waits,) = desk.submitted(scene, first=2, powertrain="nev")
    (smaller,) = desk.submitted(scene, first=3, powertrain="ice")
    assert (status(waits), status(smaller)) == ("waiting", "waiting")


def test_without_a_waiting_list_the_draft_stays(clock, app):
    scene = desk.scene(release={"budget_yuan": 4_000}, waiting_list=False)
    desk.submitted(scene)
    citizen_id = people.citizens(1, first_phone=13800000099)[0]
    application_id = desk.filled(citizen_id, scene.release, papers(99))
    with pytest.raises(FundsUsedUp):
        desk.submit(application_id, citizen_id)
    assert status(application_id) == "draft"


def test_nothing_is_taken_after_the_round(clock, app):
    scene = desk.scene()
    citizen_id = people.citizen()
    application_id = desk.filled(citizen_id, scene.release)
    clock.move_to(ENDS)
    with pytest.raises(ApplyingOver):
        desk.submit(application_id, citizen_id)


def test_whoever_waits_when_the_campaign_ends_is_told_so(clock, app):
    scene = desk.scene(release={"budget_yuan": 4_000})
    desk.submitted(scene)
    (waits,) = desk.submitted(scene, first=2)
    clock.move_to(ENDS)
    done(lambda: endings.lapse_waiting(actor="job:test"))
    assert status(waits) == "rejected"
    with pytest.raises(CannotWithdraw):
        done(lambda: endings.withdraw(waits, row(waits).citizen_id))
    db.session.rollback()


def test_a_person_has_one_and_a_firm_has_three(clock, app):
    scene = desk.scene()
    desk.submitted(scene)
    citizen_id = row(desk.submitted(scene, first=70)[0]).citizen_id
    again = desk.filled(
        citizen_id,
        scene.release,
        papers(
            71,
            name=desk.a_name(70),
            id_number=desk.an_id_number(70),
            **dict.fromkeys(("invoice_owner", "licence_owner", "certificate_owner", "card_holder"), desk.a_name(70)),
        ),
    )
    with pytest.raises(Exception) as refusal:
        desk.submit(again, citizen_id)
    assert refusal.value.code == "quantity_used_up"
