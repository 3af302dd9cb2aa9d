"""The claim's page in a rush: it tries again by itself, says how it stands, and never presses twice in the dark."""

from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Devices, sign_in_citizen

CLAIMS = "**/campaigns/spring/claims"


def ready(devices: Devices) -> Page:
    page = devices.open()
    sign_in_citizen(page)
    page.goto("/campaigns/spring")
    return page


def test_a_full_queue_is_tried_again_by_itself_until_it_is_done(devices: Devices) -> None:
    page, asked = ready(devices), []

    def busy_twice(route: Route) -> None:
        asked.append(route.request.post_data)
        if len(asked) <= 2:
            headers = {"Retry-After": "1"}
            route.fulfill(status=503, headers=headers, content_type="text/html", body="<p>忙</p>")
        else:
            route.continue_()

    page.route(CLAIMS, busy_twice)
    page.locator("#claim-button").click()
    expect(page.locator("#claim-waiting")).to_contain_text("还没有提交成功")
    expect(page.locator("#claim-button")).to_be_disabled()
    expect(page.locator("[data-state=code]")).to_be_visible()
    assert len(asked) == 3
    assert len(set(asked)) == 1
    devices.complaints.clear()  # Chromium writes each 503 into the console


def test_a_limit_of_an_hour_is_told_and_not_waited_for(devices: Devices) -> None:
    page = ready(devices)
    page.route(
        CLAIMS,
        lambda route: route.fulfill(
            status=429, headers={"Retry-After": "3600"}, content_type="text/html", body="<p>过于频繁</p>"
        ),
    )
    page.locator("#claim-button").click()
    expect(page.locator("#claim-answer")).to_have_text("过于频繁")
    expect(page.locator("#claim-waiting")).to_be_hidden()
    expect(page.locator("#claim-button")).to_be_enabled()
    devices.complaints.clear()


def test_without_an_answer_the_page_does_not_press_again(devices: Devices) -> None:
    page, asked = ready(devices), []

    def cut(route: Route) -> None:
        asked.append(route)
        route.abort()

    page.route(CLAIMS, cut)
    page.locator("#claim-button").click()
    expect(page.locator("#claim-waiting")).to_contain_text("我的券")
    expect(page.locator("#claim-button")).to_be_enabled()
    page.wait_for_timeout(2_500)
    assert len(asked) == 1
    devices.complaints.clear()


def test_the_waiting_page_fits_a_phone(devices: Devices, tmp_path: Path) -> None:
    page = ready(devices)
    page.route(
        CLAIMS,
        lambda route: route.fulfill(status=503, headers={"Retry-After": "9"}, content_type="text/html", body=""),
    )
    page.locator("#claim-button").click()
    expect(page.locator("#claim-waiting")).to_contain_text("第 1 次")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.screenshot(path=tmp_path / "waiting.png")
    devices.complaints.clear()
