import threading

import pytest
from sqlalchemy import select

from foundation import clock as clocks
from foundation.db import db, transaction
from foundation.states import StateChange, StateMachine, Step
from identity.models import Account
from identity.states import ACCOUNT
from tests import people
from tests.people import HE, WEI

machine = StateMachine(
    "lamp", {("", "make"): "off", ("off", "press"): "on", ("on", "press"): "off", ("off", "drop"): "broken"}
)


def step(reason="", actor="officer:1"):
    return Step(actor=actor, at=clocks.now(), reason=reason)


def history(thing_id):
    rows = db.session.execute(
        select(StateChange.event, StateChange.from_state, StateChange.to_state, StateChange.actor, StateChange.reason)
        .where(StateChange.machine == "account", StateChange.thing_id == str(thing_id))
        .order_by(StateChange.id)
    )
    return [tuple(row) for row in rows]


def test_a_machine_names_its_states_in_the_order_of_its_table():
    assert machine.states == ("off", "on", "broken")


def test_a_step_moves_the_row_and_leaves_who_when_and_why(app):
    account_id = people.account(WEI)
    with transaction():
        assert ACCOUNT.apply(Account, [account_id], "suspend", step("left the bureau")) == {account_id}
    assert db.session.get_one(Account, account_id).status == "suspended"
    assert history(account_id) == [
        ("create", "", "active", "job:setup", ""),
        ("suspend", "active", "suspended", "officer:1", "left the bureau"),
    ]


def test_a_step_that_is_not_in_the_table_does_nothing_and_leaves_no_trace(app):
    account_id = people.account(WEI)
    with transaction():
        assert ACCOUNT.apply(Account, [account_id], "resume", step()) == set()
        assert ACCOUNT.apply(Account, [account_id], "explode", step()) == set()
        assert ACCOUNT.apply(Account, [], "suspend", step()) == set()
    assert len(history(account_id)) == 1


def test_of_many_only_those_in_the_right_state_move(app):
    wei, he = people.account(WEI), people.account(HE)
    with transaction():
        ACCOUNT.apply(Account, [wei], "suspend", step())
    with transaction():
        assert ACCOUNT.apply(Account, [wei, he], "suspend", step()) == {he}


def test_a_further_condition_holds_rows_back(app):
    account_id = people.account(WEI)
    with transaction():
        moved = ACCOUNT.apply(
            Account, [account_id], "suspend", step(), only_if=(Account.role == "finance",), also_set={"name": "x"}
        )
    assert moved == set()
    assert db.session.get_one(Account, account_id).name == WEI.name


@pytest.mark.race
@pytest.mark.postgres
def test_of_two_who_saw_the_same_state_one_moves_the_row(postgres_app):
    account_id = people.account(WEI)
    gate = threading.Barrier(8)
    moved = []

    def suspend(actor):
        with postgres_app.app_context():
            gate.wait()
            with transaction():
                if ACCOUNT.apply(Account, [account_id], "suspend", step(actor=actor)):
                    moved.append(actor)

    threads = [threading.Thread(target=suspend, args=(f"officer:{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(moved) == 1
    assert [change[3] for change in history(account_id)] == ["job:setup", moved[0]]
