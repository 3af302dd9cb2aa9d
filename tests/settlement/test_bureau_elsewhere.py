"""The bureau's page of subsidies paid elsewhere: import, 查重, files, and a list that was wrong."""

import io

import openpyxl
import pytest

from tests import people
from tests.applications import desk
from tests.people import LUO, SONG, WEI
from tests.voucher.test_elsewhere import numbers, opened


@pytest.fixture
def app(sqlite_app):
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def editor(app):
    return people.browser_of(app, WEI)


def send(browser, text, *, code="prov-2025", name="省级汽车以旧换新"):
    file = (io.BytesIO(text.encode()), "省补.csv")
    return browser.post("/bureau/elsewhere", data={"programme": code, "name": name, "file": file})


def test_a_list_comes_in_and_says_what_it_found(clock, app, editor):
    scene = opened()
    (application,) = desk.submitted(scene)
    page = editor.get("/bureau/elsewhere").text
    assert "prov-2025" in page
    answer = send(editor, f"车架号,身份证号\n{numbers(1)['vin']},\n{numbers(3)['vin']},\n{numbers(3)['vin']},\n")
    assert answer.status_code == 303
    page = editor.get(answer.location).text
    assert "已导入 2 行；与已办理的重复 1 件" in page
    assert "第 4 行" in page
    assert f"/bureau/applications/{application}" in page
    assert "4,000.00" in page
    assert "已在“省级汽车以旧换新”后来导入的名单上" in editor.get(f"/bureau/applications/{application}").text
    assert numbers(1)["vin"] not in page
    auditor = people.browser_of(app, SONG)
    sheet = auditor.get("/bureau/elsewhere/overlaps.csv").data.decode("utf-8-sig").splitlines()
    assert sheet[1].startswith("省级汽车以旧换新,1,2,惠民购车补贴,车架号,")
    assert sheet[1].endswith(",4000.00,4000.00")
    book = openpyxl.load_workbook(io.BytesIO(auditor.get("/bureau/elsewhere/overlaps.xlsx").data))
    assert (book.active["J2"].value, book.active["J3"].value) == (4000, 4000)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("车架号\nLSVAA0010N0000001\n", "prov-2025", "需要修改的地方"),
        ("姓名\n林\n", "prov-2025", "首行没有"),
        ("车架号\n", "prov-2025", "首行下面没有号码"),
        (f"车架号\n{desk.a_vin(1)}\n", "省补", "项目代码应当是"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(clock, app, editor, text, code, words):
    answer = send(editor, text, code=code)
    assert answer.status_code in (409, 422)
    assert words in answer.text
    assert "还没有名单" in answer.text


def test_a_wrong_list_is_revoked_with_a_reason(clock, app, editor):
    opened()
    send(editor, f"车架号\n{numbers(1)['vin']}\n")
    assert "请填写作废的原因" in editor.post("/bureau/elsewhere/1/revoke", data={"reason": ""}).text
    assert editor.post("/bureau/elsewhere/1/revoke", data={"reason": "导错了文件"}).status_code == 303
    assert "导错了文件" in editor.get("/bureau/elsewhere").text
    assert people.browser_of(app, LUO).post("/bureau/elsewhere/9/revoke", data={"reason": "导错"}).status_code == 422


def test_only_editors_import(clock, app):
    auditor = people.browser_of(app, SONG)
    assert send(auditor, f"车架号\n{desk.a_vin(1)}\n").status_code == 403
    assert "需要“活动编辑”岗位" in auditor.get("/bureau/elsewhere").text
