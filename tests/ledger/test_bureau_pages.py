"""The bureau's pages of the books."""

import pytest
from flask import Flask
from sqlalchemy import select

from foundation.clock import SimulatedClock
from foundation.db import db
from ledger import audit, reading, words
from ledger.accounts import AccountKind
from ledger.models import LedgerAccount
from tests import people, world
from tests.browsing import Browser
from tests.people import SONG
from tests.world import Published

LEDGER = "/bureau/ledger"


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def song(app: Flask, clock: SimulatedClock) -> Browser:
    """The auditor, who may read everything and prove the books."""
    return people.browser_of(app, SONG)


def test_the_books_say_what_will_appear_before_anything_is_published(song: Browser) -> None:
    assert "还没有资金" in song.get(LEDGER).text
    assert "没有符合条件的账户" in song.get(f"{LEDGER}/accounts").text


def test_money_is_shown_by_campaign_and_source(song: Browser) -> None:
    world.opened()
    html = song.get(LEDGER).text
    assert "春季消费券" in html
    assert "江城区财政" in html
    assert "99,900.00" in html  # ten meals of 50 are on release, a fifth of them the city's
    assert "400.00" in html


def test_accounts_are_filtered_and_summed(song: Browser) -> None:
    campaign = world.opened()
    html = song.get(f"{LEDGER}/accounts?campaign={campaign.id}&kind=released").text
    assert "已投放未领" in html
    assert "500.00" in html
    assert "100,000.00" not in html
    for nonsense in ("kind=cash", "campaign=x", "source=99999999999999999999", "page=-1"):
        assert song.get(f"{LEDGER}/accounts?{nonsense}").status_code == 200


def test_an_account_shows_what_moved_and_links_to_its_document(song: Browser) -> None:
    campaign = world.opened()
    shop = world.shop(campaign)
    citizen = world.citizens(1)[0]
    _voucher, digits = world.claim_and_show(citizen, campaign.release)
    receipt = world.redeem(shop.till, digits)
    world.void(receipt, shop.till)
    account_id = db.session.scalar(
        select(LedgerAccount.id).where(
            LedgerAccount.kind == AccountKind.PAYABLE.value, LedgerAccount.fund_source_id == campaign.sources["city"]
        )
    )
    html = song.get(f"{LEDGER}/accounts/{account_id}").text
    assert "漠阳味道" in html
    assert "冲正" in html
    assert f"/bureau/settlement/redemptions/{receipt.redemption_id}" in html
    only = song.get(f"{LEDGER}/accounts/{account_id}?code=void&first_day=2023-05-08&last_day=2023-05-08").text
    assert "共 1 笔" in only
    assert "没有符合条件的流水" in song.get(f"{LEDGER}/accounts/{account_id}?last_day=2023-05-07").text
    assert song.get(f"{LEDGER}/accounts/{account_id}?first_day=someday").status_code == 200


def test_an_unknown_account_is_not_found(song: Browser) -> None:
    for number in ("7777", "99999999999999999999"):
        assert song.get(f"{LEDGER}/accounts/{number}").status_code == 404


def test_the_audit_is_run_from_the_page_and_remembered(song: Browser) -> None:
    world.opened()
    assert "还没有核查过" in song.get(f"{LEDGER}/audit").text
    response = song.post(f"{LEDGER}/audit")
    assert response.status_code == 200
    assert f"{len(audit.checks())} 项全部通过" in response.text
    last = reading.last_audit()
    assert last is not None
    assert last.outcome == "done"
    assert "最近一次核查" in song.get(f"{LEDGER}/audit").text


def test_an_audit_that_finds_something_names_the_check_and_the_rows(
    song: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = audit.Check("always_wrong", "Nothing is right.", "SELECT 'campaign:1' AS address")
    monkeypatch.setitem(audit._checks, broken.name, broken)
    html = song.post(f"{LEDGER}/audit").text
    assert "有 1 项不符" in html
    assert "campaign:1" in html
    last = reading.last_audit()
    assert last is not None
    assert last.outcome == "failed"


def test_every_check_is_told_in_the_readers_words(song: Browser) -> None:
    assert {check.name for check in audit.checks()} <= set(words.CHECKS)


def test_a_campaigns_money_adds_up_to_what_was_granted(song: Browser) -> None:
    campaign: Published = world.opened()
    assert sum(row.granted_fen for row in reading.money_by_source(campaign.id)) == 20_000_000
