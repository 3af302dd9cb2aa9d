"""The states of who redeems, and of redemptions."""

from foundation.states import StateMachine

_STANDING = {
    ("", "register"): "active",
    ("active", "suspend"): "suspended",
    ("suspended", "resume"): "active",
}

MERCHANT = StateMachine("merchant", _STANDING)
TILL = StateMachine("till", _STANDING)

REDEMPTION = StateMachine(
    "redemption",
    {
        ("", "redeem"): "redeemed",
        ("redeemed", "void"): "voided",
        # Everything has come back after the day: with the voucher to its holder, or without.
        ("redeemed", "return"): "returned",
        ("redeemed", "refund"): "refunded",
    },
)

#: What a merchant hands in after a sale. "lapse": its days and the days of grace are over.
HAND_IN = StateMachine(
    "hand_in",
    {
        ("", "expect"): "awaited",
        ("awaited", "hand_in"): "handed_in",
        ("handed_in", "accept"): "accepted",
        ("handed_in", "correct"): "correction",
        ("correction", "hand_in"): "handed_in",
        ("handed_in", "reject"): "rejected",
        ("awaited", "lapse"): "rejected",
        ("correction", "lapse"): "rejected",
        # The sale was voided, or all its goods came back.
        ("awaited", "withdraw"): "withdrawn",
        ("handed_in", "withdraw"): "withdrawn",
        ("correction", "withdraw"): "withdrawn",
        ("accepted", "withdraw"): "withdrawn",
    },
)
