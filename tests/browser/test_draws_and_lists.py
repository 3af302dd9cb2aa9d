"""Draws and named lists in a browser: a citizen enters, wins and takes up; the bureau follows, and imports a list."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from foundation import clock as clocks
from foundation.clock import SimulatedClock
from tests import people, world
from tests.browser.conftest import Devices, last_sign_in_code
from tests.people import LIN, WEI
from tests.world import done
from voucher import jobs, lottery

DESK = {"width": 1280, "height": 900}


@pytest.fixture
def time(devices: Devices) -> Iterator[SimulatedClock]:
    """A clock that begins now and is moved; the server shares it."""
    with clocks.simulated(clocks.now()) as simulated:
        yield simulated


def campaign(code: str, issuance: dict[str, Any]) -> world.Published:
    """Publish a campaign beside the scene's own, with one round that is open for three days."""
    now = clocks.now()
    a_round = world.a_round(
        opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(days=3), issuance=issuance,
        releases=[{"offer": "meal", "stock": 2}],
    )  # fmt: skip
    document = world.spring(rounds=[a_round])
    document["campaign"] |= {
        "code": code, "name": "惠利金秋", "starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=30),
    }  # fmt: skip
    return world.opened(document)


def desk(devices: Devices, address: str) -> Page:
    page = devices.open(viewport=DESK)
    cookie = people.browser_of(devices.app, WEI).get_cookie(devices.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": devices.address}])
    page.goto(address)
    return page


def sign_in(page: Page, phone: str = LIN.phone) -> None:
    page.locator("#phone").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    page.locator("#code").fill(last_sign_in_code())
    page.get_by_role("button", name="登录").click()


def test_a_citizen_enters_wins_and_takes_up_and_the_bureau_follows(devices: Devices, time: SimulatedClock) -> None:
    until, draw_at = time.now() + timedelta(hours=2), time.now() + timedelta(hours=3)
    plan = {"kind": "lottery", "register_until": until, "draw_at": draw_at, "take_up_hours": 24}
    lots = campaign("lots", plan)
    jobs.run_lotteries()
    page = devices.open()
    page.goto("/sign-in?next=/campaigns/lots")
    sign_in(page)
    expect(page).to_have_url(f"{devices.address}/campaigns/lots")
    page.locator("label.choice").first.click()
    page.locator("#claim-button").click()
    expect(page.locator(".entry--waiting")).to_contain_text("您已报名")
    number = page.locator(".entry .hash").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375

    bureau = desk(devices, "/bureau/draws")
    expect(bureau.locator(".register")).to_contain_text("等待报名截止")
    bureau.locator(".register a").first.click()
    expect(bureau.locator("#content")).to_contain_text("开奖时公布，此前任何人都看不到")
    assert LIN.phone not in bureau.content()

    time.move_to(until)
    jobs.run_lotteries()
    time.move_to(draw_at)
    jobs.run_lotteries()
    page.reload()
    expect(page.locator(".entry--won")).to_contain_text("恭喜，您已中签")
    expect(page.get_by_role("link", name="下载结果")).to_be_visible()
    bureau.reload()
    expect(bureau.locator(".register").last).to_contain_text("中签，待领取")
    expect(bureau.locator(".register").last).to_contain_text(number[:16])
    page.get_by_role("button", name="领取").click()
    expect(page.locator("#content")).to_contain_text("餐饮券")
    bureau.reload()
    expect(bureau.locator(".register").last).to_contain_text("已到账")
    assert lots.outstanding_fen("city") > 0


def test_who_did_not_win_is_told_so(devices: Devices, time: SimulatedClock) -> None:
    until, draw_at = time.now() + timedelta(hours=2), time.now() + timedelta(hours=3)
    lots = campaign("lots", {"kind": "lottery", "register_until": until, "draw_at": draw_at})
    jobs.run_lotteries()
    for citizen in people.citizens(6):
        done(lambda citizen=citizen: lottery.enter(citizen, lots.release))
    lin = people.citizen(LIN)
    done(lambda: lottery.enter(lin, lots.release))
    for moment in (until, draw_at):
        time.move_to(moment)
        jobs.run_lotteries()
    page = devices.open_second()
    page.goto("/draws/1")
    expect(page.locator(".entry")).to_contain_text(
        "您已中签，券已到账" if "granted" in page.content() else "这次没有中签"
    )
    expect(page.locator(".facts")).to_contain_text("7")


def test_a_list_is_imported_looked_at_and_confirmed_and_its_people_claim(
    devices: Devices, time: SimulatedClock, tmp_path: Path
) -> None:
    campaign("listed", {"kind": "named_list"})
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("姓名,手机号\n林小满,138\n", encoding="utf-8")
    right.write_text(f"姓名,手机号\n林小满,{LIN.phone}\n林小满,{LIN.phone}\n", encoding="utf-8")
    bureau = desk(devices, "/bureau/lists")
    bureau.locator("#file").set_input_files(wrong)
    bureau.get_by_role("button", name="导入并预览").click()
    expect(bureau.locator(".faults")).to_contain_text("手机号")
    # That the file was refused is what this is about.
    devices.complaints = [words for words in devices.complaints if "status of 422" not in words]
    bureau.locator("#file").set_input_files(right)
    bureau.get_by_role("button", name="导入并预览").click()
    expect(bureau.locator("#content")).to_contain_text("文件里有 1 行与前面的行重复")
    assert LIN.phone not in bureau.locator("#content").inner_text()
    bureau.on("dialog", lambda dialog: dialog.accept())
    bureau.get_by_role("button", name="确认").first.click()
    expect(bureau.locator(".notice")).to_contain_text("已确认，1 人可以领取")

    page = devices.open()
    page.goto("/sign-in?next=/campaigns/listed")
    sign_in(page)
    page.locator("label.choice").first.click()
    page.locator("#claim-button").click()
    expect(page.locator("[data-state=code]")).to_be_visible()
    bureau.goto("/bureau/lists")
    expect(bureau.locator(".register tbody tr td").nth(5)).to_have_text("1")
