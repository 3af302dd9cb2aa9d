"""The states of an entitlement."""

from foundation.states import StateMachine

ENTITLEMENT = StateMachine(
    "entitlement",
    {
        ("", "claim"): "claimed",
        ("claimed", "redeem"): "redeemed",
        ("redeemed", "void"): "claimed",
        ("redeemed", "return"): "claimed",
        ("claimed", "expire"): "expired",
    },
)
