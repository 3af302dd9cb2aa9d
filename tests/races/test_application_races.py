"""Many hand in at once: the last money goes to one, and one car counts once however it is written."""

import threading

import pytest

from applications import submission
from evidence import marks
from tests import cars, people, world
from tests.applications import desk
from tests.applications.desk import papers, row, status
from tests.races.crowd import at_once

pytestmark = [pytest.mark.race, pytest.mark.postgres]

CROWD = 8


def crowd(scene, count=CROWD, **changed):
    """Return (application, citizen) pairs that are ready to be handed in."""
    citizens = people.citizens(count, first_phone=13800000001)
    return [
        (desk.filled(citizen_id, scene.release, papers(number, **changed)), citizen_id)
        for number, citizen_id in enumerate(citizens, 1)
    ]


def hand_in(ready):
    return [lambda pair=pair: submission.submit(*pair).status for pair in ready]


def test_of_many_who_want_the_last_money_one_has_it_and_the_others_wait_in_order(clock, race_app):
    scene = desk.scene(release={"budget_yuan": 4_000})
    ready = crowd(scene)
    outcomes = [attempt.outcome for attempt in at_once(race_app, hand_in(ready))]
    assert sorted(outcomes) == ["reviewing"] + ["waiting"] * (CROWD - 1)
    rows = [row(application_id) for application_id, _ in ready]
    assert sorted(each.sequence for each in rows) == list(range(1, CROWD + 1))
    assert [each.sequence for each in rows if each.status == "reviewing"] == [1]
    assert cars.standing(scene.campaign)["reserved"] == 400_000


def test_one_car_written_in_three_ways_counts_once(clock, race_app):
    scene = desk.scene()
    ready = crowd(scene, 3)
    vin = papers(1)["vin"]
    ways = [vin.lower(), f"{vin[:8]} {vin[8:]}", "".join(chr(ord(char) + 0xFEE0) for char in vin)]
    for (application_id, citizen_id), way in zip(ready, ways, strict=True):
        number = ready.index((application_id, citizen_id)) + 1
        assert desk.fill(application_id, citizen_id, papers(number, vin=way)) == {}
    codes = sorted(attempt.code for attempt in at_once(race_app, hand_in(ready)))
    assert codes == ["done", "mark_taken", "mark_taken"]
    assert sum(status(application_id) == "reviewing" for application_id, _ in ready) == 1


def test_one_application_handed_in_by_two_devices_is_handed_in_once(clock, race_app):
    scene = desk.scene()
    [pair] = crowd(scene, 1)
    codes = sorted(attempt.code for attempt in at_once(race_app, hand_in([pair] * 6)))
    assert codes == ["application_not_changeable"] * 5 + ["done"]
    assert cars.standing(scene.campaign)["reserved"] == 400_000


def test_control_with_a_look_instead_of_the_key_one_car_would_count_twice(clock, broken_app, monkeypatch):
    """What the test of one car shows is the work of the primary key: a look before the insert lets two through.

    Submissions of one round take turns, so the two are of two campaigns, where only the key stands between them.
    """
    one, other = desk.scene(), desk.scene(code="cars-again", dealer_number=2)
    both = []
    for number, (a_scene, dealer) in enumerate(((one, 1), (other, 2)), 1):
        citizen_id = people.citizens(1, first_phone=13800000000 + number)[0]
        same_car = papers(number, vin=papers(1)["vin"], seller_uscc=world.a_uscc(dealer))
        both.append((desk.filled(citizen_id, a_scene.release, same_car), citizen_id))
    meet = threading.Barrier(2)

    def look_and_take(claims):
        """Look whether anybody has a number, and then not even write it down."""
        for claim in claims:
            assert marks.holder_of(claim.kind, claim.number) is None
        meet.wait(10)

    monkeypatch.setattr(marks, "take", look_and_take)
    assert [attempt.code for attempt in at_once(broken_app, hand_in(both))] == ["done", "done"]


def test_one_car_in_two_campaigns_counts_once(clock, race_app):
    one, other = desk.scene(), desk.scene(code="cars-again", dealer_number=2)
    both = []
    for number, (a_scene, dealer) in enumerate(((one, 1), (other, 2)), 1):
        citizen_id = people.citizens(1, first_phone=13800000000 + number)[0]
        same_car = papers(number, vin=papers(1)["vin"], seller_uscc=world.a_uscc(dealer))
        both.append((desk.filled(citizen_id, a_scene.release, same_car), citizen_id))
    assert sorted(attempt.code for attempt in at_once(race_app, hand_in(both))) == ["done", "mark_taken"]
