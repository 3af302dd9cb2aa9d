"""Each change that a till can ask for, under every way in which a request comes more than once."""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from foundation.clock import TICK
from foundation.db import db
from foundation.idempotency import KEPT_FOR, forget_old_answers
from merchants.models import Redemption, Refund
from tests import world
from tests.merchants.test_pos_api import Till

TIMES = 3


class Scene:
    def __init__(self, app):
        self.campaign = world.opened()
        shop = world.shop(self.campaign)
        self.till, self.other = Till(app, shop.store_id), Till(app, shop.store_id)
        self.lin, self.chen = world.citizens(2)

    def code(self):
        return world.claim_and_show(self.lin, self.campaign.release)[1]

    def redeemed(self):
        return self.till.redeem(self.code()).get_json()["redemption_id"]


def redemption(scene):
    digits = scene.code()
    return "/redemptions", {"code": digits, "bill_fen": 20_000}, {"code": digits, "bill_fen": 20_001}


def void(scene):
    return f"/redemptions/{scene.redeemed()}/void", {"reason": "顾客退货"}, {"reason": "收银员按错"}


def refund(scene):
    path = f"/redemptions/{scene.redeemed()}/refunds"
    return path, {"goods_fen": 1_000, "reason": "顾客退货"}, {"goods_fen": 1_001, "reason": "顾客退货"}


CHANGES = pytest.mark.parametrize("change", [redemption, void, refund])


def effects():
    """Return how often something was done: redemptions, voids, refunds."""
    db.session.rollback()
    voided = db.session.query(Redemption).filter(Redemption.status == "voided").count()
    return db.session.query(Redemption).count(), voided, db.session.query(Refund).count()


@pytest.fixture
def scene(clock, app):
    return Scene(app)


@CHANGES
def test_it_is_done_once_and_answered_alike_however_often_it_is_sent(scene, change):
    path, body, _ = change(scene)
    before = effects()
    first, *others = [scene.till.post(path, body, key="k1") for _ in range(TIMES)]
    assert first.status_code in (200, 201)
    assert {(other.status_code, other.data) for other in others} == {(first.status_code, first.data)}
    assert [other.headers.get("Idempotent-Replayed") for other in (first, *others)] == [None, "true", "true"]
    assert sum(effects()) == sum(before) + 1


@CHANGES
def test_another_body_under_its_key_is_refused_and_does_nothing(scene, change):
    path, body, other_body = change(scene)
    scene.till.post(path, body, key="k1")
    before = effects()
    assert scene.till.post(path, other_body, key="k1").status_code == 422
    assert effects() == before


@CHANGES
def test_another_tills_equal_key_is_another_request(scene, change):
    path, body, _ = change(scene)
    scene.till.post(path, body, key="k1")
    answer = scene.other.post(path, body, key="k1")
    assert "Idempotent-Replayed" not in answer.headers
    # What cannot be done twice is refused as used; a second refund of a part is another refund.
    assert answer.status_code == (201 if change is refund else 409)


@CHANGES
def test_its_answer_is_kept_for_two_days_and_after_that_nothing_is_done_twice(clock, scene, change):
    path, body, _ = change(scene)
    first = scene.till.post(path, body, key="k1")
    clock.move_to(clock.now() + KEPT_FOR - TICK)
    forget_old_answers()
    assert scene.till.post(path, body, key="k1").data == first.data
    before = effects()
    clock.move_to(clock.now() + timedelta(hours=1))
    assert forget_old_answers() >= 1
    late = scene.till.post(path, body, key="k1")
    if change is not refund:
        assert late.status_code == 409
        assert effects() == before


@pytest.mark.race
@pytest.mark.postgres
@CHANGES
def test_of_sixteen_at_once_one_does_it_and_the_others_wait_or_repeat_its_answer(clock, postgres_app, change):
    scene = Scene(postgres_app)
    path, body, _ = change(scene)
    before = effects()
    gate, answers = threading.Barrier(16), []

    def send():
        with postgres_app.app_context():
            gate.wait(20)
            answers.append(scene.till.post(path, body, key="k1"))
            db.session.remove()

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    statuses = Counter(answer.status_code for answer in answers)
    [done] = [status for status in statuses if status < 400]
    assert set(statuses) <= {done, 409}
    assert len({answer.data for answer in answers if answer.status_code == done}) == 1
    refused = {answer.get_json(force=True)["code"] for answer in answers if answer.status_code == 409}
    assert refused <= {"request_in_flight"}
    assert sum(effects()) == sum(before) + 1
    assert scene.till.post(path, body, key="k1").headers["Idempotent-Replayed"] == "true"
