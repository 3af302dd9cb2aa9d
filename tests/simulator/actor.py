"""What all who act have in common: a life, its luck, and one transaction under a fault."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from foundation.db import transaction
from foundation.errors import Refusal
from tests.simulator.faults import Fault, Killed, under

if TYPE_CHECKING:
    from tests.simulator.life import Life


class Actor:
    def __init__(self, life: "Life") -> None:
        self.life, self.rng, self.model, self.stage = life, life.rng, life.model, life.stage

    @property
    def now(self) -> datetime:
        return self.life.clock.now()

    def attempt(self, work: Callable[[], Any], fault: Fault | None) -> tuple[Any, bool]:
        """Do ``work`` in one transaction; return what it came to (also when nobody heard it) and whether it stands."""
        captured: list[Any] = []

        def capturing() -> None:
            captured.append(work())

        try:
            with under(fault), transaction():
                capturing()
        except Killed:
            pass
        except Refusal as refusal:
            if fault is None or not fault.struck:
                return refusal.code, False
        stands = fault is None or not fault.struck or bool(fault.durable)
        if not stands:
            self.life.seen[f"fault {fault.kind}"] += 1  # type: ignore[union-attr]
        elif fault is not None and fault.struck:
            self.life.seen["fault lost"] += 1
        return (captured[0] if captured else None), stands
