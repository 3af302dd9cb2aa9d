import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text

from foundation.crypto import decrypt, encrypt, keyed_hash
from foundation.db import db, transaction
from tests import people
from tests.people import CHEN, LIN


def test_personal_data_is_ciphertext_in_the_database_and_text_in_the_program(app):
    citizen_id = people.citizen(LIN)
    raw = db.session.execute(text("SELECT phone, name FROM citizen")).one()
    for column in raw:
        assert LIN.phone.encode() not in bytes(column)
        assert LIN.name.encode() not in bytes(column)
    principal = people.principal(LIN)
    assert principal.id == str(citizen_id)


def test_a_value_moved_to_another_column_does_not_decrypt(app):
    people.citizen(LIN)
    with transaction():
        db.session.execute(text("UPDATE citizen SET name = phone"))
    from identity.models import Citizen

    with pytest.raises(InvalidTag):
        db.session.query(Citizen).all()


def test_altered_ciphertext_and_unknown_key_versions_are_noticed(app):
    sealed = encrypt("13800138000", place="citizen.phone")
    with pytest.raises(InvalidTag):
        decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]), place="citizen.phone")
    with pytest.raises(ValueError, match="key version"):
        decrypt(b"\x09" + sealed[1:], place="citizen.phone")


def test_equal_texts_encrypt_differently_but_hash_alike(app):
    assert encrypt("a", place="x.y") != encrypt("a", place="x.y")
    assert keyed_hash("phone", LIN.phone) == keyed_hash("phone", LIN.phone)
    assert keyed_hash("phone", LIN.phone) != keyed_hash("phone", CHEN.phone)
    assert keyed_hash("phone", LIN.phone) != keyed_hash("id_number", LIN.phone)
