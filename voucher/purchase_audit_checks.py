"""What must hold between orders, payments, vouchers and the ledger."""

from ledger.audit import Check, register

register(
    Check(
        "purchases_match_their_posting",
        "What the ledger set aside for an order, less what it gave back, is the voucher's face; nothing of one that"
        " lapsed.",
        """
        SELECT p.id, p.status, p.face_value_fen, COALESCE(t.fen, 0) AS ledger_fen
        FROM purchase p
        LEFT JOIN (
            SELECT document_id, SUM(CASE WHEN code = 'reserve' THEN amount_fen ELSE -amount_fen END) AS fen
            FROM transfer WHERE document_kind = 'purchase' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(p.id AS TEXT), '-', '')
        WHERE COALESCE(t.fen, 0) <> CASE WHEN p.status = 'lapsed' THEN 0 ELSE p.face_value_fen END
        """,
    ),
    Check(
        "paid_purchases_have_their_voucher",
        "An order is paid exactly if there is the voucher with its id and one payment that bought it; of a release that"
        " is sold nobody has a voucher without.",
        """
        SELECT p.id, p.status, e.id AS entitlement_id, y.id AS payment_id
        FROM purchase p
        LEFT JOIN entitlement e ON e.id = p.id AND e.citizen_id = p.citizen_id AND e.release_id = p.release_id
             AND e.face_value_fen = p.face_value_fen
        LEFT JOIN payment y ON y.purchase_id = p.id AND y.arrival = 'bought'
        WHERE (p.status = 'paid') <> (e.id IS NOT NULL) OR (p.status = 'paid') <> (y.id IS NOT NULL)
        UNION ALL
        SELECT e.id, e.status, e.id, NULL
        FROM (SELECT DISTINCT release_id FROM purchase) sold CROSS JOIN entitlement e
        WHERE e.release_id = sold.release_id AND NOT EXISTS (SELECT 1 FROM purchase p WHERE p.id = e.id)
        """,
    ),
    Check(
        "payments_match_their_posting",
        "Each payment came in for the price of its order, was taken out of the proceeds if it bought something and goes"
        " back, and went back once it is returned; a voucher whose price goes back is over.",
        """
        SELECT y.id, y.status, y.arrival, y.amount_fen, p.price_fen, t.sold_fen, t.taken_fen, t.sent_fen
        FROM payment y JOIN purchase p ON p.id = y.purchase_id
        LEFT JOIN entitlement e ON e.id = p.id
        LEFT JOIN (
            SELECT document_id,
                   SUM(CASE WHEN code = 'sell' THEN amount_fen ELSE 0 END) AS sold_fen,
                   SUM(CASE WHEN code = 'take_back' THEN amount_fen ELSE 0 END) AS taken_fen,
                   SUM(CASE WHEN code = 'send_back' THEN amount_fen ELSE 0 END) AS sent_fen
            FROM transfer WHERE document_kind = 'payment' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(y.id AS TEXT), '-', '')
        WHERE y.amount_fen <> p.price_fen OR COALESCE(t.sold_fen, 0) <> y.amount_fen
           OR COALESCE(t.taken_fen, 0) <> CASE WHEN y.arrival = 'bought' AND y.status <> 'kept' THEN y.amount_fen
                                               ELSE 0 END
           OR COALESCE(t.sent_fen, 0) <> CASE WHEN y.status = 'returned' THEN y.amount_fen ELSE 0 END
           OR (y.status = 'kept') <> (y.taken_back_at IS NULL) OR (y.status = 'returned') <> (y.returned_at IS NOT NULL)
           OR (y.arrival = 'bought' AND y.status <> 'kept' AND COALESCE(e.status, '') <> 'expired')
        """,
    ),
    Check(
        "prices_match_the_ledger",
        "For each offer, the proceeds are the payments that are kept, what goes back is what is not back yet, and"
        " buyers have paid both together.",
        """
        SELECT o.id AS offer_id, y.kept_fen, y.returning_fen, a.proceeds_fen, a.returning_fen AS ledger_returning_fen,
               a.buyers_fen
        FROM offer o
        LEFT JOIN (
            SELECT p.offer_id, SUM(CASE WHEN y.status = 'kept' THEN y.amount_fen ELSE 0 END) AS kept_fen,
                   SUM(CASE WHEN y.status = 'returning' THEN y.amount_fen ELSE 0 END) AS returning_fen
            FROM payment y JOIN purchase p ON p.id = y.purchase_id GROUP BY p.offer_id
        ) y ON y.offer_id = o.id
        LEFT JOIN (
            SELECT offer_id, SUM(CASE WHEN kind = 'proceeds' THEN balance_fen ELSE 0 END) AS proceeds_fen,
                   SUM(CASE WHEN kind = 'returning' THEN balance_fen ELSE 0 END) AS returning_fen,
                   SUM(CASE WHEN kind = 'buyers' THEN balance_fen ELSE 0 END) AS buyers_fen
            FROM ledger_account WHERE kind IN ('buyers', 'proceeds', 'returning') GROUP BY offer_id
        ) a ON a.offer_id = o.id
        WHERE COALESCE(y.kept_fen, 0) <> COALESCE(a.proceeds_fen, 0)
           OR COALESCE(y.returning_fen, 0) <> COALESCE(a.returning_fen, 0)
           OR COALESCE(a.buyers_fen, 0) <> -(COALESCE(a.proceeds_fen, 0) + COALESCE(a.returning_fen, 0))
        """,
    ),
)
