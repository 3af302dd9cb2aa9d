"""What must hold between redemptions, entitlements and the ledger."""

from ledger import sealed_tables
from ledger.audit import Check, register
from ledger.sealed_tables import Form
from merchants.event_models import EventSales
from merchants.hand_in_models import HandInDecision
from merchants.models import RefusedScan
from merchants.order_models import SplitOrder

register(
    Check(
        "an_entitlement_is_redeemed_at_most_once",
        "No entitlement but a gift, of whose parts each is handed out once, has two redemptions that stand.",
        """
        SELECT entitlement_id, COUNT(*) AS n FROM redemption
        WHERE status = 'redeemed' AND (bill_fen > 0 OR payee = 'citizen') GROUP BY entitlement_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "redeemed_entitlements_have_a_redemption",
        "An entitlement is in state redeemed exactly if one redemption of it stands or was refunded without it,"
        " for the discount its holder sees.",
        """
        SELECT e.id, e.status, r.id AS redemption_id FROM entitlement e
        LEFT JOIN redemption r ON r.entitlement_id = e.id AND r.status IN ('redeemed', 'refunded')
            AND (r.bill_fen > 0 OR r.payee = 'citizen')
        WHERE (e.status = 'redeemed' AND e.handed_fen = 0) <> (r.id IS NOT NULL)
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
        "orders_add_up",
        "The redemptions of an order of several codes have its bill between them, are as many as its codes, and are of"
        " one offer and one holder; all of them are voided or none.",
        """
        SELECT o.id, o.vouchers, o.bill_fen, r.n, r.fen FROM redemption_order o
        LEFT JOIN (
            SELECT r.order_id, COUNT(*) AS n, SUM(r.bill_fen) AS fen, COUNT(DISTINCT r.offer_id) AS offers,
                   COUNT(DISTINCT e.citizen_id) AS holders, COUNT(DISTINCT r.store_id) AS stores,
                   SUM(CASE WHEN r.status = 'voided' THEN 1 ELSE 0 END) AS voided
            FROM redemption r JOIN entitlement e ON e.id = r.entitlement_id
            WHERE r.order_id IS NOT NULL GROUP BY r.order_id
        ) r ON r.order_id = o.id
        WHERE COALESCE(r.n, 0) <> o.vouchers OR COALESCE(r.fen, 0) <> o.bill_fen OR r.offers <> 1 OR r.holders <> 1
           OR r.stores <> 1 OR r.voided NOT IN (0, r.n)
        """,
    ),
    Check(
        "uses_per_day_match_redemptions",
        "What is counted as used of an offer on a day is what was redeemed of it then and not taken back.",
        """
        SELECT q.scope, q.used, COALESCE(r.n, 0) AS redeemed
        FROM (SELECT scope, SUM(used) AS used FROM person_quota WHERE scope LIKE 'use:%' GROUP BY scope) q
        LEFT JOIN (
            SELECT 'use:' || CAST(offer_id AS TEXT) || ':' || CAST(bureau_day AS TEXT) AS scope, COUNT(*) AS n
            FROM redemption WHERE status NOT IN ('voided', 'returned') GROUP BY offer_id, bureau_day
        ) r ON r.scope = q.scope
        WHERE q.used <> COALESCE(r.n, 0)
        """,
    ),
    Check(
        "discounts_per_person_match_redemptions",
        "What is counted as taken off for the persons of a campaign, in all or in a period, is what its redemptions of"
        " those days took off and still do.",
        """
        SELECT q.scope, q.used, COALESCE(SUM(r.fen), 0) AS taken_off_fen
        FROM (SELECT scope, SUM(used) AS used FROM person_quota WHERE scope LIKE 'off:%' GROUP BY scope) q
        LEFT JOIN (
            SELECT 'off:' || CAST(campaign_id AS TEXT) AS whole, CAST(bureau_day AS TEXT) AS bureau_day,
                   SUM(discount_fen - refunded_discount_fen) AS fen
            FROM redemption WHERE status <> 'voided' GROUP BY campaign_id, bureau_day
        ) r ON q.scope = r.whole
            OR (q.scope LIKE r.whole || ':%' AND r.bureau_day BETWEEN SUBSTR(q.scope, LENGTH(q.scope) - 20, 10)
                                                                  AND SUBSTR(q.scope, LENGTH(q.scope) - 9, 10))
        GROUP BY q.scope, q.used
        HAVING q.used <> COALESCE(SUM(r.fen), 0)
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
           OR (r.status IN ('returned', 'refunded'))
              <> (r.refunded_bill_fen = r.bill_fen AND (r.bill_fen > 0 OR r.refunded_discount_fen = r.discount_fen))
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

register(
    Check(
        "payouts_match_their_redemptions",
        "What is owed to a citizen, and nothing else, has a payout, for the same amount and citizen.",
        """
        SELECT r.id, r.payee, r.status, r.discount_fen, p.amount_fen
        FROM redemption r JOIN entitlement e ON e.id = r.entitlement_id LEFT JOIN payout p ON p.id = r.id
        WHERE (r.payee = 'citizen') <> (p.id IS NOT NULL)
           OR (r.payee = 'citizen' AND (r.statement_id IS NOT NULL OR p.amount_fen <> r.discount_fen
               OR p.citizen_id <> e.citizen_id
               OR (r.status = 'redeemed') <> (p.status IN ('due', 'batched', 'cleared', 'paid', 'failed'))))
        """,
    ),
    Check(
        "payouts_match_the_ledger",
        "For each campaign, what is due to citizens, cleared for them and paid to them is what their payouts say.",
        """
        SELECT c.id AS campaign_id, COALESCE(p.due, 0) AS due_fen, COALESCE(a.due, 0) AS ledger_due_fen,
               COALESCE(p.cleared, 0) AS cleared_fen, COALESCE(a.cleared, 0) AS ledger_cleared_fen,
               COALESCE(p.paid, 0) AS paid_fen, COALESCE(a.paid, 0) AS ledger_paid_fen
        FROM campaign c
        LEFT JOIN (
            SELECT campaign_id,
                   SUM(CASE WHEN status IN ('due', 'batched', 'failed') THEN amount_fen ELSE 0 END) AS due,
                   SUM(CASE WHEN status = 'cleared' THEN amount_fen ELSE 0 END) AS cleared,
                   SUM(CASE WHEN status IN ('paid', 'reclaimed') THEN amount_fen ELSE 0 END) AS paid
            FROM payout GROUP BY campaign_id
        ) p ON p.campaign_id = c.id
        LEFT JOIN (
            SELECT campaign_id,
                   SUM(CASE WHEN kind = 'due' THEN balance_fen ELSE 0 END) AS due,
                   SUM(CASE WHEN kind = 'cleared' AND merchant_id IS NULL THEN balance_fen ELSE 0 END) AS cleared,
                   SUM(CASE WHEN kind = 'paid' AND merchant_id IS NULL THEN balance_fen ELSE 0 END) AS paid
            FROM ledger_account GROUP BY campaign_id
        ) a ON a.campaign_id = c.id
        WHERE COALESCE(p.due, 0) <> COALESCE(a.due, 0) OR COALESCE(p.cleared, 0) <> COALESCE(a.cleared, 0)
           OR COALESCE(p.paid, 0) <> COALESCE(a.paid, 0)
        """,
    ),
)

register(
    Check(
        "hand_outs_match_their_parts",
        "A redemption without a bill handed out parts of a gift for exactly what they cost, is voided with them, and"
        " holds the numbers of those that stand.",
        """
        SELECT r.id, r.status, r.discount_fen, p.fen AS parts_fen, p.numbers, COALESCE(m.n, 0) AS marks
        FROM redemption r
        LEFT JOIN entitlement e ON e.id = r.entitlement_id
        LEFT JOIN (
            SELECT redemption_id, SUM(cost_fen) AS fen, COUNT(*) AS n, COUNT(voided_at) AS voided,
                   SUM(CASE WHEN voided_at IS NULL AND number_kind <> 'none' THEN 1 ELSE 0 END) AS numbers
            FROM handed_part GROUP BY redemption_id
        ) p ON p.redemption_id = r.id
        LEFT JOIN (
            SELECT holder_id, COUNT(*) AS n FROM evidence_mark WHERE holder_kind = 'hand_out' GROUP BY holder_id
        ) m ON m.holder_id = REPLACE(CAST(r.id AS TEXT), '-', '')
        WHERE (r.bill_fen = 0 AND r.payee = 'merchant') <> (p.fen IS NOT NULL)
           OR (r.bill_fen = 0 AND r.payee = 'merchant' AND (p.fen <> r.discount_fen OR COALESCE(m.n, 0) <> p.numbers
               OR p.voided <> CASE WHEN r.status = 'voided' THEN p.n ELSE 0 END
               OR r.campaign_version_id <> e.campaign_version_id OR r.status NOT IN ('redeemed', 'voided')))
        UNION ALL
        SELECT p.redemption_id, 'none', 0, p.cost_fen, 0, 0 FROM handed_part p
        LEFT JOIN redemption r ON r.id = p.redemption_id AND r.entitlement_id = p.entitlement_id WHERE r.id IS NULL
        """,
    ),
)

sealed_tables.register(
    RefusedScan, Form(("at", "store_id", "till_id", "cashier_id", "reason", "entitlement_id", "bill_fen", "about"))
)
sealed_tables.register(SplitOrder, Form(("at", "bureau_day", "merchant_id", "person_id", "orders", "bill_fen")))
sealed_tables.register(
    HandInDecision,
    Form(
        (
            "hand_in_id", "decision", "reasons", "decided_by", "role", "decided_at", "campaign_version_id",
            "evidence_digest",
        ),
        # What an officer wrote, and numbers of invoices and articles.
        ("note", "suspicions"),
    ),
)  # fmt: skip
sealed_tables.register(
    EventSales,
    Form(("event_id", "merchant_id", "sales_day", "number", "deals", "amount_fen", "reported_at", "reported_by")),
)
