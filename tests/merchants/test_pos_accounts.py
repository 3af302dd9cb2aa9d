"""A till whose key was found right a moment ago: the line still asks whether its account stands."""

import pytest

from foundation import clock as clocks
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed
from foundation.states import Step
from identity.accounts import recall_api_key, resume_account, set_password, suspend_account
from identity.errors import ApiKeyRefused
from merchants.models import Redemption
from merchants.models import Till as TillRow
from merchants.redeem_line import Waiting, _serve
from merchants.register import Counter
from merchants.scans import Scan
from tests import world
from tests.merchants.test_pos_api import Till, count, problem

#: a code that nobody has: with its refusal the till's key is remembered
NOBODYS = "1" * 16


@pytest.fixture
def shop(clock, app):
    campaign = world.opened()
    return campaign, world.shop(campaign)


@pytest.fixture
def till(app, shop):
    found = Till(app, shop[1].store_id)
    found.redeem(NOBODYS)
    return found


@pytest.fixture
def digits(shop):
    (lin,) = world.citizens(1)
    return world.claim_and_show(lin, shop[0].release)[1]


def account_of(till):
    return db.session.scalars(db.select(TillRow.account_id).where(TillRow.id == till.id)).one()


def test_a_key_that_was_right_a_moment_ago_is_out_with_its_account_and_in_again(till, digits):
    step = Step("officer:1", clocks.now())
    with transaction():
        suspend_account(account_of(till), step)
    assert problem(till.redeem(digits, key="k1"), 401)["code"] == "api_key_refused"
    assert count(Redemption) == 0
    with transaction():
        resume_account(account_of(till), step)
    assert till.redeem(digits, key="k1").status_code == 201


def test_a_key_that_was_replaced_is_out_at_once_and_the_new_one_in(till, digits):
    login, _, _ = till.key.rpartition(".")
    with transaction():
        set_password(account_of(till), "another-secret-of-this-till")
    assert problem(till.redeem(digits), 401)["code"] == "api_key_refused"
    till.key = f"{login}.another-secret-of-this-till"
    assert till.redeem(digits).status_code == 201


def test_of_a_batch_only_the_till_that_is_out_is_refused(app, till, shop, digits):
    store_id = shop[1].store_id
    other = Till(app, store_id)
    other.redeem(NOBODYS)
    known = {each.id: recall_api_key(each.key) for each in (till, other)}
    with transaction():
        suspend_account(account_of(till), Step("officer:1", clocks.now()))
    scans = [
        Waiting(
            Keyed(known[each.id].principal.actor, "k", b"x" * 32),
            Scan(Counter(store_id, till_id=each.id), digits, 20_000),
            lambda outcome: Answer(201, {"refused": isinstance(outcome, Refusal)}),
            known[each.id],
        )
        for each in (till, other)
    ]
    with transaction():
        out, done = _serve("", scans)
    assert (type(out), done) == (ApiKeyRefused, Answer(201, {"refused": False}))
