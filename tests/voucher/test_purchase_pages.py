"""The pages of what is bought: the price on the button, the order, the simulator, giving up and giving back; and the
door of the payment service."""

import re
from datetime import timedelta
from html import unescape

import orjson
import pytest
from sqlalchemy import select

from foundation.db import db
from tests import people
from tests.people import CHEN, LIN
from tests.sold import PRICE_FEN, lapse, order, sold
from tests.world import OPENS, everything, opened, release_row
from voucher import payment_adapters
from voucher.payment_adapters import NoPayments, Paid, Simulator
from voucher.purchase_models import Payment, Purchase

DOOR = "/api/payments/notifications"


@pytest.fixture
def app(sqlite_app):
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(clock, app):
    return opened(sold(if_withdrawn="returned"))


def text_of(answer):
    return unescape(answer.text)


def press(browser, campaign):
    """Press the button of the campaign's page and return where it leads."""
    answer = browser.post("/campaigns/spring/claims", data={"release_id": campaign.release})
    assert answer.status_code == 303
    return answer.location


def test_the_ticket_and_the_button_say_the_price(campaign, client):
    people.sign_in(client, LIN)
    page = text_of(client.get("/campaigns/spring"))
    assert "9.90 元购买 满300减60 券" in page
    assert "售价 9.90 元，下单后 15 分钟内付款；过期不退，未使用可随时退" in page
    assert "有效期从付款时起算" in page


def test_who_presses_goes_to_an_order_pays_in_the_simulator_and_sees_the_code(campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    page = text_of(client.get(address))
    assert "待付款" in page
    assert "请在 5月8日 10:15 前付款" in page
    [pay] = re.findall(r'href="(/payments/simulator/[^"]+)"', page)
    assert "模拟支付" in text_of(client.get(pay))
    answer = client.post(pay, data={"pay": "1"})
    assert answer.status_code == 303
    voucher = text_of(client.get(answer.location))
    assert "付款成功，券已到账" in voucher
    assert "出示券码" in voucher or "券码" in voucher
    assert "9.90 元" in voucher
    # Pressed again it is the same payment.
    assert client.post(pay, data={"pay": "1"}).location == answer.location
    assert db.session.scalars(select(Payment.status)).all() == ["kept"]
    assert "已付款" in text_of(client.get(address))


def test_an_order_that_waits_is_told_where_one_looks_for_it(campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    page = text_of(client.get("/campaigns/spring"))
    assert "待付款" in page
    assert "您有订单还没有付款，逾期自动取消" in page
    mine = text_of(client.get("/vouchers"))
    assert "60元券 待付款 9.90 元，5月8日 10:15 前有效" in mine
    assert address in mine


def test_giving_up_gives_the_order_back(campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    answer = client.post(address + "/give-up")
    assert "订单已取消，没有收款" in text_of(client.get(answer.location))
    assert release_row(campaign.release).remaining == 10
    assert client.post(address + "/give-up").status_code == 409
    other = press(client, campaign)
    pay = other.replace("/purchases/", "/payments/simulator/")
    assert client.post(pay, data={"give_up": "1"}).location == other
    assert "库存和限领次数已退回" in text_of(client.get(other))


def test_paying_too_late_is_answered_with_the_return(clock, campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    clock.move_to(OPENS + timedelta(minutes=15))
    assert "付款时间已过，订单即将取消" in text_of(client.get(address))
    lapse()
    pay = address.replace("/purchases/", "/payments/simulator/")
    assert "现在付款买不到券，款会原路退回" in text_of(client.get(pay))
    answer = client.post(pay, data={"pay": "1"})
    page = text_of(client.get(answer.location))
    assert "付款时订单已经结束，这笔款会原路退回" in page
    assert "退款 9.90 元处理中" in page


def test_a_voucher_is_given_back_on_its_page(campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    client.post(address.replace("/purchases/", "/payments/simulator/"), data={"pay": "1"})
    voucher = address.replace("/purchases/", "/vouchers/")
    assert "退券并退款" in text_of(client.get(voucher))
    answer = client.post(voucher + "/withdraw")
    page = text_of(client.get(answer.location))
    assert "券已退，售价将原路退回" in page
    assert "退款中，原路退回" in page
    assert "已退券" in page
    assert "已过期" not in page
    assert "已退券" in text_of(client.get("/vouchers?tab=expired"))
    assert "退券并退款" not in page
    assert client.post(voucher + "/withdraw").status_code == 409


def test_nobody_sees_pays_or_ends_another_persons_order(campaign, client, browser_of):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    chen = browser_of(CHEN)
    simulator = address.replace("/purchases/", "/payments/simulator/")
    before = everything(but=("citizen", "citizen_session", "same_person", "person_identifier"))
    for tried in (
        chen.get(address),
        chen.get(simulator),
        chen.post(simulator, data={"pay": "1"}),
        chen.post(address + "/give-up"),
        chen.post(address.replace("/purchases/", "/vouchers/") + "/withdraw"),
    ):
        assert tried.status_code == 404
    assert everything(but=("citizen", "citizen_session", "same_person", "person_identifier")) == before


def test_without_the_simulator_its_page_is_not_there_and_nothing_is_sold(campaign, client):
    people.sign_in(client, LIN)
    address = press(client, campaign)
    payment_adapters.use_adapter(NoPayments())
    try:
        assert client.get(address.replace("/purchases/", "/payments/simulator/")).status_code == 404
        assert "收款暂时没有开通" in text_of(client.get(address))
        client.post(address + "/give-up")
        refused = client.post("/campaigns/spring/claims", data={"release_id": campaign.release})
        assert refused.status_code == 409
        assert "还没有开通收款" in text_of(refused)
    finally:
        payment_adapters.use_adapter(Simulator())


# --- the door of the payment service --------------------------------------------------------------------------


@pytest.fixture
def purchase_id(campaign):
    return order(people.citizen(LIN), campaign.release)


def signed(purchase_id, **changed):
    told = {"reference": "wx-1", "purchase_id": purchase_id, "amount_fen": PRICE_FEN, **changed}
    return Simulator().notification(Paid(**told))


def send(client, headers, body):
    return client.post(DOOR, data=body, headers=headers, csrf=False)


def test_a_signed_notification_pays_the_order_and_the_same_one_again_is_answered_alike(purchase_id, client):
    answers = [send(client, *signed(purchase_id)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.data for answer in answers}) == 1
    assert orjson.loads(answers[0].data)["arrival"] == "bought"
    assert db.session.scalars(select(Purchase.status)).all() == ["paid"]
    assert len(db.session.scalars(select(Payment)).all()) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda headers, body: ({}, body), 403, "payment_signature_wrong"),
        (lambda headers, body: ({"Payment-Signature": "0" * 64}, body), 403, "payment_signature_wrong"),
        (lambda headers, body: ({"Payment-Signature": "é"}, body), 403, "payment_signature_wrong"),
        (lambda headers, body: (headers, body.replace(b"990", b"991")), 403, "payment_signature_wrong"),
        (lambda headers, body: (headers, body + b" "), 403, "payment_signature_wrong"),
        (lambda headers, body: (headers, b"x" * 20_000), 422, "payment_notification_malformed"),
    ],
)
def test_what_is_not_signed_as_it_is_does_nothing(purchase_id, client, change, status, code):
    before = everything()
    answer = send(client, *change(*signed(purchase_id)))
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert orjson.loads(answer.data)["code"] == code
    assert everything() == before


def test_a_wrong_amount_is_refused_in_problem_details_and_nothing_is_recorded(purchase_id, client):
    before = everything()
    answer = send(client, *signed(purchase_id, amount_fen=PRICE_FEN - 1))
    problem = orjson.loads(answer.data)
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "payment_amount_wrong", "amount_fen")
    assert "9.89" in problem["detail"]
    assert "9.90" in problem["detail"]
    assert everything() == before


def test_an_unknown_order_is_not_found(purchase_id, client):
    answer = send(client, *signed(people.citizen(LIN)))
    assert (answer.status_code, orjson.loads(answer.data)["code"]) == (404, "purchase_unknown")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", None),
        (b"[]", "payment_id"),
        (b'{"payment_id": ""}', "payment_id"),
        (b'{"payment_id": 7}', "payment_id"),
        (b'{"payment_id": "a\\u0000b"}', "payment_id"),
        (b'{"payment_id": "' + b"a" * 65 + b'"}', "payment_id"),
        (b'{"payment_id": "a", "amount_fen": 9.9}', "amount_fen"),
        (b'{"payment_id": "a", "amount_fen": true}', "amount_fen"),
        (b'{"payment_id": "a", "amount_fen": 0}', "amount_fen"),
        (b'{"payment_id": "a", "amount_fen": 990}', "purchase_id"),
        (b'{"payment_id": "a", "amount_fen": 990, "purchase_id": "x"}', "purchase_id"),
        (b'{"payment_id": "a", "amount_fen": 990, "purchase_id": 5}', "purchase_id"),
    ],
)
def test_a_signed_body_that_cannot_be_read_names_its_field(purchase_id, client, body, field):
    headers = {payment_adapters.SIGNATURE_HEADER: Simulator()._signature(body)}
    answer = send(client, headers, body)
    problem = orjson.loads(answer.data)
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "payment_notification_malformed", field)


def test_without_a_payment_service_the_door_takes_nothing(purchase_id, client):
    headers, body = signed(purchase_id)
    payment_adapters.use_adapter(NoPayments())
    try:
        answer = send(client, headers, body)
        assert (answer.status_code, orjson.loads(answer.data)["code"]) == (409, "payment_not_set_up")
    finally:
        payment_adapters.use_adapter(Simulator())
