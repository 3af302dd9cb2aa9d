"""Histories of stampedes: who asked for what, when each request began and ended, and what it was told.

A request takes effect at some instant between its two ends; which one, nobody outside can see. What can be proved all
the same, from the answers alone:

- **no false sold-out**: whoever was told so could have met an empty stock at some instant of their request;
- **at most once**: no more grants than stock, no more per person than the limit, one redemption per voucher at a time,
  and of each voucher some order of its redemptions and voids that explains every answer.

An answer that never came ("lost") may have happened or not, and is taken for whatever excuses the system.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

DONE, LOST, SOLD_OUT = "done", "lost", "sold_out"


@dataclass(frozen=True)
class Request:
    """One request. what: "claim", "redeem", "void", or "restock" (which adds ``count`` to a stock). subject: the
    release or voucher. who: the person. began, ended: seconds on one clock for all."""

    what: str
    subject: Any
    who: Any
    began: float
    ended: float
    answer: str
    count: int = 1
    #: what was granted or made, for looking it up afterwards
    made: Any = None


@dataclass
class Recorder:
    """Keeps what many threads did."""

    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, what: str, subject: Any, who: Any, work: Callable[[], tuple[str, Any]]) -> str:
        """Do ``work``, which returns its answer and what it made, and keep when it began and ended."""
        began = time.perf_counter()
        answer, made = work()
        request = Request(what, subject, who, began, time.perf_counter(), answer, made=made)
        with self._lock:
            self.requests.append(request)
        return answer


def faults(requests: Sequence[Request], *, stock: dict[Any, int], most: int = 1, stale_seconds: float = 0) -> list[str]:
    """Return everything in a history that cannot have been right; an empty list proves it.

    stock: release → how many there were at the beginning. most: claims per person and release. stale_seconds: how long
    after stock has come back a refusal may still say "sold out".
    """
    return [
        *_false_sold_outs(requests, stock, stale_seconds),
        *_too_many_grants(requests, stock, most),
        *_impossible_vouchers(requests),
    ]


def _false_sold_outs(requests: Sequence[Request], stock: dict[Any, int], stale_seconds: float) -> Iterable[str]:
    for release, there in stock.items():
        mine = [request for request in requests if request.subject == release]
        taken = sorted(each.began for each in mine if each.what == "claim" and each.answer in (DONE, LOST))
        added = [each for each in mine if each.what == "restock" and each.answer == DONE]
        for refused in mine:
            if refused.what != "claim" or refused.answer != SOLD_OUT:
                continue
            # Stock is lowest, at the latest, where somebody may just have taken some, or where the request ends.
            from_when = refused.began - stale_seconds
            instants = [from_when, refused.ended, *(at for at in taken if from_when <= at <= refused.ended)]
            least = min(
                there + sum(each.count for each in added if each.ended <= at) - sum(1 for began in taken if began <= at)
                for at in instants
            )
            if least > 0:
                yield f"{refused.who} was told that {release} is sold out while at least {least} were left"


def _too_many_grants(requests: Sequence[Request], stock: dict[Any, int], most: int) -> Iterable[str]:
    granted = [request for request in requests if request.what == "claim" and request.answer == DONE]
    restocked: Counter[Any] = Counter()
    for request in requests:
        if request.what == "restock":
            restocked[request.subject] += request.count
    for release, times in Counter(request.subject for request in granted).items():
        if times > stock.get(release, 0) + restocked[release]:
            yield f"{times} of {release} were granted, and there were {stock.get(release, 0) + restocked[release]}"
    for (who, release), times in Counter((request.who, request.subject) for request in granted).items():
        if times > most:
            yield f"{who} was granted {times} of {release}"
    for made, times in Counter(request.made for request in granted if request.made is not None).items():
        if times > 1:
            yield f"{made} was granted to {times}"


def _impossible_vouchers(requests: Sequence[Request]) -> Iterable[str]:
    vouchers: dict[Any, list[Request]] = {}
    for request in requests:
        if request.what in ("redeem", "void"):
            vouchers.setdefault(request.subject, []).append(request)
    for voucher, mine in vouchers.items():
        if not is_possible(mine):
            answers = Counter(f"{request.what}: {request.answer}" for request in mine)
            yield f"no order of what was done with {voucher} explains its answers: {dict(answers)}"


#: (what, answer) → the state it needs, and the state it leaves. Other answers say nothing about the voucher's state.
STEPS = {
    ("redeem", DONE): ("claimed", "redeemed"),
    ("redeem", "already_redeemed"): ("redeemed", "redeemed"),
    ("void", DONE): ("redeemed", "claimed"),
    ("void", "already_voided"): ("claimed", "claimed"),
}


def is_possible(requests: Sequence[Request]) -> bool:
    """Return whether some order of these requests on one voucher, claimed at first, explains every answer.

    A request that ended before another began stands before it. Answers that change nothing are placed as soon as they
    fit, which costs no possibility; only changes are tried in every order.
    """
    mine = [each for each in requests if (each.what, each.answer) in STEPS or each.answer == LOST]

    @cache
    def possible(left: frozenset[int], state: str) -> bool:
        if all(mine[place].answer == LOST for place in left):
            return True
        # Whoever nobody else has surely gone before.
        horizon = min(mine[place].ended for place in left if mine[place].answer != LOST)
        next_ones = [place for place in sorted(left) if mine[place].began <= horizon]
        for place in next_ones:
            needs, leaves = STEPS.get((mine[place].what, mine[place].answer), ("", ""))
            if needs == leaves == state:
                return possible(left - {place}, state)
        # Of equal requests the one that ended first goes first: any order that is possible is so with the two swapped.
        for place in {(mine[place].what, mine[place].answer): place for place in reversed(by_end(next_ones))}.values():
            request = mine[place]
            needs, leaves = STEPS[request.what, DONE if request.answer == LOST else request.answer]
            if needs == state and needs != leaves and possible(left - {place}, leaves):
                return True
        return False

    def by_end(places: list[int]) -> list[int]:
        return sorted(places, key=lambda place: mine[place].ended)

    return possible(frozenset(range(len(mine))), "claimed")


def lost_or_invented(requests: Sequence[Request], stored: Iterable[Any], *, what: str) -> list[str]:
    """Return what was acknowledged and is not stored, and what is stored although nobody can have asked for it."""
    kept = set(stored)
    told = {request.made for request in requests if request.what == what and request.answer == DONE}
    open_ends = sum(1 for request in requests if request.what == what and request.answer == LOST)
    found = [f"{made} was acknowledged and is gone" for made in told - kept]
    if len(kept - told) > open_ends:
        found.append(f"{len(kept - told)} are stored of which nobody was told, and {open_ends} answers were lost")
    return found
