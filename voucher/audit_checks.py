"""What must hold between entitlements and the ledger."""

from ledger.audit import Check, register

register(
    Check(
        "outstanding_matches_claimed_vouchers",
        "For each offer, the money in vouchers is the face value of the vouchers that citizens hold, less parts of"
        " gifts that were handed out, and what used ones did not cost and have not returned yet.",
        """
        SELECT o.id AS offer_id, COALESCE(e.fen, 0) AS held_fen, COALESCE(a.fen, 0) AS ledger_fen
        FROM offer o
        LEFT JOIN (
            SELECT offer_id, SUM(CASE WHEN status = 'claimed' THEN face_value_fen - handed_fen
                                      ELSE face_value_fen - redeemed_discount_fen END) AS fen
            FROM entitlement WHERE status = 'claimed' OR (status = 'redeemed' AND spare_run_id IS NULL)
            GROUP BY offer_id
        ) e ON e.offer_id = o.id
        LEFT JOIN (
            SELECT offer_id, SUM(balance_fen) AS fen FROM ledger_account WHERE kind = 'outstanding' GROUP BY offer_id
        ) a ON a.offer_id = o.id
        WHERE COALESCE(e.fen, 0) <> COALESCE(a.fen, 0)
        """,
    ),
    Check(
        "claims_match_their_posting",
        "Each batch of claims moved exactly the face value of the vouchers it granted.",
        """
        SELECT b.id, b.count, e.n, e.fen AS granted_fen, t.fen AS posted_fen
        FROM claim_batch b
        LEFT JOIN (
            SELECT claim_batch_id, COUNT(*) AS n, SUM(face_value_fen) AS fen FROM entitlement GROUP BY claim_batch_id
        ) e ON e.claim_batch_id = b.id
        LEFT JOIN (
            SELECT document_id, SUM(amount_fen) AS fen FROM transfer WHERE code = 'claim' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(b.id AS TEXT), '-', '')
        WHERE b.count <> COALESCE(e.n, 0) OR COALESCE(e.fen, 0) <> COALESCE(t.fen, 0)
        """,
    ),
    Check(
        "expiries_match_their_posting",
        "Each expiry run moved back exactly the face value of the vouchers it expired, less parts of gifts that were"
        " handed out.",
        """
        SELECT x.id, x.count, e.n, e.fen AS expired_fen, t.fen AS posted_fen
        FROM expiry_run x
        LEFT JOIN (
            SELECT expiry_run_id, COUNT(*) AS n, SUM(face_value_fen - handed_fen) AS fen
            FROM entitlement GROUP BY expiry_run_id
        ) e ON e.expiry_run_id = x.id
        LEFT JOIN (
            SELECT document_id, SUM(amount_fen) AS fen FROM transfer WHERE code = 'expire' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(x.id AS TEXT), '-', '')
        WHERE x.count <> COALESCE(e.n, 0) OR COALESCE(e.fen, 0) <> COALESCE(t.fen, 0)
        """,
    ),
    Check(
        "spares_match_their_posting",
        "Each spare run moved back exactly what its qualifications, all used before that day, did not cost.",
        """
        SELECT x.id, x.count, e.n, x.amount_fen, e.fen AS spare_fen, t.fen AS posted_fen
        FROM spare_run x
        LEFT JOIN (
            SELECT spare_run_id, COUNT(*) AS n, SUM(face_value_fen - redeemed_discount_fen) AS fen,
                   MAX(redeemed_at) AS latest
            FROM entitlement WHERE status = 'redeemed' GROUP BY spare_run_id
        ) e ON e.spare_run_id = x.id
        LEFT JOIN (
            SELECT document_id, SUM(amount_fen) AS fen FROM transfer WHERE code = 'spare' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(x.id AS TEXT), '-', '')
        WHERE x.count <> COALESCE(e.n, 0) OR x.amount_fen <> COALESCE(e.fen, 0)
           OR x.amount_fen <> COALESCE(t.fen, 0) OR e.latest >= x.returned_at
        """,
    ),
    Check(
        "stock_matches_claims",
        "What is gone from a release while its round is open was claimed from it, or is held by applications or unpaid"
        " orders; top-ups take none.",
        """
        SELECT r.id AS release_id, r.released, r.remaining, COALESCE(e.n, 0) AS claimed
        FROM release r JOIN campaign_round c ON c.id = r.round_id
        LEFT JOIN (
            SELECT release_id, SUM(n) AS n FROM (
                SELECT release_id, COUNT(*) AS n FROM entitlement GROUP BY release_id
                UNION ALL SELECT release_id, COUNT(*) FROM reservation WHERE status = 'held' GROUP BY release_id
                UNION ALL SELECT release_id, COUNT(*) FROM purchase WHERE status = 'awaiting' GROUP BY release_id
                UNION ALL SELECT release_id, -COUNT(*) FROM top_up WHERE status = 'granted' GROUP BY release_id
            ) taken GROUP BY release_id
        ) e ON e.release_id = r.id
        WHERE (c.status = 'released' AND r.released - r.remaining <> COALESCE(e.n, 0))
           OR COALESCE(e.n, 0) > r.released
        """,
    ),
    Check(
        "counts_belong_to_persons",
        "What was had is counted for persons that there are, so that no count is left behind when persons are joined.",
        """
        SELECT q.person_id, q.scope, q.used FROM person_quota q
        WHERE q.used > 0 AND NOT EXISTS (SELECT 1 FROM same_person p WHERE p.person_id = q.person_id)
          AND NOT EXISTS (SELECT 1 FROM firm f WHERE f.id = q.person_id)
        """,
    ),
    Check(
        "prizes_match_their_draw",
        "What a release with a draw has given went to entries that were granted, and to nobody beside them.",
        """
        SELECT d.id AS draw_id, COALESCE(e.n, 0) * r.per_pack AS granted, COALESCE(v.n, 0) AS vouchers
        FROM lottery_draw d JOIN release r ON r.id = d.release_id
        LEFT JOIN (
            SELECT draw_id, COUNT(*) AS n FROM lottery_entry WHERE status = 'granted' GROUP BY draw_id
        ) e ON e.draw_id = d.id
        LEFT JOIN (SELECT release_id, COUNT(*) AS n FROM entitlement GROUP BY release_id) v ON v.release_id = r.id
        WHERE COALESCE(e.n, 0) * r.per_pack <> COALESCE(v.n, 0)
        """,
    ),
    Check(
        "listed_vouchers_match_their_lines",
        "What a release with lists has given matches the lines that were used up.",
        """
        SELECT r.id AS release_id, l.n * r.per_pack AS used_up, COALESCE(v.n, 0) AS vouchers
        FROM release r
        JOIN (
            SELECT live_release_id, COUNT(taken_by) AS n FROM named_person
            WHERE live_release_id IS NOT NULL GROUP BY live_release_id
        ) l ON l.live_release_id = r.id
        LEFT JOIN (SELECT release_id, COUNT(*) AS n FROM entitlement GROUP BY release_id) v ON v.release_id = r.id
        WHERE l.n * r.per_pack <> COALESCE(v.n, 0)
        """,
    ),
    Check(
        "redeemed_vouchers_tell_their_holder",
        "A voucher knows where and when it was redeemed exactly while it is redeemed.",
        """
        SELECT id, status FROM entitlement
        WHERE (status = 'redeemed') <> (redeemed_at IS NOT NULL AND redeemed_discount_fen IS NOT NULL)
        """,
    ),
    Check(
        "history_explains_every_state",
        "Each voucher's own steps led it into the state it is in once more than they led it out.",
        """
        SELECT e.id, e.status, COUNT(s.id) AS steps,
               SUM(CASE WHEN s.to_state = e.status THEN 1 ELSE 0 END) AS steps_in,
               SUM(CASE WHEN s.from_state = e.status THEN 1 ELSE 0 END) AS steps_out
        FROM entitlement e
        LEFT JOIN state_change s ON s.machine = 'entitlement' AND s.thing_id = REPLACE(CAST(e.id AS TEXT), '-', '')
        GROUP BY e.id
        HAVING SUM(CASE WHEN s.to_state = e.status THEN 1 WHEN s.from_state = e.status THEN -1 ELSE 0 END) <> 1
        """,
    ),
)

register(
    Check(
        "reserved_money_matches_applications",
        "For each offer, the money set aside is what applications under review and unpaid orders hold.",
        """
        SELECT o.id AS offer_id, COALESCE(h.fen, 0) AS held_fen, COALESCE(a.fen, 0) AS ledger_fen
        FROM offer o
        LEFT JOIN (
            SELECT offer_id, SUM(fen) AS fen FROM (
                SELECT r.offer_id, v.amount_fen AS fen FROM reservation v JOIN release r ON r.id = v.release_id
                WHERE v.status = 'held'
                UNION ALL SELECT offer_id, face_value_fen FROM purchase WHERE status = 'awaiting'
            ) waiting GROUP BY offer_id
        ) h ON h.offer_id = o.id
        LEFT JOIN (
            SELECT offer_id, SUM(balance_fen) AS fen FROM ledger_account WHERE kind = 'reserved' GROUP BY offer_id
        ) a ON a.offer_id = o.id
        WHERE COALESCE(h.fen, 0) <> COALESCE(a.fen, 0)
        """,
    ),
    Check(
        "reservations_match_their_posting",
        "What the ledger set aside for an application, less what it gave back, is what the application holds or was"
        " granted.",
        """
        SELECT v.id, v.status, v.amount_fen, COALESCE(t.fen, 0) AS ledger_fen
        FROM reservation v
        LEFT JOIN (
            SELECT document_id, SUM(CASE WHEN code = 'reserve' THEN amount_fen ELSE -amount_fen END) AS fen
            FROM transfer WHERE document_kind = 'application' GROUP BY document_id
        ) t ON t.document_id = REPLACE(CAST(v.id AS TEXT), '-', '')
        WHERE COALESCE(t.fen, 0) <> CASE WHEN v.status = 'returned' THEN 0 ELSE v.amount_fen END
        """,
    ),
    Check(
        "money_on_release_is_what_was_not_applied_for",
        "Where money is on release, what is left of it is what was put there less what applications and top-ups took;"
        " after the round nothing is left.",
        """
        SELECT r.id AS release_id, c.status, r.released_fen, COALESCE(v.fen, 0) AS taken_fen,
               COALESCE(t.fen, 0) AS topped_up_fen, COALESCE(m.fen, 0) AS ledger_fen
        FROM release r JOIN campaign_round c ON c.id = r.round_id
        LEFT JOIN (
            SELECT release_id, SUM(amount_fen) AS fen FROM reservation WHERE status <> 'returned' GROUP BY release_id
        ) v ON v.release_id = r.id
        LEFT JOIN (
            SELECT release_id, SUM(balance_fen) AS fen FROM ledger_account WHERE kind = 'released' GROUP BY release_id
        ) m ON m.release_id = r.id
        LEFT JOIN (
            SELECT release_id, SUM(from_release_fen) AS fen FROM top_up GROUP BY release_id
        ) t ON t.release_id = r.id
        WHERE r.asked_fen IS NOT NULL AND (r.released_fen > r.asked_fen OR COALESCE(m.fen, 0)
              <> CASE WHEN c.status = 'released' THEN r.released_fen - COALESCE(v.fen, 0) - COALESCE(t.fen, 0)
                      ELSE 0 END)
        """,
    ),
    Check(
        "tiers_hold_what_was_taken",
        "What a tier with money or a number of its own counts as taken is what its applications hold or were granted.",
        """
        SELECT t.release_id, t.tier, t.taken, t.taken_fen, COALESCE(v.n, 0) AS n, COALESCE(v.fen, 0) AS fen
        FROM release_tier t
        LEFT JOIN (
            SELECT release_id, tier, COUNT(*) AS n, SUM(amount_fen) AS fen FROM reservation
            WHERE status <> 'returned' GROUP BY release_id, tier
        ) v ON v.release_id = t.release_id AND v.tier = t.tier
        WHERE t.taken <> COALESCE(v.n, 0) OR t.taken_fen <> COALESCE(v.fen, 0)
        """,
    ),
    Check(
        "granted_applications_have_their_entitlement",
        "An application was granted exactly if there is the entitlement with its id, for the same amount and citizen.",
        """
        SELECT v.id, v.status, e.face_value_fen FROM reservation v LEFT JOIN entitlement e ON e.id = v.id
        WHERE (v.status = 'granted') <> (e.id IS NOT NULL)
           OR (e.id IS NOT NULL AND (e.face_value_fen <> v.amount_fen OR e.citizen_id <> v.citizen_id
               OR e.release_id <> v.release_id))
        UNION ALL
        SELECT e.id, e.status, e.face_value_fen FROM entitlement e JOIN release r ON r.id = e.release_id
        LEFT JOIN reservation v ON v.id = e.id
        LEFT JOIN top_up t ON t.id = e.id
        WHERE r.asked_fen IS NOT NULL AND v.id IS NULL AND t.id IS NULL
        """,
    ),
    Check(
        "top_ups_match_what_was_granted",
        "A top-up was granted exactly if there is the entitlement with its id, for the same amount and citizen, and"
        " that much was set aside for it.",
        """
        SELECT t.id, t.status, t.amount_fen, e.face_value_fen, COALESCE(m.fen, 0) AS ledger_fen
        FROM top_up t
        LEFT JOIN reservation v ON v.id = t.application_id
        LEFT JOIN entitlement e ON e.id = t.id
        LEFT JOIN (
            SELECT document_id, SUM(amount_fen) AS fen FROM transfer WHERE document_kind = 'top_up' GROUP BY document_id
        ) m ON m.document_id = REPLACE(CAST(t.id AS TEXT), '-', '')
        WHERE (t.status = 'granted') <> (e.id IS NOT NULL)
           OR COALESCE(m.fen, 0) <> CASE WHEN t.status = 'granted' THEN t.amount_fen ELSE 0 END
           OR (e.id IS NOT NULL AND (e.face_value_fen <> t.amount_fen OR e.citizen_id <> v.citizen_id
               OR v.status <> 'granted'))
        """,
    ),
)

register(
    Check(
        "gifts_count_what_was_handed_out",
        "What a gift counts as handed out is what its standing parts cost, none of them twice, and it is redeemed"
        " exactly when that is all of it.",
        """
        SELECT e.id, e.status, e.handed_fen, COALESCE(p.fen, 0) AS parts_fen
        FROM entitlement e
        LEFT JOIN (
            SELECT entitlement_id, SUM(cost_fen) AS fen, COUNT(*) AS n, COUNT(DISTINCT part) AS parts
            FROM handed_part WHERE voided_at IS NULL GROUP BY entitlement_id
        ) p ON p.entitlement_id = e.id
        WHERE (e.handed_fen > 0 OR p.n IS NOT NULL)
          AND (e.handed_fen <> COALESCE(p.fen, 0) OR p.n <> p.parts
               OR (e.status = 'redeemed') <> (e.handed_fen = e.face_value_fen))
        """,
    ),
)

register(
    Check(
        "listed_elsewhere_matches_lists",
        "A number counts as listed elsewhere exactly while a list of its programme that was not revoked has it.",
        """
        SELECT k.programme, k.kind, k.listed_in FROM elsewhere_key k
        WHERE (k.listed_in IS NOT NULL) <> EXISTS (
            SELECT 1 FROM elsewhere_line l JOIN elsewhere_list x ON x.id = l.list_id
            WHERE x.programme = k.programme AND x.revoked_at IS NULL AND l.kind = k.kind
              AND l.number_hash = k.number_hash)
        UNION ALL
        SELECT x.programme, l.kind, l.list_id FROM elsewhere_line l JOIN elsewhere_list x ON x.id = l.list_id
        LEFT JOIN elsewhere_key k
            ON k.programme = x.programme AND k.kind = l.kind AND k.number_hash = l.number_hash
        WHERE x.revoked_at IS NULL AND k.kind IS NULL
        """,
    ),
    Check(
        "nothing_new_overlaps",
        "Whoever has something here that a list excludes had it before the list came, and is found by it.",
        """
        SELECT w.programme, w.holder_kind, w.holder_id, w.found_in, k.listed_in
        FROM elsewhere_watch w
        LEFT JOIN elsewhere_key k
            ON k.programme = w.programme AND k.kind = w.kind AND k.number_hash = w.number_hash
        WHERE k.kind IS NULL OR (w.found_in IS NOT NULL) <> (k.listed_in IS NOT NULL)
        """,
    ),
)
