"""Spending: a till's code becomes an entitlement, and the entitlement is spent at most once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from campaigns.terms.sale import VoucherExpired
from foundation.db import db
from foundation.errors import Refusal
from foundation.prepared import Prepared
from foundation.states import Step
from voucher.errors import AlreadyRedeemed, CodeExpired, CodeRetired, CodeUnknown, NotConfirmed, VoucherUnknown
from voucher.models import Entitlement, VoucherCode
from voucher.states import ENTITLEMENT


@dataclass(frozen=True)
class Presented:
    """An entitlement whose code was scanned in time."""

    entitlement_id: UUID
    campaign_version_id: int
    offer_id: int
    face_value_fen: int
    valid_from: datetime
    expires_at: datetime
    citizen_id: UUID
    #: the category it was claimed for, where it is a qualification
    category: str = ""


#: What is read of an entitlement to present it.
_OF_ENTITLEMENT = (
    Entitlement.id,
    Entitlement.campaign_version_id,
    Entitlement.offer_id,
    Entitlement.face_value_fen,
    Entitlement.citizen_id,
    Entitlement.category,
    Entitlement.status,
    Entitlement.valid_from,
    Entitlement.expires_at,
    Entitlement.redeemed_at,
    Entitlement.redeemed_place,
)


_LOOK_UP = Prepared(
    lambda given: (
        select(
            VoucherCode.code_hash,
            VoucherCode.retired_at,
            VoucherCode.expires_at.label("code_expires_at"),
            *_OF_ENTITLEMENT,
        )
        .join(Entitlement, Entitlement.id == VoucherCode.entitlement_id)
        .where(given.matches(VoucherCode.code_hash, "code_hash"))
    ),
    code_hash=VoucherCode.code_hash,
)


def look_up(code_hashes: Sequence[bytes], now: datetime) -> dict[bytes, Presented | Refusal]:
    """Return for each scanned code what it presents, or CodeUnknown, CodeExpired, CodeRetired, AlreadyRedeemed."""
    rows = _LOOK_UP.rows([{"code_hash": hash_} for hash_ in code_hashes])
    found: dict[bytes, Presented | Refusal] = {hash_: CodeUnknown() for hash_ in code_hashes}
    found.update({bytes(row.code_hash): _present(row, now) for row in rows})
    return found


def _present(row: Any, now: datetime) -> Presented | Refusal:
    if row.status == "redeemed":
        return AlreadyRedeemed(redeemed_at=row.redeemed_at, place=row.redeemed_place)
    if now >= row.code_expires_at:
        return CodeExpired()
    if row.retired_at is not None:
        return CodeRetired()
    return _presented(row)


def _presented(row: Any) -> Presented:
    return Presented(
        row.id,
        row.campaign_version_id,
        row.offer_id,
        row.face_value_fen,
        row.valid_from,
        row.expires_at,
        citizen_id=row.citizen_id,
        category=row.category,
    )


def look_up_confirmed(wanted: Sequence[tuple[UUID, int]], now: datetime) -> dict[UUID, Presented | Refusal]:
    """Return for each (entitlement, store) what is presented where this store scanned its code lately and nobody else
    has since; else AlreadyRedeemed, NotConfirmed."""
    stores = dict(wanted)
    rows = db.session.execute(
        select(*_OF_ENTITLEMENT, Entitlement.confirmed_store_id, Entitlement.confirmed_until).where(
            Entitlement.id.in_(stores)
        )
    )
    found: dict[UUID, Presented | Refusal] = {entitlement_id: NotConfirmed() for entitlement_id in stores}
    for row in rows:
        if row.confirmed_store_id != stores[row.id]:
            continue
        if row.status == "redeemed":
            found[row.id] = AlreadyRedeemed(redeemed_at=row.redeemed_at, place=row.redeemed_place)
        elif row.confirmed_until is not None and now < row.confirmed_until:
            found[row.id] = _presented(row)
    return found


def look_up_held(wanted: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Presented | Refusal]:
    """Return for each (entitlement, citizen) what its holder presents by choosing it, without a code; else
    AlreadyRedeemed, or VoucherUnknown, also for somebody else's."""
    found: dict[tuple[UUID, UUID], Presented | Refusal] = {pair: VoucherUnknown() for pair in wanted}
    rows = db.session.execute(select(*_OF_ENTITLEMENT).where(Entitlement.id.in_({one for one, _ in wanted})))
    for row in rows:
        if (row.id, row.citizen_id) not in found:
            continue
        if row.status == "redeemed":
            told: Presented | Refusal = AlreadyRedeemed(redeemed_at=row.redeemed_at, place=row.redeemed_place)
        else:
            told = _presented(row)
        found[row.id, row.citizen_id] = told
    return found


def confirm(entitlement_id: UUID, *, store_id: int, place: str, until: datetime, by: str) -> bool:
    """Let a store complete a sale with this entitlement until then, without its code; return whether it is still there
    to use. The store that scans last has it: the customer decides where."""
    confirmed = db.session.scalar(
        update(Entitlement)
        .where(Entitlement.id == entitlement_id, Entitlement.status == "claimed")
        .values(confirmed_store_id=store_id, confirmed_place=place, confirmed_until=until, confirmed_by=by)
        .returning(Entitlement.id)
        .execution_options(synchronize_session=False)
    )
    return confirmed is not None


@dataclass(frozen=True)
class Use:
    """What an entitlement is spent on, as its holder sees it: place, bill and what it took off, in fen."""

    entitlement_id: UUID
    place: str
    bill_fen: int
    discount_fen: int


_SPEND = ENTITLEMENT.prepare(
    Entitlement,
    "redeem",
    each=(Entitlement.redeemed_place, Entitlement.redeemed_bill_fen, Entitlement.redeemed_discount_fen),
    also_set={"redeemed_at": bindparam("at")},
    only_if=(Entitlement.expires_at > bindparam("at"),),
)


def spend(uses: Sequence[Use], step: Step, *, actors: Mapping[UUID, str]) -> set[UUID]:
    """Mark as redeemed, with what their holders see, those entitlements that are still claimed and valid, and return
    them: of all callers who want the same one, one gets it. ``actors`` says who spends each."""
    rows = [
        {
            "id": use.entitlement_id,
            "redeemed_place": use.place,
            "redeemed_bill_fen": use.bill_fen,
            "redeemed_discount_fen": use.discount_fen,
        }
        for use in sorted(uses, key=lambda use: use.entitlement_id)
    ]
    return _SPEND.apply(rows, step, actors=actors, at=step.at)


def note_use(entitlement_id: UUID, note: str) -> None:
    """Write on a spent entitlement what else its holder should know of its use; a restored one forgets it."""
    db.session.execute(
        update(Entitlement)
        .where(Entitlement.id == entitlement_id)
        .values(redeemed_note=note)
        .execution_options(synchronize_session=False)
    )


def holder_of(entitlement_id: UUID) -> UUID:
    """Return the citizen who holds an entitlement."""
    return db.session.execute(select(Entitlement.citizen_id).where(Entitlement.id == entitlement_id)).scalar_one()


def end_of(entitlement_id: UUID) -> datetime:
    """Return when an entitlement ends (exclusive)."""
    return db.session.execute(select(Entitlement.expires_at).where(Entitlement.id == entitlement_id)).scalar_one()


def record_refund(entitlement_id: UUID, refunded_bill_fen: int) -> None:
    """Write on a used entitlement how much of its bill has come back, for its holder to see."""
    db.session.execute(
        update(Entitlement)
        .where(Entitlement.id == entitlement_id)
        .values(refunded_bill_fen=refunded_bill_fen)
        .execution_options(synchronize_session=False)
    )


def restore(entitlement_id: UUID, step: Step, *, event: str = "void") -> bool:
    """Give a redeemed entitlement back to its holder, with its original end; return whether it was redeemed.
    ``event``: "void" on the day of the redemption, "return" when its goods come back later.

    The code it was redeemed by ends here: a code is single use, and the holder's page shows a fresh one. Who has it on
    paper has no page: that code is good again.
    """
    told = ("redeemed_at", "redeemed_place", "redeemed_bill_fen", "redeemed_discount_fen", "redeemed_note")
    nothing = dict.fromkeys(told)
    # The entitlement before its codes, as when a voucher is opened, so that neither waits for the other in a circle.
    # What has given the rest of its money back is not worth the whole any more.
    whole = (Entitlement.spare_run_id.is_(None),)
    if not ENTITLEMENT.apply(Entitlement, [entitlement_id], event, step, also_set=nothing, only_if=whole):
        return False
    db.session.execute(
        update(VoucherCode)
        .where(
            VoucherCode.entitlement_id == entitlement_id,
            VoucherCode.expires_at > step.at,
            VoucherCode.printed.is_(False),
        )
        .values(expires_at=step.at)
        .execution_options(synchronize_session=False)
    )
    return True


def entitlement_of(code_hash: bytes) -> UUID | None:
    """Return the entitlement that a code was shown for, in whatever state it is."""
    return db.session.scalar(select(VoucherCode.entitlement_id).where(VoucherCode.code_hash == code_hash))


def why_not_spent(entitlement_id: UUID) -> AlreadyRedeemed | VoucherExpired:
    """Return why an entitlement that was there a moment ago is no more: the redemption that came first, or its end."""
    row = db.session.execute(
        select(Entitlement.status, Entitlement.expires_at, Entitlement.redeemed_at, Entitlement.redeemed_place).where(
            Entitlement.id == entitlement_id
        )
    ).one()
    if row.status == "expired":
        return VoucherExpired(expires_at=row.expires_at)
    return AlreadyRedeemed(redeemed_at=row.redeemed_at, place=row.redeemed_place)
