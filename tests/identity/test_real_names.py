import pytest
from stdnum.cn import ric

from foundation.db import db, transaction
from foundation.errors import Refusal
from identity.citizens import read_id_number, save_real_name
from identity.models import Citizen
from tests import people
from tests.people import CHEN, LIN

LIN_ID = "11010519491231002X"
CHEN_ID = "440524188001010014"
OTHER_ID = "11010119900307109X"


def save(citizen_id, name, id_number):
    with transaction():
        save_real_name(citizen_id, name=name, id_number=id_number)


def refused(*args):
    with pytest.raises(Refusal) as caught:
        save(*args)
    return caught.value.code


def test_a_real_name_is_kept_encrypted(app):
    lin = people.citizen(LIN)
    save(lin, LIN.name, "11010519491231002x")
    person = db.session.get_one(Citizen, lin)
    assert (person.name, person.id_number) == (LIN.name, LIN_ID)
    raw = db.session.execute(db.text("SELECT id_number FROM citizen")).scalar_one()
    assert LIN_ID.encode() not in bytes(raw)


def test_an_identity_number_has_one_name_whatever_the_phone(app):
    lin, chen = people.citizen(LIN), people.citizen(CHEN)
    save(lin, LIN.name, LIN_ID)
    assert refused(chen, CHEN.name, LIN_ID) == "id_number_taken"
    save(people.citizen(people.Person("", "13800138009")), LIN.name, LIN_ID)
    assert db.session.get_one(Citizen, chen).id_number is None


def test_a_name_may_be_corrected_but_the_person_may_not_change(app):
    lin = people.citizen(LIN)
    save(lin, "林小蛮", LIN_ID)
    save(lin, LIN.name, LIN_ID)
    assert db.session.get_one(Citizen, lin).name == LIN.name
    assert refused(lin, CHEN.name, OTHER_ID) == "real_name_settled"


def test_malformed_names_and_numbers_change_nothing(app):
    lin = people.citizen(LIN)
    assert refused(lin, "L", LIN_ID) == "name_malformed"
    assert refused(lin, LIN.name, CHEN_ID) == "id_number_malformed"
    assert db.session.get_one(Citizen, lin).id_number_hash is None


@pytest.mark.parametrize(("county", "born"), [("441702", "19600101"), ("441704", "19850101"), ("441781", "19890101")])
def test_who_was_born_before_the_county_had_its_number_has_a_number_all_the_same(county, born):
    body = f"{county}{born}123"
    number = body + ric.calc_check_digit(body + "0")
    assert read_id_number(number) == number
