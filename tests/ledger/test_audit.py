"""The audit is clean over a whole campaign's life, and every check of it is known to be able to fail."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select, text

import webapp.audit_checks  # noqa: F401 - registers every room's checks
from campaigns.rounds import close_due_rounds, release_due_rounds
from foundation.db import db
from ledger import audit, sealing
from ledger.accounts import FLOWS
from ledger.audit import Check
from ledger.commands import ledger
from merchants import payment_requests
from merchants.models import Redemption
from merchants.orders import redeem_order
from merchants.refunds import refund
from settlement import claw_backs
from settlement.closing import approve, close_period, mark_paid
from settlement.day_closing import close_days
from tests import cars, gifts, sold, trade_in
from tests.applications import desk
from tests.ledger.corruptions import CORRUPTIONS, corrupted, guards_off
from tests.merchants.waiting import ask, press
from tests.settlement import advanced
from tests.voucher import test_elsewhere
from tests.world import (
    CLOSES,
    JOB,
    a_round,
    at,
    citizens,
    claim,
    claim_and_show,
    done,
    everything,
    opened,
    redeem,
    shop,
    spring,
    void,
)
from voucher import spares
from voucher.expiry import expire_due


def a_whole_life(clock):
    """Live through a campaign so that every table that a check looks at has rows."""
    second = a_round(
        "r2",
        opens_at=at("2023-05-16 10:00"),
        closes_at=at("2023-05-18 10:00"),
        limits=[{"count": 2, "within": "round"}],
    )
    cars.a_life()
    document = spring(rounds=[a_round(), second])
    document["sources"].append({"code": "shops", "name": "参与商户", "level": "merchant", "budget_yuan": 1000})
    document["offers"][0]["funding"] = {"kind": "fixed", "amounts": {"city": 10, "jiangcheng": 30, "shops": 10}}
    document["offers"][0]["use"] = {"per_order": 2, "per_day": 2, "scan_mode": "either"}
    document["discount_limits"] = [
        {"most_yuan": 150, "within": "week"},
        {"most_yuan": 200, "within": "month"},
        {"most_yuan": 300, "within": "campaign"},
    ]
    campaign = opened(document)
    place = shop(campaign)
    appliances = trade_in.trade_in()
    appliances["campaign"]["code"] = "trade-in"
    appliances["rounds"][0]["releases"][0]["stock"] = 1
    trade = opened(appliances)
    lin, chen, liang, feng, huang = citizens(5)
    claim(lin, campaign.releases["r1", "meal"])
    redeem(place.till, claim_and_show(chen, campaign.releases["r1", "meal"])[1])
    void(redeem(place.desk, claim_and_show(liang, campaign.releases["r1", "meal"])[1], 30_000), place.desk)
    trade_in.sell(trade_in.shop(trade, number=2).till, trade_in.claim_and_show(lin, trade.release)[1], 399_900)
    sold.a_life(clock, citizens(12)[8:])
    clock.move_to(CLOSES)
    done(lambda: close_due_rounds(actor=JOB))
    chens = db.session.scalar(
        select(Redemption.id).where(Redemption.status == "redeemed", Redemption.payee == "merchant")
    )
    done(lambda: refund(chens, place.desk, 5_000, "质量问题"))
    gifts.a_life()
    test_elsewhere.a_life()
    clock.move_to(at("2023-05-15 00:00"))
    assert done(lambda: expire_due(actor=JOB)) == 3
    assert done(spares.return_due) == 1
    clock.move_to(at("2023-05-16 10:00"))
    done(lambda: release_due_rounds(actor=JOB))
    claim(feng, campaign.releases["r2", "meal"])
    huangs = redeem(place.till, claim_and_show(huang, campaign.releases["r2", "meal"])[1], 50_000)
    done(lambda: refund(huangs.redemption_id, place.desk, 10_000, "质量问题"))
    clock.move_to(at("2023-05-17 01:00"))
    while done(close_days):
        pass
    batch = done(lambda: close_period(campaign.id, at("2023-05-16 00:00").date(), by="officer:3").id)
    done(lambda: approve(batch, by="officer:4"))
    done(lambda: mark_paid(batch, by="officer:3", payment_reference="2023-0517"))
    # One comes back whole after it was paid, with its voucher; a part of another is repaid.
    done(lambda: refund(huangs.redemption_id, place.desk, 5_000, "买错型号"))
    [back] = claw_backs.pending()
    done(lambda: claw_backs.record_repaid(back.refund_id, by="officer:3", reference="2023-0518"))
    [guan] = citizens(6)[5:]
    guans = redeem(place.till, claim_and_show(guan, campaign.releases["r2", "meal"])[1], 20_000)
    done(lambda: refund(guans.redemption_id, place.desk, 20_000, "顾客退货"))
    [tang] = citizens(7)[6:]
    two = [claim_and_show(tang, campaign.releases["r2", "meal"])[1] for _ in range(2)]
    done(lambda: redeem_order(place.desk, two, 40_000))
    [su] = citizens(8)[7:]
    assert press(ask(place.desk), su, claim(su, campaign.releases["r2", "meal"]))["ok"]
    done(lambda: payment_requests.cancel(ask(place.till).request_id, place.till))
    desk.a_life(clock)
    advanced.a_life(clock)
    sealing.seal_all(timedelta(0))


def stock_changes_by(count):
    """Let a release lose stock behind the back of the operations, or find it again."""
    done(lambda: db.session.execute(text(f"UPDATE release SET remaining = remaining + {count} WHERE remaining > 0")))


def test_every_check_finds_what_it_is_there_to_find(clock, app, subtests):
    a_whole_life(clock)
    before = everything()
    assert audit.run() == []
    with guards_off():
        for check in audit.checks():
            for statements in CORRUPTIONS[check.name]:
                with subtests.test(check=check.name, statements=statements), corrupted(statements):
                    assert [found.check.name for found in audit.prove(db.session.connection(), [check])] == [check.name]
    assert everything() == before
    assert audit.run() == []


def test_no_check_lacks_a_corruption():
    assert set(CORRUPTIONS) == {check.name for check in audit.checks()}


def test_every_check_says_what_must_hold():
    for check in audit.checks():
        assert check.why.endswith(".")
        assert check.sql.lstrip().startswith("SELECT")


def test_the_chart_and_the_check_of_it_name_the_same_flows():
    [check] = [check for check in audit.checks() if check.name == "ledger_flows_follow_the_chart"]
    flows = [(code, debit, credit) for code, pairs in FLOWS.items() for debit, credit in pairs]
    for code, debit, credit in flows:
        assert f"('{code}', '{debit}', '{credit}')" in check.sql
    assert check.sql.count("('") == len(flows)


def test_a_name_stands_for_one_check():
    known = audit.checks()[0]
    audit.register(known)
    with pytest.raises(ValueError, match=known.name):
        audit.register(Check(known.name, "Something else.", "SELECT 1"))


def test_a_finding_counts_all_and_shows_some(clock, app):
    opened()
    shown = Check("always", "Always found.", " UNION ALL ".join(f"SELECT {n} AS n" for n in range(25)))
    audit.register(shown)
    try:
        [finding] = audit.run()
    finally:
        del audit._checks["always"]
    assert (finding.check, finding.found, len(finding.examples)) == (shown, 25, audit.SHOWN)
    assert finding.examples[0] == {"n": 0}


def test_every_check_looks_at_one_snapshot(clock, app, monkeypatch):
    opened()
    stock = "SELECT SUM(remaining) AS left_over FROM release"

    def checks_with_a_change_between():
        yield Check("first", "Seen first.", stock)
        stock_changes_by(-1)
        yield Check("second", "Seen after a change.", stock)

    with monkeypatch.context() as patched:
        patched.setattr(audit, "checks", checks_with_a_change_between)
        first, second = audit.run()
    assert first.examples == second.examples == [{"left_over": 10}]
    stock_changes_by(+1)


# --- flask ledger audit -------------------------------------------------------------------------------------


def test_a_clean_audit_exits_with_zero_and_lists_every_check(clock, sqlite_app):
    opened()
    result = sqlite_app.test_cli_runner().invoke(ledger, ["audit"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok"] * len(audit.checks())
    document = orjson.loads(sqlite_app.test_cli_runner().invoke(ledger, ["audit", "--json"]).stdout)
    assert document == {"checks": [check.name for check in audit.checks()], "findings": [], "clean": True}


def test_a_faulty_audit_exits_with_one_and_shows_what_it_found(clock, sqlite_app):
    a_whole_life(clock)
    stock_changes_by(-1)
    try:
        result = sqlite_app.test_cli_runner().invoke(ledger, ["audit"])
        as_json = sqlite_app.test_cli_runner().invoke(ledger, ["audit", "--json"])
    finally:
        stock_changes_by(+1)
    assert result.exit_code == as_json.exit_code == 1
    assert "WRONG  releases_match_released_money" in result.stdout
    assert "releases_match_released_money: 1 found" in result.stdout
    document = orjson.loads(as_json.stdout)
    assert document["clean"] is False
    assert {finding["check"] for finding in document["findings"]} >= {"releases_match_released_money"}
