"""A way to break each rule that the audit watches over, behind the back of the operations and the database's guards.

A new check needs a corruption here that it finds: ``test_audit`` fails for a check that was never seen to fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from foundation.db import db, transaction


def _hand_ins(status: str, which: str) -> str:
    """Return a statement that gives redemptions evidence in a state, all with one invoice number."""
    shared = "campaign_id, campaign_version_id, offer_id, merchant_id, store_id"
    return (
        f"INSERT INTO hand_in (id, {shared}, status, sold_on, due_on, ends_on, invoice_number)"
        f" SELECT id, {shared}, '{status}', bureau_day, bureau_day, bureau_day, '1' FROM redemption WHERE {which}"
    )


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
    # campaigns
    "packs_stay_whole": [
        [
            "UPDATE release SET pack = 'p'",
            "INSERT INTO release (id, round_id, offer_id, pack, per_pack, stock, released, remaining)"
            " SELECT id + 9000, round_id, offer_id + 9000, pack, 1, stock, 0, 0 FROM release WHERE released > 0",
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
    # merchants
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
    "refunds_stay_within_redemptions": [
        ["UPDATE refund SET bill_fen = bill_fen + 1"],
        ["UPDATE redemption SET refunded_discount_fen = refunded_discount_fen + 1"],
        ["UPDATE redemption SET status = 'redeemed' WHERE status = 'returned'"],
        ["UPDATE refund SET restored = (1 = 0)"],
    ],
    "refunds_match_their_posting": [
        ["DELETE FROM transfer WHERE code = 'refund'"],
        ["DELETE FROM transfer WHERE code = 'repay'"],
        ["UPDATE refund_part SET discount_fen = discount_fen + 1"],
        ["UPDATE refund_part SET bill_fen = bill_fen + 1"],
        ["UPDATE refund SET repaid_at = NULL WHERE repaid_at IS NOT NULL"],
    ],
    "settled_sales_were_accepted": [[_hand_ins("awaited", "statement_id IS NOT NULL")]],
    "rejected_sales_are_not_owed": [[_hand_ins("rejected", "status = 'redeemed'")]],
    "accepted_sales_have_a_decision": [
        [_hand_ins("accepted", "status = 'redeemed'")],
        [_hand_ins("correction", "status = 'redeemed'")],
    ],
    "an_invoice_is_for_one_sale": [[_hand_ins("handed_in", "statement_id IS NULL")]],
    # settlement
    "refund_figures_match_refunds": [
        ["UPDATE day_figure SET refunded_fen = refunded_fen + 1"],
        ["UPDATE merchant_day_figure SET refunded_fen = refunded_fen + 1"],
        ["UPDATE refund SET discount_fen = discount_fen + 1"],
    ],
    "day_figures_match_the_ledger": [
        [f"UPDATE day_figure SET {what}_fen = {what}_fen + 1"]
        for what in ("released", "claimed", "expired", "recalled", "spare", "redeemed", "voided")
    ],
    "driven_consumption_matches_redemptions": [
        ["UPDATE redemption SET bill_fen = bill_fen + 1 WHERE status = 'redeemed'"],
        ["UPDATE day_figure SET driven_fen = driven_fen + 1"],
        ["UPDATE merchant_day_figure SET driven_fen = driven_fen + 1"],
    ],
    "statements_match_their_redemptions": [
        ["UPDATE statement SET payable_fen = payable_fen + 1"],
        ["UPDATE statement SET bill_fen = bill_fen + 1"],
        ["UPDATE statement SET deducted_fen = deducted_fen + 1"],
        ["UPDATE refund SET statement_id = NULL WHERE statement_id IS NOT NULL"],
        ["UPDATE statement SET redemption_count = redemption_count + 1"],
        ["UPDATE statement_line SET amount_fen = amount_fen + 1"],
        ["UPDATE redemption SET statement_id = NULL"],
        ["UPDATE settlement_batch SET status = 'rejected'"],
    ],
    "statements_match_the_ledger": [
        ["UPDATE settlement_batch SET status = 'closed'"],
        ["UPDATE settlement_batch SET status = 'approved'"],
        ["DELETE FROM transfer WHERE code = 'pay'"],
    ],
    "voided_redemptions_are_not_settled": [
        ["UPDATE redemption SET statement_id = (SELECT MIN(id) FROM statement) WHERE status = 'voided'"],
    ],
    "approved_batches_have_two_people": [
        ["UPDATE settlement_batch SET approved_by = closed_by"],
        ["UPDATE settlement_batch SET approved_by = NULL"],
    ],
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
