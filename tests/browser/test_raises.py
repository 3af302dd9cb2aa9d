"""Raised awards on screens: what the bureau is told before and after, and what an applicant reads on a phone."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from applications import jobs
from campaigns import drafting
from foundation import clock
from foundation.clock import day_start
from tests import people
from tests.applications import desk, raising
from tests.applications.desk import papers
from tests.applications.test_worked_cases import C7_TIERS, POLICY
from tests.browser.conftest import Devices, Quiet
from tests.browser.test_application import fits
from tests.people import WEI, Person
from tests.world import PUBLISHER, done

DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def subsidy(sqlite_app: Flask) -> desk.Scene:
    """A subsidy without public notice, open since yesterday, for invoices of the last ten days."""
    today = clock.bureau_day(clock.now())
    starts = day_start(today - timedelta(days=10))
    opens = day_start(today - timedelta(days=1))
    times = {"starts_at": starts, "opens_at": opens, "ends_at": starts + timedelta(days=90)}
    return desk.scene(times=times, notice_days=0, release={"budget_yuan": 12_500})


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
    assert opened.complaints == []


def signed_in(devices: Devices, who: object, **options: object):
    """Open a page of somebody who is signed in."""
    page = devices.open(**options)
    cookie = people.browser_of(devices.app, who).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    return page


def test_the_bureau_sees_what_it_costs_and_the_applicant_what_there_is_more(
    devices: Devices, subsidy: desk.Scene, tmp_path: Path
) -> None:
    yesterday = (clock.bureau_day(clock.now()) - timedelta(days=1)).isoformat()
    dated = {"invoice_date": yesterday, "registered_on": yesterday}
    paid, _reviewed, short, _waits = desk.submitted(subsidy, 4, **dated)
    for application_id in (paid, short):
        desk.passed(subsidy, application_id)
    jobs.end_notices()
    [kept_out] = people.citizens(1, first_phone=13800000090)
    desk.filled(kept_out, subsidy.release, papers(90, price_yuan=80_000, powertrain="ice", **dated))
    since = day_start(clock.bureau_day(clock.now()) - timedelta(days=9))
    version = raising.drafted(
        raising.raised(amendment={"reason": "增加 5 万元至 10 万元一档，新能源车提高 500 元", "applies_from": since})
    )

    officer = signed_in(devices, WEI, viewport=DESKTOP)
    officer.goto(f"/bureau/campaigns/{subsidy.campaign.id}/versions/2")
    expect(officer.get_by_text("这一版提高了补贴标准")).to_be_visible()
    officer.get_by_role("link", name="对已有申请的影响").click()
    rows = officer.locator("table.register tbody tr")
    told = ("审核和公示中1500.00", "已批准21,000.00", "候补中1500.00")
    expect(rows).to_have_text([re.compile(f"^{re.escape(words)}") for words in told])
    expect(officer.locator("tfoot")).to_contain_text("2,000.00")
    expect(officer.get_by_text("另有 1 份填写中的申请")).to_be_visible()
    officer.screenshot(path=tmp_path / "before.png", full_page=True)

    done(lambda: drafting.publish(version, by=PUBLISHER))
    jobs.raise_awards()
    officer.reload()
    expect(officer.locator("h2", has_text="办理进度")).to_be_visible()
    expect(officer.get_by_text("所有申请都已看过")).to_be_visible()
    officer.screenshot(path=tmp_path / "after.png", full_page=True)

    phone = signed_in(devices, Person(desk.a_name(1), "13800000001"))
    phone.goto(f"/applications/{paid}")
    expect(phone.locator(".facts--award")).to_contain_text("按新标准补发")
    expect(phone.locator(".timeline__now")).to_contain_text("按新标准补发 500.00 元")
    fits(phone)
    phone.screenshot(path=tmp_path / "applicant.png", full_page=True)
    phone.goto("/campaigns/cars/application")
    expect(phone.get_by_text("5 万元（含）至 10 万元（不含）")).to_be_visible()
    expect(phone.get_by_text("补贴标准调整过")).to_be_visible()
    fits(phone)
    phone.locator("table.rates").locator("..").screenshot(path=tmp_path / "about.png")
    phone.goto("/campaigns/cars")
    expect(phone.get_by_text("适用新标准")).to_be_visible()
    fits(phone)
    phone.screenshot(path=tmp_path / "campaign.png", full_page=True)


def test_the_policy_is_a_task_of_its_own_on_a_phone(sqlite_app: Flask, devices: Devices, tmp_path: Path) -> None:
    document = desk.document(benefit={"price": "premium", "tiers": list(C7_TIERS)})
    today = clock.bureau_day(clock.now())
    starts = day_start(today - timedelta(days=10))
    document["campaign"] |= {"code": "first", "starts_at": starts, "ends_at": starts + timedelta(days=90)}
    document["offers"][0]["validity"]["until"] = starts + timedelta(days=90)
    round_ = document["rounds"][0]
    window = {"documents": POLICY, "invoices_from": starts, "invoices_until": starts + timedelta(days=90)}
    round_ |= {"opens_at": starts, "closes_at": starts + timedelta(days=80), "issuance": round_["issuance"] | window}
    desk.world.opened(document)
    phone = signed_in(devices, Person(desk.a_name(1), "13800000001"))
    phone.goto("/campaigns/first/application")
    phone.get_by_role("button", name="开始填写").click()
    phone.locator("a.task[href$='/tasks/policy']").click()
    phone.wait_for_load_state()  # fields are checked by a script
    phone.locator("#policy_from").fill(today.isoformat())
    phone.locator("#policy_until").fill((today + timedelta(days=100)).isoformat())
    phone.locator("#policy_until").blur()
    expect(phone.locator("#told-policy_until")).to_contain_text("保险期应当满一年")
    fits(phone)
    phone.screenshot(path=tmp_path / "policy.png", full_page=True)
