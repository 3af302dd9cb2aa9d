"""How an application, a public notice and an objection may move."""

from foundation.states import StateMachine

APPLICATION = StateMachine(
    "application",
    {
        ("", "start"): "draft",
        ("draft", "submit"): "reviewing",
        ("draft", "wait"): "waiting",
        ("waiting", "promote"): "reviewing",
        ("waiting", "lapse"): "rejected",
        ("reviewing", "forward"): "reviewing",
        ("reviewing", "pass"): "passed",
        ("reviewing", "ask"): "correcting",
        ("reviewing", "reject"): "rejected",
        ("correcting", "resubmit"): "reviewing",
        ("correcting", "overdue"): "rejected",
        ("passed", "publish"): "noticed",
        ("noticed", "object"): "held",
        ("held", "dismiss"): "noticed",
        ("held", "uphold"): "rejected",
        ("passed", "grant"): "approved",
        ("noticed", "grant"): "approved",
        ("draft", "withdraw"): "withdrawn",
        ("waiting", "withdraw"): "withdrawn",
        ("reviewing", "withdraw"): "withdrawn",
        ("correcting", "withdraw"): "withdrawn",
        ("passed", "withdraw"): "withdrawn",
        ("noticed", "withdraw"): "withdrawn",
        ("held", "withdraw"): "withdrawn",
    },
)
#: States in which an application has numbers marked; in all but the first of them money is reserved, too.
LIVE = ("waiting", "reviewing", "correcting", "passed", "noticed", "held")
RESERVED = LIVE[1:]

PUBLIC_NOTICE = StateMachine("public_notice", {("", "open"): "open", ("open", "end"): "ended"})

OBJECTION = StateMachine(
    "objection", {("", "raise"): "open", ("open", "dismiss"): "dismissed", ("open", "uphold"): "upheld"}
)
