"""Handing out gifts: a desk scans the code, sees what it may hand out, and gives parts away with their numbers.

A hand-out is a redemption without a bill: what its parts cost is owed to the merchant whose store handed them out, and
is settled with everything else. A code lives a minute, cards and policies take longer to fetch: who scanned it last may
hand out without it for half an hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.gifts import NUMBERS
from campaigns.terms.sale import NotYetValid, VoucherExpired
from evidence import marks, numbers
from evidence.errors import MarkTaken
from evidence.marks import Claimed
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import new_id, text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from foundation.words import Words
from ledger import accounts
from ledger.accounts import Code
from ledger.posting import Posting, post
from merchants.gift_errors import (
    CameBackMissing,
    NotAGift,
    NothingToHandOut,
    NumberIsCode,
    PartFromOthers,
    PartNumberMissing,
    PartUnknown,
)
from merchants.models import Merchant, Redemption
from merchants.register import Counter
from merchants.sites import Site, require_admitted, require_site
from voucher import gifts, spending
from voucher.codes import read_code
from voucher.gifts import CAME_BACK, Part
from voucher.spending import Presented

#: Whose the numbers of handed-out parts are.
HOLDER = "hand_out"
WAITS = timedelta(minutes=30)
#: What a part's number is → the kind of mark that lets it count once, and how it is read.
_MARKS = {
    "card": ("gift_card", numbers.issued_number),
    "policy": ("policy", numbers.issued_number),
    "serial": ("serial", numbers.serial),
}


@dataclass(frozen=True)
class PartHere:
    """A part as one desk sees it. suppliers: the names of the merchants who hand it out, none where all may."""

    part: Part
    is_ours: bool
    suppliers: tuple[str, ...]

    @property
    def may_hand_out(self) -> bool:
        return self.is_ours and self.part.handed is None

    @property
    def number_name(self) -> str:
        """What its number is called, "" where none is kept."""
        return NUMBERS[self.part.gift.number] if self.part.gift.number != "none" else ""


@dataclass(frozen=True)
class GiftHere:
    """A gift that a desk has scanned and may hand out parts of, without its code, until ``until``."""

    entitlement_id: UUID
    campaign_name: str
    offer_name: str
    parts: Sequence[PartHere]
    until: datetime


def scan(counter: Counter, code_text: str) -> GiftHere:
    """Return what a gift's code lets this desk hand out, and let it do so for half an hour.

    Refuses what a redemption refuses of code, counter, campaign and time, and NotAGift.
    """
    now = clock.now()
    site = require_site(counter)
    presented = spending.look_up([read_code(code_text)], now).popitem()[1]
    if isinstance(presented, Refusal):
        raise presented
    _require_usable(site, presented, now)
    until = min(presented.expires_at, now + WAITS)
    place = site.store_name
    if not spending.confirm(
        presented.entitlement_id, store_id=counter.store_id, place=place, until=until, by=counter.actor
    ):
        raise spending.why_not_spent(presented.entitlement_id)
    return _here(site, presented, until)


def gift_of(entitlement_id: UUID, counter: Counter) -> GiftHere:
    """Return a gift that this desk's store has scanned. Refuses NotConfirmed, AlreadyRedeemed, NotAGift, and what
    ``scan`` refuses of counter, campaign and time."""
    now = clock.now()
    site = require_site(counter)
    presented = _confirmed(entitlement_id, counter, now)
    _require_usable(site, presented, now)
    return _here(site, presented, min(presented.expires_at, now + WAITS))


def hand_out(counter: Counter, entitlement_id: UUID, wanted: Mapping[int, str]) -> UUID:
    """Hand out parts of a gift that this store has scanned, all or none, and return the redemption. wanted: part → its
    number as it was typed or scanned, "" where it has none.

    Refuses what ``gift_of`` refuses, NothingToHandOut, PartUnknown, PartFromOthers, PartNumberMissing, NumberIsCode,
    malformed numbers as ``evidence.numbers`` names them, MarkTaken, PartHandedOut, VoucherExpired.
    """
    now = clock.now()
    site = require_site(counter)
    presented = _confirmed(entitlement_id, counter, now)
    facts = _require_usable(site, presented, now)
    here = _here(site, presented, now)
    chosen = _chosen(here.parts, wanted)
    redemption_id = new_id()
    with db.session.begin_nested():
        _take_numbers(redemption_id, chosen)
        step = Step(counter.actor, now, campaign_version_id=presented.campaign_version_id)
        given = {each.part.number: (each.part.gift, number) for each, number in chosen}
        gifts.hand_out(entitlement_id, redemption_id, given, site.store_name, step)
        cost_fen = sum(each.part.gift.cost_fen for each, _ in chosen)
        insert_rows(Redemption, [_row(redemption_id, counter, site, presented, facts, cost_fen, now)])
        splits = gifts.splits_of(facts, [each.part for each in here.parts])
        post(_owe(redemption_id, facts, site.merchant_id, [splits[part] for part in given]), at=now)
    return redemption_id


def take_back(redemption: Redemption, came_back: Mapping[int, str] | None, step: Step) -> None:
    """Take the parts of a voided hand-out back and free their numbers; the caller moves the redemption and the money.

    Refuses CameBackMissing where it is not said of every part how it came back, GiftEndedMeanwhile.
    """
    for part in gifts.parts_of_hand_outs([redemption.id])[redemption.id]:
        if (came_back or {}).get(part.part) not in CAME_BACK:
            raise CameBackMissing(part=part.name, field=f"came_back_{part.part}")
    gifts.take_back(redemption.id, redemption.entitlement_id, came_back or {}, step)
    marks.give_back(HOLDER, [text_id(redemption.id)])


def _confirmed(entitlement_id: UUID, counter: Counter, now: datetime) -> Presented:
    presented = spending.look_up_confirmed([(entitlement_id, counter.store_id)], now)[entitlement_id]
    if isinstance(presented, Refusal):
        raise presented
    return presented


def _require_usable(site: Site, presented: Presented, now: datetime) -> OfferFacts:
    facts = offer_facts(presented.offer_id)
    require_admitted(site, facts)
    if not gifts.is_gift(facts):
        raise NotAGift
    if now < presented.valid_from:
        raise NotYetValid(valid_from=presented.valid_from)
    if now >= presented.expires_at:
        raise VoucherExpired(expires_at=presented.expires_at)
    # The scope is of what was bought; a supplier of cards or policies sells no cars.
    return facts


def _here(site: Site, presented: Presented, until: datetime) -> GiftHere:
    facts = offer_facts(presented.offer_id)
    parts = gifts.parts_of(presented.entitlement_id)
    named = {code for part in parts for code in part.gift.suppliers}
    known = {
        uscc: (merchant_id, name)
        for uscc, merchant_id, name in db.session.execute(
            select(Merchant.uscc, Merchant.id, Merchant.name).where(Merchant.uscc.in_(named))
        )
    }
    return GiftHere(
        presented.entitlement_id,
        facts.campaign_name,
        facts.name,
        [
            PartHere(
                part,
                not part.gift.suppliers
                or site.merchant_id in {known[code][0] for code in part.gift.suppliers if code in known},
                tuple(known[code][1] if code in known else code for code in part.gift.suppliers),
            )
            for part in parts
        ],
        until,
    )


def _chosen(parts: Sequence[PartHere], wanted: Mapping[int, str]) -> list[tuple[PartHere, str]]:
    """Return the wanted parts with their numbers in canonical spelling, in the order of the file."""
    if not wanted:
        raise NothingToHandOut
    by_number = {each.part.number: each for each in parts}
    found = []
    for number in sorted(wanted):
        if number not in by_number:
            raise PartUnknown(part=number)
        each = by_number[number]
        if not each.is_ours:
            raise PartFromOthers(
                part=each.part.gift.name, suppliers="、".join(each.suppliers), field=f"number_{number}"
            )
        found.append((each, _canonical(each, wanted[number])))
    return found


def _canonical(each: PartHere, text: str) -> str:
    kind, field = each.part.gift.number, f"number_{each.part.number}"
    if kind == "none":
        return ""
    if not text.strip():
        raise PartNumberMissing(part=each.part.gift.name, what=each.number_name, field=field)
    if _is_code(text):
        raise NumberIsCode(part=each.part.gift.name, what=each.number_name, field=field)
    try:
        return _MARKS[kind][1](text)
    except Refusal as refusal:
        refusal.field = field
        raise


def _is_code(text: str) -> bool:
    """Return whether a gun has read the phone again instead of what is handed out."""
    try:
        read_code(text)
    except Refusal:
        return False
    return True


def _take_numbers(redemption_id: UUID, chosen: Sequence[tuple[PartHere, str]]) -> None:
    """Let the number of each part count, once over all campaigns. Refuses MarkTaken, named by the part."""
    claims = {
        each.part.number: Claimed(_MARKS[each.part.gift.number][0], number, HOLDER, text_id(redemption_id))
        for each, number in chosen
        if number
    }
    # Two parts of one gift do not share a number either.
    seen: set[tuple[str, str]] = set()
    taken = marks.take_what_is_free(list(claims.values()))
    for part, claim in claims.items():
        if claim not in taken or (claim.kind, claim.number) in seen:
            raise MarkTaken(what=Words(marks.KINDS[claim.kind]), field=f"number_{part}")
        seen.add((claim.kind, claim.number))


def _row(
    redemption_id: UUID,
    counter: Counter,
    site: Site,
    presented: Presented,
    facts: OfferFacts,
    cost_fen: int,
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": redemption_id,
        "entitlement_id": presented.entitlement_id,
        "campaign_id": facts.campaign_id,
        "campaign_version_id": presented.campaign_version_id,
        "offer_id": facts.offer_id,
        "merchant_id": site.merchant_id,
        "store_id": counter.store_id,
        "till_id": counter.till_id,
        "cashier_id": counter.cashier_id,
        "bill_fen": 0,
        "discount_fen": cost_fen,
        "status": "redeemed",
        "redeemed_at": now,
        "bureau_day": bureau_day(now),
    }


def _owe(
    redemption_id: UUID, facts: OfferFacts, merchant_id: int, shares: Sequence[Mapping[int, int]]
) -> list[Posting]:
    by_source: dict[int, int] = {}
    for share in shares:
        for source, fen in share.items():
            by_source[source] = by_source.get(source, 0) + fen
    return [
        Posting(
            Code.REDEEM,
            accounts.outstanding(facts.campaign_id, source, offer_id=facts.offer_id),
            accounts.payable(facts.campaign_id, source, merchant_id=merchant_id),
            fen,
            ("redemption", text_id(redemption_id)),
        )
        for source, fen in sorted(by_source.items())
    ]
