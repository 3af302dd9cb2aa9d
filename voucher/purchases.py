"""Orders that wait for their payment: given up by the buyer, or lapsed when nobody paid in time.

Either gives back all that the order took: stock, the place under every limit, and the money that was set aside. Whether
an order is paid or lapses is decided by one conditional update of its row, which comes before everything else.

Locks are taken in this order: purchase, same_person (shared), person_quota by scope and person, release, ledger
accounts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from campaigns import priced_releases, rollover
from campaigns.catalog import OfferFacts, ReleaseFacts, offer_facts, release_facts
from campaigns.models import Campaign, Offer
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.states import Step
from identity import persons
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher import quotas
from voucher.purchase_errors import PurchaseOver, PurchaseUnknown
from voucher.purchase_models import Payment, Purchase, purchase_document
from voucher.states import PURCHASE

#: Orders of one release that lapse in one transaction.
BATCH = 200


def lapse_due(*, actor: str, most: int = BATCH) -> int:
    """Let up to ``most`` orders of one release lapse whose time for paying is over, and return how many there were."""
    now = clock.now()
    overdue = (Purchase.status == "awaiting", Purchase.pay_until <= now)
    release_id = db.session.scalar(select(Purchase.release_id).where(*overdue).order_by(Purchase.pay_until).limit(1))
    if release_id is None:
        return 0
    # One that is being paid at this moment is left to the next run.
    due = (
        select(Purchase.id)
        .where(*overdue, Purchase.release_id == release_id)
        .order_by(Purchase.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return len(_end(release_id, list(db.session.scalars(due)), "lapse", Step(actor, now)))


def give_up(purchase_id: UUID, citizen_id: UUID) -> None:
    """End an order that its buyer does not want to pay. Refuses PurchaseUnknown (also for somebody else's) and
    PurchaseOver."""
    release_id = db.session.scalar(
        select(Purchase.release_id).where(Purchase.id == purchase_id, Purchase.citizen_id == citizen_id)
    )
    if release_id is None:
        raise PurchaseUnknown
    if not _end(release_id, [purchase_id], "give_up", Step(f"citizen:{citizen_id}", clock.now())):
        raise PurchaseOver


def _end(release_id: int, ids: Sequence[UUID], event: str, step: Step) -> set[UUID]:
    """End those of a release's orders that still wait, and give back what they took; return which they were."""
    facts = release_facts(release_id)
    assert facts is not None  # it was ordered from
    step = Step(step.actor, step.at, step.reason, facts.offer.campaign_version_id)
    ended: set[UUID] = PURCHASE.apply(Purchase, ids, event, step)
    if not ended:
        return ended
    rows = db.session.execute(
        select(Purchase.id, Purchase.citizen_id, Purchase.ordered_at)
        .where(Purchase.id.in_(ended))
        .order_by(Purchase.id)
    ).all()
    _uncount(facts, [(row.citizen_id, row.ordered_at) for row in rows])
    postings = [posting for row in rows for posting in _back(facts.offer, release_id, row.id)]
    if priced_releases.is_open(release_id):
        priced_releases.put_back(release_id, len(ended))
    else:
        postings += _recalled(facts.offer, release_id, len(ended))
    post(postings, at=step.at)
    return ended


def _uncount(facts: ReleaseFacts, buyers: Sequence[tuple[UUID, datetime]]) -> None:
    """Take back what was counted for each (citizen, when they ordered), under the limits of that day."""
    people = persons.persons_of(facts.people.same_person, sorted({citizen for citizen, _ in buyers}))
    counted: dict[str, list[UUID]] = defaultdict(list)
    for citizen_id, ordered_at in buyers:
        for scope, _most in facts.quotas_of("", bureau_day(ordered_at)):
            counted[scope].append(people[citizen_id])
    for scope in sorted(counted):
        waiting = sorted(counted[scope])
        while waiting:
            # Whoever occurs twice is counted twice, one time after the other.
            distinct = sorted(set(waiting))
            quotas.give_back(scope, distinct)
            for each in distinct:
                waiting.remove(each)


def _back(offer: OfferFacts, release_id: int, purchase_id: UUID) -> list[Posting]:
    """Return what puts an order's money back on release."""
    return [
        Posting(
            Code.UNRESERVE,
            accounts.reserved(offer.campaign_id, source, offer_id=offer.offer_id),
            priced_releases.on_release(offer, release_id, source),
            fen,
            purchase_document(purchase_id),
        )
        for source, fen in offer.split.items()
    ]


def _recalled(offer: OfferFacts, release_id: int, count: int) -> list[Posting]:
    """Return what takes the money of vouchers on to the pool that came back after their round had closed: as all that
    is unclaimed then, so that what was released is claimed or recalled."""
    return [
        Posting(
            Code.RECALL,
            priced_releases.on_release(offer, release_id, source),
            accounts.budget(offer.campaign_id, source),
            fen * count,
            ("release", str(release_id)),
        )
        for source, fen in offer.split.items()
    ]


def _awaited(release_ids: Sequence[int]) -> dict[int, int]:
    """Return release id → how many of its vouchers are ordered and not paid for: their money has not come back."""
    rows = db.session.execute(
        select(Purchase.release_id, func.count())
        .where(Purchase.release_id.in_(release_ids), Purchase.status == "awaiting")
        .group_by(Purchase.release_id)
    )
    return dict(rows.all())


rollover.on_count(_awaited)


@dataclass(frozen=True)
class Bought:
    """An order as its buyer sees it. ``state``: "awaiting", "over" (not paid, its time is over), "lapsed" or "paid".
    returned: (fen, whether it is back already) of each payment that goes back, newest first."""

    id: UUID
    campaign_code: str
    campaign_name: str
    offer: OfferFacts
    price_fen: int
    state: str
    ordered_at: datetime
    pay_until: datetime
    returned: Sequence[tuple[int, bool]] = ()


def bought(purchase_id: UUID, citizen_id: UUID) -> Bought:
    """Return one order of a citizen. Refuses PurchaseUnknown, also for somebody else's."""
    row = db.session.execute(
        select(Purchase, Campaign)
        .join(Offer, Offer.id == Purchase.offer_id)
        .join(Campaign, Campaign.id == Offer.campaign_id)
        .where(Purchase.id == purchase_id, Purchase.citizen_id == citizen_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise PurchaseUnknown
    purchase, campaign = row
    payments = db.session.execute(
        select(Payment.amount_fen, Payment.status)
        .where(Payment.purchase_id == purchase_id, Payment.status != "kept")
        .order_by(Payment.arrived_at.desc())
    )
    over = purchase.status == "awaiting" and clock.now() >= purchase.pay_until
    return Bought(
        purchase.id,
        campaign.code,
        campaign.name,
        offer_facts(purchase.offer_id),
        purchase.price_fen,
        "over" if over else purchase.status,
        purchase.ordered_at,
        purchase.pay_until,
        [(fen, status == "returned") for fen, status in payments],
    )


@dataclass(frozen=True)
class Awaiting:
    """An order that can still be paid."""

    id: UUID
    release_id: int
    name: str
    price_fen: int
    pay_until: datetime


def awaiting(citizen_id: UUID) -> list[Awaiting]:
    """Return a citizen's orders that can still be paid, the most urgent first."""
    rows = db.session.scalars(
        select(Purchase)
        .where(Purchase.citizen_id == citizen_id, Purchase.status == "awaiting", Purchase.pay_until > clock.now())
        .order_by(Purchase.pay_until, Purchase.id)
    )
    return [
        Awaiting(row.id, row.release_id, offer_facts(row.offer_id).name, row.price_fen, row.pay_until) for row in rows
    ]


def price_of(entitlement_id: UUID) -> tuple[int, str] | None:
    """Return what a voucher was bought for, in fen, and whether that is "kept", "returning" or "returned"; None for one
    that was free."""
    row = db.session.execute(
        select(Payment.amount_fen, Payment.status).where(
            Payment.purchase_id == entitlement_id, Payment.arrival == "bought"
        )
    ).one_or_none()
    return None if row is None else (row.amount_fen, row.status)
