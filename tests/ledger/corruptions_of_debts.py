"""Ways to break what the audit says of refunds, payouts, payments and statements; see ``corruptions.py``."""


def _hand_ins(status: str, which: str) -> str:
    """Return a statement that gives redemptions evidence in a state, all with one invoice number."""
    shared = "campaign_id, campaign_version_id, offer_id, merchant_id, store_id"
    return (
        f"INSERT INTO hand_in (id, {shared}, status, sold_on, due_on, ends_on, invoice_number)"
        f" SELECT id, {shared}, '{status}', bureau_day, bureau_day, bureau_day, '1' FROM redemption WHERE {which}"
    )


#: check → ways to break it, each a list of statements
OF_DEBTS: dict[str, list[list[str]]] = {
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
    "payouts_match_their_redemptions": [
        ["UPDATE redemption SET payee = 'merchant'"],
        ["UPDATE payout SET amount_fen = amount_fen + 1"],
        ["DELETE FROM payout WHERE status = 'due'"],
        ["UPDATE payout SET status = 'due' WHERE status = 'taken_off'"],
    ],
    "payouts_match_the_ledger": [
        ["UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = 'due'"],
        ["UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = 'paid' AND merchant_id IS NULL"],
        ["UPDATE payout SET status = 'cleared' WHERE status = 'due'"],
    ],
    "purchases_match_their_posting": [
        ["UPDATE purchase SET status = 'lapsed' WHERE status = 'awaiting'"],
        ["UPDATE purchase SET face_value_fen = face_value_fen + 1 WHERE status = 'paid'"],
        ["DELETE FROM transfer WHERE code = 'unreserve' AND document_kind = 'purchase'"],
    ],
    "paid_purchases_have_their_voucher": [
        ["UPDATE purchase SET status = 'awaiting' WHERE status = 'paid'"],
        ["UPDATE purchase SET status = 'paid' WHERE status = 'lapsed'"],
        ["DELETE FROM payment WHERE arrival = 'bought'"],
        ["DELETE FROM purchase WHERE status = 'paid'"],
    ],
    "payments_match_their_posting": [
        ["UPDATE payment SET amount_fen = amount_fen + 1"],
        ["UPDATE payment SET status = 'returned', returned_at = arrived_at WHERE status = 'returning'"],
        ["UPDATE payment SET status = 'returning', taken_back_at = arrived_at WHERE status = 'kept'"],
        ["UPDATE entitlement SET status = 'claimed' WHERE id IN (SELECT purchase_id FROM payment)"],
        ["DELETE FROM transfer WHERE code = 'sell'"],
        ["DELETE FROM transfer WHERE code = 'take_back'"],
        ["DELETE FROM transfer WHERE code = 'send_back'"],
    ],
    "prices_match_the_ledger": [
        [f"UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE kind = '{kind}'"]
        for kind in ("buyers", "proceeds", "returning")
    ],
    "settled_sales_were_accepted": [[_hand_ins("awaited", "statement_id IS NOT NULL")]],
    "rejected_sales_are_not_owed": [[_hand_ins("rejected", "status = 'redeemed'")]],
    "accepted_sales_have_a_decision": [
        [_hand_ins("accepted", "status = 'redeemed'")],
        [_hand_ins("correction", "status = 'redeemed'")],
    ],
    "an_invoice_is_for_one_sale": [[_hand_ins("handed_in", "statement_id IS NULL")]],
    # settlement
    "payouts_match_their_lines": [
        ["UPDATE payout_line SET status = 'waiting' WHERE status = 'paid'"],
        ["UPDATE payout_line SET status = 'paid' WHERE status = 'failed'"],
        ["UPDATE payout_line SET amount_fen = amount_fen - 1"],
        ["UPDATE payout SET status = 'batched' WHERE status = 'due'"],
    ],
    "payout_batches_match_the_ledger": [
        ["DELETE FROM transfer WHERE code = 'pay' AND document_kind = 'payout'"],
        ["DELETE FROM transfer WHERE code = 'bounce'"],
        ["DELETE FROM transfer WHERE code = 'clear' AND document_kind = 'payout'"],
    ],
    "returned_payouts_have_their_refund": [
        ["DELETE FROM payout_return"],
        ["UPDATE payout SET status = 'repaid' WHERE status = 'reclaimed'"],
        ["UPDATE payout_return SET repay_by = NULL WHERE repay_by IS NOT NULL"],
    ],
    "approved_payout_batches_have_two_people": [
        ["UPDATE payout_batch SET approved_by = closed_by"],
        ["UPDATE payout_batch SET approved_by = NULL"],
    ],
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
    "merchants_had_their_time_to_check": [
        ["UPDATE statement_check SET status = 'collected' WHERE status = 'confirmed'"],
        ["UPDATE statement_check SET status = 'dropped' WHERE status = 'confirmed'"],
        ["DELETE FROM statement_check WHERE status = 'confirmed'"],
        ["UPDATE statement_check SET ends_on = '2023-01-01'"],
    ],
    "disputed_sales_are_not_settled": [
        [
            "UPDATE redemption SET statement_id = (SELECT MIN(id) FROM statement)"
            " WHERE id IN (SELECT redemption_id FROM dispute WHERE status = 'open')"
        ],
        ["UPDATE dispute SET status = 'open' WHERE status = 'kept'"],
    ],
    "disputes_were_answered_once": [
        ["UPDATE statement_check SET status = 'confirmed' WHERE status = 'disputed'"],
        ["UPDATE statement_check SET status = 'disputed' WHERE status = 'confirmed'"],
        ["UPDATE dispute SET decided_by = NULL"],
        ["UPDATE statement SET merchant_id = 1 WHERE id IN (SELECT statement_id FROM dispute)"],
    ],
    "deposits_match_their_posting": [
        ["UPDATE deposit SET amount_fen = amount_fen + 1"],
        ["DELETE FROM transfer WHERE code = 'deposit'"],
        ["UPDATE deposit SET fund_source_id = 1 - fund_source_id + 2"],
    ],
    "fund_returns_match_their_posting": [
        ["UPDATE fund_return_line SET amount_fen = amount_fen - 1"],
        ["DELETE FROM transfer WHERE code = 'return'"],
        ["DELETE FROM fund_return_line"],
        ["UPDATE fund_return SET carried_out_by = proposed_by"],
        ["UPDATE fund_return SET status = 'withdrawn', carried_out_by = NULL"],
    ],
}
