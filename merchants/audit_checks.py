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
        "An entitlement is in state redeemed exactly if one redemption of it stands, for the discount its holder sees.",
        """
        SELECT e.id, e.status, r.id AS redemption_id FROM entitlement e
        LEFT JOIN redemption r ON r.entitlement_id = e.id AND r.status = 'redeemed'
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
)
