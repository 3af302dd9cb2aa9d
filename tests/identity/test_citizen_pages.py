import re

import pytest

from foundation.db import db
from identity.models import OutboxMessage
from tests import people
from tests.people import LIN


def newest_code():
    message = db.session.scalars(db.select(OutboxMessage).order_by(OutboxMessage.id.desc())).first()
    return re.search(r"[0-9]{6}", message.body).group(0)


def test_a_citizen_signs_in_with_phone_and_code_and_goes_on_to_the_page_they_wanted(app, client):
    answer = client.post("/sign-in?next=/vouchers", data={"phone": "138 0013 8001"})
    assert answer.status_code == 303
    assert "138****8001" in client.get(answer.location).text
    answer = client.post("/sign-in/code?next=/vouchers", data={"code": newest_code()})
    assert (answer.status_code, answer.location) == (303, "/vouchers")
    assert client.get("/sign-in/real-name").status_code == 200


@pytest.mark.parametrize("bad_next", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(app, client, bad_next):
    client.post("/sign-in", query_string={"next": bad_next}, data={"phone": LIN.phone})
    answer = client.post("/sign-in/code", query_string={"next": bad_next}, data={"code": newest_code()})
    assert answer.location == "/"


def test_a_bad_phone_keeps_what_was_typed_and_says_what_to_do(sqlite_app):
    client = people.browser_of(sqlite_app)
    answer = client.post("/sign-in", data={"phone": "１３８００１３８００１"})
    assert answer.status_code == 422
    assert "全角" in answer.text
    assert "半角数字" in answer.text
    assert "１３８００１３８００１" in answer.text


def test_asking_again_too_soon_says_when(clock, sqlite_app):
    client = people.browser_of(sqlite_app)
    client.post("/sign-in", data={"phone": LIN.phone})
    answer = client.post("/sign-in/code/again")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert "60 秒" in answer.text


def test_a_wrong_code_may_be_tried_again_on_the_same_page(app, client):
    client.post("/sign-in", data={"phone": LIN.phone})
    code = newest_code()
    answer = client.post("/sign-in/code", data={"code": "000000" if code != "000000" else "000001"})
    assert answer.status_code == 422
    assert "验证码不正确" in answer.text
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303


def test_the_code_page_without_a_phone_begins_at_the_beginning(sqlite_app):
    client = people.browser_of(sqlite_app)
    for answer in (
        client.get("/sign-in/code?next=/vouchers"),
        client.post("/sign-in/code", data={"code": "123456"}),
        client.post("/sign-in/code/again"),
    ):
        assert answer.status_code == 303
        assert answer.location.startswith("/sign-in")


def test_the_phone_is_not_readable_in_the_cookie(sqlite_app):
    client = people.browser_of(sqlite_app)
    client.post("/sign-in", data={"phone": LIN.phone})
    with client.session_transaction() as session:
        assert LIN.phone not in str(dict(session))


def test_a_code_from_another_device_does_not_sign_in(app, client):
    client.post("/sign-in", data={"phone": LIN.phone})
    code = newest_code()
    people.forget_device(client)
    assert client.post("/sign-in/code", data={"code": code}).status_code == 422


def test_the_session_is_new_after_signing_in_and_gone_after_signing_out(app, client):
    people.sign_in(client, LIN)
    with client.session_transaction() as session:
        before = session["citizen"]
    client.post("/sign-in", data={"phone": LIN.phone})
    client.post("/sign-in/code", data={"code": newest_code()})
    with client.session_transaction() as session:
        after = session["citizen"]
    assert after != before
    from identity.sessions import find_session

    assert find_session("citizen", before) is None
    assert client.post("/sign-in/out").location == "/"
    assert find_session("citizen", after) is None
    assert client.get("/sign-in/real-name").status_code == 303


def test_cookies_are_kept_from_scripts_and_other_sites(sqlite_app):
    sqlite_app.config["SESSION_COOKIE_SECURE"] = True
    client = people.browser_of(sqlite_app)
    answer = client.post(
        "/sign-in", data={"phone": LIN.phone}, base_url="https://localhost/", headers={"Referer": "https://localhost/"}
    )
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"voucher", "device"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" in cookie


def test_a_device_cookie_of_ones_own_making_is_replaced(sqlite_app):
    client = people.browser_of(sqlite_app)
    client.set_cookie("device", "forged.value")
    answer = client.post("/sign-in", data={"phone": LIN.phone})
    assert any(cookie.startswith("device=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_citizen_gives_their_real_name_once_and_sees_it_masked(app, browser_of):
    client = browser_of(LIN)
    answer = client.post("/sign-in/real-name", data={"name": "林小满", "id_number": "not a number"})
    assert answer.status_code == 422
    assert "林小满" in answer.text
    answer = client.post("/sign-in/real-name", data={"name": "林小满", "id_number": "11010519491231002x"})
    assert answer.status_code == 303
    page = client.get("/sign-in/real-name").text
    assert "110***********002X" in page
    assert "11010519491231002X" not in page


def test_the_outbox_page_exists_only_in_the_demo(sqlite_app):
    client = people.browser_of(sqlite_app)
    assert client.get("/sign-in/outbox").status_code == 404
    client.post("/sign-in", data={"phone": LIN.phone})
    assert "outbox" not in client.get("/sign-in/code").text
    sqlite_app.config["DEMO"] = True
    assert "/sign-in/outbox" in client.get("/sign-in/code").text
    assert newest_code() in client.get("/sign-in/outbox").text
