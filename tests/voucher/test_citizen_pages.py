"""The citizens' pages: looking, claiming, holding, showing."""

import base64
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from foundation import clock as clocks
from foundation.clock import SimulatedClock
from foundation.db import db, transaction
from foundation.group_commit import QueueFull
from identity.sessions import close_all_sessions
from tests import people, world
from tests.browsing import Browser
from tests.people import CHEN, LIN
from voucher import claim_line, closed_releases, qr
from voucher.codes import LENGTH

FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


def claim_by_form(browser: Browser, release_id: int, **headers: str) -> TestResponse:
    return browser.post("/campaigns/spring/claims", data={"release_id": release_id}, headers=headers)


def shown_digits(html: str) -> str:
    """Return the digits under the QR code, after making sure that the picture says the same."""
    match = re.search(r"data-enlarge[^>]*>([0-9 ]+)</button>", html)
    picture = re.search(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    assert match is not None
    assert picture is not None
    digits = match[1].replace(" ", "")
    image = Image.open(io.BytesIO(base64.b64decode(picture[1])))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [digits]
    return digits


def test_anyone_may_look_at_the_campaigns(clock: SimulatedClock, client: Browser) -> None:
    world.opened()
    home = client.get("/").text
    assert "春季消费券" in home
    assert "满200减50" in home
    page = client.get("/campaigns/spring").text
    assert "登录后领取" in page
    assert "江城区财政" in page
    assert "充足" in page


def test_an_unknown_campaign_is_not_found(client: Browser) -> None:
    assert client.get("/campaigns/winter").status_code == 404


def test_without_campaigns_the_page_says_what_will_appear(client: Browser) -> None:
    assert "新活动公布后会出现在这里" in client.get("/").text


def test_before_the_opening_the_button_is_grey_and_says_when(clock: SimulatedClock, client: Browser) -> None:
    world.published(world.spring(rounds=[world.a_round(opens_at=world.OPENS + timedelta(hours=2))]))
    people.sign_in(client, LIN)
    page = client.get("/campaigns/spring").text
    assert "5月8日 12:00 开抢" in page
    assert re.search(r'id="claim-button"[^>]* disabled', page)
    assert f'data-server-now="{clock.now().isoformat()}"' in page


def test_a_claim_leads_to_the_voucher(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    answer = claim_by_form(client, campaign.release)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "餐饮券" in page
    assert 'data-state="ask"' in page
    assert "您已领取" in client.get("/campaigns/spring").text
    assert "查看我的券" in client.get("/campaigns/spring").text


def test_a_claim_by_htmx_is_sent_on_by_header(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    answer = claim_by_form(client, campaign.release, **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"].startswith("/vouchers/")


def test_a_refused_claim_stays_on_the_page_with_the_reason(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    claim_by_form(client, campaign.release)
    again = claim_by_form(client, campaign.release)
    assert again.status_code == 409
    assert "您已达到领取上限" in again.text
    fragment = claim_by_form(client, campaign.release, **{"HX-Request": "true"})
    assert fragment.status_code == 409
    assert "<html" not in fragment.text


def test_a_sold_out_round_is_grey_and_names_the_next(clock: SimulatedClock, client: Browser) -> None:
    one = [{"offer": "meal", "stock": 1}]
    later = world.a_round("r2", name="第二轮", opens_at=world.OPENS + timedelta(days=20), closes_at=world.ENDS)
    campaign = world.opened(world.spring(rounds=[world.a_round(releases=one), later]))
    world.claim(people.citizen(CHEN), campaign.release)
    people.sign_in(client, LIN)
    page = client.get("/campaigns/spring").text
    assert "第二轮" in page
    assert claim_by_form(client, campaign.release).status_code == 409


def test_a_claim_for_nonsense_is_not_found(clock: SimulatedClock, client: Browser) -> None:
    world.opened()
    people.sign_in(client, LIN)
    for nonsense in ("", "x", "-1", "１", "9" * 30):
        answer = client.post("/campaigns/spring/claims", data={"release_id": nonsense})
        assert answer.status_code == 404


def test_claiming_needs_a_sign_in(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    answer = claim_by_form(client, campaign.release)
    assert answer.status_code == 303
    assert "/sign-in" in answer.location


def test_claiming_needs_the_token_of_our_page(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    answer = client.post("/campaigns/spring/claims", data={"release_id": campaign.release}, csrf=False)
    assert answer.status_code == 400
    assert client.get("/vouchers").text.count('class="ticket"') == 0


def test_my_vouchers_are_counted_by_tab(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    shop = world.shop(campaign)
    lin = people.citizen(LIN)
    people.sign_in(client, LIN)
    assert "还没有可用的券" in client.get("/vouchers").text
    entitlement_id, digits = world.claim_and_show(lin, campaign.release)
    unused = client.get("/vouchers").text
    assert str(entitlement_id) in unused
    assert "还剩" in unused
    world.redeem(shop.till, digits, 26_800)
    used = client.get("/vouchers?tab=used").text
    assert "漠阳味道总店" in used
    assert "省下 50.00 元" in used
    assert "没有过期的券" in client.get("/vouchers?tab=expired").text
    assert client.get("/vouchers?tab=nonsense").status_code == 200


def test_the_code_is_drawn_into_the_answer_and_never_kept(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    address = claim_by_form(client, campaign.release).location
    answer = client.post(f"{address}/code", data={"open": "1"}, headers=FETCH)
    assert len(shown_digits(answer.text)) == LENGTH
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<html" not in answer.text
    assert 'data-left-ms="60000"' in answer.text


def test_without_scripts_the_code_comes_as_a_page(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    address = claim_by_form(client, campaign.release).location
    page = client.post(f"{address}/code", data={"open": "1"}).text
    assert "<html" in page
    assert len(shown_digits(page)) == LENGTH


def test_another_device_takes_the_voucher_over(app: Flask, clock: SimulatedClock) -> None:
    campaign = world.opened()
    entitlement_id = world.claim(people.citizen(LIN), campaign.release)
    first, second = people.browser_of(app, LIN), people.browser_of(app, LIN)
    address = f"/vouchers/{entitlement_id}"
    assert 'data-state="code"' in first.post(f"{address}/code", data={"open": "1"}, headers=FETCH).text
    assert first.get(f"{address}/now?seen=code").status_code == 204
    second.post(f"{address}/code", data={"open": "1"}, headers=FETCH)
    assert "已在另一台设备打开" in first.get(f"{address}/now?seen=code").text
    assert 'data-state="elsewhere"' in first.post(f"{address}/code", headers=FETCH).text
    assert second.get(f"{address}/now?seen=code").status_code == 204
    assert 'data-state="code"' in first.post(f"{address}/code", data={"open": "1"}, headers=FETCH).text
    assert 'data-state="elsewhere"' in second.get(f"{address}/now?seen=code").text


def test_after_the_redemption_the_page_says_where_when_and_how_much(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    shop = world.shop(campaign)
    people.sign_in(client, LIN)
    address = claim_by_form(client, campaign.release).location
    digits = shown_digits(client.post(f"{address}/code", data={"open": "1"}, headers=FETCH).text)
    world.redeem(shop.till, digits, 26_800)
    fragment = client.get(f"{address}/now?seen=code").text
    for told in ("已使用", "漠阳味道总店", "2023-05-08 10:00", "50.00", "268.00", "218.00"):
        assert told in fragment
    assert client.get(f"{address}/now?seen=used").status_code == 204
    refused = client.post(f"{address}/code", data={"open": "1"}, headers=FETCH)
    assert 'data-state="used"' in refused.text


def test_an_expired_voucher_says_so_and_shows_no_code(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    address = claim_by_form(client, campaign.release).location
    clock.move_to(clock.now() + timedelta(days=8))
    people.sign_in(client, LIN)
    assert "5月14日 24:00" in client.get(address).text
    answer = client.post(f"{address}/code", data={"open": "1"}, headers=FETCH)
    assert 'data-state="expired"' in answer.text
    assert "data:image" not in answer.text


def test_nobody_sees_another_persons_voucher(app: Flask, clock: SimulatedClock) -> None:
    campaign = world.opened()
    address = f"/vouchers/{world.claim(people.citizen(LIN), campaign.release)}"
    other = people.browser_of(app, CHEN)
    assert other.get(address).status_code == 404
    assert other.get(f"{address}/now").status_code == 404
    assert other.post(f"{address}/code", data={"open": "1"}).status_code == 404
    assert other.get(f"/vouchers/{UUID(int=7)}").status_code == 404
    assert people.browser_of(app).get(address).status_code == 303


def test_the_smallest_symbol_is_drawn_for_a_code() -> None:
    image = Image.open(io.BytesIO(qr.png("96" + "0" * 18)))
    assert image.mode == "1"
    assert image.width == (21 + 2 * qr.QUIET_MODULES) * qr.BOX_PIXELS


# --- before, after and in the rush ----------------------------------------------------------------------------------


class Statements:
    """Counts the statements that the application sends to its database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *_: object) -> None:
        self.count += 1


@pytest.fixture
def statements(app: Flask) -> Iterator[Statements]:
    counted = Statements()
    event.listen(db.engine, "before_cursor_execute", counted)
    yield counted
    event.remove(db.engine, "before_cursor_execute", counted)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("when", "words"),
    [("2023-05-08 09:59", "还没有开始领取"), ("2023-05-10 22:00", "结束领取")],
    ids=["not open yet", "closed"],
)
def test_before_and_after_its_time_a_claim_asks_no_database(
    client: Browser, when: str, words: str, headers: dict[str, str]
) -> None:
    with clocks.simulated(world.STARTS) as clock:
        campaign = world.published()
        people.sign_in(client, LIN)
        clock.move_to(world.at(when))
        claim_by_form(client, campaign.release)  # what is published is read once per process
        counted = Statements()
        event.listen(db.engine, "before_cursor_execute", counted)
        answer = claim_by_form(client, campaign.release, **headers)
        event.remove(db.engine, "before_cursor_execute", counted)
    assert (answer.status_code, counted.count) == (409, 0)
    assert words in answer.text


def test_what_is_sold_out_is_told_from_memory_and_only_so_long(
    clock: SimulatedClock, client: Browser, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    seconds = [1_000.0]
    monkeypatch.setattr(closed_releases.time, "monotonic", lambda: seconds[0])
    set_stock(campaign.release, 0)
    assert "已经领完" in claim_by_form(client, campaign.release).text
    statements.count = 0
    for _ in range(3):
        assert claim_by_form(client, campaign.release).status_code == 409
    assert statements.count == 0
    # Half way one request goes and reads again while the others are still told.
    seconds[0] += 0.5
    assert [asked(statements, client, campaign.release) for _ in range(3)] == [True, False, False]
    # Stock came back: within the second it is claimable.
    set_stock(campaign.release, 10)
    seconds[0] += 0.95
    assert claim_by_form(client, campaign.release).status_code == 303


def asked(statements: Statements, client: Browser, release_id: int) -> bool:
    statements.count = 0
    assert claim_by_form(client, release_id).status_code == 409
    return statements.count > 0


def set_stock(release_id: int, count: int) -> None:
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = :c WHERE id = :r"), {"c": count, "r": release_id})


def test_a_sign_in_that_was_revoked_claims_nothing(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    with transaction():
        close_all_sessions("citizen", str(people.citizen(LIN)))
    answer = claim_by_form(client, campaign.release)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")


def test_who_presses_without_end_is_slowed_down(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)
    codes = [claim_by_form(client, campaign.release).status_code for _ in range(claim_line.PER_PERSON.most + 1)]
    assert codes == [303] + [409] * (claim_line.PER_PERSON.most - 1) + [429]
    answer = claim_by_form(client, campaign.release)
    assert answer.headers["Retry-After"] == "60"
    assert "领取操作过于频繁" in answer.text
    other = people.browser_of(client.application, CHEN)
    assert claim_by_form(other, campaign.release).status_code == 303


def test_a_full_queue_is_told_with_when_to_come_back(
    clock: SimulatedClock, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.opened()
    people.sign_in(client, LIN)

    def full(*_: object) -> None:
        raise QueueFull

    monkeypatch.setattr(claim_line.CLAIMS, "submit", full)
    answer = claim_by_form(client, campaign.release, **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "还没有提交" in answer.text


def test_a_campaign_that_counts_by_device_notes_it_before_the_line(clock: SimulatedClock, client: Browser) -> None:
    campaign = world.opened(world.spring(people={"same_person": ["device"]}))
    people.sign_in(client, LIN)
    assert claim_by_form(client, campaign.release).status_code == 303
    # The same browser, somebody else's phone: the same person.
    people.sign_in(client, CHEN)
    again = claim_by_form(client, campaign.release)
    assert again.status_code == 409
    assert "已达到领取上限" in again.text
