"""The audit: every invariant of the money as a query that must find nothing.

Each room registers the checks of what it owns (``<room>/audit_checks.py``); the ledger's own are below. One
call proves them all: tests make it after every test that moves money, a job hourly, an auditor by
``flask ledger audit``. The checks are plain SQL, so that an auditor can run them by hand as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from foundation.db import db, is_postgresql

#: Findings shown per check; the number found is always complete.
SHOWN = 20


@dataclass(frozen=True)
class Check:
    """``sql`` selects the rows that break the rule ``why``; it selects none while the books are right."""

    name: str
    why: str
    sql: str


@dataclass(frozen=True)
class Finding:
    check: Check
    found: int
    examples: Sequence[dict[str, Any]]


_checks: dict[str, Check] = {}


def register(*checks: Check) -> None:
    """Add a room's checks. A name stands for one check."""
    for check in checks:
        if _checks.setdefault(check.name, check) != check:
            raise ValueError(f"two audit checks are called {check.name}")


def checks() -> list[Check]:
    """Return every registered check, by name."""
    return [_checks[name] for name in sorted(_checks)]


def run() -> list[Finding]:
    """Run every check on one snapshot of the database and return what is wrong; an empty list is a clean audit.

    The snapshot is of what is committed, on a connection of its own: what happens while the checks run can make no
    two of them disagree. The connection only reads and keeps nobody waiting.
    """
    with db.engine.connect() as connection:
        if is_postgresql():
            # On SQLite every transaction is one snapshot, from its first SELECT on.
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return prove(connection)


def prove(connection: Connection, which: Sequence[Check] | None = None) -> list[Finding]:
    """Run checks (all, unless said which) through an open connection, also on what its transaction has not committed
    yet."""
    findings = []
    for check in which or checks():
        rows = [dict(row) for row in connection.execute(text(check.sql)).mappings()]
        if rows:
            findings.append(Finding(check, len(rows), rows[:SHOWN]))
    return findings


register(
    Check(
        "ledger_balances_match_transfers",
        "An account's balance is the sum of its credits minus the sum of its debits.",
        """
        SELECT a.address, a.balance_fen, COALESCE(m.moved_fen, 0) AS moved_fen
        FROM ledger_account a
        LEFT JOIN (
            SELECT account_id, SUM(fen) AS moved_fen FROM (
                SELECT credit_account_id AS account_id, amount_fen AS fen FROM transfer
                UNION ALL
                SELECT debit_account_id, -amount_fen FROM transfer
            ) legs GROUP BY account_id
        ) m ON m.account_id = a.id
        WHERE a.balance_fen <> COALESCE(m.moved_fen, 0)
        """,
    ),
    Check(
        "ledger_sums_to_zero",
        "Money is neither made nor lost: all balances together are zero.",
        "SELECT SUM(balance_fen) AS total_fen FROM ledger_account HAVING SUM(balance_fen) <> 0",
    ),
    Check(
        "ledger_no_negative_balance",
        "Only accounts through which money comes in may stand below zero: the treasury's, and those of buyers.",
        "SELECT address, balance_fen FROM ledger_account WHERE balance_fen < 0 AND kind NOT IN ('treasury', 'buyers')",
    ),
    Check(
        "ledger_sources_do_not_mix",
        "A transfer stays within one fund source and, once granted, within one campaign.",
        """
        SELECT t.id, t.code, d.address AS debit, c.address AS credit
        FROM transfer t
        JOIN ledger_account d ON d.id = t.debit_account_id
        JOIN ledger_account c ON c.id = t.credit_account_id
        WHERE d.fund_source_id <> c.fund_source_id
           OR (d.kind <> 'treasury' AND d.campaign_id <> c.campaign_id)
        """,
    ),
    Check(
        "ledger_flows_follow_the_chart",
        "Each code moves money only between the kinds of account that the chart connects.",
        """
        SELECT t.id, t.code, d.kind AS debit_kind, c.kind AS credit_kind
        FROM transfer t
        JOIN ledger_account d ON d.id = t.debit_account_id
        JOIN ledger_account c ON c.id = t.credit_account_id
        WHERE (t.code, d.kind, c.kind) NOT IN (VALUES
            ('fund', 'treasury', 'budget'), ('fund', 'treasury', 'pledged'),
            ('deposit', 'pledged', 'budget'), ('return', 'budget', 'returned'),
            ('release', 'budget', 'released'), ('claim', 'released', 'outstanding'),
            ('reserve', 'released', 'reserved'), ('reserve', 'budget', 'reserved'),
            ('unreserve', 'reserved', 'released'), ('unreserve', 'reserved', 'budget'),
            ('claim', 'reserved', 'outstanding'), ('redeem', 'outstanding', 'due'), ('clear', 'due', 'cleared'),
            ('bounce', 'cleared', 'due'), ('refund', 'due', 'budget'), ('refund', 'cleared', 'budget'),
            ('recall', 'released', 'budget'), ('expire', 'outstanding', 'budget'),
            ('spare', 'outstanding', 'budget'),
            ('redeem', 'outstanding', 'payable'), ('redeem', 'outstanding', 'borne'),
            ('void', 'payable', 'outstanding'), ('void', 'borne', 'outstanding'),
            ('clear', 'payable', 'cleared'), ('pay', 'cleared', 'paid'),
            ('refund', 'payable', 'budget'), ('refund', 'payable', 'outstanding'),
            ('refund', 'borne', 'budget'), ('refund', 'borne', 'outstanding'),
            ('advance', 'budget', 'outstanding'), ('recover', 'payable', 'budget'), ('repay', 'paid', 'budget'),
            ('sell', 'buyers', 'proceeds'), ('sell', 'buyers', 'returning'),
            ('take_back', 'proceeds', 'returning'), ('send_back', 'returning', 'buyers'))
        """,
    ),
    Check(
        "ledger_reversals_take_back_what_was_posted",
        "A void, and nothing else, names the redemption it takes back, for the same amount between the same accounts.",
        """
        SELECT v.id, v.amount_fen, r.amount_fen AS reversed_fen
        FROM transfer v LEFT JOIN transfer r ON r.id = v.reverses_id
        WHERE (v.code <> 'void' AND v.reverses_id IS NOT NULL)
           OR v.code = 'void' AND (r.id IS NULL OR r.code <> 'redeem' OR r.amount_fen <> v.amount_fen
            OR r.debit_account_id <> v.credit_account_id OR r.credit_account_id <> v.debit_account_id)
        """,
    ),
    Check(
        "ledger_seals_follow_each_other",
        "Each seal names the one before it, has a leaf for each of its rows, and the head is the last.",
        """
        SELECT s.number, s.seal FROM seal s LEFT JOIN seal p ON p.number = s.number - 1
        WHERE s.previous <> COALESCE(p.seal, CASE WHEN s.number = 1 THEN
            '0000000000000000000000000000000000000000000000000000000000000000' ELSE '' END)
           OR LENGTH(s.leaves) <> 24 * s.row_count
        UNION ALL
        SELECT h.number, h.seal FROM seal_head h LEFT JOIN seal s ON s.number = h.number
        WHERE s.seal IS NULL OR s.seal <> h.seal OR h.number <> (SELECT MAX(number) FROM seal)
        UNION ALL
        SELECT MAX(number), MAX(seal) FROM seal HAVING COUNT(*) > 0 AND NOT EXISTS (SELECT 1 FROM seal_head)
        """,
    ),
)
