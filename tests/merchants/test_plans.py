"""What a claim and a redemption ask of the database reads no table whole that grows with the campaigns."""

import re
from collections import defaultdict
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from foundation.db import db
from tests.world import citizens, claim_and_show, done, opened, redeem, shop, void

#: Tables with a row or more per claim, redemption or citizen.
GROWING = {
    "citizen", "claim_batch", "entitlement", "idempotency_key", "person_identifier", "person_quota", "redemption",
    "refused_scan", "split_order", "state_change", "transfer", "voucher_code",
}  # fmt: skip


@contextmanager
def read_whole():
    """Yield a set that has, at the end of the block, what of GROWING was read whole, and by which statement."""
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
            for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {statement}", nothing):
                scanned = re.match(r"SCAN (\w+)(?! USING)", step)
                if scanned and scanned[1] in GROWING:
                    found.add((scanned[1], statement))
    raw.close()


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
    with read_whole() as found:
        void(a_redemption(market), market[1].till)
    assert found == set()


def test_it_is_noticed_when_an_index_is_missing(market):
    done(lambda: db.session.connection().exec_driver_sql("DROP INDEX ix_redemption_entitlement_id"))
    with read_whole() as found:
        a_redemption(market)
    assert {table for table, _ in found} == {"redemption"}
