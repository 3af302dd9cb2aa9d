"""What must hold between reports, statements and the ledger."""

from ledger.audit import Check, register

register(
    Check(
        "transfers_stand_on_a_document",
        "Every transfer names the document that caused it, and the document is there.",
        """
        SELECT t.id, t.code, t.document_kind, t.document_id FROM transfer t
        LEFT JOIN (
            SELECT 'campaign_version' AS kind, CAST(id AS TEXT) AS id FROM campaign_version
            UNION ALL SELECT 'release', CAST(id AS TEXT) FROM release
            UNION ALL SELECT 'application', REPLACE(CAST(id AS TEXT), '-', '') FROM reservation
            UNION ALL SELECT 'top_up', REPLACE(CAST(id AS TEXT), '-', '') FROM top_up
            UNION ALL SELECT 'claim_batch', REPLACE(CAST(id AS TEXT), '-', '') FROM claim_batch
            UNION ALL SELECT 'expiry_run', REPLACE(CAST(id AS TEXT), '-', '') FROM expiry_run
            UNION ALL SELECT 'spare_run', REPLACE(CAST(id AS TEXT), '-', '') FROM spare_run
            UNION ALL SELECT 'redemption', REPLACE(CAST(id AS TEXT), '-', '') FROM redemption
            UNION ALL SELECT 'refund', REPLACE(CAST(id AS TEXT), '-', '') FROM refund
            UNION ALL SELECT 'statement', CAST(id AS TEXT) FROM statement
            UNION ALL SELECT 'payout', REPLACE(CAST(id AS TEXT), '-', '') FROM payout
            UNION ALL SELECT 'deposit', CAST(id AS TEXT) FROM deposit
            UNION ALL SELECT 'fund_return', CAST(id AS TEXT) FROM fund_return
            UNION ALL SELECT 'purchase', REPLACE(CAST(id AS TEXT), '-', '') FROM purchase
            UNION ALL SELECT 'payment', REPLACE(CAST(id AS TEXT), '-', '') FROM payment
        ) d ON d.kind = t.document_kind AND d.id = t.document_id
        WHERE d.id IS NULL
        """,
    ),
    Check(
        "day_figures_match_the_ledger",
        "The kept figures of each closed day are what the ledger moved on it, by campaign, source and code.",
        """
        SELECT bureau_day, campaign_id, fund_source_id, code, SUM(fen) AS too_much_fen FROM (
            SELECT bureau_day, campaign_id, fund_source_id, 'release' AS code, released_fen AS fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'claim', claimed_fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'expire', expired_fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'recall', recalled_fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'spare', spare_fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'redeem', redeemed_fen FROM day_figure
            UNION ALL SELECT bureau_day, campaign_id, fund_source_id, 'void', voided_fen FROM day_figure
            UNION ALL
            SELECT t.bureau_day, a.campaign_id, a.fund_source_id, t.code, -t.amount_fen
            FROM transfer t JOIN closed_day d ON d.bureau_day = t.bureau_day
            JOIN ledger_account a ON a.id = t.debit_account_id
            WHERE t.code IN ('release', 'claim', 'expire', 'recall', 'spare', 'redeem', 'void')
        ) sums
        GROUP BY bureau_day, campaign_id, fund_source_id, code HAVING SUM(fen) <> 0
        """,
    ),
    Check(
        "driven_consumption_matches_redemptions",
        "The kept 拉动消费 of closed days is the sum of the bills of their standing redemptions less the goods that"
        " came back on them, also by merchant.",
        """
        SELECT * FROM (
            SELECT (SELECT COALESCE(SUM(driven_fen), 0) FROM day_figure) AS by_day_fen,
                   (SELECT COALESCE(SUM(driven_fen), 0) FROM merchant_day_figure) AS by_merchant_fen,
                   (SELECT COALESCE(SUM(r.bill_fen), 0) FROM redemption r
                    JOIN closed_day d ON d.bureau_day = r.bureau_day WHERE r.status <> 'voided')
                 - (SELECT COALESCE(SUM(f.bill_fen), 0) FROM refund f
                    JOIN closed_day d ON d.bureau_day = f.bureau_day) AS bills_fen
        ) sums WHERE by_day_fen <> bills_fen OR by_merchant_fen <> bills_fen
        """,
    ),
    Check(
        "refund_figures_match_refunds",
        "The kept refunds of closed days are those that were made on them, also by merchant.",
        """
        SELECT * FROM (
            SELECT (SELECT COALESCE(SUM(refunded_fen), 0) FROM day_figure) AS by_day_fen,
                   (SELECT COALESCE(SUM(refunded_fen), 0) FROM merchant_day_figure) AS by_merchant_fen,
                   (SELECT COALESCE(SUM(f.discount_fen), 0) FROM refund f
                    JOIN closed_day d ON d.bureau_day = f.bureau_day) AS refunds_fen
        ) sums WHERE by_day_fen <> refunds_fen OR by_merchant_fen <> refunds_fen
        """,
    ),
    Check(
        "statements_match_their_redemptions",
        "Each live statement is its redemptions less what the merchant bears and less its refunds, and the sum of its"
        " lines by source.",
        """
        SELECT s.id, s.payable_fen, COALESCE(r.fen, 0) AS redeemed_fen, COALESCE(f.fen, 0) AS deducted_fen,
               COALESCE(l.fen, 0) AS lines_fen
        FROM statement s JOIN settlement_batch b ON b.id = s.batch_id
        LEFT JOIN (
            SELECT statement_id, COUNT(*) AS n, SUM(discount_fen - borne_fen) AS fen, SUM(bill_fen) AS bill
            FROM redemption
            WHERE statement_id IS NOT NULL GROUP BY statement_id
        ) r ON r.statement_id = s.id
        LEFT JOIN (
            SELECT statement_id, COUNT(*) AS n, SUM(discount_fen - borne_fen) AS fen FROM refund
            WHERE statement_id IS NOT NULL GROUP BY statement_id
        ) f ON f.statement_id = s.id
        LEFT JOIN (SELECT statement_id, SUM(amount_fen) AS fen FROM statement_line GROUP BY statement_id) l
            ON l.statement_id = s.id
        WHERE (b.status <> 'rejected' AND (s.payable_fen <> COALESCE(r.fen, 0) - COALESCE(f.fen, 0)
               OR s.bill_fen <> COALESCE(r.bill, 0) OR s.redemption_count <> COALESCE(r.n, 0)
               OR s.deduction_count <> COALESCE(f.n, 0) OR s.deducted_fen <> COALESCE(f.fen, 0)))
           OR (b.status = 'rejected' AND (r.n > 0 OR f.n > 0))
           OR s.payable_fen <> COALESCE(l.fen, 0)
        """,
    ),
    Check(
        "statements_match_the_ledger",
        "An approved statement cleared exactly what it says, and a paid one paid exactly that.",
        """
        SELECT s.id, b.status, s.payable_fen, COALESCE(t.cleared_fen, 0) AS cleared_fen,
               COALESCE(t.paid_fen, 0) AS paid_fen
        FROM statement s JOIN settlement_batch b ON b.id = s.batch_id
        LEFT JOIN (
            SELECT document_id, SUM(CASE WHEN code = 'clear' THEN amount_fen ELSE 0 END) AS cleared_fen,
                   SUM(CASE WHEN code = 'pay' THEN amount_fen ELSE 0 END) AS paid_fen
            FROM transfer WHERE document_kind = 'statement' GROUP BY document_id
        ) t ON t.document_id = CAST(s.id AS TEXT)
        WHERE COALESCE(t.cleared_fen, 0) <> CASE WHEN b.status IN ('approved', 'paid') THEN s.payable_fen ELSE 0 END
           OR COALESCE(t.paid_fen, 0) <> CASE WHEN b.status = 'paid' THEN s.payable_fen ELSE 0 END
        """,
    ),
    Check(
        "voided_redemptions_are_not_settled",
        "A voided redemption is on no statement.",
        "SELECT id FROM redemption WHERE status = 'voided' AND statement_id IS NOT NULL",
    ),
    Check(
        "approved_batches_have_two_people",
        "A batch was closed by one person and approved by another.",
        """
        SELECT id FROM settlement_batch WHERE status IN ('approved', 'paid')
          AND (approved_by IS NULL OR approved_by = closed_by)
        """,
    ),
)

register(
    Check(
        "payouts_match_their_lines",
        "A payout is on a batch exactly while a line of a live one waits for it, and was paid exactly once.",
        """
        SELECT p.id, p.status, p.amount_fen, COALESCE(l.waiting, 0) AS waiting, COALESCE(l.paid, 0) AS paid
        FROM payout p
        LEFT JOIN (
            SELECT payout_id, SUM(CASE WHEN status = 'waiting' THEN 1 ELSE 0 END) AS waiting,
                   SUM(CASE WHEN status = 'paid' THEN 1 ELSE 0 END) AS paid,
                   MAX(amount_fen) AS most, MIN(amount_fen) AS least
            FROM payout_line GROUP BY payout_id
        ) l ON l.payout_id = p.id
        WHERE COALESCE(l.waiting, 0) <> CASE WHEN p.status IN ('batched', 'cleared') THEN 1 ELSE 0 END
           OR COALESCE(l.paid, 0) <> CASE WHEN p.status IN ('paid', 'reclaimed', 'repaid') THEN 1 ELSE 0 END
           OR COALESCE(l.most, p.amount_fen) <> p.amount_fen OR COALESCE(l.least, p.amount_fen) <> p.amount_fen
        """,
    ),
    Check(
        "payout_batches_match_the_ledger",
        "What the ledger cleared, bounced and paid of a payout is what its lines say.",
        """
        SELECT p.id, p.status, COALESCE(t.cleared, 0) AS cleared_fen, COALESCE(t.bounced, 0) AS bounced_fen,
               COALESCE(t.paid, 0) AS paid_fen
        FROM payout p
        LEFT JOIN (
            SELECT document_id, SUM(CASE WHEN code = 'clear' THEN amount_fen ELSE 0 END) AS cleared,
                   SUM(CASE WHEN code = 'bounce' THEN amount_fen ELSE 0 END) AS bounced,
                   SUM(CASE WHEN code = 'pay' THEN amount_fen ELSE 0 END) AS paid
            FROM transfer WHERE document_kind = 'payout' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(p.id AS TEXT), '-', '')
        LEFT JOIN (
            SELECT l.payout_id,
                   SUM(CASE WHEN b.approved_by IS NOT NULL AND l.status <> 'taken_off'
                            THEN l.amount_fen ELSE 0 END) AS cleared,
                   SUM(CASE WHEN l.status = 'failed' THEN l.amount_fen ELSE 0 END) AS bounced,
                   SUM(CASE WHEN l.status = 'paid' THEN l.amount_fen ELSE 0 END) AS paid
            FROM payout_line l JOIN payout_batch b ON b.id = l.batch_id GROUP BY l.payout_id
        ) s ON s.payout_id = p.id
        WHERE COALESCE(t.bounced, 0) <> COALESCE(s.bounced, 0) OR COALESCE(t.paid, 0) <> COALESCE(s.paid, 0)
           OR (p.status <> 'taken_off' AND COALESCE(t.cleared, 0) <> COALESCE(s.cleared, 0))
        """,
    ),
    Check(
        "returned_payouts_have_their_refund",
        "A payout that was taken off or claimed back has a refund of all of it, which is repaid exactly if it is.",
        """
        SELECT p.id, p.status, f.discount_fen, f.repaid_at FROM payout p
        LEFT JOIN payout_return x ON x.payout_id = p.id
        LEFT JOIN refund f ON f.id = x.refund_id AND f.redemption_id = p.id
        WHERE (p.status IN ('taken_off', 'reclaimed', 'repaid')) <> (f.id IS NOT NULL)
           OR (f.id IS NOT NULL AND (f.discount_fen <> p.amount_fen
               OR (p.status = 'repaid') <> (f.repaid_at IS NOT NULL)
               OR (p.status = 'taken_off') <> (f.recovery = 'at_once')
               OR (p.status = 'taken_off') <> (x.repay_by IS NULL)))
        """,
    ),
    Check(
        "approved_payout_batches_have_two_people",
        "A batch of payouts was closed by one person and approved by another.",
        """
        SELECT id FROM payout_batch WHERE status IN ('approved', 'sent', 'finished')
          AND (approved_by IS NULL OR approved_by = closed_by)
        """,
    ),
)
