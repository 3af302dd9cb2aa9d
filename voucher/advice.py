"""Best-voucher advice: what each voucher a citizen holds would be worth to a sale, or why not, and which to use.

It asks the function that answers the till (``campaigns.terms.ordering.quote_order``), so that nothing can be said
here and refused there, but for what changes in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.ordering import quote_order, together
from campaigns.terms.quote import Award
from campaigns.terms.sale import Sale
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import Refusal
from voucher import use_limits
from voucher.gifts import is_gift
from voucher.models import Entitlement
from voucher.use_limits import Use

#: More than anybody holds; a page that says more than this says nothing.
MOST_VOUCHERS = 200

#: Refuses where an offer's campaign does not reach the shop.
Admit = Callable[[OfferFacts], None]
#: The sale as an offer sees it: without the goods that it may not buy.
Seen = Callable[[OfferFacts], Sale]


@dataclass(frozen=True)
class Held:
    """An unused voucher, valid in [valid_from, expires_at)."""

    entitlement_id: UUID
    facts: OfferFacts
    valid_from: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Line:
    """What one voucher alone would save, or why it cannot be used here."""

    held: Held
    award: Award | None = None
    refusal: Refusal | None = None

    @property
    def saves_fen(self) -> int:
        return self.award.discount_fen if self.award else 0


@dataclass(frozen=True)
class Way:
    """Vouchers of one offer on one order, and what they come to."""

    held: tuple[Held, ...]
    award: Award


@dataclass(frozen=True)
class Advice:
    """lines: the most worth first. best: the vouchers that save the most together, none where none can be used. ways:
    of each offer that can be used, as many as go together."""

    lines: tuple[Line, ...]
    best: tuple[Held, ...] = ()
    award: Award | None = None
    ways: tuple[Way, ...] = ()

    @property
    def saves_fen(self) -> int:
        return self.award.discount_fen if self.award else 0


@dataclass(frozen=True)
class Person:
    """left: offer id → what the limits on its use leave this person (``voucher.use_limits.left``)."""

    citizen_id: UUID
    left: Mapping[int, Mapping[str, int]]

    def require(self, facts: OfferFacts, awards: Sequence[Award], sale: Sale) -> None:
        """Refuse what the count at the till would refuse for so many of one offer together."""
        use = Use(self.citizen_id, facts, sum(award.discount_fen for award in awards), len(awards))
        refusal = use_limits.why_not(use, bureau_day(sale.at), self.left[facts.offer_id])
        if refusal is not None:
            raise refusal


def anywhere(_facts: OfferFacts) -> None:
    """Admit every campaign: where only the kind of shop is known."""


def advise(citizen_id: UUID, sale: Sale, *, admit: Admit = anywhere, seen: Seen | None = None) -> Advice:
    """Return what the unused vouchers of a citizen are worth to a sale. Of vouchers that save as much, those that end
    first are to be used. seen: the sale as each offer sees it, where that differs."""
    held = _held(citizen_id)
    seen = seen or (lambda _facts: sale)
    person = Person(
        citizen_id,
        {
            offer_id: use_limits.left(citizen_id, facts, bureau_day(sale.at))
            for offer_id, facts in _offers(held).items()
        },
    )
    lines = [_line(each, seen(each.facts), admit, person) for each in held]
    ways = _ways([line.held for line in lines if line.award], seen, person)
    best = max(ways, key=lambda way: way.award.discount_fen, default=None)
    order = sorted(lines, key=lambda line: (-line.saves_fen, line.held.expires_at, line.held.entitlement_id))
    return Advice(tuple(order), best.held if best else (), best.award if best else None, tuple(ways))


def _held(citizen_id: UUID) -> list[Held]:
    rows = db.session.execute(
        select(Entitlement.id, Entitlement.offer_id, Entitlement.valid_from, Entitlement.expires_at)
        .where(Entitlement.citizen_id == citizen_id, Entitlement.status == "claimed")
        .order_by(Entitlement.expires_at, Entitlement.id)
        .limit(MOST_VOUCHERS)
    )
    held = [Held(row.id, offer_facts(row.offer_id), row.valid_from, row.expires_at) for row in rows]
    # A gift is handed out, whatever is bought.
    return [each for each in held if not is_gift(each.facts)]


def _offers(held: Sequence[Held]) -> dict[int, OfferFacts]:
    return {each.facts.offer_id: each.facts for each in held}


def _line(held: Held, sale: Sale, admit: Admit, person: Person) -> Line:
    try:
        admit(held.facts)
        [award] = quote_order(held.facts.terms, sale, [(held.valid_from, held.expires_at)])
        person.require(held.facts, [award], sale)
    except Refusal as refusal:
        return Line(held, refusal=refusal)
    return Line(held, award=award)


def _ways(usable: Sequence[Held], seen: Seen, person: Person) -> list[Way]:
    """Return of each offer as many vouchers as one order of it allows and the bill reaches, and what they come to.
    Those that end first come first in ``usable``."""
    found = []
    for offer_id, facts in _offers(usable).items():
        mine = [each for each in usable if each.facts.offer_id == offer_id]
        sale = seen(facts)
        for count in range(min(len(mine), facts.terms.use.per_order), 0, -1):
            try:
                awards = quote_order(facts.terms, sale, [(each.valid_from, each.expires_at) for each in mine[:count]])
                person.require(facts, awards, sale)
            except Refusal:
                continue
            found.append(Way(tuple(mine[:count]), together(awards)))
            break
    return found
