"""What must hold between releases and the ledger."""

from ledger.audit import Check, register

register(
    Check(
        "releases_match_released_money",
        "For each release, the money on release is its remaining stock times the face value.",
        """
        SELECT r.id AS release_id, r.remaining * o.face_value_fen AS stock_fen, COALESCE(m.fen, 0) AS ledger_fen
        FROM release r JOIN offer o ON o.id = r.offer_id
        LEFT JOIN (
            SELECT release_id, SUM(balance_fen) AS fen FROM ledger_account WHERE kind = 'released' GROUP BY release_id
        ) m ON m.release_id = r.id
        WHERE r.remaining * o.face_value_fen <> COALESCE(m.fen, 0)
        """,
    ),
    Check(
        "published_versions_have_two_people",
        "A published version was drafted by one person and published by another.",
        """
        SELECT id FROM campaign_version
        WHERE status = 'published' AND (published_by IS NULL OR published_by = drafted_by)
        """,
    ),
    Check(
        "campaign_budget_is_all_accounted_for",
        "For each campaign and source, what was granted is in the pool, on release, in vouchers, owed or paid.",
        """
        SELECT a.campaign_id, a.fund_source_id, SUM(a.balance_fen) AS held_fen, g.granted_fen
        FROM ledger_account a
        JOIN (
            SELECT c.campaign_id, c.fund_source_id, SUM(t.amount_fen) AS granted_fen
            FROM transfer t JOIN ledger_account c ON c.id = t.credit_account_id
            WHERE t.code = 'fund' GROUP BY c.campaign_id, c.fund_source_id
        ) g ON g.campaign_id = a.campaign_id AND g.fund_source_id = a.fund_source_id
        WHERE a.kind <> 'treasury'
        GROUP BY a.campaign_id, a.fund_source_id, g.granted_fen
        HAVING SUM(a.balance_fen) <> g.granted_fen
        """,
    ),
)
