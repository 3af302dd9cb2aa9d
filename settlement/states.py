"""The states of a settlement batch. Redeemed, cleared and paid are three states with three dates."""

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
