import threading
from datetime import timedelta

import pytest

from foundation import clock as clocks
from foundation import idempotency
from foundation.db import db, transaction
from foundation.errors import Conflict, Unavailable
from foundation.idempotency import Answer, IdempotencyKey, Keyed, fingerprint, once, once_together
from foundation.ids import new_id
from foundation.slots import JobRun

ASKED = fingerprint("POST /redemptions", {"code": "1", "bill_fen": 100})


def effect(name="done"):
    """Something that the work does, to see whether it was done."""
    moment = clocks.now()
    db.session.add(JobRun(job=f"{name}-{new_id().hex}"[:40], slot=moment, started_at=moment))
    db.session.flush()
    return Answer(201, {"bill_fen": 100})


def effects():
    db.session.rollback()
    return db.session.query(JobRun).count()


def begin(key, *, asked=ASKED):
    """Leave a request in the state of being worked on, as a killed process would."""
    with transaction():
        db.session.add(
            IdempotencyKey(caller="till:1", key=key, fingerprint=asked, holder=new_id(), started_at=clocks.now())
        )


def test_a_repeated_request_is_done_once_and_answered_alike(app):
    first = once("till:1", "k1", ASKED, effect)
    second = once("till:1", "k1", ASKED, effect)
    assert (first.status, first.body, first.replayed) == (201, {"bill_fen": 100}, False)
    assert (second.status, second.body, second.replayed) == (201, {"bill_fen": 100}, True)
    assert effects() == 1


def test_keys_of_different_callers_do_not_meet(app):
    once("till:1", "k1", ASKED, effect)
    assert not once("till:2", "k1", ASKED, effect).replayed
    assert effects() == 2


def test_the_same_key_with_another_body_is_refused(app):
    once("till:1", "k1", ASKED, effect)
    with pytest.raises(idempotency.KeyReusedDifferently):
        once("till:1", "k1", fingerprint("POST /redemptions", {"code": "1", "bill_fen": 101}), effect)
    assert effects() == 1


def test_the_same_body_at_another_address_is_another_request():
    assert fingerprint("POST /a", {"x": 1}) != fingerprint("POST /b", {"x": 1})
    assert fingerprint("POST /a", {"x": 1, "y": 2}) == fingerprint("POST /a", {"y": 2, "x": 1})


@pytest.mark.parametrize("key", [None, "", "k" * 256, "键", "a\nb", "a\x00b"])
def test_a_missing_or_unreadable_key_is_refused(sqlite_app, key):
    with pytest.raises(idempotency.KeyMissing):
        once("till:1", key, ASKED, effect)
    assert effects() == 0


def test_a_request_whose_first_one_still_runs_is_refused(app):
    begin("k1")
    with pytest.raises(idempotency.RequestInFlight):
        once("till:1", "k1", ASKED, effect)
    assert effects() == 0


def test_a_request_whose_first_one_died_is_taken_over(clock, app):
    begin("k1")
    clock.move_to(clock.now() + idempotency.ABANDONED_AFTER + timedelta(seconds=1))
    assert once("till:1", "k1", ASKED, effect).status == 201
    assert effects() == 1


def test_one_that_was_only_thought_dead_leaves_no_effect(clock, app):
    def slow():
        answer = effect("slow")
        # While it works, another request takes its key over, as after a long pause of this process.
        db.session.execute(db.update(IdempotencyKey).values(holder=new_id()))
        return answer

    with pytest.raises(idempotency.RequestInFlight):
        once("till:1", "k1", ASKED, slow)
    assert effects() == 0


def test_a_failure_rolls_back_and_frees_the_key(app):
    def fails():
        effect("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        once("till:1", "k1", ASKED, fails)
    assert effects() == 0
    assert not once("till:1", "k1", ASKED, effect).replayed
    assert effects() == 1


def test_a_refusal_that_is_raised_may_be_tried_again_with_the_same_key(app):
    def refuses():
        raise Conflict

    with pytest.raises(Conflict):
        once("till:1", "k1", ASKED, refuses)
    assert once("till:1", "k1", ASKED, effect).status == 201


def test_a_refusal_that_is_an_answer_is_kept(app):
    once("till:1", "k1", ASKED, lambda: Answer(409, {"code": "voucher_used"}))
    again = once("till:1", "k1", ASKED, effect)
    assert (again.status, again.body, again.replayed) == (409, {"code": "voucher_used"}, True)
    assert effects() == 0


def test_answers_are_kept_for_two_days_and_then_forgotten(clock, app):
    once("till:1", "k1", ASKED, effect)
    clock.move_to(clock.now() + timedelta(hours=47))
    assert idempotency.forget_old_answers() == 0
    assert once("till:1", "k1", ASKED, effect).replayed
    clock.move_to(clock.now() + timedelta(hours=2))
    assert idempotency.forget_old_answers() == 1


# --- several requests in one transaction -------------------------------------------------------------------------


OTHERS = fingerprint("POST /redemptions", {"code": "1", "bill_fen": 101})


def together(*requests, answer=None):
    """Send (key, asked) pairs of one till in one batch; return the outcomes and which places were worked on."""
    worked = []

    def work(places):
        worked.extend(places)
        return {place: answer or effect(f"place {place}") for place in places}

    keyed = [Keyed.read("till:1", key, asked) for key, asked in requests]
    with transaction():
        outcomes = once_together(keyed, work)
    return outcomes, worked


def test_a_batch_answers_each_key_once_and_later_alike(app):
    first, worked = together(("k1", ASKED), ("k2", ASKED))
    assert worked == [0, 1]
    assert [answer.replayed for answer in first] == [False, False]
    again, worked = together(("k2", ASKED), ("k3", ASKED), ("k1", ASKED))
    assert worked == [1]
    assert [answer.replayed for answer in again] == [True, False, True]
    assert once("till:1", "k3", ASKED, effect).replayed
    assert effects() == 3


def test_the_same_key_twice_in_a_batch_is_done_once(app):
    outcomes, worked = together(("k1", ASKED), ("k1", ASKED), ("k1", OTHERS))
    assert worked == [0]
    assert [outcomes[0].replayed, outcomes[1].replayed] == [False, True]
    assert isinstance(outcomes[2], idempotency.KeyReusedDifferently)
    assert effects() == 1


def test_a_key_with_another_body_or_still_running_fails_no_neighbour(app):
    together(("k1", ASKED))
    begin("k2")
    outcomes, worked = together(("k1", OTHERS), ("k2", ASKED), ("k3", ASKED))
    assert isinstance(outcomes[0], idempotency.KeyReusedDifferently)
    assert isinstance(outcomes[1], idempotency.RequestInFlight)
    assert outcomes[2].status == 201
    assert worked == [2]


def test_a_dead_first_request_is_taken_over_in_a_batch_too(clock, app):
    begin("k1")
    clock.move_to(clock.now() + idempotency.ABANDONED_AFTER + timedelta(seconds=1))
    outcomes, worked = together(("k1", ASKED))
    assert worked == [0]
    assert outcomes[0].status == 201
    assert once("till:1", "k1", ASKED, effect).replayed


def test_a_refusal_for_now_frees_its_key_and_no_other(app):
    together(("k1", ASKED), answer=Unavailable())
    _, worked = together(("k1", ASKED), ("k2", ASKED))
    assert worked == [0, 1]


def test_a_key_that_was_taken_over_meanwhile_leaves_no_effect(app):
    def work(places):
        db.session.execute(db.update(IdempotencyKey).values(holder=new_id()))
        return {place: effect() for place in places}

    with pytest.raises(idempotency.RequestInFlight), transaction():
        once_together([Keyed.read("till:1", "k1", ASKED)], work)
    assert effects() == 0


def test_a_key_that_cannot_be_read_is_refused_before_the_line(sqlite_app):
    with pytest.raises(idempotency.KeyMissing):
        Keyed.read("till:1", None, ASKED)


@pytest.mark.race
@pytest.mark.postgres
def test_of_many_equal_requests_at_once_one_does_the_work(postgres_app):
    gate = threading.Barrier(8)
    outcomes = []

    def send():
        with postgres_app.app_context():
            gate.wait()
            try:
                outcomes.append(once("till:1", "k1", ASKED, effect).status)
            except idempotency.RequestInFlight:
                outcomes.append("in flight")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert effects() == 1
    assert 201 in outcomes
    assert set(outcomes) <= {201, "in flight"}
    assert len(outcomes) == 8
