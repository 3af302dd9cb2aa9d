"""The people of our tests, and what it takes to have them in the database or signed in in a browser."""

from dataclasses import dataclass
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from foundation.db import db, transaction
from identity.accounts import create_account
from identity.citizens import register_citizens
from identity.gates import DEVICE_COOKIE
from identity.models import Account, Citizen
from identity.principals import Principal
from identity.sessions import account_principal, citizen_principal, open_session
from tests.browsing import Browser


@dataclass(frozen=True)
class Person:
    """A citizen, by name and phone."""

    name: str
    phone: str


@dataclass(frozen=True)
class Staff:
    """Someone with a login."""

    name: str
    kind: str
    login: str
    role: str = ""
    password: str = "harbour-lights-42"


LIN = Person("林小满", "13800138001")
CHEN = Person("陈大勇", "13800138002")

ZHOU = Staff("周敏", "cashier", "zhou.min")
#: works for another merchant than ZHOU
WU = Staff("吴强", "cashier", "wu.qiang")
WEI = Staff("韦编", "officer", "wei", "editor")
#: a second editor, since nobody publishes what they have drafted
LUO = Staff("罗审", "officer", "luo", "editor")
HE = Staff("何财", "officer", "he-finance", "finance")
SONG = Staff("宋审计", "officer", "song", "auditor")
QIN = Staff("覃局", "officer", "qin-chief", "chief")


def citizen(person: Person = LIN) -> UUID:
    """Return the id of the person, registered now if need be."""
    with transaction():
        return register_citizens([person.phone], [person.name])[0]


def citizens(count: int, *, first_phone: int = 13900000000) -> list[UUID]:
    """Return the ids of ``count`` different citizens."""
    with transaction():
        return register_citizens([str(first_phone + i) for i in range(count)], [""] * count)


def account(staff: Staff) -> int:
    """Return the id of the account, created now if need be."""
    known = db.session.scalar(select(Account.id).where(Account.login == staff.login))
    if known is not None:
        return known
    with transaction():
        created = create_account(
            kind=staff.kind, login=staff.login, password=staff.password, name=staff.name, role=staff.role
        )
        return created.id


def principal(who: Person | Staff) -> Principal:
    """Return how the gates know this person, present in the database."""
    if isinstance(who, Person):
        return citizen_principal(db.session.get_one(Citizen, citizen(who)))
    return account_principal(db.session.get_one(Account, account(who)))


def sign_in(client: Browser, who: Person | Staff) -> Principal:
    """Sign the person in in this browser, beside whoever of another audience is signed in there."""
    known = principal(who)
    with transaction():
        token = open_session(known, device_hash=b"d" * 32)
    with client.session_transaction() as session:
        session.permanent = True
        session[known.audience] = token
    return known


def browser_of(app: Flask, who: Person | Staff | None = None) -> Browser:
    """Return a browser of its own, with the person signed in."""
    client = app.test_client()
    assert isinstance(client, Browser)
    if who is not None:
        sign_in(client, who)
    return client


def forget_device(client: Browser) -> None:
    """Make the browser look like another device."""
    client.delete_cookie(DEVICE_COOKIE)
