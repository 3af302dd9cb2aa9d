"""What we ask of a database session ends with its transaction, so that a pooler may hand sessions round."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("foundation", "identity", "ledger", "evidence", "campaigns", "voucher", "merchants", "settlement", "webapp")
#: What outlives a transaction on PostgreSQL.
LASTING = re.compile(
    r"pg_(?:try_)?advisory_lock\(|\bLISTEN\b|\bNOTIFY\b|CREATE TEMP|SET SESSION|WITH HOLD|\bPREPARE \w+ AS\b"
)


def test_nothing_is_kept_in_a_session():
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    found = [str(file.relative_to(ROOT)) for file in files if LASTING.search(file.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("code", ["SELECT pg_advisory_lock(1)", "LISTEN claims", "CREATE TEMP TABLE t (a int)"])
def test_the_search_for_such_things_finds_them(code):
    assert LASTING.search(code)
