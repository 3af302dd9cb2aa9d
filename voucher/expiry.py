"""Expiry: what was not used in time goes back to the pool it came from."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.sold import RETURNED
from foundation import clock
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher import payments, qualifications
from voucher.errors import VoucherUnknown
from voucher.gifts import is_gift, parts_of, splits_of
from voucher.models import Entitlement, ExpiryRun
from voucher.purchase_errors import NotReturnable
from voucher.states import ENTITLEMENT

BATCH = 1000


def expire_due(*, actor: str, most: int = BATCH) -> int:
    """Expire up to ``most`` entitlements whose time is over, return their money to the pools, and return how many."""
    now = clock.now()
    due: dict[tuple[int, int], list[UUID]] = defaultdict(list)
    rows = db.session.execute(
        select(Entitlement.id, Entitlement.offer_id, Entitlement.campaign_version_id)
        .where(Entitlement.status == "claimed", Entitlement.expires_at <= now)
        # As the index has them. A million end at one midnight: to put those in order for each batch would be most work.
        .order_by(Entitlement.expires_at)
        .limit(most)
    )
    for entitlement_id, offer_id, version_id in rows:
        due[offer_id, version_id].append(entitlement_id)
    expired = 0
    postings: list[Posting] = []
    for offer_id, version_id in sorted(due):
        run_id, ids = _expire(offer_id, version_id, due[offer_id, version_id], Step(actor, now))
        postings += _return_money(offer_id, run_id)
        sold = offer_facts(offer_id).sold
        if sold and sold.if_expired == RETURNED:
            postings += payments.take_back(sorted(ids), offer_id, Step(actor, now))
        expired += len(ids)
    # Posted together, so that all accounts of this transaction are locked in one order.
    post(postings, at=now)
    return expired


def withdraw(entitlement_id: UUID, citizen_id: UUID) -> None:
    """Take back an unused voucher that its holder has bought and does not want; its price goes back, and its money to
    the pools. Whoever was counted for it stays counted.

    Refuses VoucherUnknown (also for somebody else's) and NotReturnable: it is not sold so that it may be given back, or
    it is used, or has run out.
    """
    held = db.session.execute(
        select(Entitlement.offer_id, Entitlement.campaign_version_id, Entitlement.expires_at).where(
            Entitlement.id == entitlement_id, Entitlement.citizen_id == citizen_id
        )
    ).one_or_none()
    if held is None:
        raise VoucherUnknown
    sold, step = offer_facts(held.offer_id).sold, Step(f"citizen:{citizen_id}", clock.now())
    if sold is None or sold.if_withdrawn != RETURNED or held.expires_at <= step.at:
        raise NotReturnable
    run_id, ids = _expire(held.offer_id, held.campaign_version_id, [entitlement_id], step, event="withdraw")
    if not ids:
        raise NotReturnable
    back = payments.take_back([entitlement_id], held.offer_id, step)
    post(_return_money(held.offer_id, run_id) + back, at=step.at)


def _expire(
    offer_id: int, version_id: int, ids: list[UUID], step: Step, *, event: str = "expire"
) -> tuple[UUID, set[UUID]]:
    """Expire those of ``ids`` that are still claimed, or withdraw them before that; return the run that did it, and
    which they were."""
    now = step.at
    run: dict[str, Any] = {"id": new_id(), "offer_id": offer_id, "count": 0, "expired_at": now}
    insert_rows(ExpiryRun, [run])
    step = Step(step.actor, now, campaign_version_id=version_id)
    expired = ENTITLEMENT.apply(
        Entitlement,
        ids,
        event,
        step,
        also_set={"expiry_run_id": run["id"]},
        only_if=(Entitlement.expires_at <= now if event == "expire" else Entitlement.expires_at > now,),
    )
    if offer_facts(offer_id).terms.categories:
        qualifications.free(sorted(expired))
    db.session.execute(ExpiryRun.__table__.update().where(ExpiryRun.id == run["id"]).values(count=len(expired)))  # type: ignore[attr-defined]
    return run["id"], expired


def _return_money(offer_id: int, run_id: UUID) -> list[Posting]:
    facts = offer_facts(offer_id)
    if is_gift(facts):
        return _return_of_gifts(facts, run_id)
    faces = db.session.execute(
        select(Entitlement.face_value_fen, func.count())
        .where(Entitlement.expiry_run_id == run_id)
        .group_by(Entitlement.face_value_fen)
    )
    parts: Counter[int] = Counter()
    for face_fen, count in faces:
        parts.update({source: fen * count for source, fen in facts.split_of(face_fen).items()})
    return _to_pools(facts, run_id, parts)


def _return_of_gifts(facts: OfferFacts, run_id: UUID) -> list[Posting]:
    """Return the money of the parts that nobody has collected."""
    ids = list(db.session.scalars(select(Entitlement.id).where(Entitlement.expiry_run_id == run_id)))
    parts: Counter[int] = Counter()
    for entitlement_id in ids:
        held = parts_of(entitlement_id)
        for number, share in splits_of(facts, held).items():
            if held[number - 1].handed is None:
                parts.update(share)
    return _to_pools(facts, run_id, parts)


def _to_pools(facts: OfferFacts, run_id: UUID, parts: Mapping[int, int]) -> list[Posting]:
    return [
        Posting(
            Code.EXPIRE,
            accounts.outstanding(facts.campaign_id, source, offer_id=facts.offer_id),
            accounts.budget(facts.campaign_id, source),
            fen,
            ("expiry_run", text_id(run_id)),
        )
        for source, fen in parts.items()
    ]
