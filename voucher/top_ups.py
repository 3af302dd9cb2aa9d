"""Top-ups: what applications get more because an amendment has raised the table they were priced by.

One is owed once per application and version (a key of the table). While the application is under review its reservation
is raised; once it was granted, the difference is an entitlement of its own. The money comes out of the pools, and where
those have none out of what the round has on release. Locks are taken as in ``reservations.py``.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from campaigns import priced_releases
from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.terms.quote import Award
from foundation.db import db, upsert
from foundation.ids import new_id
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import FundsInsufficient, Posting, balance_fen, post
from voucher.grants import claim_reserved, validity_of
from voucher.models import ClaimBatch, Entitlement
from voucher.reservation_models import Reservation
from voucher.reservations import change
from voucher.states import ENTITLEMENT, TOP_UP
from voucher.top_up_models import TopUp, document


@dataclass(frozen=True)
class Owed:
    """A difference that a version makes to an application, in fen, as far as it is known before there is money."""

    application_id: UUID
    release_id: int
    campaign_version_id: int
    amount_fen: int


def owe(wanted: Iterable[Owed], step: Step) -> int:
    """Write down what is owed; what is owed already stays as it is. Return how many are new."""
    rows = [
        {
            "id": new_id(),
            "application_id": each.application_id,
            "release_id": each.release_id,
            "campaign_version_id": each.campaign_version_id,
            "amount_fen": each.amount_fen,
            "from_release_fen": 0,
            "status": "waiting",
            "owed_at": step.at,
        }
        for each in wanted
    ]
    if not rows:
        return 0
    statement = upsert(TopUp).values(rows).on_conflict_do_nothing().returning(TopUp.id)
    fresh = list(db.session.scalars(statement))
    TOP_UP.record_created(fresh, "owe", step)
    return len(fresh)


def raise_reservation(
    top_up_id: UUID, application_id: UUID, award: Award, more_fen: int, step: Step, *, from_release: bool
) -> bool:
    """Set aside an award that was raised by ``more_fen`` for an application under review, and settle its top-up. Return
    False, with nothing changed, while the money is not there, or where it does not wait any more. from_release: as in
    ``grant``. Refuses NotReserved."""
    reserved = db.session.get_one(Reservation, application_id, populate_existing=True)
    facts = release_facts(reserved.release_id)
    assert facts is not None  # it was reserved from
    before, after = facts.offer.split_of(reserved.amount_fen), facts.offer.split_of(award.discount_fen)
    more = {source: after[source] - before.get(source, 0) for source in after}
    try:
        with db.session.begin_nested():
            # After its round there is only the pool, and ``change`` takes it from there.
            if priced_releases.is_open(facts.release_id):
                from_pool = {source: fen for source, fen in more.items() if fen > 0}
                if not priced_releases.put_more(facts.offer, facts.release_id, from_pool, step.at) and not from_release:
                    return False
            if not change(application_id, award):
                raise FundsInsufficient
            if not TOP_UP.apply(TopUp, [top_up_id], "add", step, also_set={"amount_fen": more_fen}):
                raise FundsInsufficient
            return True
    except FundsInsufficient:
        return False


def lapse(top_up_ids: Sequence[UUID], step: Step) -> int:
    """Give up top-ups that wait: there is nothing left to raise. Return how many there were."""
    return len(TOP_UP.apply(TopUp, top_up_ids, "lapse", step))


def lapse_of(application_id: UUID, step: Step) -> None:
    """Give up whatever waits for one application: it has ended, or was priced anew as a whole."""
    waiting = select(TopUp.id).where(TopUp.application_id == application_id, TopUp.status == "waiting")
    lapse(list(db.session.scalars(waiting)), step)


def grant(top_up_id: UUID, amount_fen: int, step: Step, *, from_release: bool) -> bool:
    """Grant a difference to an application that was granted before: an entitlement of ``amount_fen`` with the top-up's
    id. Return False, with nothing changed, while the money is not there, or where it does not wait any more.

    from_release: whether it may take money that is on release, which it does where the pool of a source has too little.
    Refuses VoucherExpired: it is to come off a bill, and by its terms would be over already.
    """
    top_up = db.session.get(TopUp, top_up_id, populate_existing=True)
    assert top_up is not None  # whoever calls has read it
    facts = release_facts(top_up.release_id)
    assert facts is not None  # it was reserved from
    try:
        with db.session.begin_nested():
            postings, on_release_fen = _set_aside(facts, top_up_id, amount_fen, from_release=from_release)
            also_set = {"amount_fen": amount_fen, "from_release_fen": on_release_fen}
            if not TOP_UP.apply(TopUp, [top_up_id], "grant", step, also_set=also_set):
                return False
            batch_id = _entitle(facts, top_up, amount_fen, step)
            post([*postings, *claim_reserved(facts.offer, facts.offer.split_of(amount_fen), batch_id)], at=step.at)
            return True
    except FundsInsufficient:
        return False
    finally:
        db.session.expire(top_up)


def _set_aside(
    facts: ReleaseFacts, top_up_id: UUID, amount_fen: int, *, from_release: bool
) -> tuple[list[Posting], int]:
    """Return what sets the money aside, and how much of it is taken from what is on release. That it is there is the
    posting's condition; the balances only say where to ask."""
    offer, postings, on_release_fen = facts.offer, [], 0
    is_open: bool | None = None
    for source, fen in sorted(offer.split_of(amount_fen).items()):
        origin = accounts.budget(offer.campaign_id, source)
        if balance_fen(origin) < fen and from_release:
            is_open = priced_releases.is_open(facts.release_id) if is_open is None else is_open
            if is_open:
                origin = priced_releases.on_release(offer, facts.release_id, source)
                on_release_fen += fen
        held = accounts.reserved(offer.campaign_id, source, offer_id=offer.offer_id)
        postings.append(Posting(Code.RESERVE, origin, held, fen, document(top_up_id)))
    return postings, on_release_fen


def _entitle(facts: ReleaseFacts, top_up: TopUp, amount_fen: int, step: Step) -> UUID:
    """Write the entitlement, in a batch of its own, and return the batch."""
    offer, batch_id = facts.offer, new_id()
    citizen_id = db.session.scalars(select(Reservation.citizen_id).where(Reservation.id == top_up.application_id)).one()
    valid_from, expires_at = validity_of(facts, step.at)
    insert_rows(ClaimBatch, [{"id": batch_id, "release_id": facts.release_id, "count": 1, "claimed_at": step.at}])
    row: dict[str, Any] = {
        "id": top_up.id,
        "citizen_id": citizen_id,
        "campaign_id": offer.campaign_id,
        "campaign_version_id": top_up.campaign_version_id,
        "offer_id": offer.offer_id,
        "release_id": facts.release_id,
        "claim_batch_id": batch_id,
        "face_value_fen": amount_fen,
        "status": "claimed",
        "claimed_at": step.at,
        "valid_from": valid_from,
        "expires_at": expires_at,
    }
    insert_rows(Entitlement, [row])
    ENTITLEMENT.record_created([top_up.id], "claim", step)
    return batch_id


def of_applications(application_ids: Collection[UUID]) -> dict[UUID, list[TopUp]]:
    """Return the top-ups of applications, the earliest version first; applications without any are left out."""
    found: dict[UUID, list[TopUp]] = {}
    statement = select(TopUp).where(TopUp.application_id.in_(application_ids)).order_by(TopUp.campaign_version_id)
    for top_up in db.session.scalars(statement.execution_options(populate_existing=True)):
        found.setdefault(top_up.application_id, []).append(top_up)
    return found


def sums(campaign_version_id: int) -> dict[str, tuple[int, int]]:
    """Return status → (how many, fen) of the top-ups that a version owes or owed."""
    rows = db.session.execute(
        select(TopUp.status, func.count(), func.sum(TopUp.amount_fen))
        .where(TopUp.campaign_version_id == campaign_version_id)
        .group_by(TopUp.status)
    )
    return {status: (count, int(fen)) for status, count, fen in rows}
