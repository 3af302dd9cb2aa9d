"""What must hold between payment requests and the redemptions that they led to."""

from ledger.audit import Check, register

register(
    Check(
        "payment_requests_match_their_redemptions",
        "A payment request that was redeemed led to the redemptions of one citizen at its counter, at its moment and"
        " for its bill, and one that was cancelled led to none.",
        """
        SELECT p.id, p.bill_fen, r.fen, p.citizen_id, e.citizen_id AS holder_id
        FROM payment_request p
        LEFT JOIN redemption f ON f.id = p.redemption_id
        LEFT JOIN entitlement e ON e.id = f.entitlement_id
        LEFT JOIN (
            SELECT COALESCE(order_id, id) AS whole, SUM(bill_fen) AS fen, SUM(excluded_fen) AS excluded_fen
            FROM redemption GROUP BY COALESCE(order_id, id)
        ) r ON r.whole = COALESCE(f.order_id, f.id)
        WHERE (p.redeemed_at IS NOT NULL) <> (f.id IS NOT NULL)
           OR (p.redeemed_at IS NOT NULL AND (
               p.cancelled_at IS NOT NULL OR e.citizen_id <> p.citizen_id OR f.redeemed_at <> p.redeemed_at
               OR f.store_id <> p.store_id OR COALESCE(f.till_id, 0) <> COALESCE(p.till_id, 0)
               OR COALESCE(f.cashier_id, 0) <> COALESCE(p.cashier_id, 0)
               OR r.fen + r.excluded_fen <> p.bill_fen))
        """,
    ),
)
