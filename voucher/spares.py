"""Spares: a qualification that cost less than was set aside gives the rest back to the pool.

The rest stays with the qualification until its bureau day is over: until then the redemption may be voided, and the
qualification is worth the whole again without asking an emptied pool for money.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from campaigns.catalog import OfferFacts, offer_facts
from foundation import clock
from foundation.clock import bureau_day, day_start
from foundation.db import db
from foundation.ids import new_id, text_id
from foundation.prepared import insert_rows
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from voucher.models import SPARE_DUE, Entitlement, SpareRun

BATCH = 1000


def return_due(*, most: int = BATCH) -> int:
    """Return the rest of up to ``most`` qualifications that were used before today; return how many there were."""
    now = clock.now()
    due = (
        text(SPARE_DUE),
        Entitlement.redeemed_at < day_start(bureau_day(now)),
        Entitlement.redeemed_discount_fen < Entitlement.face_value_fen,
    )
    waiting: dict[int, list[UUID]] = defaultdict(list)
    found = select(Entitlement.id, Entitlement.offer_id).where(*due).order_by(Entitlement.redeemed_at, Entitlement.id)
    for entitlement_id, offer_id in db.session.execute(found.limit(most)):
        waiting[offer_id].append(entitlement_id)
    returned = 0
    postings: list[Posting] = []
    for offer_id in sorted(waiting):
        facts = offer_facts(offer_id)
        # The run before those that name it, and its sums when they are known.
        run: dict[str, Any] = {"id": new_id(), "offer_id": offer_id, "count": 1, "amount_fen": 1, "returned_at": now}
        insert_rows(SpareRun, [run])
        discounts = db.session.scalars(
            update(Entitlement)
            .where(Entitlement.id.in_(waiting[offer_id]), *due)
            .values(spare_run_id=run["id"])
            .returning(Entitlement.redeemed_discount_fen)
            .execution_options(synchronize_session=False)
        ).all()
        rest = rest_by_source(facts, (int(fen or 0) for fen in discounts))
        if not discounts:
            db.session.execute(SpareRun.__table__.delete().where(SpareRun.id == run["id"]))  # type: ignore[attr-defined]
            continue
        sums = {"count": len(discounts), "amount_fen": sum(rest.values())}
        db.session.execute(SpareRun.__table__.update().where(SpareRun.id == run["id"]).values(**sums))  # type: ignore[attr-defined]
        document = ("spare_run", text_id(run["id"]))
        postings += [
            Posting(
                Code.SPARE,
                accounts.outstanding(facts.campaign_id, source, offer_id=offer_id),
                accounts.budget(facts.campaign_id, source),
                fen,
                document,
            )
            for source, fen in rest.items()
            if fen
        ]
        returned += len(discounts)
    # Posted together, so that all accounts of this transaction are locked in one order.
    post(postings, at=now)
    return returned


def rest_by_source(facts: OfferFacts, discounts: Iterable[int]) -> dict[int, int]:
    """Return source id → what was set aside for entitlements of one offer beyond what they cost."""
    rest: Counter[int] = Counter()
    for discount_fen in discounts:
        spent = facts.terms.split(discount_fen)
        for code, source in facts.source_ids.items():
            rest[source] += facts.split.get(source, 0) - spent.get(code, 0)
    return dict(rest)
