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
        WHERE r.asked_fen IS NULL AND r.remaining * o.face_value_fen <> COALESCE(m.fen, 0)
        """,
    ),
    Check(
        "packs_stay_whole",
        "The stocks of the offers in one pack fall together, so that the last pack is as whole as the first.",
        """
        SELECT a.id AS release_id, b.id AS other_id, a.pack
        FROM release a JOIN release b ON b.round_id = a.round_id AND b.pack = a.pack AND b.id > a.id
        WHERE a.pack <> '' AND (
            CAST(a.remaining AS BIGINT) * b.per_pack <> CAST(b.remaining AS BIGINT) * a.per_pack
            OR CAST(a.released AS BIGINT) * b.per_pack <> CAST(b.released AS BIGINT) * a.per_pack
        )
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
        "terminated_campaigns_are_closed",
        "A campaign that was ended early has no round that is not closed, and two people decided it.",
        """
        SELECT t.campaign_id, r.code, r.status FROM termination t
        JOIN campaign_round r ON r.campaign_id = t.campaign_id
        WHERE t.approved_by IS NOT NULL AND (r.status <> 'closed' OR t.approved_by = t.proposed_by)
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
        WHERE a.kind NOT IN ('treasury', 'buyers', 'proceeds', 'returning')
        GROUP BY a.campaign_id, a.fund_source_id, g.granted_fen
        HAVING SUM(a.balance_fen) <> g.granted_fen
        """,
    ),
)
