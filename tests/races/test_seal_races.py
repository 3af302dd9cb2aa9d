"""Rows become visible in any order while others seal them: every row is in one seal, with what happens otherwise."""

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from foundation import clock as clocks
from foundation.db import db, transaction
from foundation.ids import new_id
from foundation.prepared import insert_rows
from foundation.states import StateChange
from ledger import seal_checks, sealing
from ledger.seal_models import Seal
from ledger.sealed_tables import parted
from tests.races.crowd import at_once

pytestmark = [pytest.mark.race, pytest.mark.postgres]

#: Longer than a writer takes from making an id to writing its first row, shorter than its transaction is open.
SETTLED = timedelta(milliseconds=500)
WRITERS, TRANSACTIONS, OPEN_SECONDS = 8, 5, 1.5


def a_row(row_id):
    return {
        "id": row_id, "machine": "merchant", "thing_id": "7", "event": "suspend", "from_state": "active",
        "to_state": "suspended", "actor": "officer:7", "reason": "", "campaign_version_id": None,
        "at": clocks.now(),
    }  # fmt: skip


def writing(seed, *, hours_behind=0):
    """Return a writer whose transactions stay open for a while: rows with smaller ids become visible after others."""
    rng = random.Random(seed)

    def write():
        for _ in range(TRANSACTIONS):
            with transaction():
                for _row in range(3):
                    row_id = UUID(int=new_id().int - (hours_behind * 3_600_000 << 80))
                    insert_rows(StateChange, [a_row(row_id)])
                    time.sleep(rng.random() * OPEN_SECONDS / 3)

    return write


def sealing_until(over):
    """Return a sealer that goes on as long as anybody writes; it returns how many rows it sealed late."""

    def work():
        late = 0
        while not over.is_set():
            late += sealing.seal_all(SETTLED, portion=5).late_rows
        return late

    return work


def a_rush(app, writers, sealers=2):
    """Let them all at it, seal the rest, and return how many rows were sealed late."""
    over = threading.Event()
    left = [len(writers)]
    lock = threading.Lock()

    def to_its_end(write):
        def work():
            try:
                write()
            finally:
                with lock:
                    left[0] -= 1
                    if not left[0]:
                        over.set()

        return work

    works = [*map(to_its_end, writers), *[sealing_until(over) for _ in range(sealers)]]
    attempts = at_once(app, works, threads=len(works), alone=False)
    assert {attempt.code for attempt in attempts} == {"done"}
    late = sum(attempt.outcome for attempt in attempts if attempt.outcome)
    return late + sealing.seal_all(timedelta(0), portion=5).late_rows


def sealed_ids():
    with transaction():
        leaves = db.session.execute(select(Seal.leaves).where(Seal.table_name == "state_change")).scalars().all()
    return Counter(row_id for each in leaves for row_id, _digest in parted(each))


def written_ids():
    with transaction():
        return {row_id.hex for row_id in db.session.scalars(select(StateChange.id))}


def test_no_row_is_missed_or_sealed_twice_while_transactions_end_in_any_order(race_app):
    late = a_rush(race_app, [writing(seed) for seed in range(WRITERS)])
    sealed = sealed_ids()
    assert set(sealed) == written_ids()
    assert len(sealed) == WRITERS * TRANSACTIONS * 3
    assert set(sealed.values()) == {1}
    # Who waits for open transactions comes before nobody.
    assert late == 0
    assert seal_checks.verify().found == 0


def test_rows_of_a_machine_whose_clock_is_behind_are_sealed_late_and_once(race_app):
    with transaction():
        insert_rows(StateChange, [a_row(new_id())])
    # From here on whatever that machine writes comes before what is sealed.
    assert sealing.seal_all(timedelta(0)).seals == 1
    late = a_rush(race_app, [*[writing(seed) for seed in range(4)], writing(4, hours_behind=2)], sealers=3)
    sealed = sealed_ids()
    assert set(sealed) == written_ids()
    assert set(sealed.values()) == {1}
    assert 0 < late <= TRANSACTIONS * 3
    assert seal_checks.verify().found == 0


def test_of_many_who_seal_at_once_each_seal_is_made_by_one(race_app):
    with transaction():
        insert_rows(StateChange, [a_row(new_id()) for _ in range(60)])
    works = [lambda: sealing.seal_all(timedelta(0), portion=5).seals for _ in range(8)]
    attempts = at_once(race_app, works, threads=8, alone=False)
    assert sum(attempt.outcome for attempt in attempts) == sealing.newest().number == 12
    assert set(sealed_ids().values()) == {1}
    assert seal_checks.verify().found == 0


def test_without_waiting_for_open_transactions_rows_come_before_sealed_ones(broken_app, monkeypatch):
    monkeypatch.setattr(sealing, "wait_for_open_transactions", lambda: None)
    assert a_rush(broken_app, [writing(seed) for seed in range(WRITERS)]) > 0


def test_and_are_missed_for_ever_where_nobody_looks_back(broken_app, monkeypatch):
    monkeypatch.setattr(sealing, "wait_for_open_transactions", lambda: None)
    monkeypatch.setattr(sealing, "_seal_late", lambda *_words: 0)
    a_rush(broken_app, [writing(seed) for seed in range(WRITERS)])
    assert set(sealed_ids()) < written_ids()
    assert {each.kind for each in seal_checks.verify().differences} == {"extra"}


def test_without_the_head_two_who_seal_at_once_are_told_apart_by_the_number_alone(broken_app, monkeypatch):
    """The key of the table is the last guard: whoever comes second fails, and has sealed nothing twice."""
    monkeypatch.setattr(sealing, "_move_head", lambda *_words: True)
    with transaction():
        insert_rows(StateChange, [a_row(new_id()) for _ in range(5)])
    start = threading.Barrier(2)
    at_full_speed = sealing.rows_between

    def together(*words):
        found = at_full_speed(*words)
        if found:
            start.wait(10)
        return found

    monkeypatch.setattr(sealing, "rows_between", together)

    def work():
        try:
            sealing._seal_next(next(t for t in sealing.tables() if t.name == "state_change"), new_id(), 5)
        except Exception as failure:
            return type(failure).__name__
        return "sealed"

    attempts = at_once(broken_app, [work, work], threads=2, alone=False)
    assert Counter(attempt.outcome for attempt in attempts) == {"sealed": 1, "IntegrityError": 1}
    assert set(sealed_ids().values()) == {1}


def test_a_transaction_that_stays_open_is_not_waited_for_without_end(race_app, monkeypatch):
    monkeypatch.setattr(sealing, "PATIENCE_SECONDS", 0.3)
    with db.engine.connect() as connection, connection.begin():
        connection.execute(StateChange.__table__.insert(), [a_row(new_id())])
        with pytest.raises(sealing.TransactionsStillOpen):
            sealing.seal_all(timedelta(0))
        connection.rollback()
    assert sealing.seal_all(timedelta(0)).rows == 0
