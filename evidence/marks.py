"""Numbers that count once: a car, an invoice or an appliance is subsidised once, over all campaigns of the city.

The last word is the primary key's: of all that want one number at the same moment, one inserts it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from evidence.errors import MarkTaken
from evidence.models import Mark
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db, upsert
from foundation.errors import N_
from foundation.words import Words

#: kind → what people call it
KINDS = {
    "vin": N_("车架号"),
    "vehicle_invoice": N_("购车发票"),
    "plate": N_("车牌号"),
    "policy": N_("商业险保单"),
    "serial": N_("商品序列号"),
    "imei": N_("IMEI"),
    "invoice": N_("发票"),
    "gift_card": N_("卡号"),
}


@dataclass(frozen=True)
class Claimed:
    """A number that somebody wants to count. number: in the canonical spelling of ``evidence/numbers.py``."""

    kind: str
    number: str
    holder_kind: str
    holder_id: str


def take(claims: Iterable[Claimed]) -> None:
    """Take every number, or none: raises MarkTaken for the first that counts already, in the order given.

    The refusal has undone nothing: the caller's transaction rolls back, or gives back what its holder took.
    """
    wanted = list(claims)
    taken = take_what_is_free(wanted)
    for claim in wanted:
        if claim not in taken:
            raise MarkTaken(what=Words(KINDS[claim.kind]), field=claim.kind)


def take_what_is_free(claims: Sequence[Claimed]) -> set[Claimed]:
    """Take those numbers that nobody has and return them. A number wanted twice goes to the first."""
    now = clock.now()
    first: dict[tuple[str, bytes], Claimed] = {}
    for claim in claims:
        first.setdefault((claim.kind, _hash(claim.kind, claim.number)), claim)
    if not first:
        return set()
    # In one order, so that two who want the same numbers do not wait for each other in a circle.
    rows = [
        {
            "kind": kind,
            "number_hash": number_hash,
            "holder_kind": claim.holder_kind,
            "holder_id": claim.holder_id,
            "taken_at": now,
        }
        for (kind, number_hash), claim in sorted(first.items(), key=lambda item: item[0])
    ]
    added = upsert(Mark).on_conflict_do_nothing().returning(Mark.kind, Mark.number_hash)
    inserted = {(kind, bytes(number_hash)) for kind, number_hash in db.session.execute(added, rows)}
    return {claim for key, claim in first.items() if key in inserted}


def give_back(holder_kind: str, holder_ids: Sequence[str]) -> None:
    """Free every number of these holders, so that it may count again."""
    for start in range(0, len(holder_ids), 500):
        db.session.execute(
            delete(Mark)
            .where(Mark.holder_kind == holder_kind, Mark.holder_id.in_(holder_ids[start : start + 500]))
            .execution_options(synchronize_session=False)
        )


def holder_of(kind: str, number: str) -> tuple[str, str] | None:
    """Return (holder kind, holder id) of a number that counts, for staff to look it up."""
    row = db.session.execute(
        select(Mark.holder_kind, Mark.holder_id).where(Mark.kind == kind, Mark.number_hash == _hash(kind, number))
    ).one_or_none()
    return None if row is None else (row.holder_kind, row.holder_id)


def _hash(kind: str, number: str) -> bytes:
    return keyed_hash(f"evidence_mark.{kind}", number)
