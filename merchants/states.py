"""The states of who redeems, of redemptions, and of what is paid out to citizens."""

from foundation.states import StateMachine

_STANDING = {
    ("", "register"): "active",
    ("active", "suspend"): "suspended",
    ("suspended", "resume"): "active",
}

MERCHANT = StateMachine("merchant", _STANDING)
TILL = StateMachine("till", _STANDING)

#: What is owed to a citizen, on its way to their bank account. A rejected batch frees it, the bank may fail to pay it,
#: and a car that comes back takes it off, or has it claimed back once it was paid.
PAYOUT = StateMachine(
    "payout",
    {
        ("", "owe"): "due",
        ("due", "batch"): "batched",
        ("batched", "free"): "due",
        ("batched", "clear"): "cleared",
        ("cleared", "pay"): "paid",
        ("cleared", "fail"): "failed",
        ("failed", "correct"): "due",
        ("due", "take_off"): "taken_off",
        ("batched", "take_off"): "taken_off",
        ("cleared", "take_off"): "taken_off",
        ("failed", "take_off"): "taken_off",
        ("paid", "reclaim"): "reclaimed",
        ("reclaimed", "repay"): "repaid",
    },
)

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
