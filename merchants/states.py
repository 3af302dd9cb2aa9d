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
