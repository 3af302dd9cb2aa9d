"""Who is asking: one shape for the four kinds of caller."""

from dataclasses import dataclass
from typing import Literal

Audience = Literal["citizen", "cashier", "officer", "till"]


@dataclass(frozen=True)
class Principal:
    """A caller who has been let in. ``id`` is the citizen's UUID or the account's number, as text; ``name`` is
    what their own screens greet them with; ``role`` is an officer's role and empty for everyone else."""

    audience: Audience
    id: str
    name: str
    role: str = ""

    @property
    def actor(self) -> str:
        """Return how history rows name this caller: ``officer:7``."""
        return f"{self.audience}:{self.id}"
