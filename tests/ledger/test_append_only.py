"""What is written in the ledger, the history and the trail stays written, whoever asks the database."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from foundation.db import db, transaction
from merchants import redemptions
from merchants.errors import TillSuspended
from tests.world import citizens, claim_and_show, done, everything, opened, redeem, shop


@pytest.fixture
def books(clock, app):
    """Books with at least a row in each of the three tables."""
    campaign = opened()
    place = shop(campaign)
    [lin] = citizens(1)
    _, digits = claim_and_show(lin, campaign.release)
    redeem(place.till, digits)
    done(lambda: redemptions.record_refusal(place.till, TillSuspended(), code_text=digits, bill_fen=1))
    return everything()


def test_what_is_written_is_neither_changed_nor_deleted(books):
    for table, column in [("transfer", "amount_fen"), ("state_change", "actor"), ("refused_scan", "reason")]:
        assert books[table]
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="can only be added to"), transaction():
                db.session.execute(text(statement))
    assert everything() == books


def test_a_table_is_not_emptied_at_once_either(clock, postgres_app):
    with pytest.raises(DBAPIError, match="can only be added to"), transaction():
        db.session.execute(text("TRUNCATE transfer CASCADE"))
