"""Gifts through the doors: the POS API, the till's page, the citizen's page and the bureau's report."""

import io

import openpyxl
import pytest
from sqlalchemy import func, select

from applications.notices import lines_of, notice_views
from foundation.db import db
from foundation.ids import new_id
from merchants.models import RefusedScan
from tests import gifts as scene
from tests import people, world
from tests.applications import desk
from tests.merchants.test_merchant_pages import cashier_of
from tests.merchants.test_pos_api import Till
from tests.people import LIN, SONG

CARD, POLICY = "1000110000000001", "PDZA2025000001"


@pytest.fixture
def app(sqlite_app):
    """Doors are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def campaign(clock, app):
    return scene.opened()


@pytest.fixture
def desks(campaign):
    return scene.desks(campaign)


@pytest.fixture
def lin(campaign):
    who = people.citizen(LIN)
    return scene.won(who, campaign.release), who


def refused_scans():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(RefusedScan))


# --- the tills' API -------------------------------------------------------------------------------------------


def test_a_till_scans_hands_out_once_per_key_and_voids(app, desks, lin):
    till = Till(app, desks[0].store_id)
    told = till.post("/gifts/scans", {"code": world.show(*lin)})
    assert told.status_code == 200, told.text
    assert [
        (each["name"], each["may_hand_out"], each["number_kind"], each["suppliers"]) for each in told.json["parts"]
    ] == [
        ("加油卡", True, "card", ["漠阳石油"]),
        ("车险", False, "policy", ["海陵保险"]),
    ]
    path, key = f"/gifts/{told.json['entitlement_id']}/hand-outs", new_id().hex
    given = till.post(path, {"parts": [{"part": 1, "number": CARD}]}, key=key)
    assert given.status_code == 201, given.text
    assert (given.json["bill_fen"], given.json["discount_fen"], given.json["customer_pays_fen"]) == (0, 200_000, 0)
    assert given.json["gift"] == [
        {"part": 1, "name": "加油卡", "number_kind": "card", "number": "···0001", "came_back": None}
    ]
    assert till.post(path, {"parts": [{"part": 1, "number": CARD}]}, key=key).json == given.json
    assert till.get(f"/redemptions/{given.json['redemption_id']}").json == given.json
    void = f"/redemptions/{given.json['redemption_id']}/void"
    refused = till.post(void, {"reason": "发错人"}, key=new_id().hex)
    assert (refused.status_code, refused.json["code"]) == (422, "came_back_missing")
    back = till.post(void, {"reason": "发错人", "came_back": [{"part": 1, "how": "not_given"}]}, key=new_id().hex)
    assert (back.status_code, back.json["status"], back.json["gift"][0]["came_back"]) == (200, "voided", "not_given")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"parts": [{"part": 1}]}, 422, "part_number_missing"),
        ({"parts": [{"part": 2, "number": POLICY}]}, 409, "part_from_others"),
        ({"parts": [{"part": 7, "number": POLICY}]}, 422, "part_unknown"),
        ({"parts": [{"part": 1, "number": "1"}]}, 422, "issued_number_malformed"),
    ],
)
def test_every_refusal_has_a_name_and_is_on_the_trail(body, status, code, app, desks, lin):
    till = Till(app, desks[0].store_id)
    told = till.post("/gifts/scans", {"code": world.show(*lin)}).json
    answer = till.post(f"/gifts/{told['entitlement_id']}/hand-outs", body, key=new_id().hex)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["way_out"]
    assert refused_scans() == 1


@pytest.mark.parametrize("body", [{}, {"parts": []}, {"parts": [{}]}, {"parts": [{"part": 1, "gift": 1}]}])
def test_what_cannot_be_a_hand_out_is_refused_by_the_schema(body, app, desks, lin):
    till = Till(app, desks[0].store_id)
    assert till.post(f"/gifts/{lin[0]}/hand-outs", body, key=new_id().hex).status_code == 422


def test_a_gift_is_not_redeemed_on_a_bill(app, desks, lin):
    till = Till(app, desks[0].store_id)
    answer = till.redeem(world.show(*lin))
    assert (answer.status_code, answer.json["code"]) == (409, "gift_to_hand_out")


# --- the till's page ------------------------------------------------------------------------------------------


def test_the_till_leads_to_the_gift_and_hands_it_out(app, desks, lin):
    till = cashier_of(app, desks[0])
    told = till.post("/till/sales/confirmations", json={"code": world.show(*lin)}).json
    assert told == {"ok": True, "qualification": None, "gift": f"/till/gifts/{lin[0]}"}
    page = till.get(told["gift"])
    assert "扫或输卡号" in page.text
    assert "请告诉领取人到：海陵保险" in page.text
    wrong = till.post(told["gift"], data={"key": new_id().hex, "part": ["1"], "number_1": "12"})
    assert wrong.status_code == 409
    assert "号码应当是 6 至 40 位字母或数字" in wrong.text
    assert 'value="12"' in wrong.text
    key = new_id().hex
    given = till.post(told["gift"], data={"key": key, "part": ["1"], "number_1": CARD})
    assert given.status_code == 303
    assert till.post(told["gift"], data={"key": key, "part": ["1"], "number_1": CARD}).location == given.location
    receipt = till.get(given.location).text
    assert "礼品发放凭条" in receipt
    assert "···0001" in receipt
    assert CARD not in receipt
    assert "退货" not in receipt.split("slip__buttons")[1]
    back = {"reason": "发错人", "came_back_1": "collected"}
    assert till.post(f"{given.location}/void", data={"reason": "发错人"}).status_code == 409
    assert till.post(f"{given.location}/void", data=back).status_code == 303
    assert "已从领取人处收回" in till.get(given.location).text


def test_a_bill_that_was_typed_first_only_asks_for_the_gift(app, desks, lin):
    till = cashier_of(app, desks[0])
    headers = {"Idempotency-Key": new_id().hex}
    answer = till.post("/till/redemptions", json={"code": world.show(*lin), "bill_fen": 20_000}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "gift_to_hand_out")
    assert refused_scans() == 0


def test_another_stores_gift_is_not_shown(app, desks, lin):
    scene.scan(desks[0].till, *lin)
    page = cashier_of(app, desks[1]).get(f"/till/gifts/{lin[0]}")
    assert page.status_code == 409
    assert "本店没有核验过" in page.text


# --- the citizen and the bureau -------------------------------------------------------------------------------


def test_the_citizen_sees_what_waits_and_what_was_handed_out(app, desks, lin):
    citizen = people.browser_of(app, LIN)
    page = citizen.get(f"/vouchers/{lin[0]}").text
    assert page.count("待领取") == 2
    assert citizen.get(f"/vouchers/{lin[0]}/now?seen=ask").status_code in (200, 204)
    scene.hand_out(desks[0].till, *lin, {1: CARD})
    page = citizen.get(f"/vouchers/{lin[0]}").text
    assert "···0001" in page
    assert CARD not in page
    assert "漠阳石油总店" in page
    seen = citizen.get(f"/vouchers/{lin[0]}/now?seen=elsewhere&given=0")
    assert (seen.status_code, "已领取" in seen.text) == (200, True)
    assert citizen.get(f"/vouchers/{lin[0]}/now?seen=elsewhere&given=1").status_code == 204
    scene.hand_out(desks[1].till, *lin, {2: POLICY})
    assert "礼品价值" in citizen.get(f"/vouchers/{lin[0]}").text
    assert "已领取" in citizen.get("/vouchers?tab=used").text


def test_the_report_shows_gifts_at_cost_and_at_advertised_value(app, desks, lin):
    scene.hand_out(desks[0].till, *lin, {1: CARD})
    officer = people.browser_of(app, SONG)
    page = officer.get("/bureau/settlement").text
    assert "礼品发放" in page
    assert "2,200.00" in page
    sheet = officer.get("/bureau/settlement/gifts.csv").data.decode("utf-8-sig").splitlines()
    assert sheet[1] == "购车有礼,加油卡,漠阳石油,1,2000.00,2200.00"
    book = openpyxl.load_workbook(io.BytesIO(officer.get("/bureau/settlement/gifts.xlsx").data))
    assert [cell.value for cell in book.active[2]] == ["购车有礼", "加油卡", "漠阳石油", 1, 2000, 2200]


def test_an_approved_gift_is_told_at_what_it_is_worth_and_found_from_the_application(clock, app):
    written = desk.document()
    gift_rules = scene.document()
    written["offers"] = gift_rules["offers"]
    written["campaign"] |= {"code": "gift-cars", "name": "购车有礼"}
    campaign = world.opened(written)
    dealer = world.shop(campaign, name="漠阳汽车", industry="automobile")
    a_scene = desk.named_scene(campaign, dealer)
    who = people.citizen(LIN)
    application = desk.filled(who, campaign.release, desk.papers(1))
    desk.submit(application, who)
    desk.passed(a_scene, application)
    desk.jobs.open_notices()
    [line] = lines_of(notice_views()[0].id)
    assert line.told_fen == 320_000
    clock.move_to(clock.now() + desk.timedelta(days=10))
    desk.jobs.end_notices()
    assert desk.status(application) == "approved"
    citizen = people.browser_of(app, LIN)
    page = citizen.get(f"/applications/{application}").text
    assert "礼品价值" in page
    assert "3,200.00" in page
    assert f"/vouchers/{application}" in page
    assert citizen.get(f"/vouchers/{application}").text.count("待领取") == 2
