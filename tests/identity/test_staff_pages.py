import pytest

from foundation.db import transaction
from identity.sessions import close_all_sessions
from tests import people
from tests.people import LIN, WEI, ZHOU


def sign_in(client, who, *, password=None, query=""):
    return client.post(f"/staff?as={who.kind}{query}", data={"login": who.login, "password": password or who.password})


@pytest.mark.parametrize(("who", "home"), [(WEI, "/bureau/"), (ZHOU, "/till/")])
def test_staff_sign_in_with_a_password_and_land_at_their_desk(app, client, who, home):
    people.account(who)
    assert client.get(f"/staff?as={who.kind}").status_code == 200
    answer = sign_in(client, who)
    assert (answer.status_code, answer.location) == (303, home)
    with client.session_transaction() as session:
        assert session[who.kind]


def test_a_wrong_password_keeps_the_login_but_not_the_password(app, client):
    people.account(WEI)
    answer = sign_in(client, WEI, password="wrong-password")
    assert answer.status_code == 422
    assert WEI.login in answer.text
    assert "wrong-password" not in answer.text
    assert "账号或密码不正确" in answer.text


def test_after_too_many_tries_the_page_says_when_to_come_back(app, client):
    people.account(WEI)
    for _ in range(10):
        sign_in(client, WEI, password="wrong-password")
    answer = sign_in(client, WEI)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_an_unknown_kind_of_account_has_no_page(sqlite_app):
    assert people.browser_of(sqlite_app).get("/staff?as=emperor").status_code == 404


def test_three_audiences_sit_side_by_side_in_one_browser(app, client):
    for who in (LIN, ZHOU, WEI):
        people.sign_in(client, who)
    client.post("/staff/out?as=officer")
    with client.session_transaction() as session:
        assert session["citizen"]
        assert session["cashier"]
        assert "officer" not in session


def test_a_session_closed_elsewhere_is_closed_here(app, client):
    who = people.sign_in(client, LIN)
    assert client.get("/sign-in/real-name").status_code == 200
    with transaction():
        close_all_sessions("citizen", who.id)
    answer = client.get("/sign-in/real-name?next=/vouchers")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/sign-in/real-name?next%3D/vouchers"
