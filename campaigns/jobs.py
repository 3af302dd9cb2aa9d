"""Jobs of the campaigns room."""

from campaigns import drafting, rounds
from foundation.db import transaction


def release_rounds() -> str:
    """Put amendments in force whose time has come, and rounds on release shortly before they open."""
    with transaction():
        drafting.take_effect_due(actor="job:release_rounds")
    with transaction():
        done = rounds.release_due_rounds(actor="job:release_rounds")
        return f"released {len(done)} rounds"


def release_portions() -> str:
    """Put the daily portions of rounds on release whose time has come."""
    with transaction():
        done = rounds.release_due_portions(actor="job:release_portions")
        return f"released {done} portions"


def close_rounds() -> str:
    """Close rounds that are over and recall what was not claimed."""
    with transaction():
        done = rounds.close_due_rounds(actor="job:close_rounds")
        return f"closed {len(done)} rounds"
