"""A car subsidy on a phone of 375 pixels: from the campaign's page through the task list to the timeline."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import qrcode
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from foundation import clock
from foundation.clock import day_start
from tests.applications import desk
from tests.applications.desk import papers
from tests.browser.conftest import Devices, Quiet, sign_in_citizen


@pytest.fixture
def subsidy(sqlite_app: Flask) -> desk.Scene:
    """The subsidy, open since yesterday, for invoices of the last ten days."""
    today = clock.bureau_day(clock.now())
    starts = day_start(today - timedelta(days=10))
    opens = day_start(today - timedelta(days=1))
    return desk.scene(times={"starts_at": starts, "opens_at": opens, "ends_at": starts + timedelta(days=90)})


@pytest.fixture
def devices(sqlite_app: Flask, subsidy: desk.Scene, chromium: Browser) -> Iterator[Devices]:
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    opened = Devices(sqlite_app, f"http://localhost:{server.server_port}", chromium)
    yield opened
    for context in opened.contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert [each for each in opened.complaints if "422" not in each] == []


def fits(page: Page) -> None:
    """Nothing is wider than the phone."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def fill(page: Page, task: str, answers: dict[str, Any]) -> None:
    """Open a task, fill it in and save it."""
    page.locator(f"a.task[href$='/tasks/{task}']").click()
    for field in page.locator(".answers input:visible, .answers .pair input").all():
        key = field.get_attribute("name") or ""
        if not answers.get(key) or field.get_attribute("type") == "checkbox":
            continue
        if field.get_attribute("type") == "radio":
            if field.get_attribute("value") == answers[key]:
                field.check(force=True)
        else:
            field.fill(answers[key])
    fits(page)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("ul.tasks")).to_be_visible()


def test_an_application_from_the_campaigns_page_to_its_timeline(
    devices: Devices, subsidy: desk.Scene, tmp_path: Path
) -> None:
    yesterday = (clock.bureau_day(clock.now()) - timedelta(days=1)).isoformat()
    answers = papers(1, invoice_date=yesterday, registered_on=yesterday)
    phone = devices.open()
    phone.goto("/campaigns/cars")
    fits(phone)
    phone.get_by_role("link", name="登录后申请").click()
    sign_in_citizen(phone)
    expect(phone.get_by_role("heading", name="准备这些材料")).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="开始填写").click()
    expect(phone.locator("button[disabled]", has_text="核对并提交")).to_be_visible()
    expect(phone.locator(".actionbar__why")).to_contain_text("还差：本人信息")
    fits(phone)
    fill(phone, "applicant", answers)

    # A photo of the invoice's code fills the form; a wrong digit is told as soon as the field is left.
    phone.locator("a.task[href$='/tasks/invoice']").click()
    code = tmp_path / "invoice.png"
    said = f"01,32,,{answers['invoice_number']},152800.00,{yesterday.replace('-', '')},,A1B2"
    qrcode.make(said).get_image().convert("RGB").save(code)
    phone.locator("#qr").set_input_files(str(code))
    expect(phone.locator("#price_with_tax")).to_have_value("152800.00")
    expect(phone.locator("#invoice_date")).to_have_value(yesterday)
    wrong = answers["vin"][:8] + ("1" if answers["vin"][8] != "1" else "2") + answers["vin"][9:]
    phone.wait_for_load_state()  # fields are checked by a script
    phone.locator("#vin").fill(wrong)
    phone.locator("#vin").blur()
    expect(phone.locator("#told-vin")).to_contain_text("校验位不对")
    phone.locator("#vin").fill(answers["vin"])
    phone.locator("#vin").blur()
    expect(phone.locator("#told-vin")).to_be_empty()
    phone.goto(phone.url.rpartition("/qr")[0] or phone.url.partition("/tasks")[0])
    for task in ("invoice", "licence", "certificate", "bank"):
        fill(phone, task, answers)
    expect(phone.locator(".worth")).to_contain_text("4000")

    phone.locator("a.task[href$='/tasks/files']").click()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(desk.a_photo())
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    phone.locator("#id_card input[type=file]").set_input_files(str(broken))
    expect(phone.locator("#id_card [data-told]")).to_contain_text("不是能打开的")
    for slot in desk.ALL_DOCUMENTS:
        for count in (1, 2):
            phone.locator(f"#{slot} input[type=file]").set_input_files(str(photo))
            expect(phone.locator(f"#{slot} .paper__files img")).to_have_count(count)
    fits(phone)
    phone.get_by_role("link", name="返回任务列表").last.click()
    expect(phone.locator("ul.tasks")).not_to_contain_text("未开始")
    phone.get_by_role("link", name="核对并提交").click()
    expect(phone.get_by_text(answers["vin"])).to_be_visible()
    fits(phone)
    phone.get_by_role("button", name="提交申请").click()
    expect(phone.locator(".timeline__now")).to_contain_text("提交申请，已占用名额")
    expect(phone.locator(".lead")).to_contain_text("受理序号 1")
    fits(phone)

    # The narrowest phone shows it whole.
    phone.set_viewport_size({"width": 320, "height": 640})
    phone.goto("/applications")
    phone.locator("a.campaign").click()
    expect(phone.locator(".lead")).to_contain_text("受理序号 1")
    fits(phone)
    assert subsidy.release
