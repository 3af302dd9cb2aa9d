"""Refunds: goods come back after the voucher was used, and the voucher's money goes back to where it came from.

A refund counts on its own day; the redemption's day stays as it was. While the redemption is on no statement, its
money comes back at once. Afterwards the merchant has been, or will be, paid for it: then it is taken back from the
merchant's next statement, or repaid (``settlement/claw_backs.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import select, update

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.refunding import Goods, RefundExceedsBill, Reversal, Spent
from foundation import clock
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import text_id
from foundation.money import check_amount_fen
from foundation.states import Step
from foundation.words import Words
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import FundsInsufficient, Posting, post
from merchants.errors import AlreadyRefunded, AlreadyVoided, RedemptionUnknown, RefundReasonMissing
from merchants.formula import award_fen
from merchants.gift_errors import GiftNotRefundable
from merchants.hand_ins import withdraw
from merchants.items import release_numbers
from merchants.models import Redemption, Refund, SoldItem
from merchants.refund_parts import Part, keep_refund, parts_of
from merchants.register import Counter
from merchants.sites import require_site
from merchants.states import REDEMPTION
from voucher import qualifications, spending, use_limits


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


def preview_refund(redemption_id: UUID, counter: Counter, goods_fen: int, *, paid_back: bool = False) -> Reversal:
    """Return what a refund would come to, changing nothing. Refuses what ``refund`` refuses, but for the reason."""
    check_amount_fen(goods_fen, field="goods_fen")
    require_site(counter)
    now = clock.now()
    found = [
        _settle(redemption, Goods(fen, now, paid_back))
        for redemption, fen in _shared(_together(redemption_id, counter), goods_fen)
    ]
    return Reversal(
        sum(each.pool_fen for each in found),
        sum(each.customer_fen for each in found),
        restores=any(each.restores for each in found),
        collect_fen=sum(each.collect_fen for each in found),
    )


def refund(
    redemption_id: UUID, counter: Counter, goods_fen: int, reason: str, *, paid_back: bool = False
) -> RefundSlip:
    """Take goods worth ``goods_fen`` of the bill back, by the rule of the voucher's terms, and return what to give to
    the customer. Of an order with several codes it is the order's bill. ``paid_back``: the customer has paid the
    subsidy back, where the rule wants that first.

    A suspended till, which may be a stolen one, gives no vouchers back.
    Refuses RefundReasonMissing, StoreUnknown, MerchantSuspended, TillSuspended, RedemptionUnknown (also another
    store's), AlreadyVoided, AlreadyRefunded, RefundExceedsBill, GiftNotRefundable, and what
    ``campaigns/terms/refund/`` names.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 100:
        raise RefundReasonMissing
    check_amount_fen(goods_fen, field="goods_fen")
    require_site(counter)
    now = clock.now()
    shared = _shared(_together(redemption_id, counter, lock=True), goods_fen)
    with db.session.begin_nested():
        slips = [_refund_one(redemption, Goods(fen, now, paid_back), reason, counter) for redemption, fen in shared]
    return replace(
        slips[0],
        goods_fen=goods_fen,
        discount_fen=sum(slip.discount_fen for slip in slips),
        customer_fen=sum(slip.customer_fen for slip in slips),
        restored=any(slip.restored for slip in slips),
        collect_fen=sum(slip.collect_fen for slip in slips),
    )


def _together(redemption_id: UUID, counter: Counter, *, lock: bool = False) -> list[Redemption]:
    """Return what something may still come back of: a redemption of this store, or all those of its order, in the
    order of their ids, the last one first."""
    asked = db.session.execute(
        select(Redemption.order_id).where(Redemption.id == redemption_id, Redemption.store_id == counter.store_id)
    ).one_or_none()
    if asked is None or asked.order_id is None:
        alone = _redemption(redemption_id, counter, lock=lock)
        if alone.is_gift:
            raise GiftNotRefundable
        return [alone]
    members = select(Redemption.id).where(Redemption.order_id == asked.order_id).order_by(Redemption.id.desc())
    found: list[Redemption] = []
    refusal: Refusal = AlreadyRefunded()
    for member_id in db.session.scalars(members).all():
        try:
            found.append(_redemption(member_id, counter, lock=lock))
        except (AlreadyRefunded, AlreadyVoided) as gone:
            refusal = gone
    if not found:
        raise refusal
    return found


def _shared(together: Sequence[Redemption], goods_fen: int) -> list[tuple[Redemption, int]]:
    """Return each redemption that goods come back of, and for how much.

    An order of several codes is as many purchases, each of its part of the bill: what comes back takes the parts one
    after the other, so that those that stay still reach their thresholds. Refuses RefundExceedsBill.
    """
    if len(together) == 1:
        return [(together[0], goods_fen)]
    found, left_fen = [], goods_fen
    for redemption in together:
        fen = min(left_fen, redemption.bill_fen - redemption.refunded_bill_fen)
        if fen:
            found.append((redemption, fen))
        left_fen -= fen
    if left_fen:
        whole = Spent(
            bill_fen=sum(each.bill_fen for each in together),
            discount_fen=sum(each.discount_fen for each in together),
            refunded_bill_fen=sum(each.refunded_bill_fen for each in together),
            refunded_discount_fen=sum(each.refunded_discount_fen for each in together),
            expires_at=clock.now(),
        )
        raise RefundExceedsBill(whole, goods_fen)
    return found


def _refund_one(redemption: Redemption, goods: Goods, reason: str, counter: Counter) -> RefundSlip:
    reversal = _settle(redemption, goods)
    goods_fen = goods.fen
    step = Step(counter.actor, goods.at, reason, redemption.campaign_version_id)
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
        .where(Redemption.id == redemption_id, Redemption.store_id == counter.store_id, Redemption.payee == "merchant")
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
    parts = parts_of(redemption, goods_fen, reversal.pool_fen)
    facts = offer_facts(redemption.offer_id)
    borne_fen = sum(part.discount_fen for source, part in parts.items() if facts.is_borne(source))
    if goods_come_back and before[0] + goods_fen == redemption.bill_fen:
        _free(redemption, step)
    statement_id = _count(redemption, goods_fen, reversal.pool_fen, before, step, restores=reversal.restores)
    at_once = statement_id is None or reversal.pool_fen == borne_fen
    row = {
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "bill_fen": goods_fen,
        "discount_fen": reversal.pool_fen,
        "borne_fen": borne_fen,
        "customer_fen": reversal.customer_fen,
        "restored": reversal.restores,
        "recovery": "at_once" if at_once else "later",
    }
    refund_id = keep_refund(redemption, row, parts, step)
    holder = spending.holder_of(redemption.entitlement_id)
    use = use_limits.Use(holder, facts, reversal.pool_fen, vouchers=1 if reversal.restores else 0)
    use_limits.give_back([use], redemption.bureau_day)
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


def _free(redemption: Redemption, step: Step) -> None:
    """Let an article that comes back whole count again, by its numbers and for its buyer, and end its evidence."""
    withdraw([redemption.id], step)
    release_numbers([redemption.id])
    qualifications.free([redemption.entitlement_id])


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


def _postings(
    redemption: Redemption,
    facts: OfferFacts,
    parts: dict[int, Part],
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
