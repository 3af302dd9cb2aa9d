"""Redemptions: a till scans a code, and the entitlement behind it is spent.

Redemptions are done in batches, like claims: the scans that wait share a transaction, and a refused one never
fails its neighbours. A door's batch has one scan in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.price_check import Judged
from campaigns.terms.quote import Award
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from foundation.idempotency import RequestInFlight
from foundation.ids import new_id, text_id
from foundation.prepared import in_one_go, insert_rows
from foundation.states import Step
from ledger import accounts
from ledger.accounts import AccountKey, Code
from ledger.posting import Posting, post, transfers_of
from merchants import gifts, hand_ins, payment_requests, split_orders
from merchants.errors import (
    AlreadyRefunded,
    AlreadySettled,
    AlreadyVoided,
    RedemptionUnknown,
    VoidReasonMissing,
    VoidTooLate,
)
from merchants.items import Item, release_numbers, sold_row, take_numbers
from merchants.models import Redemption, RefusedScan, SoldItem
from merchants.prices import told_to_holder
from merchants.receipts import Receipt, receipt_of
from merchants.register import Counter
from merchants.scans import Accepted, Paying, Scan, judge
from merchants.sites import require_site
from merchants.states import REDEMPTION
from voucher import spending, use_limits
from voucher.codes import read_code

Outcome = Receipt | Refusal


def redeem(
    counter: Counter,
    code_text: str,
    bill_fen: int,
    *,
    list_fen: int | None = None,
    excluded_fen: int | None = None,
    asks_goods: bool = False,
    item: Item | None = None,
    confirmed_id: UUID | None = None,
) -> Receipt:
    """Redeem one code and return the receipt. list_fen: what the sale was before the merchant's own discounts.
    excluded_fen: what of the bill is goods that the voucher may not buy; ``asks_goods`` refuses where the voucher has
    such goods and nobody has said. item: the article, where the code is a qualification's. confirmed_id: in place of a
    code, the qualification that this store has confirmed. The caller puts a refused scan on the trail
    (``record_refusal``).

    Refuses everything that ``read_code``, ``voucher.spending``, ``merchants.items``, ``terms.quote`` and
    ``merchants.errors`` name: a bad amount or code first, then the counter, then the entitlement, then the article,
    then the campaign's terms, and MarkTaken where the article was subsidised before.
    """
    # A refusal, whatever raised it, leaves nothing half done in the caller's transaction.
    with db.session.begin_nested():
        scan = Scan(counter, code_text, bill_fen, list_fen, excluded_fen, asks_goods, item, confirmed_id)
        outcome = redeem_batch([scan])[0]
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome


def redeem_batch(scans: Sequence[Scan]) -> list[Outcome]:
    """Redeem or refuse each scan, in the order given, within the caller's transaction."""
    now = clock.now()
    outcomes: dict[int, Outcome] = {}
    first: dict[UUID, tuple[int, Accepted]] = {}
    late: list[tuple[int, UUID]] = []
    for place, outcome in enumerate(judge(scans, now)):
        if isinstance(outcome, Refusal):
            outcomes[place] = outcome
        elif outcome.presented.entitlement_id in first:
            late.append((place, outcome.presented.entitlement_id))
        else:
            first[outcome.presented.entitlement_id] = (place, outcome)
    ids = {entitlement: new_id() for entitlement in first}
    # Numbers before counts before entitlements, as everywhere, so that nobody waits in a circle.
    sold = [(ids[entitlement], accepted.item) for entitlement, (_, accepted) in first.items() if accepted.item]
    twice = take_numbers(sold) if sold else {}
    for entitlement, redemption_id in ids.items():
        if redemption_id in twice:
            outcomes[first.pop(entitlement)[0]] = twice[redemption_id]
    wanted = list(first)
    asked = {ids[entitlement]: found.scan.paying for entitlement, (_, found) in first.items() if found.scan.paying}
    untaken = _take_requests(asked, now, met=bool(late)) if asked else {}
    for entitlement in wanted:
        if ids[entitlement] in untaken:
            outcomes[first.pop(entitlement)[0]] = untaken[ids[entitlement]]
    over = _count_uses(list(first.values()), now)
    outcomes.update(over)
    first = {entitlement: found for entitlement, found in first.items() if found[0] not in over}
    spent = spend_accepted([accepted for _, accepted in first.values()], now)
    lost = [accepted for entitlement, (_, accepted) in first.items() if entitlement not in spent]
    use_limits.give_back([use_of(accepted) for accepted in lost], bureau_day(now))
    done = [(place, accepted) for entitlement, (place, accepted) in first.items() if entitlement in spent]
    receipts = write([(ids[accepted.presented.entitlement_id], accepted) for _, accepted in done], now)
    outcomes.update({place: receipt for (place, _), receipt in zip(done, receipts, strict=True)})
    late += [(place, entitlement) for entitlement, (place, _) in first.items() if entitlement not in spent]
    undone = [ids[entitlement] for entitlement in wanted if entitlement not in spent]
    release_numbers(undone)
    payment_requests.give_back([redemption_id for redemption_id in undone if redemption_id in asked])
    outcomes.update({place: spending.why_not_spent(entitlement) for place, entitlement in late})
    return [outcomes[place] for place in range(len(scans))]


def _take_requests(asked: Mapping[UUID, Paying], now: datetime, *, met: bool) -> dict[UUID, Refusal]:
    """Take the requests that customers have scanned. Refuses RequestInFlight where two of a batch want the same
    request, or (``met``) the same voucher: what the second may have depends on what comes of the first, so that each is
    done alone (``foundation/group_commit.py``)."""
    if met or len({paying.request_id for paying in asked.values()}) < len(asked):
        raise RequestInFlight
    return payment_requests.take(list(asked.items()), now)


def quote_code(
    counter: Counter,
    code_text: str,
    bill_fen: int,
    *,
    list_fen: int | None = None,
    excluded_fen: int | None = None,
    item: Item | None = None,
    confirmed_id: UUID | None = None,
) -> Award:
    """Return what a code would be worth here, changing nothing. Refuses what ``redeem`` refuses, but MarkTaken."""
    scan = Scan(counter, code_text, bill_fen, list_fen, excluded_fen, item=item, confirmed_id=confirmed_id)
    now = clock.now()
    outcome = judge([scan], now)[0]
    if isinstance(outcome, Refusal):
        raise outcome
    use_limits.require_left(use_of(outcome), bureau_day(now))
    return outcome.award


def void(redemption_id: UUID, counter: Counter, reason: str, *, came_back: Mapping[int, str] | None = None) -> Receipt:
    """Take back a redemption of this store on the day it was made: the citizen has the entitlement again, with its
    original end, and the money is set aside again. Of an order with several codes all are taken back. came_back: where
    parts of a gift were handed out, part → a key of ``voucher.gifts.CAME_BACK``, for all of them.

    A suspended till, which may be a stolen one, gives no vouchers back.
    Refuses VoidReasonMissing, StoreUnknown, MerchantSuspended, TillSuspended, RedemptionUnknown (also another
    store's), VoidTooLate, AlreadySettled, AlreadyRefunded, AlreadyVoided, CameBackMissing, GiftEndedMeanwhile.
    """
    reason = reason.strip()
    if not 2 <= len(reason) <= 100:
        raise VoidReasonMissing
    require_site(counter)
    now = clock.now()
    today = bureau_day(now)
    redemption = db.session.scalar(
        select(Redemption)
        .where(Redemption.id == redemption_id, Redemption.store_id == counter.store_id, Redemption.payee == "merchant")
        .execution_options(populate_existing=True)
    )
    if redemption is None:
        raise RedemptionUnknown
    if redemption.bureau_day != today:
        raise VoidTooLate(day=redemption.bureau_day.isoformat())
    if redemption.statement_id is not None:
        raise AlreadySettled
    if redemption.refunded_bill_fen:
        raise AlreadyRefunded
    step = Step(counter.actor, now, reason, redemption.campaign_version_id)
    together = members_of(redemption)
    if any(member.refunded_bill_fen for member in together):
        raise AlreadyRefunded
    with db.session.begin_nested():
        _void(together, step)
        if redemption.is_gift:
            gifts.take_back(redemption, came_back, step)
        else:
            _restore(together, step)
        hand_ins.withdraw([member.id for member in together], step)
        release_numbers([member.id for member in together])
        post([posting for member in together for posting in _take_back(member)], at=now)
    for member in together:
        db.session.expire(member)
    return receipt_of(redemption_id, counter.store_id)


def members_of(redemption: Redemption) -> list[Redemption]:
    """Return the redemptions of the same order, locked, the last id first as refunds take them; it alone where it
    shares none."""
    if redemption.order_id is None:
        return [redemption]
    same_order = select(Redemption).where(Redemption.order_id == redemption.order_id).order_by(Redemption.id.desc())
    return list(db.session.scalars(same_order.with_for_update().execution_options(populate_existing=True)))


def _void(together: Sequence[Redemption], step: Step) -> None:
    moved = REDEMPTION.apply(
        Redemption,
        [member.id for member in together],
        "void",
        step,
        also_set={"voided_at": step.at, "void_reason": step.reason},
        only_if=(Redemption.statement_id.is_(None), Redemption.refunded_bill_fen == 0),
    )
    if len(moved) < len(together):
        raise AlreadyVoided


def _restore(together: Sequence[Redemption], step: Step) -> None:
    """Give the entitlements back to their holder."""
    for member in together:
        holder, facts = spending.holder_of(member.entitlement_id), offer_facts(member.offer_id)
        use_limits.give_back([use_limits.Use(holder, facts, member.discount_fen)], member.bureau_day)
    # By id, as they were spent, so that neither waits for the other in a circle.
    for entitlement_id in sorted(member.entitlement_id for member in together):
        if not spending.restore(entitlement_id, step):
            raise AlreadyVoided


def record_refusal(
    counter: Counter, refusal: Refusal, *, code_text: str, bill_fen: object, named_id: UUID | None = None
) -> None:
    """Put a refused scan on the trail. The code itself is not kept, only the entitlement it named, if any. named_id:
    the entitlement that was meant where there was no code."""
    try:
        entitlement_id = named_id or spending.entitlement_of(read_code(code_text))
    except Refusal:
        entitlement_id = None
    storable = isinstance(bill_fen, int) and not isinstance(bill_fen, bool) and 0 <= bill_fen < 2**62
    row = {
        "id": new_id(),
        "at": clock.now(),
        "store_id": counter.store_id,
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "reason": refusal.code,
        "about": str(refusal.judged.describe()) if isinstance(refusal, Judged) else "",
        "entitlement_id": entitlement_id,
        "bill_fen": bill_fen if storable else None,
    }
    insert_rows(RefusedScan, [row])


def use_of(accepted: Accepted) -> use_limits.Use:
    """Return an accepted scan as the limits on use see it."""
    return use_limits.Use(accepted.presented.citizen_id, accepted.facts, accepted.award.discount_fen)


def _count_uses(found: Sequence[tuple[int, Accepted]], now: datetime) -> dict[int, Refusal]:
    """Count what is about to be spent, and return the refusals of what would be over a limit."""
    over = use_limits.take([use_of(accepted) for _, accepted in found], bureau_day(now))
    return {found[number][0]: refusal for number, refusal in over.items()}


def spend_accepted(accepted: Sequence[Accepted], now: datetime) -> set[UUID]:
    """Spend the entitlements of accepted scans; return those that were still there to spend."""
    spent: set[UUID] = set()
    by_version: dict[int, list[Accepted]] = {}
    for item in accepted:
        by_version.setdefault(item.presented.campaign_version_id, []).append(item)
    for version_id in sorted(by_version):
        mine = by_version[version_id]
        actors = {item.presented.entitlement_id: item.scan.counter.actor for item in mine}
        uses = [
            spending.Use(
                item.presented.entitlement_id, item.site.store_name, item.award.bill_fen, item.award.discount_fen
            )
            for item in mine
        ]
        spent |= spending.spend(uses, Step("", now, campaign_version_id=version_id), actors=actors)
    return spent


def write(done: Sequence[tuple[UUID, Accepted]], now: datetime, *, order_id: UUID | None = None) -> list[Receipt]:
    """Write the redemptions of spent entitlements, the articles, and what is owed for them.
    order_id: the order that they share.

    That a redemption began is in the history of its entitlement; its own history begins with a void.
    """
    if not done:
        return []
    accepted = [item for _, item in done]
    rows = [_row(redemption_id, item, now) | {"order_id": order_id} for redemption_id, item in done]
    sold = [sold_row(at, each.item, each.scan.bill_fen, each.held) for at, each in done if each.item]
    owed = [posting for row, item in zip(rows, accepted, strict=True) for posting in _owe(row["id"], item)]
    with in_one_go():
        insert_rows(Redemption, rows)
        insert_rows(SoldItem, sold)
        post(owed, at=now)
    hand_ins.expect([(row, item.facts) for row, item in zip(rows, accepted, strict=True)])
    for item in accepted:
        if item.held:
            spending.note_use(item.presented.entitlement_id, str(told_to_holder(item.held)))
    split_orders.flag(rows, [item.presented.citizen_id for item in accepted], now)
    return [
        Receipt(
            redemption_id=row["id"],
            campaign_name=item.facts.campaign_name,
            offer_name=item.facts.name,
            merchant_name=item.site.merchant_name,
            store_name=item.site.store_name,
            bill_fen=item.award.bill_fen,
            discount_fen=item.award.discount_fen,
            redeemed_at=now,
            list_fen=_counted_list_fen(item.scan),
            excluded_fen=item.scan.excluded_fen or 0,
            payers=item.facts.by_payer(item.award.discount_fen),
            order_id=order_id,
            invoice_fen=item.award.invoice_fen,
            item=item.item,
            held=item.held,
        )
        for row, item in zip(rows, accepted, strict=True)
    ]


def _row(redemption_id: UUID, item: Accepted, now: datetime) -> dict[str, Any]:
    counter = item.scan.counter
    return {
        "id": redemption_id,
        "entitlement_id": item.presented.entitlement_id,
        "campaign_id": item.facts.campaign_id,
        "campaign_version_id": item.presented.campaign_version_id,
        "offer_id": item.facts.offer_id,
        "merchant_id": item.site.merchant_id,
        "store_id": counter.store_id,
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "list_fen": _counted_list_fen(item.scan),
        "bill_fen": item.award.bill_fen,
        "excluded_fen": item.scan.excluded_fen or 0,
        "discount_fen": item.award.discount_fen,
        "borne_fen": sum(
            fen for code, fen in item.award.by_source.items() if item.facts.is_borne(item.facts.source_ids[code])
        ),
        "status": "redeemed",
        "redeemed_at": now,
        "bureau_day": bureau_day(now),
    }


def _counted_list_fen(scan: Scan) -> int | None:
    """Return the price before the merchant's own discounts without the goods that do not count, as the bill is."""
    return None if scan.list_fen is None else scan.list_fen - (scan.excluded_fen or 0)


def _owe(redemption_id: UUID, item: Accepted) -> list[Posting]:
    facts = item.facts
    return [
        Posting(
            Code.REDEEM,
            accounts.outstanding(facts.campaign_id, facts.source_ids[source], offer_id=facts.offer_id),
            _spent(facts, facts.source_ids[source], item.site.merchant_id),
            fen,
            ("redemption", text_id(redemption_id)),
        )
        for source, fen in item.award.by_source.items()
        if fen
    ]


def _spent(facts: OfferFacts, source_id: int, merchant_id: int) -> AccountKey:
    """Return where redeemed money goes: it is owed to the merchant, but for the merchant's own share."""
    account = accounts.borne if facts.is_borne(source_id) else accounts.payable
    return account(facts.campaign_id, source_id, merchant_id=merchant_id)


def _take_back(redemption: Redemption) -> list[Posting]:
    """Return what reverses every transfer of a redemption, each by its own."""
    document = ("redemption", text_id(redemption.id))
    facts = offer_facts(redemption.offer_id)
    postings = []
    for transfer, source_id in transfers_of(document, Code.REDEEM):
        owed = _spent(facts, source_id, redemption.merchant_id)
        held = accounts.outstanding(facts.campaign_id, source_id, offer_id=facts.offer_id)
        postings.append(Posting(Code.VOID, owed, held, transfer.amount_fen, document, reverses_id=transfer.id))
    return postings
