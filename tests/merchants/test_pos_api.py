import json
import threading
from datetime import timedelta

import pytest

from foundation import idempotency
from foundation.db import db, transaction
from foundation.ids import new_id
from merchants.models import Redemption, RefusedScan
from merchants.register import add_till, suspend_merchant, suspend_till
from tests import people, world
from tests.people import ZHOU

POS = "/api/pos/v1"


class Till:
    """A cash register that speaks the API."""

    def __init__(self, app, store_id):
        with transaction():
            till, self.key = add_till(store_id, name="2号台", by=world.DRAFTER)
            self.id = till.id
        self.client = people.browser_of(app)

    def post(self, path, body, *, key=None, **kwargs):
        headers = (
            {"X-Api-Key": self.key} | ({} if key is None else {"Idempotency-Key": key}) | kwargs.pop("headers", {})
        )
        return self.client.post(POS + path, json=body, headers=headers, csrf=False, **kwargs)

    def get(self, path):
        return self.client.get(POS + path, headers={"X-Api-Key": self.key})

    def redeem(self, digits, bill_fen=20_000, *, key=None):
        return self.post("/redemptions", {"code": digits, "bill_fen": bill_fen}, key=key or new_id().hex)


@pytest.fixture
def campaign(clock, app):
    return world.opened()


@pytest.fixture
def shop(campaign):
    return world.shop(campaign)


@pytest.fixture
def till(app, shop):
    return Till(app, shop.store_id)


@pytest.fixture
def digits(campaign):
    (lin,) = world.citizens(1)
    return world.claim_and_show(lin, campaign.release)[1]


def count(model):
    db.session.rollback()
    return db.session.query(model).count()


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    assert document["status"] == status
    return document


def test_a_till_redeems_a_code_and_gets_a_receipt(till, digits):
    answer = till.redeem(digits, 25_000)
    assert answer.status_code == 201
    receipt = answer.get_json()
    assert (receipt["bill_fen"], receipt["discount_fen"], receipt["customer_pays_fen"]) == (25_000, 5_000, 20_000)
    assert (receipt["status"], receipt["store_name"], receipt["voided_at"]) == ("redeemed", "漠阳味道总店", None)
    assert receipt["redeemed_at"] == "2023-05-08T02:00:00+00:00"
    assert db.session.query(Redemption).one().till_id == till.id


def test_a_receipt_can_be_looked_up_again(till, digits):
    receipt = till.redeem(digits).get_json()
    assert till.get(f"/redemptions/{receipt['redemption_id']}").get_json() == receipt


def test_another_stores_receipt_is_not_found(app, campaign, till, digits):
    receipt = till.redeem(digits).get_json()
    other = Till(app, world.shop(campaign, number=2, name="别家").store_id)
    assert problem(other.get(f"/redemptions/{receipt['redemption_id']}"), 404)["code"] == "redemption_unknown"
    answer = other.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": "顾客退货"}, key="v1")
    assert problem(answer, 404)["code"] == "redemption_unknown"


def test_a_quote_says_what_it_would_be_and_changes_nothing(till, digits):
    before = world.everything(but=("attempt_window",))
    answer = till.post("/quotes", {"code": digits, "bill_fen": 25_000})
    told = answer.get_json()
    assert told["reasons"] == ["消费 250.00 元，达到门槛 200 元，减 50 元"]
    assert {key: value for key, value in told.items() if key != "reasons"} == {
        "bill_fen": 25_000,
        "excluded_fen": 0,
        "discount_fen": 5_000,
        "customer_pays_fen": 20_000,
        "invoice_fen": None,
        "given_as": "discount",
    }
    assert problem(till.post("/quotes", {"code": digits, "bill_fen": 100}), 409)["code"] == "bill_below_threshold"
    assert world.everything(but=("attempt_window",)) == before


def test_a_redemption_is_voided_on_its_day_with_a_reason(till, digits):
    receipt = till.redeem(digits).get_json()
    answer = till.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": "顾客退货"}, key="v1")
    assert answer.status_code == 200
    assert (answer.get_json()["status"], answer.get_json()["void_reason"]) == ("voided", "顾客退货")
    again = till.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": "顾客退货"}, key="v2")
    assert problem(again, 409)["code"] == "already_voided"


# --- idempotency --------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_done(till, digits):
    answer = till.post("/redemptions", {"code": digits, "bill_fen": 20_000})
    assert problem(answer, 400)["code"] == "idempotency_key_missing"
    assert count(Redemption) == 0
    receipt = till.redeem(digits).get_json()
    answer = till.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": "顾客退货"})
    assert problem(answer, 400)["code"] == "idempotency_key_missing"


def test_a_repeated_request_gets_the_first_answer(till, digits):
    first = till.redeem(digits, key="k1")
    second = till.redeem(digits, key="k1")
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (second.status_code, second.get_json()) == (201, first.get_json())
    assert count(Redemption) == 1


def test_a_repeated_void_is_done_once_and_answered_alike(till, digits):
    receipt = till.redeem(digits).get_json()
    path = f"/redemptions/{receipt['redemption_id']}/void"
    first = till.post(path, {"reason": "顾客退货"}, key="v1")
    second = till.post(path, {"reason": "顾客退货"}, key="v1")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.get_json() == first.get_json()


def test_a_key_with_another_body_is_refused(till, digits):
    till.redeem(digits, 20_000, key="k1")
    assert problem(till.redeem(digits, 30_000, key="k1"), 422)["code"] == "idempotency_key_reused"


def test_a_key_whose_first_request_still_runs_is_refused_for_now(till, digits):
    asked = idempotency.fingerprint(f"POST {POS}/redemptions", {"code": digits, "bill_fen": 20_000})
    account_id = db.session.execute(db.text("SELECT account_id FROM till ORDER BY id DESC LIMIT 1")).scalar_one()
    with transaction():
        db.session.add(
            idempotency.IdempotencyKey(
                caller=f"till:{account_id}",
                key="k1",
                fingerprint=asked,
                holder=new_id(),
                started_at=idempotency.clock.now(),
            )
        )
    told = problem(till.redeem(digits, key="k1"), 409)
    assert (told["code"], told["retryable"]) == ("request_in_flight", True)
    assert count(Redemption) == 0


def test_a_refusal_stays_the_answer_of_its_key(clock, till, digits):
    first = till.redeem(digits, 100, key="k1")
    assert problem(first, 409)["code"] == "bill_below_threshold"
    second = till.redeem(digits, 100, key="k1")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.data == first.data
    assert count(RefusedScan) == 1, "a replay is not another scan"


def test_a_busy_database_is_not_kept_as_the_answer(till, digits, monkeypatch):
    from foundation.db import DatabaseBusy
    from merchants import redeem_line

    before = redeem_line.redeem_batch

    def busy(*_, **__):
        raise DatabaseBusy

    monkeypatch.setattr(redeem_line, "redeem_batch", busy)
    answer = till.redeem(digits, key="k1")
    told = problem(answer, 503)
    assert told["retryable"]
    assert answer.headers["Retry-After"] == "3"
    monkeypatch.setattr(redeem_line, "redeem_batch", before)
    assert till.redeem(digits, key="k1").status_code == 201


def test_an_answer_is_the_till_s_own(app, campaign, shop, till, digits):
    till.redeem(digits, key="k1")
    other = Till(app, shop.store_id)
    answer = other.redeem(digits, key="k1")
    assert "Idempotent-Replayed" not in answer.headers
    assert problem(answer, 409)


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bill_fen", "status", "code"),
    [
        (19_999, 409, "bill_below_threshold"),
        (0, 422, "amount_out_of_range"),
        (-1, 422, "amount_out_of_range"),
        (10**9 + 1, 422, "amount_out_of_range"),
    ],
)
def test_a_bill_that_will_not_do_is_refused_and_stays_on_the_trail(till, digits, bill_fen, status, code):
    assert problem(till.redeem(digits, bill_fen), status)["code"] == code
    assert [scan.reason for scan in db.session.query(RefusedScan)] == [code]
    assert count(Redemption) == 0
    assert till.redeem(digits, 20_000).status_code == 201


@pytest.mark.parametrize(
    "typed", ["1234", "９６１２３４５６７８９０１２３４５６７８", "96'; DROP TABLE redemption; --"]
)
def test_a_code_that_is_none_is_refused_and_stays_on_the_trail(till, typed):
    assert problem(till.redeem(typed), 422)["field"] == "code"
    assert count(RefusedScan) == 1


def test_a_used_code_is_refused(till, digits):
    till.redeem(digits)
    told = problem(till.redeem(digits), 409)
    assert told["way_out"]
    assert not told["retryable"]


def test_a_mistyped_code_is_refused(till, digits):
    mistyped = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert problem(till.redeem(mistyped), 422)["field"] == "code"


def test_a_suspended_merchant_and_a_suspended_till_are_refused(till, shop, digits):
    with transaction():
        suspend_till(till.id, by=world.DRAFTER, reason="lost")
    assert problem(till.redeem(digits), 403)["code"] == "till_suspended"
    with transaction():
        suspend_merchant(shop.merchant_id, by=world.DRAFTER, reason="audit")
    assert problem(till.redeem(digits), 403)["code"] == "merchant_suspended"
    assert count(RefusedScan) == 2


# --- who may ask --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "nonsense", "till-1.wrong", "till-1." + "x" * 300])
def test_a_wrong_key_is_told_nothing(till, digits, key):
    till.key = key
    assert problem(till.redeem(digits), 401)["code"] == "api_key_refused"
    assert count(Redemption) == 0


def test_a_cashiers_cookie_is_no_key(app, shop):
    client = people.browser_of(app, ZHOU)
    answer = client.post(f"{POS}/redemptions", json={"code": "1", "bill_fen": 1})
    assert problem(answer, 401)["code"] == "api_key_refused"


# --- how strictly JSON is read ------------------------------------------------------------------------------


NOT_AMOUNTS = [
    "20000",
    "２００００",
    "20_000",
    20000.0,
    200.5,
    True,
    False,
    None,
    [20000],
    {"$gt": 0},
    2**53,
    10**30,
    -(10**30),
]


def test_an_amount_is_a_whole_json_number_or_it_is_refused(till, digits):
    for bill_fen in NOT_AMOUNTS:
        assert problem(till.redeem(digits, bill_fen), 422)["field"] == "bill_fen", bill_fen
    assert count(Redemption) == 0
    assert till.redeem(digits).status_code == 201


NOT_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"code": "%s", "bill_fen": NaN}',
    b'{"code": "%s", "bill_fen": Infinity}',
    b'{"code": "%s", "bill_fen": 1, "bill_fen": 20000}',
    b'{"code": "%s", "bill_fen": 1e400}',
    b'{"code": "%s", "bill_fen": 2e4}',
    b'{"code": "%s", "bill_fen": 20000, "discount_fen": 20000}',
    b'{"code": "%s", "bill_fen": 20000, "status": "redeemed"}',
    b'{"code": "%s"}',
    b'{"bill_fen": 20000}',
    b'{"code": 96, "bill_fen": 20000}',
    b'{"code": "", "bill_fen": 20000}',
    b'{"code": "%s\\u0000", "bill_fen": 20000}',
    b'{"code": "%s\\ud800", "bill_fen": 20000}',
    b'{"code": "\xff", "bill_fen": 20000}',
    b'{"code": "%s", "bill_fen": ' + b"9" * 5000 + b"}",
    b'{"code": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"code": "%s", "bill_fen": 20000} trailing',
]


def test_a_body_that_readers_could_read_differently_is_refused(till, digits):
    for body in NOT_BODIES:
        headers = {"X-Api-Key": till.key, "Idempotency-Key": "k1", "Content-Type": "application/json"}
        sent = body.replace(b"%s", digits.encode())
        answer = till.client.post(f"{POS}/redemptions", data=sent, headers=headers, csrf=False)
        assert problem(answer, 422)["code"] in ("malformed", "json_malformed"), body[:60]
    assert count(Redemption) == 0
    assert till.redeem(digits, key="k1").status_code == 201, "what could not be read has used up no key"


def test_only_json_is_read(till, digits):
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"X-Api-Key": till.key, "Idempotency-Key": "k1", "Content-Type": media_type}
        body = json.dumps({"code": digits, "bill_fen": 20_000})
        answer = till.client.post(f"{POS}/redemptions", data=body, headers=headers, csrf=False)
        assert problem(answer, 415), media_type


def test_a_void_needs_a_reason_that_says_something(till, digits):
    receipt = till.redeem(digits).get_json()
    for number, reason in enumerate(["", "x", "原" * 101, "退\x00货", 7, None]):
        answer = till.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": reason}, key=f"v{number}")
        assert problem(answer, 422), reason
    assert till.get(f"/redemptions/{receipt['redemption_id']}").get_json()["status"] == "redeemed"


def test_a_void_on_the_next_day_is_too_late(clock, till, digits):
    receipt = till.redeem(digits).get_json()
    clock.move_to(clock.now() + timedelta(days=1))
    answer = till.post(f"/redemptions/{receipt['redemption_id']}/void", {"reason": "顾客退货"}, key="v1")
    assert problem(answer, 409)["code"] == "void_too_late"


@pytest.mark.race
@pytest.mark.postgres
def test_of_many_tills_at_once_with_one_code_one_redeems(clock, postgres_app):
    campaign = world.opened()
    shop = world.shop(campaign)
    tills = [Till(postgres_app, shop.store_id) for _ in range(8)]
    (lin,) = world.citizens(1)
    digits = world.claim_and_show(lin, campaign.release)[1]
    db.session.rollback()
    gate = threading.Barrier(len(tills))
    outcomes = []

    def scan(till):
        with postgres_app.app_context():
            gate.wait()
            outcomes.append(till.redeem(digits).status_code)

    threads = [threading.Thread(target=scan, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [201] + [409] * 7
    assert count(Redemption) == 1
    assert count(RefusedScan) == 7
