"""The line in which citizens claim: those who press at the same moment are granted in one transaction.

Everything that a claim needs from the database is asked once for the whole batch: who is signed in, how often they
have tried, and then the claim itself by its one operation, ``voucher.claims.claim_batch``. A line is of one release
and, where it is claimed by category, of one category: the limits that a batch counts under are the same for all in it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, cast
from uuid import UUID

from foundation import clock
from foundation.crypto import token_hash
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.group_commit import GroupCommit
from foundation.prepared import in_one_go
from identity import persons
from identity.errors import AudienceSignInNeeded
from identity.rates import Asked, Rate, count_all
from identity.sessions import Holder, holders_of
from voucher.claims import ClaimRequest, Outcome, claim_batch
from voucher.errors import ClaimsTooOften
from voucher.location import Location

#: A person presses now and then; a program goes on pressing.
PER_PERSON = Rate("claim_person", 20, timedelta(minutes=1))
#: A family shares a telephone; a farm of accounts shares one too.
PER_DEVICE = Rate("claim_device", 40, timedelta(minutes=10))
#: A mobile carrier puts thousands of people behind one address, so this only stops a machine that floods.
PER_ADDRESS = Rate("claim_address", 6_000, timedelta(minutes=1))


class Line(NamedTuple):
    """What everybody in a line wants."""

    release_id: int
    category: str


@dataclass(frozen=True)
class Waiting:
    """Somebody in the line: by the hash of the token they brought, and the address they come from. location: where they
    are, for offers that ask; gone when they are served."""

    token_hash: bytes
    address: str
    location: Location | None = None


@dataclass(frozen=True)
class Served:
    """Who it was, and what came of it."""

    citizen_id: UUID
    outcome: Outcome


def claim_in_line(
    release_id: int,
    token: str,
    *,
    address: str,
    device_hash: bytes | None = None,
    category: str = "",
    location: Location | None = None,
) -> Served:
    """Claim, in one transaction with whoever else is waiting; durable when this returns.

    device_hash: the device that asks, where the campaign counts by devices. category and location as in ``claim``.
    Outcomes are those of ``voucher.claims.claim`` and ClaimsTooOften. Refuses AudienceSignInNeeded, and QueueFull,
    DatabaseBusy or DatabaseGone, with which nothing is done.
    """
    waiting = Waiting(token_hash(token), address, location)
    if device_hash is not None:
        _note_device(waiting, device_hash)
    served = CLAIMS.submit(Line(release_id, category), waiting)
    if isinstance(served, Refusal):
        raise served
    return served


def _note_device(waiting: Waiting, device_hash: bytes) -> None:
    """Keep whose device it is, before and apart from the claim: identifiers are noted one to a transaction."""
    with transaction():
        holder = holders_of([waiting.token_hash]).get(waiting.token_hash)
        if holder is not None:
            persons.note(holder.citizen_id, "device", device_hash)


def _serve(key: Hashable, waiting: Sequence[Waiting]) -> list[Served | Refusal]:
    """Serve everybody in the line, in the order in which they came."""
    line = cast("Line", key)
    with in_one_go():  # with the beginning of the transaction
        holders = holders_of({each.token_hash for each in waiting})
    known = [(each, holders[each.token_hash]) for each in waiting if each.token_hash in holders]
    waits = dict(zip(map(id, waiting), _waits(waiting, holders), strict=True))
    allowed = [(each, holder) for each, holder in known if not waits[id(each)]]
    requests = [
        ClaimRequest(holder.citizen_id, line.release_id, category=line.category, location=each.location)
        for each, holder in allowed
    ]
    outcomes = dict(zip((id(each) for each, _ in allowed), claim_batch(requests), strict=True))
    served: list[Served | Refusal] = []
    for each in waiting:
        if each.token_hash not in holders:
            served.append(AudienceSignInNeeded("citizen"))
            continue
        outcome = ClaimsTooOften.after(waits[id(each)]) if waits[id(each)] else outcomes[id(each)]
        served.append(Served(holders[each.token_hash].citizen_id, outcome))
    return served


def _waits(waiting: Sequence[Waiting], holders: dict[bytes, Holder]) -> list[int]:
    asked = []
    for each in waiting:
        holder = holders.get(each.token_hash)
        under = [(PER_ADDRESS, each.address)] if each.address else []
        if holder is not None:
            # The device of the sign-in: the cookie of the request can be thrown away.
            under += [(PER_PERSON, holder.citizen_id.hex), (PER_DEVICE, holder.device_hash.hex())]
        asked.append(Asked(under))
    return count_all(asked, at=clock.now())


CLAIMS: GroupCommit[Waiting, Served | Refusal] = GroupCommit("claims", _serve)
