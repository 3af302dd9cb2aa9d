"""A cash register that asks customers to scan: create, poll, renew, cancel."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from foundation.db import db
from merchants import register
from merchants.models import Redemption, Till
from merchants.payment_requests import LIVES_FOR, SHOWN_FOR
from tests import people, world
from tests.merchants.waiting import scanning
from tests.people import LIN
from tests.world import claim, done, opened, shop
from voucher import codes

URL = "/api/pos/v1/payments"


class Register:
    """A cash register with its key."""

    def __init__(self, app: Flask, store: world.Shop, name: str = "2号台") -> None:
        self.till, key = done(lambda: register.add_till(store.store_id, name=name, by=world.DRAFTER))
        self.client = app.test_client()
        self.headers = {"X-Api-Key": key}

    def post(self, path="", **body):
        return self.client.post(URL + path, json=body, headers=self.headers)

    def get(self, payment_id):
        return self.client.get(f"{URL}/{payment_id}", headers=self.headers)


@pytest.fixture
def scene(clock, app):
    campaign = opened(scanning(per_order=2))
    store = shop(campaign)
    lin = people.citizen(LIN)
    return Register(app, store), campaign, store, lin, [claim(lin, campaign.release) for _ in range(2)]


def scan_and_use(app, url, vouchers):
    path = url.removeprefix("http://localhost")
    return people.browser_of(app, LIN).post(path, data={"vouchers": ",".join(map(str, vouchers))}).status_code


def test_create_scan_and_poll(app, scene):
    cash, _, _, _, vouchers = scene
    created = cash.post(bill_fen=40_000, list_fen=45_000)
    assert created.status_code == 201
    told = created.get_json()
    assert {*told} == {"payment_id", "scan_url", "scan_expires_at"}
    waiting = cash.get(told["payment_id"]).get_json()
    assert (waiting["status"], waiting["redemptions"], waiting["customer_pays_fen"]) == ("waiting", [], 40_000)
    assert scan_and_use(app, told["scan_url"], vouchers) == 303
    paid = cash.get(told["payment_id"]).get_json()
    assert (paid["status"], paid["discount_fen"], paid["customer_pays_fen"]) == ("redeemed", 10_000, 30_000)
    assert [each["bill_fen"] for each in paid["redemptions"]] == [20_000, 20_000]
    assert sum(each["merchant_discount_fen"] for each in paid["redemptions"]) == 5_000
    rows = db.session.scalars(select(Redemption.till_id)).all()
    assert rows == [db.session.scalar(select(Till.id).where(Till.name == "2号台"))] * 2
    voided = cash.client.post(
        f"/api/pos/v1/redemptions/{paid['redemptions'][0]['redemption_id']}/void",
        json={"reason": "顾客退货"},
        headers=cash.headers | {"Idempotency-Key": "1"},
    )
    assert (voided.status_code, voided.get_json()["status"]) == (200, "voided")


def test_renew_until_it_ends(app, clock, scene):
    cash, _, _, _, vouchers = scene
    told = cash.post(bill_fen=20_000).get_json()
    clock.move_to(clock.now() + SHOWN_FOR)
    renewed = cash.post(f"/{told['payment_id']}/codes")
    assert renewed.status_code == 201
    assert renewed.get_json()["scan_url"] != told["scan_url"]
    assert scan_and_use(app, renewed.get_json()["scan_url"], vouchers[:1]) == 303
    late = cash.post(f"/{told['payment_id']}/codes")
    assert (late.status_code, late.content_type) == (409, "application/problem+json")
    assert late.get_json()["code"] == "payment_done"
    waiting = cash.post(bill_fen=20_000).get_json()
    clock.move_to(clock.now() + LIVES_FOR)
    assert cash.get(waiting["payment_id"]).get_json()["status"] == "timed_out"


def test_cancel_as_often_as_one_likes_but_not_what_was_redeemed(app, scene):
    cash, _, _, _, vouchers = scene
    told = cash.post(bill_fen=20_000).get_json()
    for _ in range(2):
        cancelled = cash.post(f"/{told['payment_id']}/cancel")
        assert (cancelled.status_code, cancelled.get_json()["status"]) == (200, "cancelled")
    assert scan_and_use(app, told["scan_url"], vouchers[:1]) == 409
    told = cash.post(bill_fen=20_000).get_json()
    scan_and_use(app, told["scan_url"], vouchers[:1])
    late = cash.post(f"/{told['payment_id']}/cancel")
    assert (late.status_code, late.get_json()["code"]) == (409, "payment_done")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"bill_fen": 0}, 422, "amount_out_of_range"),
        ({"bill_fen": 20_000, "list_fen": 1}, 422, "list_price_below_bill"),
        ({"bill_fen": 20_000, "tip": 1}, 422, "malformed"),
        ({}, 422, "malformed"),
    ],
)
def test_a_body_that_makes_no_sense_is_a_problem(scene, body, status, code):
    answer = scene[0].post(**body)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["code"] == code


def test_another_till_and_no_key_see_nothing(app, scene):
    cash, _, store, _, _ = scene
    told = cash.post(bill_fen=20_000).get_json()
    other = Register(app, store, "3号台")
    assert other.get(told["payment_id"]).get_json()["code"] == "payment_unknown"
    assert other.post(f"/{told['payment_id']}/cancel").status_code == 404
    other.headers = {}
    assert other.post(bill_fen=20_000).status_code == 401


def test_a_code_is_refused_by_name_where_the_customer_has_to_scan(app, scene):
    cash, _, _, lin, vouchers = scene

    [shown] = done(lambda: codes.open_vouchers([(vouchers[0], lin)], world.PHONE))
    answer = cash.client.post(
        "/api/pos/v1/redemptions",
        json={"code": shown.digits, "bill_fen": 20_000},
        headers=cash.headers | {"Idempotency-Key": "1"},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (409, "customer_must_scan")
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 0


def test_it_is_described(app):
    paths = app.test_client().get("/api/docs/openapi.json").get_json()["paths"]
    assert {path.removeprefix(URL): {*ways} & {"get", "post"} for path, ways in paths.items() if URL in path} == {
        "": {"post"},
        "/{payment_id}": {"get"},
        "/{payment_id}/codes": {"post"},
        "/{payment_id}/cancel": {"post"},
    }
