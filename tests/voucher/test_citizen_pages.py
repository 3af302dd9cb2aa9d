"""The citizens' pages: looking, claiming, holding, showing."""

import base64
import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from foundation.clock import SimulatedClock
from tests import people, world
from tests.browsing import Browser
from tests.people import CHEN, LIN
from voucher import qr
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
