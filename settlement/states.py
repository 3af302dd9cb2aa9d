"""The states of batches, of statements and of payouts. Redeemed, cleared and paid are three states with three dates."""

from foundation.states import StateMachine

BATCH = StateMachine(
    "settlement_batch",
    {
        ("", "close"): "closed",
        ("closed", "approve"): "approved",
        ("closed", "reject"): "rejected",
        ("approved", "pay"): "paid",
    },
)

#: A batch of payouts is sent to the bank, which answers for each line; it is finished when all are answered.
PAYOUT_BATCH = StateMachine(
    "payout_batch",
    {
        ("", "close"): "closed",
        ("closed", "approve"): "approved",
        ("closed", "reject"): "rejected",
        ("approved", "send"): "sent",
        ("sent", "finish"): "finished",
    },
)

#: A statement that its merchant is asked to check: it confirms it or disputes lines of it, once; silence until the
#: last day confirms it too, by the event ``lapse``. It is dropped with a batch that is sent back.
STATEMENT_CHECK = StateMachine(
    "statement_check",
    {
        ("", "collect"): "collected",
        ("collected", "confirm"): "confirmed",
        ("collected", "lapse"): "confirmed",
        ("collected", "dispute"): "disputed",
        ("collected", "drop"): "dropped",
        ("confirmed", "drop"): "dropped",
        ("disputed", "drop"): "dropped",
    },
)

#: A line that a merchant disputes: the bureau keeps it as it was recorded, or does not pay it.
DISPUTE = StateMachine(
    "dispute",
    {
        ("", "raise"): "open",
        ("open", "keep"): "kept",
        ("open", "deny"): "denied",
    },
)

#: Unused money that goes back to its sources: proposed by one person, carried out by another.
FUND_RETURN = StateMachine(
    "fund_return",
    {
        ("", "propose"): "proposed",
        ("proposed", "carry_out"): "returned",
        ("proposed", "withdraw"): "withdrawn",
    },
)
