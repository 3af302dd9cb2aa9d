"""What must hold between evidence, decisions and money."""

from ledger.audit import Check, register

register(
    Check(
        "settled_sales_were_accepted",
        "A sale whose evidence is asked for is on a statement only after it was accepted.",
        """
        SELECT r.id, r.statement_id, h.status FROM redemption r JOIN hand_in h ON h.id = r.id
        WHERE r.statement_id IS NOT NULL AND h.status NOT IN ('accepted', 'withdrawn')
        """,
    ),
    Check(
        "rejected_sales_are_not_owed",
        "Nothing is left of the discount of a sale whose evidence was rejected or did not come.",
        """
        SELECT r.id, r.status, r.discount_fen, r.refunded_discount_fen FROM redemption r JOIN hand_in h ON h.id = r.id
        WHERE h.status = 'rejected' AND r.status <> 'voided' AND r.refunded_discount_fen <> r.discount_fen
        """,
    ),
    Check(
        "accepted_sales_have_a_decision",
        "Evidence is accepted or in correction exactly as the last decision about it says.",
        """
        SELECT h.id, h.status FROM hand_in h
        LEFT JOIN hand_in_decision d ON d.hand_in_id = h.id
            AND d.decision = CASE h.status WHEN 'accepted' THEN 'accept' ELSE 'correct' END
        WHERE h.status IN ('accepted', 'correction') AND d.id IS NULL
        """,
    ),
    Check(
        "an_invoice_is_for_one_sale",
        "No invoice number stands in the evidence of two sales, but where one of them came back.",
        """
        SELECT invoice_number, COUNT(*) AS n FROM hand_in
        WHERE invoice_number <> '' AND status <> 'withdrawn' GROUP BY invoice_number HAVING COUNT(*) > 1
        """,
    ),
)
