"""A real server, a real browser, and pages that are watched for complaints.

Chromium is the system's. Each test gets its own SQLite database and server; the browser is started once.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from foundation.db import db
from identity.models import OutboxMessage
from tests import people
from tests.browser.scene import Scene, build
from tests.conftest import missing
from tests.people import LIN

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
#: What Chromium writes about an answer that is a refusal, or about a line that a test has cut itself.
_EXPECTED = re.compile(r"Failed to load resource: (the server responded with a status of 409|net::ERR_)")
PHONE = {"width": 375, "height": 667}
#: How long anything may take before the test gives it up; a busy machine is slow, and what is wrong stays wrong.
PATIENCE_MS = 15_000

_WEDGE = Path(__file__).parents[2] / "webapp" / "static" / "js" / "wedge.js"
#: A busy machine passes keys on more slowly than a gun types them. With this a burst may have pauses of a second; it
#: changes no other timer.
_PATIENT_WITH_GUNS = """
const setTimer = window.setTimeout;
window.setTimeout = (work, ms, ...given) => setTimer(work, ms === GAP_MS ? 1000 : ms, ...given);
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Callable[..., Browser]:
    """Start a Chromium with further flags."""
    path = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if path is None:
        missing("there is no Chromium: apt-get install chromium")

    def start(*flags: str) -> Browser:
        return playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])

    return start


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


class Quiet(WSGIRequestHandler):
    def log_request(self, *_args: Any) -> None:
        """Write nothing: a failed test's report is about the test."""


@pytest.fixture
def scene(sqlite_app: Flask, request: pytest.FixtureRequest) -> Scene:
    """The campaign and the shop; a test may say when the round opens by ``@pytest.mark.parametrize``."""
    return build(*getattr(request, "param", ()))


@pytest.fixture
def address(sqlite_app: Flask, scene: Scene) -> Iterator[str]:
    """The address of a running server with the scene in its database."""
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Devices:
    """Browsers of one test, each a device of its own; ``complaints`` is what their consoles said."""

    app: Flask
    address: str
    chromium: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, browser: Browser | None = None, **options: Any) -> Page:
        """Open a page on a new device, a phone of 375 pixels unless ``viewport`` says otherwise."""
        settings = {"viewport": PHONE, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        context = (browser or self.chromium).new_context(base_url=self.address, **settings)
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        return page

    def open_second(self) -> Page:
        """Open a page on a further device of LIN's, signed in already: a second message within a minute would be
        refused."""
        page = self.open()
        cookie = people.browser_of(self.app, LIN).get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.match(message.text):
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture
def devices(sqlite_app: Flask, address: str, chromium: Browser) -> Iterator[Devices]:
    """Open pages; whatever a console complains of (a CSP violation, an exception) fails the test at its end."""
    opened = Devices(sqlite_app, address, chromium)
    yield opened
    for context in opened.contexts:
        context.close()
    assert opened.complaints == []


def last_sign_in_code() -> str:
    """Return the code of the newest message in the outbox."""
    db.session.rollback()
    body = db.session.scalars(select(OutboxMessage.body).order_by(OutboxMessage.created_at.desc())).first()
    assert body is not None
    found = re.search(r"\b[0-9]{6}\b", body)
    assert found is not None
    return found[0]


def sign_in_citizen(page: Page, phone: str = LIN.phone) -> None:
    """Sign in on the page that is open, or on the sign-in page."""
    if "/sign-in" not in page.url:
        page.goto("/sign-in")
    page.locator("#phone").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    page.locator("#code").fill(last_sign_in_code())
    page.get_by_role("button", name="登录").click()
    expect(page.locator(".masthead__side span")).to_be_visible()


def sign_in_cashier(page: Page, login: str = "cashier-1") -> None:
    """Sign a shop's cashier in; the till is open afterwards."""
    gap = re.search(r"GAP_MS = ([0-9]+);", _WEDGE.read_text(encoding="utf-8"))
    assert gap is not None
    page.add_init_script(_PATIENT_WITH_GUNS.replace("GAP_MS", gap[1]))
    page.goto("/till/")
    page.locator("#login").fill(login)
    page.locator("#password").fill("harbour-lights-42")
    page.get_by_role("button", name="登录").click()
    expect(page.locator("[data-go]")).not_to_be_empty()


def shown_code(page: Page) -> str:
    """Return the digits that a voucher's page shows."""
    expect(page.locator("[data-state=code]")).to_be_visible()
    return page.locator("[data-enlarge]").inner_text().replace(" ", "")


def claim(page: Page, name: str = "餐饮消费券") -> None:
    """Claim a ticket of the campaign; its voucher is open afterwards."""
    page.goto("/campaigns/spring")
    page.locator("label.choice", has_text=name).click()
    page.locator("#claim-button").click()
    expect(page.locator("[data-state=code]")).to_be_visible()
