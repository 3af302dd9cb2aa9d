"""Scans: every rule that decides whether a scanned code may be spent here, without changing anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.price_check import KnownPrices, TooDear
from campaigns.terms.quote import Award, quote, take_off
from campaigns.terms.sale import Buyer, Sale
from campaigns.terms.subsidy_refusals import GoodsNeeded
from foundation.clock import bureau_day
from foundation.errors import Refusal
from foundation.money import AmountMalformed, check_amount_fen, format_yuan
from merchants.errors import (
    ExcludedOutOfBill,
    GoodsToConfirm,
    ListPriceBelowBill,
)
from merchants.gift_errors import GiftToHandOut
from merchants.items import Item, canonical, fitted, line_of
from merchants.models import Product
from merchants.payment_errors import CustomerMustScan, MustShowCode
from merchants.prices import CityPrices, Recent, city_prices, recent_prices
from merchants.products import products_on
from merchants.register import Counter
from merchants.sites import Site, require_admitted, sites_of
from voucher import spending
from voucher.codes import read_code
from voucher.gifts import is_gift
from voucher.qualifications import bought_before
from voucher.spending import Presented


@dataclass(frozen=True)
class Paying:
    """What somebody chose after scanning the till: vouchers of theirs instead of a code. device_hash: the phone that
    scanned. away: why the phone is not where it has to be; located: whether that is looked at."""

    request_id: UUID
    citizen_id: UUID
    entitlement_ids: tuple[UUID, ...]
    device_hash: bytes
    away: Refusal | None = None
    located: bool = False


@dataclass(frozen=True)
class Scan:
    """One scan: where, what was read, and the bill in fen (after the merchant's own discounts). list_fen: before them,
    where the till says it; the threshold is of the bill."""

    counter: Counter
    code_text: str
    bill_fen: int
    list_fen: int | None = None
    #: of the bill, goods that the voucher may not buy; None where nobody has said
    excluded_fen: int | None = None
    #: whether somebody has to say so before a voucher that may not buy everything is spent
    asks_goods: bool = False
    #: the article, where the code is a qualification's; its price is the bill
    item: Item | None = None
    #: the qualification that this store has scanned before; then there is no code
    confirmed_id: UUID | None = None
    #: what the customer chose who scanned the till; then there is no code either
    paying: Paying | None = None

    @property
    def counts_fen(self) -> int:
        """What of the bill counts."""
        return self.bill_fen - (self.excluded_fen or 0)

    @property
    def named_id(self) -> UUID | None:
        """The entitlement that is meant where there is no code."""
        return self.paying.entitlement_ids[0] if self.paying else self.confirmed_id


@dataclass(frozen=True)
class Shelf:
    """What is known of the articles of a batch: barcode → the catalogue's row, and what they cost lately."""

    products: Mapping[str, Product]
    recent: Recent
    city: CityPrices


@dataclass(frozen=True)
class Accepted:
    """A scan that passed every rule and may be spent."""

    scan: Scan
    site: Site
    presented: Presented
    facts: OfferFacts
    award: Award
    item: Item | None = None
    #: why somebody must look at the price of the sale, if so
    held: TooDear | None = None


def judge(scans: Sequence[Scan], now: datetime) -> list[Accepted | Refusal]:
    """Apply every rule to every scan without changing anything."""
    sites = sites_of({scan.counter for scan in scans})
    read: list[bytes | UUID | Paying | Refusal] = []
    for scan in scans:
        try:
            check_amount_fen(scan.bill_fen, field="bill_fen")
            check_list_price(scan)
            check_excluded(scan)
            read.append(scan.paying or scan.confirmed_id or read_code(scan.code_text))
        except Refusal as refusal:
            read.append(refusal)
    by_code = spending.look_up([hash_ for hash_ in read if isinstance(hash_, bytes)], now)
    confirmed = [(scan.confirmed_id, scan.counter.store_id) for scan in scans if scan.confirmed_id]
    by_id = spending.look_up_confirmed(confirmed, now) if confirmed else {}
    held = held_of([scan.paying for scan in scans if scan.paying])
    found = [*by_code.values(), *by_id.values(), *held.values()]
    had = bought_before([each for each in found if isinstance(each, Presented)])
    shelf = _shelf(scans, found, sites, now)
    return [
        _judge_one(scan, _shown(one, by_code, by_id, held), sites[scan.counter], had, shelf, now)
        for scan, one in zip(scans, read, strict=True)
    ]


def held_of(payings: Sequence[Paying]) -> Mapping[tuple[UUID, UUID], Presented | Refusal]:
    """Return (entitlement, citizen) → what is presented by those who have scanned a till."""
    pairs = [(one, paying.citizen_id) for paying in payings for one in paying.entitlement_ids]
    return spending.look_up_held(pairs) if pairs else {}


def check_list_price(scan: Scan) -> None:
    if scan.list_fen is None:
        return
    check_amount_fen(scan.list_fen, field="list_fen")
    if scan.list_fen < scan.bill_fen:
        raise ListPriceBelowBill(listed=format_yuan(scan.list_fen), bill=format_yuan(scan.bill_fen))


def _shown(
    read: bytes | UUID | Paying | Refusal,
    by_code: Mapping[bytes, Presented | Refusal],
    by_id: Mapping[UUID, Presented | Refusal],
    held: Mapping[tuple[UUID, UUID], Presented | Refusal],
) -> tuple[bool, Presented | Refusal]:
    """Return whether a scan could be read, and what it presents."""
    if isinstance(read, Refusal):
        return False, read
    if isinstance(read, Paying):
        return True, read.away or held[read.entitlement_ids[0], read.citizen_id]
    return True, by_code[read] if isinstance(read, bytes) else by_id[read]


def _judge_one(
    scan: Scan,
    shown: tuple[bool, Presented | Refusal],
    site: Site | Refusal,
    had: Mapping[UUID, Mapping[str, int]],
    shelf: Shelf,
    now: datetime,
) -> Accepted | Refusal:
    readable, presented = shown
    # A scan that cannot be read is refused before the counter, an entitlement after it.
    if readable and isinstance(site, Refusal):
        return site
    if isinstance(presented, Refusal):
        return presented
    assert isinstance(site, Site)  # what presents an entitlement was readable
    facts = offer_facts(presented.offer_id)
    try:
        require_admitted(site, facts)
        require_way(scan, facts)
        require_no_gift(facts)
        item, held = _item(scan, site, presented, facts, shelf)
        sale = replace(
            sale_of(scan, site, now),
            goods=(line_of(item, scan.bill_fen),) if item else (),
            buyer=Buyer(had=had.get(presented.entitlement_id, {})),
        )
        usable = {"valid_from": presented.valid_from, "expires_at": presented.expires_at}
        if facts.is_priced_when_claimed:
            # Its award was fixed when the application was approved; the tiers are not asked again.
            award = take_off(facts.terms, sale, presented.face_value_fen, **usable)
        else:
            award = quote(facts.terms, sale, **usable)
        require_goods_told(scan, facts)
    except Refusal as refusal:
        return refusal
    return Accepted(scan, site, presented, facts, award, item, held)


def check_excluded(scan: Scan) -> None:
    """Refuse ExcludedOutOfBill where the goods that do not count are no part of the bill."""
    excluded = scan.excluded_fen
    if excluded is not None and (isinstance(excluded, bool) or not isinstance(excluded, int)):
        raise AmountMalformed(field="excluded_fen", given=str(excluded)[:20])
    if excluded is not None and not 0 <= excluded < scan.bill_fen:
        raise ExcludedOutOfBill(bill=format_yuan(scan.bill_fen))


def require_goods_told(scan: Scan, facts: OfferFacts) -> None:
    """Refuse GoodsToConfirm where a voucher may not buy everything and nobody has said what of the bill that is."""
    words = facts.terms.scope.goods_excluded
    if words and scan.asks_goods and scan.excluded_fen is None:
        raise GoodsToConfirm(goods="、".join(words))


def require_no_gift(facts: OfferFacts) -> None:
    """Refuse GiftToHandOut where things are handed out (``merchants/gifts.py``) and no bill is paid."""
    if is_gift(facts):
        raise GiftToHandOut


def is_question(scan: Scan, refusal: Refusal) -> bool:
    """Return whether a refusal only asks whoever stands at the till what article it is, what of the bill does not
    count, or to hand out a gift: no refused scan, since the answer is another request."""
    return scan.asks_goods and isinstance(refusal, GoodsNeeded | GoodsToConfirm | GiftToHandOut)


def sale_of(scan: Scan, site: Site, now: datetime) -> Sale:
    """Return a scan as terms see it."""
    return Sale(
        bill_fen=scan.counts_fen,
        county=site.county,
        industry=site.industry,
        at=now,
        is_above_quota=site.is_above_quota,
    )


def require_way(scan: Scan, facts: OfferFacts) -> None:
    """Refuse CustomerMustScan or MustShowCode where an offer is used the other way round."""
    if scan.paying is None and not facts.terms.use.may_show:
        raise CustomerMustScan
    if scan.paying is not None:
        require_scannable(facts)


def require_scannable(facts: OfferFacts) -> None:
    """Refuse MustShowCode where holders of an offer may not scan tills."""
    if not facts.terms.use.may_scan:
        raise MustShowCode


def _item(
    scan: Scan, site: Site, presented: Presented, facts: OfferFacts, shelf: Shelf
) -> tuple[Item | None, TooDear | None]:
    """Return the article that a qualification is used for, and why its price must be looked at, if so; no article for
    a voucher, which is for the whole bill."""
    if not presented.category:
        return None, None
    if scan.item is None:
        raise GoodsNeeded
    item, rules = canonical(scan.item), facts.terms.article
    product = shelf.products.get(item.barcode)
    item = fitted(item, presented.category, facts.terms, product)
    known = KnownPrices(
        filed_fen=product.filed_fen if product else None,
        lowest_fen=shelf.recent.get((site.merchant_id, item.barcode, rules.price_check.recent_days)),
        city=shelf.city.get((facts.city, item.barcode, rules.price_check.city_days)),
    )
    return item, rules.price_check.judge(scan.bill_fen, known)


def _shelf(
    scans: Sequence[Scan],
    found: Sequence[Presented | Refusal],
    sites: Mapping[Counter, Site | Refusal],
    now: datetime,
) -> Shelf:
    """Return what is known of the barcodes of a batch."""
    barcodes = {_barcode(scan.item) for scan in scans if scan.item is not None} - {""}
    if not barcodes:
        return Shelf({}, {}, {})
    offers = {each.offer_id for each in found if isinstance(each, Presented)}
    known = [offer_facts(offer_id) for offer_id in offers]
    checks = [facts.terms.article.price_check for facts in known]
    days = {check.recent_days for check in checks if check.above_recent != "allow"}
    merchants = {site.merchant_id for site in sites.values() if isinstance(site, Site)}
    wanted = ((merchant, barcode, span) for merchant in merchants for barcode in barcodes for span in days)
    today = bureau_day(now)
    spans = {check.city_days for check in checks if check.above_city != "allow"}
    in_city = city_prices({facts.city for facts in known}, barcodes, spans, today)
    return Shelf(products_on(barcodes, today), recent_prices(wanted, now), in_city)


def _barcode(item: Item) -> str:
    try:
        return canonical(item).barcode
    except Refusal:
        return ""
