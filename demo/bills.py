"""What the demo's customers spend: at random, and in the end exactly what the report says."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from foundation.money import apportion

#: Mean of what is spent above the threshold, in faces; with thresholds of four and five faces it brings the mean
#: bill to the report's 5.9 faces of what is redeemed.
MEAN_EXTRA_FACES = 1.4
#: Above this mean bill, in faces, the next customers buy little more than they must: chance must not spend so much in
#: a small year that nothing is left for the last bills.
PACE_FACES = 5.7


class Priced(Protocol):
    """A ticket as bills see it."""

    @property
    def release_id(self) -> int: ...
    @property
    def face_value_fen(self) -> int: ...
    @property
    def threshold_fen(self) -> int: ...


class Bills:
    """Gives out bills. Once the rest of the year's visits are known (``expect``), the bills still to come are fixed so
    that all together are ``target_fen``."""

    def __init__(self, rng: random.Random, target_fen: int) -> None:
        self._rng = rng
        self._target_fen = target_fen
        self._spent_fen = 0
        self._faces_fen = 0
        self._waiting: dict[int, list[int]] = defaultdict(list)
        self.are_spoken_for = False

    def next(self, ticket: Priced) -> int:
        """Return the bill of the next visit with this ticket, in fen; at least its threshold."""
        if self.are_spoken_for:
            bill_fen = self._waiting[ticket.release_id].pop()
        else:
            too_fast = self._spent_fen > PACE_FACES * self._faces_fen
            bill_fen = ticket.threshold_fen + self._extra(ticket, 0.25 if too_fast else 1)
        self._spent_fen += bill_fen
        self._faces_fen += ticket.face_value_fen
        return bill_fen

    def take_back(self, bill_fen: int, face_value_fen: int) -> None:
        """A redemption was voided: its bill does not count."""
        self._spent_fen -= bill_fen
        self._faces_fen -= face_value_fen

    def expect(self, tickets: Sequence[Priced]) -> None:
        """Fix the bills of exactly these visits, so that the year ends on the target."""
        least_fen = sum(ticket.threshold_fen for ticket in tickets)
        extra_fen = self._target_fen - self._spent_fen - least_fen
        if extra_fen < 0:
            raise RuntimeError(f"{-extra_fen} fen too much were spent to end the year on its figure")
        weights = [(str(place), self._extra(ticket) + 1) for place, ticket in enumerate(tickets)]
        extras = apportion(extra_fen, weights)
        for place, ticket in enumerate(tickets):
            self._waiting[ticket.release_id].append(ticket.threshold_fen + extras[str(place)])
        self.are_spoken_for = True

    def _extra(self, ticket: Priced, appetite: float = 1) -> int:
        fen = ticket.face_value_fen * MEAN_EXTRA_FACES * appetite * self._rng.gammavariate(2, 0.5)
        # Most prices end in tenths of a yuan.
        return int(fen) // 10 * 10
