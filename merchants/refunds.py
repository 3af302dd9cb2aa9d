"""Refunds: goods come back after the voucher was used, and the voucher's money goes back to where it came from.

A refund counts on its own day; the redemption's day stays as it was. While the redemption is on no statement, its
money comes back at once. Afterwards the merchant has been, or will be, paid for it: then it is taken back from the
merchant's next statement, or repaid (``settlement/claw_backs.py``).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import func, select, update

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.refunding import Goods, RefundExceedsBill, Reversal, Spent
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, insert_rows
from foundation.ids import new_id, text_id
from foundation.money import apportion, check_amount_fen
from foundation.states import Step
from foundation.words import Words
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import FundsInsufficient, Posting, post, transfers_of
from merchants.errors import AlreadyRefunded, AlreadyVoided, RedemptionUnknown, RefundReasonMissing
from merchants.formula import award_fen
from merchants.hand_ins import withdraw
from merchants.items import release_numbers
from merchants.models import Redemption, Refund, RefundPart, SoldItem
from merchants.register import Counter
from merchants.scans import require_site
from merchants.states import REDEMPTION
from voucher import qualifications, spending


@dataclass(frozen=True)
class RefundSlip:
    """A refund as the till shows it. discount_fen of the voucher come back; the customer gets customer_fen, after
    collect_fen where a subsidy has to be paid back first. ``restored``: the holder has the voucher again."""

    refund_id: UUID
    redemption_id: UUID
    goods_fen: int
    discount_fen: int
    customer_fen: int
    restored: bool
    refunded_at: datetime
    reason: str
    collect_fen: int = 0


@dataclass(frozen=True)
class _Part:
    """One source's part of something: of a discount and of the bill it drove, in fen."""

    discount_fen: int
    bill_fen: int


def preview_refund(redemption_id: UUID, counter: Counter, goods_fen: int, *, paid_back: bool = False) -> Reversal:
    """Return what a refund would come to, changing nothing. Refuses what ``refund`` refuses, but for the reason."""
    check_amount_fen(goods_fen, field="goods_fen")
    require_site(counter)
    redemption = _redemption(redemption_id, counter)
    return _settle(redemption, Goods(goods_fen, clock.now(), paid_back))


def refund(
    redemption_id: UUID, counter: Counter, goods_fen: int, reason: str, *, paid_back: bool = False
) -> RefundSlip:
    """Take goods worth ``goods_fen`` of the bill back, by the rule of the voucher's terms, and return what to give to
    the customer. ``paid_back``: the customer has paid the subsidy back, where the rule wants that first.

    A suspended till, which may be a stolen one, gives no vouchers back.
    Refuses RefundReasonMissing, StoreUnknown, MerchantSuspended, TillSuspended, RedemptionUnknown (also another
    store's), AlreadyVoided, AlreadyRefunded, RefundExceedsBill, and what ``campaigns/terms/refund/`` names.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 100:
        raise RefundReasonMissing
    check_amount_fen(goods_fen, field="goods_fen")
    require_site(counter)
    now = clock.now()
    redemption = _redemption(redemption_id, counter, lock=True)
    reversal = _settle(redemption, Goods(goods_fen, now, paid_back))
    step = Step(counter.actor, now, reason, redemption.campaign_version_id)
    try:
        with db.session.begin_nested():
            return _carry_out(redemption, goods_fen, reversal, counter, step)
    except FundsInsufficient:
        if not reversal.restores:
            raise
    # The voucher was settled, and the pool that would go ahead for it is empty: its money comes back, it does not.
    kept = Reversal(reversal.pool_fen, reversal.customer_fen, restores=False)
    with db.session.begin_nested():
        return _carry_out(redemption, goods_fen, kept, counter, step)


def deny(redemption_id: UUID, step: Step) -> None:
    """Take back what is left of a discount that the merchant is not paid for, since its evidence was rejected or did
    not come: the customer keeps the goods and the discount, and the money goes to the pool. Nothing is left to do for
    a redemption that was voided or came back meanwhile.
    """
    redemption = db.session.scalar(
        select(Redemption)
        .where(Redemption.id == redemption_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if redemption is None or redemption.status != "redeemed":
        return
    left = Reversal(redemption.discount_fen - redemption.refunded_discount_fen, customer_fen=0, restores=False)
    goods_fen = redemption.bill_fen - redemption.refunded_bill_fen
    _carry_out(redemption, goods_fen, left, Counter(redemption.store_id), step, goods_come_back=False)


def refund_rule(redemption_id: UUID) -> Words:
    """Return what happens to the voucher of a redemption when goods come back, for people."""
    offer_id = db.session.execute(select(Redemption.offer_id).where(Redemption.id == redemption_id)).scalar_one()
    return offer_facts(offer_id).terms.refund.describe()


def refunds_of(redemption_id: UUID) -> list[RefundSlip]:
    """Return the refunds of a redemption, oldest first."""
    found = db.session.scalars(
        select(Refund).where(Refund.redemption_id == redemption_id).order_by(Refund.refunded_at, Refund.id)
    )
    return [
        RefundSlip(
            refund_id=row.id,
            redemption_id=row.redemption_id,
            goods_fen=row.bill_fen,
            discount_fen=row.discount_fen,
            customer_fen=row.customer_fen,
            restored=row.restored,
            refunded_at=row.refunded_at,
            reason=row.reason,
        )
        for row in found
    ]


def _redemption(redemption_id: UUID, counter: Counter, *, lock: bool = False) -> Redemption:
    """Return a redemption of this store that something may still come back of."""
    statement = (
        select(Redemption)
        .where(Redemption.id == redemption_id, Redemption.store_id == counter.store_id)
        .execution_options(populate_existing=True)
    )
    # Two refunds at once are counted one after the other, so that both may be right.
    found = db.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise RedemptionUnknown
    if found.status == "voided":
        raise AlreadyVoided
    if found.status != "redeemed":
        raise AlreadyRefunded
    return found


def _settle(redemption: Redemption, goods: Goods) -> Reversal:
    spent = Spent(
        bill_fen=redemption.bill_fen,
        discount_fen=redemption.discount_fen,
        refunded_bill_fen=redemption.refunded_bill_fen,
        refunded_discount_fen=redemption.refunded_discount_fen,
        expires_at=spending.end_of(redemption.entitlement_id),
        award_of=_award_of(redemption),
    )
    if goods.fen > spent.left_fen:
        raise RefundExceedsBill(spent, goods.fen)
    return offer_facts(redemption.offer_id).terms.refund.settle(spent, goods)


def _award_of(redemption: Redemption) -> Callable[[int], int] | None:
    item = db.session.get(SoldItem, redemption.id)
    return None if item is None else partial(award_fen, redemption, item)


def _carry_out(
    redemption: Redemption,
    goods_fen: int,
    reversal: Reversal,
    counter: Counter,
    step: Step,
    *,
    goods_come_back: bool = True,
) -> RefundSlip:
    """Write a refund, the states it leads to, and the postings that it makes at once."""
    before = (redemption.refunded_bill_fen, redemption.refunded_discount_fen)
    parts = _parts(redemption, goods_fen, reversal.pool_fen)
    facts = offer_facts(redemption.offer_id)
    borne_fen = sum(part.discount_fen for source, part in parts.items() if facts.is_borne(source))
    if goods_come_back and before[0] + goods_fen == redemption.bill_fen:
        release_numbers([redemption.id])
        qualifications.free([redemption.entitlement_id])
        withdraw([redemption.id], step)
    statement_id = _count(redemption, goods_fen, reversal.pool_fen, before, step, restores=reversal.restores)
    at_once = statement_id is None or reversal.pool_fen == borne_fen
    refund_id = new_id()
    row = {
        "id": refund_id,
        "redemption_id": redemption.id,
        "campaign_id": redemption.campaign_id,
        "merchant_id": redemption.merchant_id,
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "bill_fen": goods_fen,
        "discount_fen": reversal.pool_fen,
        "borne_fen": borne_fen,
        "customer_fen": reversal.customer_fen,
        "restored": reversal.restores,
        "reason": step.reason,
        "refunded_at": step.at,
        "bureau_day": bureau_day(step.at),
        "recovery": "at_once" if at_once else "later",
    }
    insert_rows(Refund, [row])
    insert_rows(
        RefundPart,
        [
            {
                "refund_id": refund_id,
                "fund_source_id": source,
                "discount_fen": part.discount_fen,
                "bill_fen": part.bill_fen,
            }
            for source, part in parts.items()
        ],
    )
    if reversal.restores:
        if not spending.restore(redemption.entitlement_id, step, event="return"):
            raise AlreadyRefunded
    elif goods_come_back:
        spending.record_refund(redemption.entitlement_id, before[0] + goods_fen)
    post(_postings(redemption, facts, parts, refund_id, at_once=at_once, restores=reversal.restores), at=step.at)
    db.session.expire(redemption)
    return RefundSlip(
        refund_id=refund_id,
        redemption_id=redemption.id,
        goods_fen=goods_fen,
        discount_fen=reversal.pool_fen,
        customer_fen=reversal.customer_fen,
        restored=reversal.restores,
        refunded_at=step.at,
        reason=step.reason,
        collect_fen=reversal.collect_fen,
    )


def _count(
    redemption: Redemption, goods_fen: int, pool_fen: int, before: tuple[int, int], step: Step, *, restores: bool
) -> int | None:
    """Add a refund to its redemption, and return the statement that the redemption is on, if any."""
    counted = update(Redemption).where(
        Redemption.id == redemption.id,
        Redemption.status == "redeemed",
        Redemption.refunded_bill_fen == before[0],
        Redemption.refunded_bill_fen + goods_fen <= Redemption.bill_fen,
    )
    found = db.session.execute(
        counted.values(refunded_bill_fen=before[0] + goods_fen, refunded_discount_fen=before[1] + pool_fen)
        .returning(Redemption.statement_id, Redemption.bill_fen)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if found is None:
        raise AlreadyRefunded
    if before[0] + goods_fen == found.bill_fen:
        REDEMPTION.apply(Redemption, [redemption.id], "return" if restores else "refund", step)
    statement_id: int | None = found.statement_id
    return statement_id


def _parts(redemption: Redemption, goods_fen: int, pool_fen: int) -> dict[int, _Part]:
    """Split a refund among the sources by what each still has in the redemption, by the largest remainder: no part
    exceeds what is left of it, and the last refund takes what is left of each."""
    left = _left(redemption)
    bills = apportion(goods_fen, {str(source): part.bill_fen for source, part in left.items()})
    # Nothing comes back of a discount that is back already.
    weights = {str(source): part.discount_fen for source, part in left.items()}
    discounts = apportion(pool_fen, weights) if pool_fen else dict.fromkeys(weights, 0)
    return {source: _Part(discounts[str(source)], bills[str(source)]) for source in left}


def _left(redemption: Redemption) -> dict[int, _Part]:
    """Return source → what has not come back yet. A bill is cut where its discount is, as reports cut it."""
    document = ("redemption", text_id(redemption.id))
    back: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for source, discount_fen, bill_fen in db.session.execute(
        select(RefundPart.fund_source_id, func.sum(RefundPart.discount_fen), func.sum(RefundPart.bill_fen))
        .join(Refund, Refund.id == RefundPart.refund_id)
        .where(Refund.redemption_id == redemption.id)
        .group_by(RefundPart.fund_source_id)
    ):
        back[source] = (int(discount_fen), int(bill_fen))
    found: dict[int, _Part] = {}
    through = bill_through = 0
    for transfer, source in sorted(transfers_of(document, Code.REDEEM), key=lambda pair: pair[1]):
        through += transfer.amount_fen
        cut = redemption.bill_fen * through // redemption.discount_fen
        found[source] = _Part(transfer.amount_fen - back[source][0], cut - bill_through - back[source][1])
        bill_through = cut
    return found


def _postings(
    redemption: Redemption,
    facts: OfferFacts,
    parts: dict[int, _Part],
    refund_id: UUID,
    *,
    at_once: bool,
    restores: bool,
) -> Sequence[Posting]:
    """Return what moves now. What is taken back later moves when it is."""
    campaign_id, merchant_id = redemption.campaign_id, redemption.merchant_id
    document = ("refund", text_id(refund_id))
    postings = []
    for source, part in parts.items():
        if not part.discount_fen:
            continue
        pool = accounts.budget(campaign_id, source)
        held = accounts.outstanding(campaign_id, source, offer_id=redemption.offer_id)
        if facts.is_borne(source):
            spent = accounts.borne(campaign_id, source, merchant_id=merchant_id)
        elif at_once:
            spent = accounts.payable(campaign_id, source, merchant_id=merchant_id)
        else:
            if restores:
                postings.append(Posting(Code.ADVANCE, pool, held, part.discount_fen, document))
            continue
        postings.append(Posting(Code.REFUND, spent, held if restores else pool, part.discount_fen, document))
    return postings
