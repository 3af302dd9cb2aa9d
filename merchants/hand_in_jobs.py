"""Jobs of evidence after sales."""

from foundation.db import transaction
from merchants import hand_in_decisions

ACTOR = "job:lapse_hand_ins"
_AT_ONCE = 200


def lapse_hand_ins() -> str:
    """Refuse what was not handed in by its last day, as many at a time as a transaction should carry."""
    total = 0
    while True:
        with transaction():
            lapsed = hand_in_decisions.lapse_due(actor=ACTOR, most=_AT_ONCE)
        total += lapsed
        if lapsed < _AT_ONCE:
            return f"{total} sales lapsed"
