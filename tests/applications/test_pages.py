"""Applicants, reviewers and the public at their doors."""

import io
import re
from functools import cache
from uuid import UUID

import pytest
import qrcode
from flask import Flask
from PIL import Image
from sqlalchemy import select

from applications import jobs
from applications.models import ApplicationDecision
from foundation.db import db
from tests import people
from tests.applications import desk
from tests.applications.desk import FANG, GUO, papers, status
from tests.people import CHEN, LIN, QIN, SONG

FETCH = {"X-Requested-With": "fetch"}
TASKS = ("applicant", "invoice", "licence", "certificate", "bank")


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


def begun(browser):
    """Begin by the form and return the application's address."""
    answer = browser.post("/campaigns/cars/application", data={"buyer": "person"})
    assert answer.status_code == 303
    return answer.location


def a_file(sent=None, name="photo.jpg"):
    return (io.BytesIO(desk.a_photo() if sent is None else sent), name)


@cache
def a_pdf():
    out = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(out, "PDF")
    return out.getvalue()


def handed_in(browser, number=1, invoice=None):
    """Fill in, upload and hand in by the forms; return the application's address."""
    page = begun(browser)
    for task in TASKS:
        assert browser.post(f"{page}/tasks/{task}", data=papers(number)).status_code == 303
    for slot in desk.ALL_DOCUMENTS:
        for _ in range(2):
            sent = {"file": a_file(invoice if slot == "vehicle_invoice" else None)}
            assert browser.post(f"{page}/files/{slot}", data=sent, headers=FETCH).status_code == 204
    assert browser.post(f"{page}/submit").status_code == 303
    return page


def test_the_campaigns_page_leads_to_the_application(clock, app, client):
    desk.scene()
    page = client.get("/campaigns/cars").text
    assert "登录后申请" in page
    assert 'href="/campaigns/cars/application"' in page
    assert client.get("/campaigns/cars/application").status_code == 303
    lin = people.browser_of(app, LIN)
    about = lin.get("/campaigns/cars/application").text
    for words in ("10 万元（含）", "身份证", "正反两面", "公示 5 个工作日", "个人购车", "单位购车", "开始填写"):
        assert words in about, words


def test_the_task_list_says_what_is_missing_and_greys_its_button_with_a_reason(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    html = lin.get(page).text
    assert html.count("未开始") == 6
    assert "还差：本人信息、购车发票、行驶证、登记证书、银行卡、上传材料" in html
    lin.post(f"{page}/tasks/applicant", data={"name": desk.a_name(1)})
    html = lin.get(page).text
    assert "进行中" in html
    assert "还差：身份证号码" in html


def test_wrong_fields_are_named_and_the_others_are_saved(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    lin.post(f"{page}/tasks/applicant", data=papers())
    answer = lin.post(f"{page}/tasks/invoice", data=papers(vin="LSVAA0010N0000001", price_without_tax="1"))
    assert answer.status_code == 422
    assert "有 2 项要改，其他的已经保存" in answer.text
    assert "校验位不对" in answer.text
    assert "按 13% 增值税应为 135,221.24 元" in answer.text
    assert 'value="LSVAA0010N0000001"' in answer.text
    again = lin.get(f"{page}/tasks/invoice").text
    assert papers()["invoice_number"] in again
    assert "LSVAA0010N0000001" not in again
    # The name on the next document is offered, to be confirmed.
    assert "先按申请人填好，请与证件核对" in lin.get(f"{page}/tasks/licence").text


def test_each_field_is_checked_as_it_is_typed_and_nothing_is_kept(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    wrong = lin.post(f"{page}/check/bank_card", data={"bank_card": "6228480000000000001"})
    assert "校验位" in wrong.text
    right = lin.post(f"{page}/check/bank_card", data={"bank_card": papers()["bank_card"]})
    assert "answer__told--right" in right.text
    assert papers()["bank_card"] not in lin.get(f"{page}/tasks/bank").text


def test_a_photo_of_the_invoices_qr_fills_the_form(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    number = papers()["invoice_number"]
    out = io.BytesIO()
    qrcode.make(f"01,32,,{number},152800.00,20230508,,A1B2").get_image().convert("RGB").save(out, "PNG")
    answer = lin.post(f"{page}/qr", data={"qr": a_file(out.getvalue(), "qr.png"), "seller_name": "漠阳汽车"})
    assert "已从发票二维码填好" in answer.text
    for value in (number, "152800.00", "2023-05-08", "漠阳汽车"):
        assert f'value="{value}"' in answer.text
    assert number not in lin.get(f"{page}/tasks/invoice").text, "it is the citizen who confirms"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, "no_qr_found"),
        (b"", "file_empty"),
        (b"GIF89a" + b"0" * 99, "file_not_readable"),
        ("网址", "not_an_invoice_qr"),
    ],
)
def test_what_is_no_invoice_code_is_refused_by_name_and_what_was_typed_stays(clock, app, sent, code):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    if isinstance(sent, str):
        out = io.BytesIO()
        qrcode.make(sent).get_image().convert("RGB").save(out, "PNG")
        sent = out.getvalue()
    answer = lin.post(f"{page}/qr", data={"qr": a_file(sent), "vin": papers()["vin"]})
    assert answer.status_code == 422
    assert f'data-code="{code}"' in answer.text
    assert papers()["vin"] in answer.text


def test_a_failed_upload_keeps_everything_else(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = begun(lin)
    lin.post(f"{page}/tasks/applicant", data=papers())
    lin.post(f"{page}/files/id_card", data={"file": a_file()}, headers=FETCH)
    refused = lin.post(f"{page}/files/id_card", data={"file": a_file(b"not a picture")})
    assert refused.status_code == 422
    assert 'data-code="file_not_readable"' in refused.text
    told = lin.post(f"{page}/files/id_card", data={"file": a_file(b"")}, headers=FETCH).get_json()
    assert told["message"] == "文件是空的"
    assert refused.text.count("<img") == lin.get(f"{page}/tasks/files").text.count("<img") > 0
    picture = re.search(r'src="([^"]+/files/[^"]+/1)"', lin.get(f"{page}/tasks/files").text)[1]
    shown = lin.get(picture)
    assert Image.open(io.BytesIO(shown.data)).format == "JPEG"
    assert people.browser_of(app, CHEN).get(picture).status_code == 404
    address = re.search(r'action="([^"]+/remove)"', lin.get(f"{page}/tasks/files").text)[1]
    assert lin.post(address).status_code == 303
    assert "<img" not in lin.get(f"{page}/tasks/files").text.replace("img/logo", "").split("paper__files")[-1][:200]


def test_the_whole_walk_through_the_doors(clock, app):
    scene = desk.scene()
    lin = people.browser_of(app, LIN)
    page = handed_in(lin)
    html = lin.get(page).text
    for words in ("审核中", "受理序号 1", "提交申请，已占用名额", "4,000.00"):
        assert words in html
    assert "漠阳汽车" not in lin.get("/applications").text

    fang, guo = people.browser_of(app, FANG), people.browser_of(app, GUO)
    case = fang.post("/bureau/applications/next").location
    html = fang.get(case).text
    assert papers()["vin"] in html
    picture = re.search(r'<img src="([^"]+)" alt', html.split("case__evidence")[1])[1]
    assert fang.get(picture).mimetype == "image/jpeg"
    assert guo.get(picture).status_code == 409
    assert papers()["vin"] not in guo.get(case).text
    ticked = re.findall(r'name="ticked" value="(\w+)"', html)
    short = fang.post(f"{case}/decision", data={"kind": "approve", "ticked": ticked[1:]})
    assert short.status_code == 422
    assert "还有 1 项没有核对" in short.text
    assert fang.post(f"{case}/decision", data={"kind": "approve", "ticked": ticked}).status_code == 303
    assert guo.post("/bureau/applications/next").location == case
    guo.post(f"{case}/decision", data={"kind": "approve", "ticked": ticked})
    assert "待公示" in lin.get(page).text

    jobs.open_notices()
    listed = app.test_client().get("/notices").text
    assert "惠民购车补贴" in listed
    notice = re.search(r'href="(/notices/\d+)"', listed)[1]
    public = app.test_client().get(notice).text
    assert f"{desk.a_name(1)[0]}*{desk.a_name(1)[-1]}" in public
    assert desk.a_name(1) not in public
    assert papers()["vin"] not in public
    target = re.search(r'action="([^"]+/objections)"', public)[1]
    stranger = people.browser_of(app)
    assert stranger.post(target, data={"reason": "不行"}).status_code == 422
    assert stranger.post(target, data={"reason": "这辆车在公示前已经转卖。"}).status_code == 303
    assert "异议核实中" in stranger.get(notice).text
    assert "这辆车在公示前已经转卖。" in guo.get(case).text
    assert "这辆车在公示前已经转卖。" not in fang.get(case).text
    assert fang.post(f"{case}/objections", data={"kind": "dismiss", "words": "不属实"}).status_code == 403
    assert guo.post(f"{case}/objections", data={"kind": "dismiss", "words": "不属实"}).status_code == 303
    assert "异议不成立，继续公示" in lin.get(page).text
    assert scene.release


def test_an_invoice_in_pdf_is_downloaded_as_it_came_by_who_has_the_case_open(clock, app):
    desk.scene()
    handed_in(people.browser_of(app, LIN), invoice=a_pdf())
    fang = people.browser_of(app, FANG)
    case = fang.post("/bureau/applications/next").location
    html = fang.get(case).text
    originals = re.findall(r'href="([^"]+/original)"', html)
    assert len(originals) == 2
    assert "下载机动车销售统一发票原件" in html
    answer = fang.get(originals[0])
    assert answer.data == a_pdf()
    assert answer.content_type == "application/pdf"
    assert re.fullmatch(r"attachment; filename=vehicle_invoice-[0-9a-f]{8}\.pdf", answer.headers["Content-Disposition"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    # As with its pages: who has opened the case stands in its record, and nobody else sees it.
    opened = db.session.scalars(select(ApplicationDecision.kind)).all()
    assert opened == ["open"]
    for who in (GUO, QIN, SONG):
        assert people.browser_of(app, who).get(originals[0]).status_code == 409
    pictures = re.findall(r'<img src="([^"]+)/1" alt', html)
    photo = next(address for address in pictures if f"{address}/original" not in originals)
    assert fang.get(f"{photo}/original").status_code == 404
    elsewhere = f"{case.rpartition('/')[0]}/{UUID(int=1)}/files/{originals[0].split('/')[-2]}/original"
    assert fang.get(elsewhere).status_code == 404


def test_a_correction_tells_what_and_why_and_opens_only_that(clock, app):
    scene = desk.scene()
    lin = people.browser_of(app, LIN)
    page = handed_in(lin)
    fang = people.browser_of(app, FANG)
    case = fang.post("/bureau/applications/next").location
    data = {"kind": "correct", "fields": ["plate", "id_card"], "reasons": ["unreadable"], "words": "请重拍"}
    assert fang.post(f"{case}/decision", data=data).status_code == 303
    html = lin.get(page).text
    for words in ("请在 5月13日 24:00 前补正：号牌号码、身份证", "照片看不清", "请重拍", "提交补正"):
        assert words in html, words
    assert lin.get(f"{page}/tasks/licence").text.count("readonly") == 2
    assert lin.post(f"{page}/submit").status_code == 303
    assert "审核中" in lin.get(page).text
    assert scene.release


def test_a_refused_submission_says_why_and_keeps_everything(clock, app):
    desk.scene()
    handed_in(people.browser_of(app, LIN))
    chen = people.browser_of(app, CHEN)
    page = begun(chen)
    for task in TASKS:
        chen.post(f"{page}/tasks/{task}", data=papers(2, vin=papers(1)["vin"]))
    for slot in desk.ALL_DOCUMENTS:
        for _ in range(2):
            chen.post(f"{page}/files/{slot}", data={"file": a_file()}, headers=FETCH)
    answer = chen.post(f"{page}/submit")
    assert answer.status_code == 409
    assert 'data-code="mark_taken"' in answer.text
    assert "车架号已经用于另一份补贴" in answer.text
    assert "填写中" in chen.get(page).text


def test_whoever_is_no_reviewer_looks_at_masked_cases_and_decides_nothing(clock, app):
    scene = desk.scene()
    (application_id,) = desk.submitted(scene)
    song = people.browser_of(app, SONG)
    queue = song.get("/bureau/applications").text
    assert "漠阳汽车" in queue
    assert "需要“审核”岗位" in queue
    html = song.get(f"/bureau/applications/{application_id}").text
    assert papers()["vin"] not in html
    assert papers()["id_number"] not in html
    for address in ("next", f"{application_id}/open", f"{application_id}/decision", f"{application_id}/objections"):
        assert song.post(f"/bureau/applications/{address}").status_code == 403
    assert status(application_id) == "reviewing"


def test_the_chief_says_who_reviews_where(clock, app):
    desk.scene()
    account = people.account(FANG)
    qin, fang = people.browser_of(app, QIN), people.browser_of(app, FANG)
    page = "/bureau/applications/reviewers"
    assert fang.post(page, data={"account_id": account, "county": ""}).status_code == 403
    assert qin.post(page, data={"account_id": account, "county": "441704"}).status_code == 303
    assert "阳东区" in qin.get(page).text
    for wrong in ({"account_id": account, "county": "999999"}, {"account_id": "9999", "county": ""}, {}):
        assert qin.post(page, data=wrong).status_code == 422


def test_withdrawing_by_the_form(clock, app):
    desk.scene()
    lin = people.browser_of(app, LIN)
    page = handed_in(lin)
    assert lin.post(f"{page}/withdraw").status_code == 303
    assert "已撤回" in lin.get("/applications").text
    assert people.browser_of(app, CHEN).post(f"{page}/withdraw").status_code == 404
    assert status(UUID(page.rpartition("/")[2])) == "withdrawn"
