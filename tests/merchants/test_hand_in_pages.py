"""The pages of evidence after sales: the cashier's and the bureau's."""

import io
import re

import pytest
import qrcode
from PIL import Image

from foundation.db import db
from merchants.hand_in_decisions import Decision, Officer, decide, lapse_due
from merchants.hand_in_models import HandIn
from merchants.refunds import refund
from tests import people
from tests.merchants.sold import SERIES, Sold, campaign_file, handed_in, picture, typed
from tests.merchants.test_merchant_pages import cashier_of
from tests.people import HE, QIN, SONG, WEI
from tests.world import at, done, shop

FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def app(sqlite_app):
    return sqlite_app


@pytest.fixture
def sold(clock, app):
    return Sold(campaign_file(invoice_days=15, delivery_days=15, old_appliance="encouraged"))


@pytest.fixture
def till(app, sold):
    return cashier_of(app, sold.shop)


def of(redemption_id):
    db.session.rollback()
    return db.session.get_one(HandIn, redemption_id, populate_existing=True)


def upload(till, sale, slot, sent, name="发票.jpg", headers=None):
    address = f"/till/after-sales/{sale}/files/{slot}"
    data = {"file": (io.BytesIO(sent), name)}
    return till.post(address, data=data, content_type="multipart/form-data", headers=headers or {})


def invoice_code(text):
    out = io.BytesIO()
    qrcode.make(text).convert("RGB").save(out, "PNG")
    return out.getvalue()


def test_the_list_says_what_is_missing_and_how_long_there_is(sold, till, clock, app):
    sold.sell(2)
    page = till.get("/till/after-sales").text
    assert page.count("还剩 15 天") == 2
    assert "发票、送货签收" in page
    clock.move_to(at("2023-05-24 09:00"))
    till = cashier_of(app, sold.shop)
    assert "已逾期 1 天" in till.get("/till/after-sales").text
    for tab in ("waiting", "accepted", "over", "no-such"):
        assert till.get(f"/till/after-sales?tab={tab}").status_code == 200


def test_files_go_up_one_by_one_and_a_bad_one_leaves_the_rest(sold, till):
    [sale] = sold.sell()
    first = upload(till, sale, "delivery", picture(1), headers=FETCH)
    assert first.json["ok"]
    assert "发票.jpg" in first.json["html"]
    bad = upload(till, sale, "delivery", b"not a picture", headers=FETCH)
    assert (bad.status_code, bad.json["ok"]) == (409, False)
    assert "JPEG" in bad.json["message"]
    page = till.get(f"/till/after-sales/{sale}").text
    [shown] = set(re.findall(r'src="(/till/after-sales/[^"]+\.jpg)"', page))
    assert till.get(shown).content_type == "image/jpeg"
    dropped = re.search(r'action="(/till/after-sales/[^"]+/drop)"', page).group(1)
    till.post(dropped)
    assert not re.search(r"/drop", till.get(f"/till/after-sales/{sale}").text)
    assert till.get(shown).status_code == 404
    # Without scripts the form does the same.
    assert upload(till, sale, "delivery", picture(1)).status_code == 303
    assert upload(till, sale, "delivery", b"").status_code == 303
    assert "文件是空的" in till.get(f"/till/after-sales/{sale}").text


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            f"01,32,,{SERIES}00000010,10000.00,20230508,,A1B2,",
            {"invoice_number": f"{SERIES}00000010", "invoice_on": "2023-05-08", "invoice_fen": "10000.00"},
        ),
        # An older invoice's code says the amount without tax, which is not what is asked for.
        (
            "01,04,044001900211,12345678,8849.56,20230508,123,A1B2,",
            {"invoice_number": "04400190021112345678", "invoice_on": "2023-05-08"},
        ),
        ("https://example.invalid/", {}),
    ],
)
def test_the_code_on_an_invoice_fills_the_fields(sold, till, text, fields):
    [sale] = sold.sell()
    assert upload(till, sale, "invoice", invoice_code(text), "发票.png", FETCH).json["fields"] == fields


def test_faults_stand_under_their_fields_and_what_was_typed_stays(sold, till):
    [sale] = sold.sell()
    response = till.post(f"/till/after-sales/{sale}", data=typed(invoice_fen="9999", delivered_on=""))
    assert response.status_code == 409
    for words in ("应为 10,000.00 元", "没有填写", "没有上传文件", "江城区东风一路 1 号"):
        assert words in response.text
    upload(till, sale, "invoice", picture(1))
    upload(till, sale, "delivery", picture(2))
    assert till.post(f"/till/after-sales/{sale}", data=typed()).status_code == 303
    assert of(sale).status == "handed_in"
    assert upload(till, sale, "invoice", picture(3), headers=FETCH).status_code == 409
    assert "提交审核" not in till.get(f"/till/after-sales/{sale}").text


def test_another_shops_sale_is_not_there(sold, till, app):
    other = cashier_of(app, shop(sold.campaign, number=2, industry="appliance", name="别家电器"))
    [sale] = sold.sell()
    assert other.get(f"/till/after-sales/{sale}").status_code == 404
    assert other.post(f"/till/after-sales/{sale}", data=typed()).status_code == 404
    assert upload(other, sale, "invoice", picture(1), headers=FETCH).status_code == 409
    assert str(sale) not in other.get("/till/after-sales").text


@pytest.fixture
def waiting(clock, app):
    """Two sales that wait, of which the second is suspicious."""
    sold = Sold()
    sales = sold.sell(2)
    handed_in(sold, sales[0], 1)
    clock.move_to(at("2023-05-08 10:05"))
    handed_in(sold, sales[1], 2, invoice_buyer="陈大勇")
    return sold, sales


def seen(page):
    return re.search(r'name="seen_at" value="([^"]+)"', page).group(1)


def test_the_bureau_sees_the_queue_and_decides(app, waiting):
    sold, sales = waiting
    wei = people.browser_of(app, WEI)
    queue = wei.get("/bureau/after-sales").text
    assert queue.index(str(sales[0])) < queue.index(str(sales[1]))
    assert "4,000.00" in queue
    assert "A05" in queue
    for query in (
        "look=clean",
        "look=suspicious",
        "look=A05",
        "look=A04",
        "state=accepted",
        f"campaign={sold.campaign.id}",
    ):
        found = wei.get(f"/bureau/after-sales?{query}").text
        assert (str(sales[1]) in found) == (query in ("look=suspicious", "look=A05", f"campaign={sold.campaign.id}"))
    address = f"/bureau/after-sales/{sales[0]}"
    page = wei.get(address).text
    assert "林**" in page or "林*" in page
    assert "林海生" not in page
    missing = wei.post(address, data={"decision": "correct", "seen_at": seen(page)})
    assert missing.status_code == 422
    assert "请至少选一个原因" in missing.text
    asked = {"decision": "correct", "reasons": ["other"], "note": "请上传销货联", "seen_at": seen(page)}
    assert wei.post(address, data=asked).location == f"/bureau/after-sales/{sales[1]}"
    till = cashier_of(app, sold.shop)
    assert "请上传销货联" in till.get(f"/till/after-sales/{sales[0]}").text


def test_only_the_chief_rejects_and_others_only_look(app, waiting):
    _sold, sales = waiting
    address = f"/bureau/after-sales/{sales[1]}"
    wei, chief, he = (people.browser_of(app, who) for who in (WEI, QIN, HE))
    reject = {"decision": "reject", "reasons": ["not_a_real_sale"], "seen_at": seen(wei.get(address).text)}
    assert he.post(address, data=reject).status_code == 403
    assert wei.post(address, data=reject).status_code == 422
    assert of(sales[1]).status == "handed_in"
    assert chief.post(address, data=reject).status_code == 303
    assert of(sales[1]).status == "rejected"
    assert "拒付" in he.get("/bureau/after-sales?state=rejected").text


def test_what_has_no_suspicion_is_accepted_with_one_press(app, waiting):
    _sold, sales = waiting
    wei = people.browser_of(app, WEI)
    page = wei.get("/bureau/after-sales").text
    assert "通过没有疑点的 1 笔" in page
    wei.post("/bureau/after-sales/accept", data={"campaign": ""})
    assert [of(sale).status for sale in sales] == ["accepted", "handed_in"]
    assert people.browser_of(app, HE).post("/bureau/after-sales/accept").status_code == 403


def test_a_rejected_sale_says_so_at_the_till_and_why(app, waiting):
    sold, sales = waiting
    reasons = {"decision": "reject", "reasons": ["not_a_real_sale", "other"], "note": "与另一笔同址"}
    chief, address = people.browser_of(app, QIN), f"/bureau/after-sales/{sales[1]}"
    chief.post(address, data=reasons | {"seen_at": seen(chief.get(address).text)})
    till = cashier_of(app, sold.shop)
    receipt = till.get(f"/till/redemptions/{sales[1]}").text
    for words in ("拒付", "不是真实销售；与另一笔同址", "商户承担，顾客不用退", f"/till/after-sales/{sales[1]}"):
        assert words in receipt
    for words in ("退给顾客", "券不退回", "/till/refunds/"):
        assert words not in receipt
    today = till.get("/till/today").text
    assert today.count("拒付") == 1
    assert "已退货" not in today
    assert "拒付" not in till.get(f"/till/redemptions/{sales[0]}").text
    page = till.get(f"/till/after-sales/{sales[1]}").text
    for words in ("拒付：审核不通过", "不是真实销售", "与另一笔同址"):
        assert words in page


def test_a_lapsed_sale_says_that_nothing_came(sold, app, clock):
    [sale, *_rest] = sold.sell(2)
    clock.move_to(at("2023-06-20 10:00"))
    done(lambda: lapse_due(actor="job:lapse_hand_ins"))
    till = cashier_of(app, sold.shop)
    assert "逾期未提交材料" in till.get(f"/till/redemptions/{sale}").text
    page = till.get(f"/till/after-sales/{sale}").text
    assert "拒付：逾期没有提交材料" in page
    assert "由商户承担" in page
    assert till.get("/till/today?day=2023-05-08").text.count("拒付") == 2


def test_what_came_back_before_it_was_rejected_is_still_a_return(app, clock):
    document = campaign_file()
    document["offers"][0]["refund"] = {"kind": "recomputed"}
    sold = Sold(document)
    [sale] = sold.sell()
    handed_in(sold, sale, 1)
    clock.move_to(at("2023-05-09 10:00"))
    done(lambda: refund(sale, sold.shop.till, 400_000, reason="价格调整"))
    reject = Decision("reject", ["invoice_differs"])
    done(lambda: decide(sale, reject, Officer("officer:1", "chief")))
    receipt = cashier_of(app, sold.shop).get(f"/till/redemptions/{sale}").text
    assert receipt.count("退给顾客") == 1
    assert "价格调整" in receipt
    assert "补贴拒付" in receipt
    assert "1,200.00" in receipt


def test_an_invoice_in_pdf_is_downloaded_as_it_came(app, sold, till):
    [sale, other] = sold.sell(2)
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(out, "PDF")
    assert upload(till, sale, "invoice", out.getvalue(), name="王小姐的发票.pdf").status_code == 303
    assert upload(till, sale, "delivery", picture(1)).status_code == 303
    for who in (SONG, HE, WEI):
        officer = people.browser_of(app, who)
        html = officer.get(f"/bureau/after-sales/{sale}").text
        [address] = re.findall(r'href="([^"]+/original\.pdf)"', html)
        answer = officer.get(address)
        assert answer.data == out.getvalue()
        assert answer.content_type == "application/pdf"
        named = r"attachment; filename=invoice-[0-9a-f]{8}\.pdf"
        assert re.fullmatch(named, answer.headers["Content-Disposition"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    # A photo has no original, and a file is found under its own sale only.
    [photo] = set(re.findall(r'src="([^"]+)/1\.jpg" alt="[^"]*签收', html))
    assert officer.get(f"{photo}/original.pdf").status_code == 404
    assert officer.get(address.replace(str(sale), str(other))).status_code == 404
    assert till.get(address).status_code == 303
