"""Confirming: a store scans a qualification before the sale, and may then complete it without the code.

A code lives a minute, an article takes longer to find, weigh and ring up. Whoever scans last has the qualification:
the customer decides at which store it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from campaigns.catalog import offer_facts
from campaigns.goods import GRADES, category_name
from campaigns.terms.article import grades_of
from campaigns.terms.quote import OfferTerms
from campaigns.terms.sale import NotYetValid, Sale, VoucherExpired
from foundation import clock
from foundation.db import db
from foundation.errors import Refusal
from foundation.words import Words
from merchants.errors import NotAQualification
from merchants.register import Counter
from merchants.scans import require_no_gift
from merchants.sites import require_admitted, require_site
from voucher import spending
from voucher.codes import read_code
from voucher.models import Entitlement
from voucher.spending import Presented


@dataclass(frozen=True)
class Confirmation:
    """A qualification that a store may complete a sale with until ``until``. grades: (grade, name) that are told
    apart, none where the label does not matter. identify: keys of ``campaigns.terms.article.NUMBERS``."""

    entitlement_id: UUID
    campaign_name: str
    offer_name: str
    category: str
    rule: Words
    cap_fen: int
    grades: tuple[tuple[str, str], ...]
    identify: tuple[str, ...]
    until: datetime

    @property
    def category_name(self) -> str:
        return category_name(self.category)


def confirm(counter: Counter, code_text: str) -> Confirmation:
    """Confirm the qualification behind a code for this counter's store.

    Refuses what a redemption refuses of code, counter, campaign, time and place, NotAQualification for a voucher, and
    GiftToHandOut for a gift.
    """
    now = clock.now()
    site = require_site(counter)
    presented = spending.look_up([read_code(code_text)], now).popitem()[1]
    if isinstance(presented, Refusal):
        raise presented
    facts = offer_facts(presented.offer_id)
    require_admitted(site, facts)
    require_no_gift(facts)
    if not presented.category:
        raise NotAQualification
    _check_time(presented, now)
    facts.terms.scope.check(Sale(1, site.county, site.industry, now, is_above_quota=site.is_above_quota))
    until = min(presented.expires_at, now + _waits(facts.terms))
    if not spending.confirm(
        presented.entitlement_id, store_id=counter.store_id, place=site.store_name, until=until, by=counter.actor
    ):
        raise spending.why_not_spent(presented.entitlement_id)
    return _confirmation(presented.entitlement_id, presented.offer_id, presented.category, until)


def confirmation_of(entitlement_id: UUID, store_id: int) -> Confirmation:
    """Return what this store has confirmed. Refuses NotConfirmed, AlreadyRedeemed."""
    now = clock.now()
    presented = spending.look_up_confirmed([(entitlement_id, store_id)], now)[entitlement_id]
    if isinstance(presented, Refusal):
        raise presented
    until = db.session.scalar(select(Entitlement.confirmed_until).where(Entitlement.id == entitlement_id))
    assert until is not None  # what is confirmed has its end
    return _confirmation(presented.entitlement_id, presented.offer_id, presented.category, until)


def confirmed_at(store_id: int, *, most: int = 200) -> Sequence[Confirmation]:
    """Return what this store has confirmed and not completed yet, what ends first first."""
    rows = db.session.execute(
        select(Entitlement.id, Entitlement.offer_id, Entitlement.category, Entitlement.confirmed_until)
        .where(
            Entitlement.confirmed_store_id == store_id,
            Entitlement.status == "claimed",
            Entitlement.category != "",
            Entitlement.confirmed_until > clock.now(),
        )
        .order_by(Entitlement.confirmed_until, Entitlement.id)
        .limit(most)
    )
    return [_confirmation(*row) for row in rows]


def _waits(terms: OfferTerms) -> timedelta:
    # Without days, a confirmation serves the sale that has begun.
    return timedelta(days=terms.article.confirm_days) if terms.article.confirm_days else timedelta(minutes=30)


def _check_time(presented: Presented, now: datetime) -> None:
    if now < presented.valid_from:
        raise NotYetValid(valid_from=presented.valid_from)
    if now >= presented.expires_at:
        raise VoucherExpired(expires_at=presented.expires_at)


def _confirmation(entitlement_id: UUID, offer_id: int, category: str, until: datetime | None) -> Confirmation:
    facts = offer_facts(offer_id)
    assert until is not None  # the caller has asked for those that are confirmed
    return Confirmation(
        entitlement_id=entitlement_id,
        campaign_name=facts.campaign_name,
        offer_name=facts.name,
        category=category,
        rule=facts.terms.benefit.describe(),
        cap_fen=facts.face_value_fen,
        grades=tuple((grade, GRADES[grade]) for grade in GRADES) if grades_of(facts.terms.benefit) else (),
        identify=facts.terms.article.identify,
        until=until,
    )
