"""What must hold of merchants' checks, disputes, deposits and returned money."""

from ledger.audit import Check, register

register(
    Check(
        "merchants_had_their_time_to_check",
        "A batch that gives its merchants days asks every one of them, and is approved when all have answered or their"
        " days are over.",
        """
        SELECT s.id, b.status, b.check_until, c.status AS check_status, c.ends_on FROM statement s
        JOIN settlement_batch b ON b.id = s.batch_id
        LEFT JOIN statement_check c ON c.id = s.id
        WHERE (b.check_until IS NULL) <> (c.id IS NULL) OR c.ends_on <> b.check_until
           OR (b.status IN ('approved', 'paid') AND c.status NOT IN ('confirmed', 'disputed'))
           OR (b.status = 'rejected' AND c.status <> 'dropped') OR (b.status <> 'rejected' AND c.status = 'dropped')
        """,
    ),
    Check(
        "disputed_sales_are_not_settled",
        "A line whose dispute is open is on no statement.",
        """
        SELECT d.id, d.redemption_id, r.statement_id FROM dispute d JOIN redemption r ON r.id = d.redemption_id
        WHERE d.status = 'open' AND r.statement_id IS NOT NULL
        """,
    ),
    Check(
        "disputes_were_answered_once",
        "Exactly the statements that were disputed have disputed lines, of the same merchant, and a decided dispute"
        " has its answer.",
        """
        SELECT c.id, c.status, COALESCE(d.n, 0) AS disputes FROM statement_check c
        JOIN statement s ON s.id = c.id
        LEFT JOIN (
            SELECT x.statement_id, COUNT(*) AS n,
                   SUM(CASE WHEN (x.status = 'open') <> (x.decided_by IS NULL) THEN 1 ELSE 0 END) AS undecided,
                   MIN(r.merchant_id) AS least, MAX(r.merchant_id) AS most
            FROM dispute x JOIN redemption r ON r.id = x.redemption_id GROUP BY x.statement_id
        ) d ON d.statement_id = c.id
        WHERE (c.status = 'disputed' AND d.n IS NULL) OR (c.status IN ('collected', 'confirmed') AND d.n IS NOT NULL)
           OR d.undecided > 0 OR d.least <> s.merchant_id OR d.most <> s.merchant_id
        """,
    ),
    Check(
        "deposits_match_their_posting",
        "Each deposit moved its amount from what its source had pledged into the pool, once.",
        """
        SELECT d.id, d.amount_fen, COALESCE(m.fen, 0) AS posted_fen FROM deposit d
        LEFT JOIN (
            SELECT t.document_id, a.campaign_id, a.fund_source_id, SUM(t.amount_fen) AS fen
            FROM transfer t JOIN ledger_account a ON a.id = t.credit_account_id
            WHERE t.code = 'deposit' GROUP BY t.document_id, a.campaign_id, a.fund_source_id
        ) m ON m.document_id = CAST(d.id AS TEXT) AND m.campaign_id = d.campaign_id
            AND m.fund_source_id = d.fund_source_id
        WHERE d.amount_fen <> COALESCE(m.fen, 0)
        """,
    ),
    Check(
        "fund_returns_match_their_posting",
        "What went back to a source was proposed by one person and carried out by another, to the fen, once.",
        """
        SELECT r.id, r.status, l.fund_source_id, l.amount_fen, COALESCE(m.fen, 0) AS posted_fen FROM fund_return r
        LEFT JOIN fund_return_line l ON l.fund_return_id = r.id
        LEFT JOIN (
            SELECT t.document_id, a.campaign_id, a.fund_source_id, SUM(t.amount_fen) AS fen
            FROM transfer t JOIN ledger_account a ON a.id = t.credit_account_id
            WHERE t.code = 'return' GROUP BY t.document_id, a.campaign_id, a.fund_source_id
        ) m ON m.document_id = CAST(r.id AS TEXT) AND m.campaign_id = r.campaign_id
            AND m.fund_source_id = l.fund_source_id
        WHERE l.fund_return_id IS NULL
           OR COALESCE(m.fen, 0) <> CASE WHEN r.status = 'returned' THEN l.amount_fen ELSE 0 END
           OR (r.status = 'returned' AND (r.carried_out_by IS NULL OR r.carried_out_by = r.proposed_by))
        """,
    ),
)
