"""The states of an account."""

from foundation.states import StateMachine

ACCOUNT = StateMachine(
    "account",
    {
        ("", "create"): "active",
        ("active", "suspend"): "suspended",
        ("suspended", "resume"): "active",
    },
)
