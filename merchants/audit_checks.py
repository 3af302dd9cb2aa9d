"""What must hold between redemptions, entitlements and the ledger."""

from ledger.audit import Check, register

register(
    Check(
        "an_entitlement_is_redeemed_at_most_once",
        "No entitlement has two redemptions that stand.",
        """
        SELECT entitlement_id, COUNT(*) AS n FROM redemption
        WHERE status = 'redeemed' GROUP BY entitlement_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "redeemed_entitlements_have_a_redemption",
        "An entitlement is in state redeemed exactly if one redemption of it stands or was refunded without it,"
        " for the discount its holder sees.",
        """
        SELECT e.id, e.status, r.id AS redemption_id FROM entitlement e
        LEFT JOIN redemption r ON r.entitlement_id = e.id AND r.status IN ('redeemed', 'refunded')
        WHERE (e.status = 'redeemed') <> (r.id IS NOT NULL)
           OR (r.id IS NOT NULL AND (r.discount_fen <> e.redeemed_discount_fen OR r.bill_fen <> e.redeemed_bill_fen
               OR r.campaign_version_id <> e.campaign_version_id))
        """,
    ),
    Check(
        "redemptions_match_their_posting",
        "Each redemption moved exactly its discount, and a voided one moved it back.",
        """
        SELECT r.id, r.discount_fen, COALESCE(t.redeemed_fen, 0) AS redeemed_fen,
               COALESCE(t.voided_fen, 0) AS voided_fen
        FROM redemption r
        LEFT JOIN (
            SELECT document_id,
                   SUM(CASE WHEN code = 'redeem' THEN amount_fen ELSE 0 END) AS redeemed_fen,
                   SUM(CASE WHEN code = 'void' THEN amount_fen ELSE 0 END) AS voided_fen
            FROM transfer WHERE document_kind = 'redemption' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(r.id AS TEXT), '-', '')
        WHERE COALESCE(t.redeemed_fen, 0) <> r.discount_fen
           OR COALESCE(t.voided_fen, 0) <> CASE WHEN r.status = 'voided' THEN r.discount_fen ELSE 0 END
        """,
    ),
    Check(
        "redemptions_were_within_validity",
        "No entitlement was redeemed before or after it was valid.",
        """
        SELECT r.id, r.redeemed_at, e.valid_from, e.expires_at
        FROM redemption r JOIN entitlement e ON e.id = r.entitlement_id
        WHERE r.redeemed_at < e.valid_from OR r.redeemed_at >= e.expires_at
        """,
    ),
    Check(
        "sold_articles_hold_their_numbers",
        "The numbers of an article that was subsidised count for its redemption, also where its evidence was rejected,"
        " and those of one that came back count for nobody.",
        """
        SELECT r.id, r.status, COALESCE(m.n, 0) AS marks
        FROM redemption r JOIN sold_item s ON s.redemption_id = r.id
        LEFT JOIN hand_in h ON h.id = r.id AND h.status = 'rejected'
        LEFT JOIN (
            SELECT holder_id, COUNT(*) AS n FROM evidence_mark
            WHERE holder_kind = 'redemption' AND kind IN ('serial', 'imei') GROUP BY holder_id
        ) m ON m.holder_id = REPLACE(CAST(r.id AS TEXT), '-', '')
        WHERE COALESCE(m.n, 0) <> CASE WHEN r.status = 'redeemed' OR (r.status = 'refunded' AND h.id IS NOT NULL)
            THEN (CASE WHEN s.serial <> '' THEN 1 ELSE 0 END) + (CASE WHEN s.imei <> '' THEN 1 ELSE 0 END) ELSE 0 END
        """,
    ),
    Check(
        "refunds_stay_within_redemptions",
        "What came back of a redemption is the sum of its refunds, and it is returned or refunded when all of it has.",
        """
        SELECT r.id, r.status, r.refunded_bill_fen, COALESCE(f.bill, 0) AS refunds_fen
        FROM redemption r
        LEFT JOIN (
            SELECT redemption_id, SUM(bill_fen) AS bill, SUM(discount_fen) AS discount,
                   SUM(CASE WHEN restored THEN 1 ELSE 0 END) AS restored
            FROM refund GROUP BY redemption_id
        ) f ON f.redemption_id = r.id
        WHERE r.refunded_bill_fen <> COALESCE(f.bill, 0) OR r.refunded_discount_fen <> COALESCE(f.discount, 0)
           OR (r.status IN ('returned', 'refunded')) <> (r.refunded_bill_fen = r.bill_fen)
           OR (r.status = 'returned') <> (COALESCE(f.restored, 0) = 1)
           OR (r.status IN ('returned', 'refunded') AND r.refunded_discount_fen <> r.discount_fen)
        """,
    ),
    Check(
        "refunds_match_their_posting",
        "What the ledger moved for a refund is what came back of the discount, by source, once it has come back.",
        """
        SELECT p.refund_id, p.fund_source_id, p.discount_fen, COALESCE(t.back_fen, 0) AS back_fen,
               COALESCE(t.advanced_fen, 0) AS advanced_fen
        FROM refund_part p
        JOIN refund f ON f.id = p.refund_id
        JOIN fund_source s ON s.id = p.fund_source_id
        LEFT JOIN statement m ON m.id = f.statement_id
        LEFT JOIN settlement_batch b ON b.id = m.batch_id
        LEFT JOIN (
            SELECT x.document_id, a.fund_source_id,
                   SUM(CASE WHEN x.code = 'advance' THEN 0 ELSE x.amount_fen END) AS back_fen,
                   SUM(CASE WHEN x.code = 'advance' THEN x.amount_fen ELSE 0 END) AS advanced_fen
            FROM transfer x JOIN ledger_account a ON a.id = x.debit_account_id
            WHERE x.document_kind = 'refund' GROUP BY x.document_id, a.fund_source_id
        ) t ON t.document_id = REPLACE(CAST(p.refund_id AS TEXT), '-', '') AND t.fund_source_id = p.fund_source_id
        WHERE COALESCE(t.back_fen, 0) <> CASE
                WHEN s.level = 'merchant' OR f.recovery = 'at_once' OR f.repaid_at IS NOT NULL
                     OR b.status IN ('approved', 'paid') THEN p.discount_fen ELSE 0 END
           OR COALESCE(t.advanced_fen, 0) <> CASE
                WHEN f.restored AND f.recovery = 'later' AND s.level <> 'merchant' THEN p.discount_fen ELSE 0 END
        UNION ALL
        SELECT f.id, 0, f.discount_fen, COALESCE(SUM(p.discount_fen), 0), COALESCE(SUM(p.bill_fen), 0)
        FROM refund f LEFT JOIN refund_part p ON p.refund_id = f.id
        GROUP BY f.id, f.discount_fen, f.bill_fen
        HAVING f.discount_fen <> COALESCE(SUM(p.discount_fen), 0) OR f.bill_fen <> COALESCE(SUM(p.bill_fen), 0)
        """,
    ),
)
