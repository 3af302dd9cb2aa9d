"""The states of an entitlement, of a reservation, of a purchase, of a draw and of an entry to it."""

from foundation.states import StateMachine

ENTITLEMENT = StateMachine(
    "entitlement",
    {
        ("", "claim"): "claimed",
        ("claimed", "redeem"): "redeemed",
        ("redeemed", "void"): "claimed",
        ("redeemed", "return"): "claimed",
        ("claimed", "expire"): "expired",
        # Its holder does not want it any more, and gets back what it was bought for.
        ("claimed", "withdraw"): "expired",
    },
)

#: An order for a voucher that is sold: paid, and then there is its entitlement; or not paid in time, or given up.
PURCHASE = StateMachine(
    "purchase",
    {
        ("", "order"): "awaiting",
        ("awaiting", "pay"): "paid",
        ("awaiting", "lapse"): "lapsed",
        ("awaiting", "give_up"): "lapsed",
    },
)

#: One payment, as the payment service tells it: kept, or given back because it came too late or twice, or because
#: the voucher it bought ran out or was withdrawn.
PAYMENT = StateMachine(
    "payment",
    {
        ("", "accept"): "kept",
        ("", "turn_away"): "returning",
        ("kept", "take_back"): "returning",
        ("returning", "send_back"): "returned",
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
