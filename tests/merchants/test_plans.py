"""What a claim, a redemption and an expiry ask of the database reads nothing whole that grows with the campaigns."""

import re
from collections import defaultdict
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from foundation.db import db
from tests import people
from tests.people import LIN
from tests.voucher.test_named_lists import by_list, listed
from tests.world import ENDS, JOB, citizens, claim, claim_and_show, done, opened, redeem, shop, void
from voucher.expiry import expire_due

#: Tables with a row or more per claim, redemption or citizen.
GROWING = {
    "citizen", "claim_batch", "entitlement", "idempotency_key", "person_identifier", "person_quota", "redemption",
    "refused_scan", "split_order", "state_change", "transfer", "voucher_code",
}  # fmt: skip


@contextmanager
def planned():
    """Yield a set that has, at the end of the block, the steps of all statements on SQLite: (step, statement)."""
    asked, found = set(), set()

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        asked.add(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)
    raw = db.engine.raw_connection()
    for statement in sorted(asked):
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", statement):
            # Which values are looked for makes no difference to how.
            nothing = [None] * statement.count("?") or defaultdict(lambda: None)
            found |= {(step, statement) for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {statement}", nothing)}
    raw.close()


def read_whole(steps):
    """Return what of GROWING is read whole, and by which statement."""
    scans = ((re.match(r"SCAN (\w+)(?! USING)", step), statement) for step, statement in steps)
    return {(scan[1], statement) for scan, statement in scans if scan and scan[1] in GROWING}


@pytest.fixture
def market(clock, sqlite_app):
    campaign = opened()
    return campaign, shop(campaign)


def a_redemption(market):
    campaign, place = market
    [lin] = citizens(1)
    _voucher, digits = claim_and_show(lin, campaign.release)
    return redeem(place.till, digits, 20_000)


def test_no_claim_and_no_redemption_reads_a_growing_table_whole(market):
    with planned() as steps:
        void(a_redemption(market), market[1].till)
    assert read_whole(steps) == set()


def test_no_listed_claim_looks_through_the_lines_of_the_whole_release(clock, sqlite_app):
    campaign = opened(by_list())
    lin = people.citizen(LIN)
    listed(campaign, f"手机号\n{LIN.phone}\n")
    with planned() as steps:
        claim(lin, campaign.release)
    of_lines = {step for step, _ in steps if " named_person " in step}
    assert of_lines
    assert [step for step in of_lines if "(live_release_id=?)" in step or step.startswith("SCAN")] == []


def test_no_batch_that_expires_puts_everything_due_in_order(market, clock):
    campaign, _ = market
    for citizen in citizens(3):
        claim(citizen, campaign.release)
    clock.move_to(ENDS)
    with planned() as steps:
        assert done(lambda: expire_due(actor=JOB, most=2)) == 2
    assert "SEARCH entitlement USING INDEX ix_entitlement_status_expires_at (status=? AND expires_at<?)" in {
        step for step, _ in steps
    }
    assert [step for step, statement in steps if "B-TREE" in step and "LIMIT" in statement] == []


def test_it_is_noticed_when_an_index_is_missing(market):
    done(lambda: db.session.connection().exec_driver_sql("DROP INDEX ix_redemption_entitlement_id"))
    with planned() as steps:
        a_redemption(market)
    assert {table for table, _ in read_whole(steps)} == {"redemption"}
