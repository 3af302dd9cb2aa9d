"""The states of an entitlement, of a reservation, of a draw and of an entry to it."""

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

#: What an application has set aside: held while it is reviewed, then granted, or returned; an application that comes
#: back after it was rejected reserves again.
RESERVATION = StateMachine(
    "reservation",
    {
        ("", "reserve"): "held",
        ("held", "grant"): "granted",
        ("held", "return"): "returned",
        ("returned", "reserve"): "held",
    },
)

#: What a raised table adds to an application that was priced before: it waits until there is money, then the
#: reservation is raised, or the difference is granted; it lapses where nothing is left to raise.
TOP_UP = StateMachine(
    "top_up",
    {
        ("", "owe"): "waiting",
        ("waiting", "add"): "added",
        ("waiting", "grant"): "granted",
        ("waiting", "lapse"): "lapsed",
    },
)

#: The seed is committed to, then the list of entries stands, then winners are drawn, also again for prizes that
#: nobody took up; at the end of the round it is over.
DRAW = StateMachine(
    "lottery_draw",
    {
        ("", "commit"): "committed",
        ("committed", "list"): "listed",
        ("listed", "draw"): "drawn",
        ("drawn", "finish"): "finished",
    },
)

ENTRY = StateMachine(
    "lottery_entry",
    {
        ("", "enter"): "entered",
        ("entered", "win"): "won",
        ("won", "take_up"): "granted",
        ("won", "lapse"): "lapsed",
        ("won", "pass_over"): "passed_over",
    },
)

NAMED_LIST = StateMachine(
    "named_list",
    {
        ("", "import"): "draft",
        ("draft", "confirm"): "confirmed",
        ("draft", "discard"): "discarded",
    },
)
