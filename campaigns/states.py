"""The states of what the bureau offers."""

from foundation.states import StateMachine

VERSION = StateMachine(
    "campaign_version",
    {
        ("", "draft"): "draft",
        ("draft", "publish"): "published",
        ("draft", "discard"): "discarded",
    },
)

#: A round's money is set aside shortly before it opens; whether it is open is then told by the clock alone, so
#: that the opening second depends on no job.
ROUND = StateMachine(
    "campaign_round",
    {
        ("", "schedule"): "scheduled",
        ("scheduled", "release"): "released",
        ("released", "close"): "closed",
        ("scheduled", "close"): "closed",
    },
)

EVENT = StateMachine(
    "promotional_event",
    {
        ("", "announce"): "announced",
        ("announced", "cancel"): "cancelled",
    },
)
