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
