"""A way to break each rule that the audit watches over, behind the back of the operations and the database's guards.

A new check needs a corruption here that it finds: ``test_audit`` fails for a check that was never seen to fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from foundation.db import db, transaction
from tests.ledger.corruptions_of_debts import OF_DEBTS

#: check → ways to break it, each a list of statements
CORRUPTIONS: dict[str, list[list[str]]] = {
    # ledger
    "ledger_balances_match_transfers": [
        ["UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = 'paid'"],
        ["DELETE FROM transfer WHERE code = 'claim'"],
        ["UPDATE transfer SET amount_fen = amount_fen - 1 WHERE code = 'fund'"],
    ],
    "ledger_sums_to_zero": [["UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = 'treasury'"]],
    "ledger_no_negative_balance": [["UPDATE ledger_account SET balance_fen = -1 WHERE kind = 'cleared'"]],
    "ledger_sources_do_not_mix": [
        [
            "UPDATE transfer SET credit_account_id = (SELECT MAX(id) FROM ledger_account WHERE kind = 'outstanding'),"
            " debit_account_id = (SELECT MIN(id) FROM ledger_account WHERE kind = 'released') WHERE code = 'claim'"
        ],
        ["UPDATE ledger_account SET campaign_id = campaign_id + 1 WHERE kind = 'payable'"],
    ],
    "ledger_flows_follow_the_chart": [
        ["UPDATE transfer SET code = 'pay' WHERE code = 'claim'"],
        ["UPDATE transfer SET code = 'gift' WHERE code = 'fund'"],
    ],
    "ledger_reversals_take_back_what_was_posted": [
        ["UPDATE transfer SET amount_fen = amount_fen + 1 WHERE code = 'void'"],
        ["UPDATE transfer SET reverses_id = NULL WHERE code = 'void'"],
        ["UPDATE transfer SET code = 'claim' WHERE id IN (SELECT reverses_id FROM transfer)"],
        ["UPDATE transfer SET code = 'expire' WHERE code = 'void'"],
    ],
    "ledger_seals_follow_each_other": [
        ["UPDATE seal SET previous = seal WHERE number = 2"],
        ["UPDATE seal SET row_count = row_count + 1 WHERE number = 1"],
        ["DELETE FROM seal WHERE number = 1"],
        ["DELETE FROM seal WHERE number = 2"],
        ["DELETE FROM seal WHERE number = (SELECT MAX(number) FROM seal)"],
        ["UPDATE seal_head SET number = number - 1"],
        ["DELETE FROM seal_head"],
    ],
    # applications
    "live_applications_hold_their_money": [
        ["UPDATE application SET status = 'rejected' WHERE status = 'reviewing'"],
        ["UPDATE reservation SET status = 'returned' WHERE status = 'held'"],
    ],
    "approved_applications_were_granted": [
        ["UPDATE application SET award_fen = award_fen + 1 WHERE status = 'approved'"],
        ["UPDATE application SET status = 'noticed' WHERE status = 'approved'"],
    ],
    "waiting_top_ups_are_of_applications_that_stand": [
        [
            "UPDATE top_up SET status = 'waiting' WHERE status = 'added'",
            "UPDATE application SET status = 'rejected'"
            " WHERE id IN (SELECT application_id FROM top_up WHERE status = 'waiting')",
        ],
    ],
    "top_ups_match_what_was_granted": [
        ["UPDATE top_up SET amount_fen = amount_fen + 1 WHERE status = 'granted'"],
        ["UPDATE top_up SET status = 'added' WHERE status = 'granted'"],
        ["DELETE FROM transfer WHERE document_kind = 'top_up'"],
    ],
    "live_applications_hold_their_numbers": [
        ["DELETE FROM evidence_mark WHERE kind = 'vin'"],
        ["UPDATE application SET status = 'withdrawn' WHERE status = 'waiting'"],
    ],
    "approvals_went_through_every_review": [
        ["DELETE FROM application_decision WHERE kind = 'approve' AND stage = 'city'"],
        ["UPDATE application SET status = 'passed' WHERE status = 'reviewing'"],
    ],
    "submissions_are_numbered_without_gaps": [["UPDATE submission_counter SET submitted = submitted + 1"]],
    "held_applications_have_an_objection": [["UPDATE objection SET status = 'dismissed' WHERE status = 'open'"]],
    # campaigns
    "packs_stay_whole": [
        [
            "UPDATE release SET pack = 'p'",
            "INSERT INTO release (id, round_id, offer_id, pack, per_pack, stock, released, remaining)"
            " SELECT id + 9000, round_id, offer_id + 9000, pack, 1, stock, 0, 0 FROM release WHERE released > 0",
        ]
    ],
    "terminated_campaigns_are_closed": [
        [
            "UPDATE campaign_round SET status = 'released'",
            "INSERT INTO termination (campaign_id, reason, proposed_by, proposed_at, approved_by, approved_at)"
            " SELECT id, 'x', 'officer:1', starts_at, 'officer:2', starts_at FROM campaign",
        ]
    ],
    "releases_match_released_money": [["UPDATE release SET remaining = remaining - 1 WHERE remaining > 0"]],
    "published_versions_have_two_people": [
        ["UPDATE campaign_version SET published_by = drafted_by"],
        ["UPDATE campaign_version SET published_by = NULL"],
    ],
    "campaign_budget_is_all_accounted_for": [
        ["UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = 'budget'"],
        ["UPDATE transfer SET amount_fen = amount_fen + 1 WHERE code = 'fund'"],
    ],
    # voucher
    "outstanding_matches_claimed_vouchers": [
        ["UPDATE entitlement SET status = 'expired' WHERE status = 'claimed'"],
        ["UPDATE entitlement SET face_value_fen = face_value_fen + 1 WHERE status = 'claimed'"],
        ["UPDATE ledger_account SET balance_fen = balance_fen - 1 WHERE kind = 'outstanding'"],
        ["UPDATE entitlement SET spare_run_id = NULL WHERE spare_run_id IS NOT NULL"],
    ],
    "claims_match_their_posting": [
        ["UPDATE claim_batch SET count = count + 1"],
        ["UPDATE transfer SET amount_fen = amount_fen + 1 WHERE code = 'claim'"],
        ["UPDATE entitlement SET face_value_fen = face_value_fen + 1"],
        ["DELETE FROM entitlement WHERE status = 'claimed'"],
    ],
    "expiries_match_their_posting": [
        ["UPDATE expiry_run SET count = count + 1"],
        ["UPDATE transfer SET amount_fen = amount_fen - 1 WHERE code = 'expire'"],
        ["UPDATE entitlement SET expiry_run_id = NULL"],
    ],
    "spares_match_their_posting": [
        ["UPDATE spare_run SET count = count + 1"],
        ["UPDATE spare_run SET amount_fen = amount_fen + 1"],
        ["UPDATE transfer SET amount_fen = amount_fen - 1 WHERE code = 'spare'"],
        ["UPDATE entitlement SET spare_run_id = NULL WHERE spare_run_id IS NOT NULL"],
        ["UPDATE spare_run SET returned_at = (SELECT MIN(redeemed_at) FROM entitlement)"],
    ],
    "transfers_stand_on_a_document": [
        ["UPDATE transfer SET document_id = '0' WHERE code = 'fund'"],
        ["UPDATE transfer SET document_kind = 'gift' WHERE code = 'claim'"],
    ],
    "stock_matches_claims": [
        ["UPDATE release SET released = released - 1 WHERE remaining > 0"],
        ["UPDATE release SET released = 0 WHERE remaining = 0"],
        ["DELETE FROM entitlement WHERE status = 'claimed'"],
    ],
    "counts_belong_to_persons": [["DELETE FROM same_person"]],
    "prizes_match_their_draw": [
        [
            "INSERT INTO lottery_draw (id, release_id, status, seed, commitment, committed_at, entry_count, considered)"
            " SELECT 9999, (SELECT MIN(release_id) FROM entitlement), 'drawn', phone_hash, 'c', created_at, 0, 0"
            " FROM citizen LIMIT 1",
        ]
    ],
    "listed_vouchers_match_their_lines": [
        [
            "INSERT INTO named_person (id, list_id, live_release_id, row, phone_hash)"
            " SELECT id, 9999, (SELECT MIN(release_id) FROM entitlement), 2, phone_hash FROM citizen LIMIT 1",
        ]
    ],
    "redeemed_vouchers_tell_their_holder": [
        ["UPDATE entitlement SET redeemed_at = NULL WHERE status = 'redeemed'"],
        ["UPDATE entitlement SET redeemed_at = claimed_at, redeemed_discount_fen = 1 WHERE status = 'claimed'"],
    ],
    "history_explains_every_state": [
        ["DELETE FROM state_change WHERE machine = 'entitlement' AND event = 'expire'"],
        ["UPDATE state_change SET to_state = 'claimed' WHERE machine = 'entitlement' AND event = 'redeem'"],
        [
            # All vouchers together would still have as many steps into each state.
            "UPDATE state_change SET thing_id = (SELECT MIN(thing_id) FROM state_change WHERE event = 'expire')"
            " WHERE machine = 'entitlement' AND event = 'redeem'"
        ],
    ],
    "reserved_money_matches_applications": [
        ["UPDATE reservation SET amount_fen = amount_fen + 1 WHERE status = 'held'"],
        ["UPDATE purchase SET face_value_fen = face_value_fen + 1 WHERE status = 'awaiting'"],
        ["UPDATE reservation SET status = 'returned' WHERE status = 'held'"],
        ["UPDATE ledger_account SET balance_fen = balance_fen - 1 WHERE kind = 'reserved'"],
    ],
    "reservations_match_their_posting": [
        ["UPDATE reservation SET amount_fen = amount_fen + 1 WHERE status = 'granted'"],
        ["UPDATE reservation SET status = 'held' WHERE status = 'returned'"],
        ["DELETE FROM transfer WHERE code = 'unreserve'"],
    ],
    "money_on_release_is_what_was_not_applied_for": [
        ["UPDATE release SET released_fen = released_fen - 1 WHERE asked_fen IS NOT NULL AND released_fen > 0"],
        ["UPDATE release SET asked_fen = 1 WHERE asked_fen IS NOT NULL"],
        ["UPDATE reservation SET amount_fen = amount_fen + 1 WHERE status = 'granted'"],
        ["UPDATE campaign_round SET status = 'closed' WHERE status = 'released'"],
    ],
    "tiers_hold_what_was_taken": [
        ["UPDATE release_tier SET taken = taken + 1"],
        ["UPDATE release_tier SET taken_fen = taken_fen + 1"],
        ["UPDATE reservation SET tier = '9'"],
    ],
    "granted_applications_have_their_entitlement": [
        ["UPDATE reservation SET status = 'held' WHERE status = 'granted'"],
        ["UPDATE entitlement SET face_value_fen = face_value_fen + 1 WHERE id IN (SELECT id FROM reservation)"],
        ["DELETE FROM reservation WHERE status = 'granted'"],
    ],
    # merchants
    "payment_requests_match_their_redemptions": [
        ["UPDATE payment_request SET bill_fen = bill_fen + 1 WHERE redeemed_at IS NOT NULL"],
        ["UPDATE payment_request SET redemption_id = NULL"],
        ["UPDATE payment_request SET cancelled_at = redeemed_at WHERE redeemed_at IS NOT NULL"],
        ["UPDATE payment_request SET cashier_id = NULL"],
        [
            "UPDATE payment_request SET citizen_id ="
            " (SELECT id FROM citizen WHERE id <> payment_request.citizen_id LIMIT 1) WHERE citizen_id IS NOT NULL"
        ],
        [
            "UPDATE payment_request SET redeemed_at = asked_at, redemption_id ="
            " (SELECT id FROM redemption WHERE till_id IS NOT NULL LIMIT 1) WHERE cancelled_at IS NOT NULL"
        ],
    ],
    "orders_add_up": [
        ["UPDATE redemption_order SET bill_fen = bill_fen + 1"],
        ["UPDATE redemption_order SET vouchers = vouchers + 1"],
        [
            "UPDATE redemption SET status = 'voided' WHERE id IN"
            " (SELECT id FROM redemption WHERE order_id IS NOT NULL LIMIT 1)"
        ],
    ],
    "uses_per_day_match_redemptions": [
        ["UPDATE person_quota SET used = used + 1 WHERE scope LIKE 'use:%'"],
        ["UPDATE redemption SET status = 'returned' WHERE order_id IS NOT NULL"],
    ],
    "discounts_per_person_match_redemptions": [
        ["UPDATE person_quota SET used = used + 1 WHERE scope LIKE 'off:%'"],
        ["UPDATE person_quota SET used = used + 1 WHERE scope LIKE 'off:%:%'"],
        ["UPDATE redemption SET status = 'voided' WHERE order_id IS NOT NULL"],
        ["UPDATE redemption SET refunded_discount_fen = refunded_discount_fen + 1"],
    ],
    "an_entitlement_is_redeemed_at_most_once": [
        ["UPDATE redemption SET entitlement_id = (SELECT id FROM entitlement ORDER BY id LIMIT 1)"],
    ],
    "redeemed_entitlements_have_a_redemption": [
        ["UPDATE entitlement SET redeemed_bill_fen = redeemed_bill_fen + 1"],
        ["UPDATE entitlement SET redeemed_discount_fen = redeemed_discount_fen + 1"],
        ["UPDATE entitlement SET status = 'claimed' WHERE status = 'redeemed'"],
        ["UPDATE redemption SET status = 'voided'"],
        ["UPDATE redemption SET campaign_version_id = campaign_version_id + 1"],
    ],
    "gifts_count_what_was_handed_out": [
        ["UPDATE handed_part SET cost_fen = cost_fen + 1 WHERE voided_at IS NULL"],
        ["UPDATE handed_part SET voided_at = handed_at, came_back = 'not_given' WHERE voided_at IS NULL"],
        ["UPDATE entitlement SET status = 'claimed' WHERE handed_fen = face_value_fen"],
    ],
    "listed_elsewhere_matches_lists": [
        ["UPDATE elsewhere_key SET listed_in = NULL WHERE listed_in IS NOT NULL"],
        ["UPDATE elsewhere_list SET revoked_at = imported_at, revoked_by = 'x' WHERE revoked_at IS NULL"],
        ["DELETE FROM elsewhere_key WHERE listed_in IS NOT NULL"],
    ],
    "nothing_new_overlaps": [
        ["UPDATE elsewhere_watch SET found_in = NULL WHERE found_in IS NOT NULL"],
        ["DELETE FROM elsewhere_key WHERE listed_in IS NOT NULL"],
    ],
    "hand_outs_match_their_parts": [
        ["UPDATE redemption SET bill_fen = 1 WHERE bill_fen = 0"],
        ["UPDATE redemption SET status = 'redeemed' WHERE bill_fen = 0 AND status = 'voided'"],
        ["DELETE FROM evidence_mark WHERE holder_kind = 'hand_out'"],
        ["UPDATE handed_part SET redemption_id = entitlement_id WHERE voided_at IS NULL"],
    ],
    "redemptions_match_their_posting": [
        ["UPDATE redemption SET discount_fen = discount_fen - 1"],
        ["UPDATE redemption SET status = 'redeemed'"],
        ["DELETE FROM transfer WHERE code = 'void'"],
    ],
    "redemptions_were_within_validity": [
        ["UPDATE redemption SET redeemed_at = (SELECT expires_at FROM entitlement e WHERE e.id = entitlement_id)"],
        ["UPDATE entitlement SET valid_from = expires_at"],
    ],
    "sold_articles_hold_their_numbers": [
        ["DELETE FROM evidence_mark"],
        ["UPDATE sold_item SET imei = '490154203237518'"],
        ["UPDATE redemption SET status = 'voided' WHERE id IN (SELECT redemption_id FROM sold_item)"],
    ],
    **OF_DEBTS,
}


@contextmanager
def guards_off() -> Iterator[None]:
    """Take the database's own guards away for the length of the block, and undo everything done in it."""
    postgres = db.engine.dialect.name == "postgresql"
    with transaction():
        if postgres:
            _execute("SET LOCAL session_replication_role = replica")
            dropped = "SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname FROM pg_constraint"
            for statement in db.session.scalars(text(f"{dropped} WHERE contype = 'c' AND conrelid <> 0")).all():
                _execute(statement)
        else:
            _execute("PRAGMA ignore_check_constraints = ON")
            _execute("PRAGMA defer_foreign_keys = ON")
            for name in db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                _execute(f"DROP TRIGGER {name}")
        _execute("DROP INDEX uq_redemption_entitlement_id_live")
        try:
            yield
        finally:
            if not postgres:
                _execute("PRAGMA ignore_check_constraints = OFF")
            db.session.rollback()


@contextmanager
def corrupted(statements: list[str]) -> Iterator[None]:
    """Run the statements, each of which must touch something, and take them back after the block."""
    savepoint = db.session.begin_nested()
    try:
        for statement in statements:
            done = db.session.execute(text(statement))
            assert done.rowcount, f"touched nothing: {statement}"
        yield
    finally:
        savepoint.rollback()


def _execute(statement: str) -> None:
    db.session.execute(text(statement))
