"""Evidence after a sale, in browsers: the cashier's phone uploads and hands in, the bureau's desk decides."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from evidence.pictures import draw
from foundation import clock
from foundation.clock import bureau_day, day_end
from foundation.db import db
from merchants.hand_in_models import HandIn
from merchants.hand_ins import add_file
from tests import people
from tests.browser.conftest import sign_in_cashier
from tests.merchants.sold import SERIES, Sold, campaign_file, handed_in, picture
from tests.merchants.test_hand_in_file import good, table
from tests.merchants.test_hand_in_pages import invoice_code
from tests.people import QIN
from tests.world import done

pytestmark = pytest.mark.browser
DESK = {"width": 1280, "height": 900}


def _document():
    now = clock.now()
    document = campaign_file(
        invoice_days=15, delivery_days=15, device_photo_days=15, old_appliance="encouraged", grace_days=5
    )
    document["campaign"] |= {
        "starts_at": now - timedelta(days=1), "ends_at": day_end(bureau_day(now) + timedelta(days=60)),
    }  # fmt: skip
    document["rounds"][0] |= {
        "opens_at": now - timedelta(minutes=5), "closes_at": day_end(bureau_day(now) + timedelta(days=9)),
    }  # fmt: skip
    return document


@pytest.fixture
def scene(sqlite_app):
    return Sold(_document())


def sent(name, seed=None, code=None):
    body = invoice_code(code) if code else picture(seed) if seed else b"not a picture"
    return {"name": name, "mimeType": "image/png" if code else "image/jpeg", "buffer": body}


def test_a_cashier_hands_in_and_the_chief_decides(devices, scene, sqlite_app):
    [sale] = scene.sell()
    day = bureau_day(clock.now())
    till = devices.open()
    sign_in_cashier(till)
    till.goto("/till/after-sales")
    till.locator(".after-list a").click()
    code = f"01,32,,{SERIES}00000010,10000.00,{day:%Y%m%d},,A1B2,"
    slot = till.locator("[data-slot=invoice] input[type=file]")
    slot.set_input_files([sent("发票.png", code=code), sent("坏文件.jpg")])
    expect(till.locator("[data-slot=invoice] [data-failed]")).to_contain_text("JPEG")
    expect(till.locator("[data-slot=invoice] .after-files li")).to_have_count(1)
    # The code has filled what it says; nobody typed it.
    expect(till.locator("#invoice_number")).to_have_value(f"{SERIES}00000010")
    expect(till.locator("#invoice_fen")).to_have_value("10000.00")
    till.locator("#invoice_buyer").fill("林海生")
    till.get_by_role("button", name="提交审核").click()
    expect(till.locator("#delivered_on-fault")).to_have_text("没有填写")
    for item, seed in (("delivery", 1), ("device_photo", 2)):
        till.locator(f"[data-slot={item}] input[type=file]").set_input_files([sent(f"{item}.jpg", seed)])
        expect(till.locator(f"[data-slot={item}] .after-files li")).to_have_count(1)
    till.locator("#delivered_on").fill(day.isoformat())
    till.locator("#delivery_county").select_option("441702")
    till.locator("#delivery_address").fill("江城区东风一路 8 号")
    till.get_by_role("button", name="提交审核").click()
    expect(till.locator(".notice")).to_contain_text("已提交")

    desk = devices.open(viewport=DESK)
    cookie = people.browser_of(sqlite_app, QIN).get_cookie(sqlite_app.config["SESSION_COOKIE_NAME"])
    desk.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    desk.goto("/bureau/after-sales")
    desk.locator("tbody a.strong").click()
    desk.get_by_role("button", name="通过", exact=True).click()
    expect(desk.locator(".notice")).to_contain_text("已通过")
    db.session.rollback()
    assert db.session.get_one(HandIn, sale).status == "accepted"


def test_many_are_accepted_after_asking(devices, scene, sqlite_app):
    for number, sale in enumerate(scene.sell(3), 1):
        for item in ("invoice", "delivery", "device_photo"):
            _keep(scene, sale, item, number * 10)
        handed_in(scene, sale, number, invoice_buyer="陈大勇" if number == 3 else "林海生")
    desk = devices.open(viewport=DESK)
    cookie = people.browser_of(sqlite_app, QIN).get_cookie(sqlite_app.config["SESSION_COOKIE_NAME"])
    desk.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    desk.goto("/bureau/after-sales")
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="通过没有疑点的 2 笔").click()
    expect(desk.locator(".notice")).to_contain_text("已通过 2 笔")
    desk.locator("tbody a.strong").click()


def test_a_cashier_hands_many_in_by_file(devices, scene, sqlite_app):
    sales = scene.sell(2)
    for number, sale in enumerate(sales, 1):
        for item in ("invoice", "delivery", "device_photo"):
            _keep(scene, sale, item, number * 10)
    till = devices.open()
    sign_in_cashier(till)
    till.goto("/till/after-sales")
    with till.expect_download() as download:
        till.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "after-sales.csv"
    filled = {"name": "after-sales.csv", "mimeType": "text/csv", "buffer": table(good(sales))}
    till.get_by_label("填好的表").set_input_files(filled)
    till.get_by_role("button", name="导入并提交").click()
    expect(till.locator(".notice")).to_contain_text("已提交 2 笔")
    expect(till.get_by_role("link", name="待审核 2")).to_be_visible()


def _keep(scene, sale, item, seed):
    body = picture(seed + len(item))
    done(lambda: add_file(sale, scene.shop.store_id, item, f"{item}.jpg", body, draw(body)))
