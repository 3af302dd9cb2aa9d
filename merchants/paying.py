"""A customer who has scanned a till: which of their vouchers may be used for this bill, and using them.

What is offered is what the till would be told (``voucher.advice.advise``), and what is used goes the way of every
redemption (``merchants/redeem_line.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from campaigns.catalog import OfferFacts, offer_facts
from foundation import clock
from foundation.errors import Refusal
from foundation.idempotency import Answer, Keyed, fingerprint, once
from merchants import orders, payment_requests
from merchants.payment_errors import NothingChosen
from merchants.payment_models import PaymentRequest
from merchants.receipts import Receipt, receipt_of, receipts_of_order
from merchants.redeem_line import redeem_once
from merchants.redemptions import record_refusal
from merchants.scans import Paying, Scan, is_question, require_goods_told, require_scannable, sale_of
from merchants.sites import Site, require_admitted, require_site
from voucher import spending
from voucher.advice import Held, Line, advise
from voucher.errors import VoucherUnknown
from voucher.location import Location, fence_at_use, outside
from voucher.spending import Presented


@dataclass(frozen=True)
class Option:
    """Vouchers of one offer that may be used together for the bill. held: how many unused ones of it there are."""

    entitlement_ids: tuple[UUID, ...]
    facts: OfferFacts
    expires_at: datetime
    saves_fen: int
    pays_fen: int
    held: int

    @property
    def value(self) -> str:
        """What the form sends for it."""
        return ",".join(map(str, self.entitlement_ids))


@dataclass(frozen=True)
class Barred:
    """Vouchers of one offer that may not be used here, and why; one of them by its id."""

    entitlement_id: UUID
    facts: OfferFacts
    held: int
    refusal: Refusal


@dataclass(frozen=True)
class Offered:
    """options: the one that saves the most first. located: whether any of them asks where the phone is."""

    site: Site
    options: tuple[Option, ...]
    barred: tuple[Barred, ...]

    @property
    def located(self) -> bool:
        return any(fence_at_use(option.facts.offer_id) for option in self.options)


def offered(request: PaymentRequest, citizen_id: UUID) -> Offered:
    """Return what a citizen may use for a request. Refuses StoreUnknown, MerchantSuspended, TillSuspended."""
    counter, now = payment_requests.counter_of(request), clock.now()
    site = require_site(counter)

    def admit(facts: OfferFacts) -> None:
        require_admitted(site, facts)
        require_scannable(facts)
        require_goods_told(_scan_of(request, facts), facts)

    advice = advise(
        citizen_id,
        sale_of(_scan_of(request), site, now),
        admit=admit,
        seen=lambda facts: sale_of(_scan_of(request, facts), site, now),
    )
    usable = [line for line in advice.lines if line.award]
    singles = _first_of_each(usable)
    options = [_option(request, line.held.facts, [line.held], line.saves_fen, usable) for line in singles]
    options += [
        _option(request, way.held[0].facts, way.held, way.award.discount_fen, usable)
        for way in advice.ways
        if len(way.held) > 1
    ]
    options.sort(key=lambda option: (-option.saves_fen, option.expires_at))
    return Offered(site, tuple(options), tuple(_barred([line for line in advice.lines if line.refusal])))


def _first_of_each(lines: Sequence[Line]) -> list[Line]:
    """Return one line of each offer, the one that ends first."""
    found: dict[int, Line] = {}
    for line in lines:
        found.setdefault(line.held.facts.offer_id, line)
    return list(found.values())


def _option(
    request: PaymentRequest, facts: OfferFacts, held: Sequence[Held], saves_fen: int, usable: Sequence[Line]
) -> Option:
    return Option(
        tuple(one.entitlement_id for one in held),
        facts,
        min(one.expires_at for one in held),
        saves_fen,
        request.bill_fen - saves_fen,
        sum(line.held.facts.offer_id == facts.offer_id for line in usable),
    )


def _barred(lines: Sequence[Line]) -> list[Barred]:
    """Return each offer's refusals, the same said once."""
    found: dict[tuple[int, str], Barred] = {}
    for line in lines:
        assert line.refusal is not None
        key = (line.held.facts.offer_id, str(line.refusal))
        before = found.get(key)
        if before is None:
            found[key] = Barred(line.held.entitlement_id, line.held.facts, 1, line.refusal)
        else:
            found[key] = replace(before, held=before.held + 1)
    return list(found.values())


def pay(
    request: PaymentRequest,
    citizen_id: UUID,
    entitlement_ids: Sequence[UUID],
    *,
    device_hash: bytes,
    location: Location | None,
    tell: Callable[[Receipt | orders.OrderReceipt | Refusal], Answer],
) -> Answer:
    """Use vouchers for a request, once: several together, all or none. ``tell`` makes the answer that is kept, and must
    not read the database.

    What the operation refuses for good is an answer too, and stays on the trail of refused scans. Refuses
    NothingChosen, VoucherUnknown (also somebody else's), and what ``redeem_once`` refuses for now.
    """
    chosen = tuple(dict.fromkeys(entitlement_ids))
    presented = [_require_known(one) for one in spending.look_up_held([(one, citizen_id) for one in chosen]).values()]
    if not presented:
        raise NothingChosen
    # What is spent already is told by the operation, which also knows where.
    facts = next((offer_facts(one.offer_id) for one in presented if isinstance(one, Presented)), None)
    fence = fence_at_use(facts.offer_id) if facts else None
    away = outside([fence], location) if fence else None
    paying = Paying(request.id, citizen_id, chosen, device_hash, away, located=fence is not None)
    scan = replace(_scan_of(request, facts), paying=paying)
    keyed = _keyed(paying)
    if len(chosen) == 1:
        return redeem_once(keyed, scan, tell)
    return once(keyed.caller, keyed.key, keyed.asked, lambda: _pay_together(scan, paying, tell))


def _require_known(found: Presented | Refusal) -> Presented | Refusal:
    if isinstance(found, Refusal) and found.code == VoucherUnknown.code:
        raise found
    return found


def _keyed(paying: Paying) -> Keyed:
    """Return the key of a press: the same choice for the same request is done once. A phone that has come to where it
    has to be asks anew."""
    asked = {
        "request": str(paying.request_id),
        "vouchers": sorted(map(str, paying.entitlement_ids)),
        "away": paying.away.code if paying.away else "",
        "device": paying.device_hash.hex(),
    }
    digest = fingerprint("citizen.pay", asked)
    return Keyed.read(f"citizen:{paying.citizen_id}", f"pay:{digest.hex()}", digest)


def _pay_together(scan: Scan, paying: Paying, tell: Callable[[orders.OrderReceipt | Refusal], Answer]) -> Answer:
    try:
        return tell(
            orders.redeem_order(
                scan.counter,
                [],
                scan.bill_fen,
                list_fen=scan.list_fen,
                excluded_fen=scan.excluded_fen,
                asks_goods=scan.asks_goods,
                paying=paying,
            )
        )
    except Refusal as refusal:
        if refusal.retryable:
            raise
        if not is_question(scan, refusal):
            for one in paying.entitlement_ids[: orders.MOST_CODES]:
                record_refusal(scan.counter, refusal, code_text="", bill_fen=scan.bill_fen, named_id=one)
        return tell(refusal)


def _scan_of(request: PaymentRequest, facts: OfferFacts | None = None) -> Scan:
    """Return a request as a scan. Goods that do not count are none of the business of an offer that may buy all."""
    excludes = facts is not None and facts.terms.scope.goods_excluded
    return Scan(
        payment_requests.counter_of(request),
        "",
        request.bill_fen,
        request.list_fen,
        request.excluded_fen if excludes else None,
        # A cashier is asked before the code is shown; a cash register says what it knows.
        asks_goods=request.cashier_id is not None,
    )


def receipts_for(request: PaymentRequest) -> list[Receipt]:
    """Return the receipts of a request that was redeemed; none of one that was not."""
    if request.redemption_id is None:
        return []
    return receipts_of_order(receipt_of(request.redemption_id, request.store_id), request.store_id)
