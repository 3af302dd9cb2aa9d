"""The till's page that asks customers to scan, and the page that they open."""

import base64
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import func, select

from foundation.clock import TICK
from foundation.db import db
from merchants import payment_requests
from merchants.models import Redemption, RefusedScan
from merchants.payment_requests import DECIDE_FOR, GRACE, SHOWN_FOR
from tests import people, world
from tests.merchants.waiting import scanning
from tests.people import CHEN, LIN, Staff
from tests.world import claim, done, opened, shop


def cashier(app):
    """Return a browser at the shop's till page."""
    return people.browser_of(app, Staff("收银员", "cashier", "cashier-1"))


def scene(mode="scanned", **use):
    campaign = opened(scanning(mode, **use))
    store = shop(campaign)
    lin = people.citizen(LIN)
    return campaign, store, lin, claim(lin, campaign.release)


def ask(till, **body):
    answer = till.post("/till/payments", json={"bill_fen": 20_000, **body})
    return answer.status_code, answer.get_json()


def address(told):
    """Return where the picture leads a phone."""
    picture = base64.b64decode(told["picture"].removeprefix("data:image/png;base64,"))
    text = zxingcpp.read_barcode(Image.open(BytesIO(picture))).text
    assert text.startswith("http://localhost/pay/")
    return text.removeprefix("http://localhost")


def test_the_till_offers_it_only_where_a_campaign_does(clock, app):
    _, store, _, _ = scene("shown")
    assert "请顾客扫码" not in cashier(app).get("/till/").text
    other = opened(scanning("either") | {"campaign": world.spring()["campaign"] | {"code": "other", "name": "另一个"}})
    done(lambda: world.register.enroll(other.id, [store.merchant_id], by=world.DRAFTER))
    assert "请顾客扫码" in cashier(app).get("/till/").text


def test_from_the_till_to_the_phone_and_back(clock, app):
    _, _, _, voucher = scene()
    till, phone = cashier(app), people.browser_of(app, LIN)
    status, told = ask(till)
    assert (status, told["ok"], told["left_ms"]) == (201, True, 60_000)
    look = f"/till/payments/{told['id']}"
    assert till.get(look).get_json()["receipt"] is None
    page = phone.get(address(told))
    assert page.status_code == 200
    for words in ("漠阳味道总店", "餐饮券", "减后付 150.00 元", str(voucher)):
        assert words in page.text
    pressed = phone.post(address(told), data={"vouchers": str(voucher)})
    assert (pressed.status_code, pressed.location) == (303, address(told))
    for _ in range(2):
        after = phone.get(address(told)).text
        assert "已使用" in after
        assert "150.00" in after
        assert phone.post(address(told), data={"vouchers": str(voucher)}).status_code == 303
    receipt = till.get(look).get_json()["receipt"]
    assert (receipt["discount_fen"], receipt["customer_pays_fen"]) == (5_000, 15_000)
    assert db.session.scalar(select(func.count()).select_from(Redemption)) == 1
    assert till.post(f"{look}/cancel").get_json()["code"] == "payment_done"


def test_several_are_one_receipt_at_the_till(clock, app):
    campaign, _, lin, voucher = scene(per_order=2)
    second = claim(lin, campaign.release)
    till, phone = cashier(app), people.browser_of(app, LIN)
    told = ask(till, bill_fen=40_001)[1]
    page = phone.get(address(told)).text
    assert "2 张一起用" in page
    assert phone.post(address(told), data={"vouchers": f"{voucher},{second}"}).status_code == 303
    receipt = till.get(f"/till/payments/{told['id']}").get_json()["receipt"]
    assert (receipt["offer_name"], receipt["bill_fen"], receipt["customer_pays_fen"]) == ("餐饮券 × 2", 40_001, 30_001)
    assert "餐饮券 × 2" in phone.get(address(told)).text


def test_who_has_to_sign_in_first_comes_back_to_what_was_scanned(clock, app):
    scene()
    told = ask(cashier(app))[1]
    phone = people.browser_of(app)
    first = phone.get(address(told))
    assert first.status_code == 303
    assert first.location == f"/sign-in?next={address(told)}"
    clock.move_to(clock.now() + SHOWN_FOR + GRACE)
    people.sign_in(phone, LIN)
    assert phone.get(address(told)).status_code == 200
    late = people.browser_of(app, CHEN).get(address(told))
    assert late.status_code == 409
    assert "已经过时" in late.text
    clock.move_to(clock.now() + DECIDE_FOR)
    assert phone.get(address(told)).status_code == 409


def test_a_refusal_is_told_on_the_page_without_the_cashiers_words(clock, app):
    campaign, _, _, voucher = scene()
    phone, till = people.browser_of(app, LIN), cashier(app)
    told = ask(till, bill_fen=10_000)[1]
    page = phone.get(address(told)).text
    assert "这一单没有能用的券" in page
    assert "未达到使用门槛" in page
    assert "请告诉顾客" not in page
    pressed = phone.post(address(told), data={"vouchers": str(voucher)})
    assert pressed.status_code == 409
    assert "再消费 100.00 元就可以用这张券" in pressed.text
    assert db.session.scalar(select(RefusedScan.reason)) == "bill_below_threshold"
    for nonsense in ("", "x", "1,2"):
        answer = phone.post(address(told), data={"vouchers": nonsense})
        assert (answer.status_code, "没有选券" in answer.text) == (409, True)
    hers = claim(people.citizen(CHEN), campaign.release)
    assert phone.post(address(told), data={"vouchers": str(hers)}).status_code == 404
    assert phone.get("/pay/" + "x" * 22).status_code == 404


def test_what_is_over_is_said_on_both_sides(clock, app):
    _, _, _, voucher = scene()
    phone, till = people.browser_of(app, LIN), cashier(app)
    told = ask(till)[1]
    assert phone.get(address(told)).status_code == 200
    assert till.post(f"/till/payments/{told['id']}/cancel").get_json() == {"ok": True}
    assert till.get(f"/till/payments/{told['id']}").get_json()["over"]["message"] == "收银台已经取消这一单"
    cancelled = phone.post(address(told), data={"vouchers": str(voucher)})
    assert (cancelled.status_code, "收银台已经取消这一单" in cancelled.text) == (409, True)
    told = ask(till)[1]
    clock.move_to(clock.now() + payment_requests.LIVES_FOR)
    assert "等得太久" in till.get(f"/till/payments/{told['id']}").get_json()["over"]["message"]
    assert till.post(f"/till/payments/{told['id']}/token").get_json()["code"] == "payment_timed_out"


def test_somebody_else_who_comes_second_hears_that_it_was_used(clock, app):
    campaign, _, _, voucher = scene()
    hers = claim(people.citizen(CHEN), campaign.release)
    first, second, till = people.browser_of(app, LIN), people.browser_of(app, CHEN), cashier(app)
    told = ask(till)[1]
    second.get(address(told))
    first.post(address(told), data={"vouchers": str(voucher)})
    late = second.post(address(told), data={"vouchers": str(hers)})
    assert (late.status_code, "这一单已经用过券了" in late.text) == (409, True)


def test_the_till_gets_a_new_code_and_the_old_one_still_leads_there(clock, app):
    scene()
    till, phone = cashier(app), people.browser_of(app, LIN)
    told = ask(till)[1]
    clock.move_to(clock.now() + SHOWN_FOR)
    renewed = till.post(f"/till/payments/{told['id']}/token").get_json()
    assert (renewed["id"], renewed["picture"] != told["picture"]) == (told["id"], True)
    clock.move_to(clock.now() + GRACE - TICK)
    assert phone.get(address(told)).status_code == 200
    clock.move_to(clock.now() + TICK)
    assert people.browser_of(app, CHEN).get(address(told)).status_code == 409
    assert people.browser_of(app, CHEN).get(address(renewed)).status_code == 200


@pytest.mark.parametrize("body", [{"bill_fen": "x"}, {"bill_fen": None}, {"bill_fen": 2**70}, {"list_fen": []}])
def test_nonsense_is_refused_as_the_till_refuses_it(clock, app, body):
    scene()
    status, told = ask(cashier(app), **body)
    assert (status, told["ok"], told["code"].startswith("amount_")) == (409, False, True)


def test_another_shops_cashier_sees_nothing_of_it(clock, app):
    campaign, _, _, _ = scene()
    shop(campaign, number=2, name="阳光")
    told = ask(cashier(app))[1]
    other = people.browser_of(app, Staff("收银员", "cashier", "cashier-2"))
    assert other.get(f"/till/payments/{told['id']}").get_json()["code"] == "payment_unknown"


# --- the voucher's own page ---------------------------------------------------------------------------------


def test_a_voucher_that_is_scanned_says_what_to_do_instead_of_a_code(clock, app):
    _, _, _, voucher = scene()
    phone = people.browser_of(app, LIN)
    page = phone.get(f"/vouchers/{voucher}")
    assert "请扫商户收银台上的二维码" in page.text
    assert 'data-state="scan"' in page.text
    asked = phone.post(f"/vouchers/{voucher}/code", data={"open": "1"})
    assert 'data-state="scan"' in asked.text
    assert phone.get(f"/vouchers/{voucher}/now?seen=scan").status_code == 204
    told = ask(cashier(app))[1]
    phone.post(address(told), data={"vouchers": str(voucher)})
    assert "已使用" in phone.get(f"/vouchers/{voucher}/now?seen=scan").text


def test_one_that_may_be_used_either_way_shows_its_code_and_says_so(clock, app):
    _, _, _, voucher = scene("either")
    shown = people.browser_of(app, LIN).post(f"/vouchers/{voucher}/code", data={"open": "1"}).text
    assert 'data-state="code"' in shown
    assert "也可以用手机扫收银台上的二维码" in shown


def test_one_that_is_shown_says_nothing_of_scanning(clock, app):
    _, _, _, voucher = scene("shown")
    assert "收银台上的二维码" not in people.browser_of(app, LIN).get(f"/vouchers/{voucher}").text
