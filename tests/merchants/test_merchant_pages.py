"""The cashiers' pages: the till's JSON, photos, the day, receipts, voids."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from foundation.clock import SimulatedClock
from foundation.db import db
from identity.models import Account
from identity.sessions import account_principal, open_session
from merchants import register
from merchants.models import Cashier, Redemption, RefusedScan
from tests import people, world
from tests.browsing import Browser
from tests.people import LIN, WEI
from tests.world import Published, Shop
from voucher import qr

KEY = "11112222333344445555666677778888"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(app: Flask, clock: SimulatedClock) -> Published:
    return world.opened()


@pytest.fixture
def shop(campaign: Published) -> Shop:
    return world.shop(campaign)


def cashier_of(app: Flask, shop: Shop) -> Browser:
    """Return a browser in which the shop's cashier is signed in."""
    browser = people.browser_of(app)
    account = db.session.get_one(Account, db.session.get_one(Cashier, shop.cashier_id).account_id)
    token = world.done(lambda: open_session(account_principal(account), device_hash=b"d" * 32))
    with browser.session_transaction() as session:
        session["cashier"] = token
    return browser


@pytest.fixture
def till(app: Flask, shop: Shop) -> Browser:
    return cashier_of(app, shop)


def lins_code(campaign: Published) -> str:
    return world.claim_and_show(people.citizen(LIN), campaign.release)[1]


def redeem(till: Browser, code: Any, bill_fen: Any = 26_800, key: str = KEY) -> TestResponse:
    headers = {"Idempotency-Key": key}
    return till.post("/till/redemptions", json={"code": code, "bill_fen": bill_fen}, headers=headers)


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_the_till_opens_for_its_cashier_only(app: Flask, till: Browser) -> None:
    page = till.get("/till/")
    assert page.status_code == 200
    assert "漠阳味道总店" in page.text
    assert "今天还没有核销" in page.text
    for other in (people.browser_of(app), people.browser_of(app, LIN), people.browser_of(app, WEI)):
        assert other.get("/till/").status_code == 303
        assert other.post("/till/redemptions", json={}).status_code == 303


def test_a_redemption_tells_what_to_collect(campaign: Published, till: Browser) -> None:
    answer = redeem(till, lins_code(campaign))
    assert answer.status_code == 201
    told = answer.json
    assert told is not None
    assert told["ok"] is True
    receipt = told["receipt"]
    assert (receipt["bill_fen"], receipt["discount_fen"], receipt["customer_pays_fen"]) == (26_800, 5_000, 21_800)
    assert receipt["offer_name"] == "餐饮券"
    latest = till.get("/till/latest").text
    assert "218.00" in latest
    assert receipt["id"] in latest


def test_the_same_scan_sent_again_is_answered_alike_and_done_once(campaign: Published, till: Browser) -> None:
    code = lins_code(campaign)
    first = redeem(till, code)
    again = redeem(till, code)
    assert again.json == first.json
    assert again.status_code == first.status_code
    assert count(Redemption) == 1


def test_a_second_scan_is_refused_and_names_the_first(campaign: Published, till: Browser) -> None:
    code = lins_code(campaign)
    redeem(till, code)
    answer = redeem(till, code, key="another" + KEY)
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["ok"] is False
    assert answer.json["code"] == "already_redeemed"
    assert "漠阳味道总店" in answer.json["message"]
    assert "请告诉顾客" in answer.json["way_out"]
    assert not answer.json["retryable"]


@pytest.mark.parametrize(
    ("code", "bill_fen", "reason"),
    [
        ("", 20_000, "code_malformed"),
        (None, 20_000, "code_malformed"),
        (["96"], 20_000, "code_malformed"),
        ("９６００００００００００００００００００", 20_000, "code_malformed"),
        ("134512345678901234", 20_000, "code_foreign"),
        ("https://example.org/", 20_000, "code_foreign"),
        ("96000000000000000000", 20_000, "code_mistyped"),
        ("x" * 5000, 20_000, "code_malformed"),
        ("\ud800", 20_000, "code_foreign"),
    ],
)
def test_bad_codes_are_refused_and_stay_on_the_trail(till: Browser, code: Any, bill_fen: Any, reason: str) -> None:
    answer = redeem(till, code, bill_fen)
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == reason
    assert db.session.scalars(select(RefusedScan.reason)).all() == [reason]
    assert count(Redemption) == 0


@pytest.mark.parametrize("bill_fen", [0, -1, 1.5, "20000", "２００００", True, None, 10**12, 2**70, [1]])
def test_bad_amounts_are_refused_and_change_nothing(campaign: Published, till: Browser, bill_fen: Any) -> None:
    answer = redeem(till, lins_code(campaign), bill_fen)
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] in ("amount_malformed", "amount_out_of_range")
    assert count(Redemption) == 0
    assert count(RefusedScan) == 1


@pytest.mark.parametrize("body", ["", "not json", "[]", "17", '"96"'])
def test_a_body_that_is_no_scan_is_refused(till: Browser, body: str) -> None:
    answer = till.post(
        "/till/redemptions", data=body, content_type="application/json", headers={"Idempotency-Key": KEY}
    )
    assert answer.status_code == 409
    assert count(Redemption) == 0


def test_a_scan_without_a_key_is_refused(campaign: Published, till: Browser) -> None:
    answer = till.post("/till/redemptions", json={"code": lins_code(campaign), "bill_fen": 26_800})
    assert answer.json is not None
    assert answer.json["code"] == "idempotency_key_missing"
    assert count(Redemption) == 0


def test_a_key_with_another_scan_is_refused(campaign: Published, till: Browser) -> None:
    code = lins_code(campaign)
    redeem(till, code, 26_800)
    answer = redeem(till, code, 26_900)
    assert answer.json is not None
    assert answer.json["code"] == "idempotency_key_reused"


def test_a_redemption_needs_the_token_of_our_page(campaign: Published, till: Browser) -> None:
    scan = {"code": lins_code(campaign), "bill_fen": 26_800}
    answer = till.post("/till/redemptions", json=scan, headers={"Idempotency-Key": KEY}, csrf=False)
    assert answer.status_code == 400
    assert count(Redemption) == 0


def test_a_suspended_merchants_till_says_so(campaign: Published, shop: Shop, till: Browser) -> None:
    code = lins_code(campaign)
    world.done(lambda: register.suspend_merchant(shop.merchant_id, by=world.DRAFTER, reason="核查"))
    page = till.get("/till/").text
    assert "本商户已暂停参加活动" in page
    assert "data-till" not in page
    answer = redeem(till, code)
    assert answer.json is not None
    assert answer.json["code"] == "merchant_suspended"


def photo(till: Browser, content: bytes) -> TestResponse:
    return till.post("/till/photo", data={"photo": (io.BytesIO(content), "photo.jpg")})


def test_a_photo_of_a_code_is_read(till: Browser) -> None:
    digits = "96123456789012345678"
    scene = Image.new("RGB", (1600, 1200), "white")
    scene.paste(Image.open(io.BytesIO(qr.png(digits))).convert("RGB").resize((500, 500)).rotate(7), (400, 300))
    jpeg = io.BytesIO()
    scene.save(jpeg, "JPEG")
    assert photo(till, jpeg.getvalue()).json == {"ok": True, "text": digits}


@pytest.mark.parametrize("broken", [b"", b"GIF89a", b"\xff\xd8\xff\xe0 no picture", b"<svg/>"])
def test_a_photo_that_is_none_is_refused(till: Browser, broken: bytes) -> None:
    answer = photo(till, broken)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["code"] == "photo_unreadable"


def test_a_photo_without_a_code_says_how_to_take_a_better_one(till: Browser) -> None:
    blank = io.BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "PNG")
    answer = photo(till, blank.getvalue())
    assert answer.json is not None
    assert answer.json["code"] == "photo_without_code"


def test_a_picture_of_too_many_pixels_is_not_opened(till: Browser) -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    answer = photo(till, bomb.getvalue())
    assert answer.json is not None
    assert answer.json["code"] == "photo_unreadable"
    assert till.post("/till/photo").status_code == 422


def test_the_day_adds_up_and_a_void_leaves_it(campaign: Published, till: Browser) -> None:
    told = redeem(till, lins_code(campaign)).json
    assert told is not None
    receipt = f"/till/redemptions/{told['receipt']['id']}"
    assert "268.00" in till.get("/till/today").text
    page = till.get(receipt).text
    assert "顾客支付" in page
    assert "撤销这笔" in page
    voided = till.post(f"{receipt}/void", data={"reason": "金额输错"})
    assert voided.status_code == 303
    page = till.get(receipt).text
    assert "已撤销" in page
    assert "金额输错" in page
    assert "撤销这笔" not in page
    again = till.post(f"{receipt}/void", data={"reason": "金额输错"})
    assert again.status_code == 409
    assert "已经撤销过了" in again.text


def test_a_void_needs_a_reason_and_its_own_day(
    campaign: Published, till: Browser, shop: Shop, app: Flask, clock: SimulatedClock
) -> None:
    told = redeem(till, lins_code(campaign)).json
    assert told is not None
    receipt = f"/till/redemptions/{told['receipt']['id']}"
    assert "请写明撤销原因" in till.post(f"{receipt}/void", data={}).text
    clock.move_to(clock.now() + timedelta(days=1))
    till = cashier_of(app, shop)
    assert "撤销这笔" not in till.get(receipt).text
    assert "只能撤销当天的核销" in till.post(f"{receipt}/void", data={"reason": "顾客退货"}).text


def test_another_shops_receipts_are_unknown(app: Flask, campaign: Published, till: Browser) -> None:
    told = redeem(till, lins_code(campaign)).json
    assert told is not None
    elsewhere = cashier_of(app, world.shop(campaign, number=2, name="阳春小馆"))
    receipt = f"/till/redemptions/{told['receipt']['id']}"
    assert elsewhere.get(receipt).status_code == 404
    assert elsewhere.post(f"{receipt}/void", data={"reason": "顾客退货"}).status_code == 404
    assert "268.00" not in elsewhere.get("/till/today").text


def test_many_shops_are_listed_a_page_at_a_time(
    campaign: Published, shop: Shop, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.shop(campaign, number=2, county=world.YANGDONG, name="东城酒家")
    monkeypatch.setattr(register, "SHOPS_PER_PAGE", 1)
    for asked, here, elsewhere in (
        ("1", "漠阳味道", "东城酒家"),
        ("2", "东城酒家", "漠阳味道"),
        ("99", "东城酒家", "漠阳味道"),
    ):
        page = client.get(f"/campaigns/spring/shops?page={asked}").text
        assert "共 2 家门店" in page
        assert here in page
        assert elsewhere not in page
    assert "漠阳味道" in client.get("/campaigns/spring/shops?page=last").text


def test_the_shops_of_a_campaign_are_listed_by_county(campaign: Published, shop: Shop, client: Browser) -> None:
    world.shop(campaign, number=2, county=world.YANGDONG, name="东城酒家")
    world.shop(None, number=3, name="没报名的店")
    page = client.get("/campaigns/spring/shops").text
    assert page.index("江城区") < page.index("漠阳味道总店") < page.index("阳东区") < page.index("东城酒家总店")
    assert "没报名的店" not in page
    assert client.get("/campaigns/winter/shops").status_code == 404
