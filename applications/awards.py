"""What an application is worth, by the same function that answers every till."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from applications import answers as answering
from applications.answers import car_of
from applications.dealers import Dealer
from applications.models import Application
from applications.states import LIVE
from campaigns import award_tables
from campaigns.award_tables import AwardTable, Raise
from campaigns.catalog import ReleaseFacts
from campaigns.places import counties
from campaigns.terms.quote import Award, quote
from campaigns.terms.sale import CAR, Buyer, NotUsable, Sale
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db


def buyer_hash(answers: Mapping[str, str]) -> bytes | None:
    """Return what stands for the buyer: the keyed hash of a firm's credit code, else of the identity number."""
    key = "uscc" if answers.get("buyer") == "firm" else "id_number"
    number = answers.get(key)
    return keyed_hash(f"application.{key}", number) if number else None


def award_of(
    facts: ReleaseFacts,
    answers: Mapping[str, str],
    dealer: Dealer | None,
    at: datetime,
    *,
    apart_from: Application | None = None,
    table: AwardTable | None = None,
) -> Award | None:
    """Return what the answers are worth now, None while price or powertrain are missing.

    table: None for that of the day on the papers (``table_of``). Without a dealer the first place of the offer's scope
    is taken, for a preview. Refuses what ``campaigns.terms.quote.quote`` refuses.
    """
    car = car_of(answers)
    if car is None:
        return None
    terms = (table or table_of(facts, answers)).terms
    scope = terms.scope
    sale = Sale(
        bill_fen=car.with_tax_fen,
        county=dealer.county if dealer else next(iter(scope.counties or counties(facts.offer.city)), ""),
        industry=dealer.industry if dealer else next(iter(scope.industries), "automobile"),
        at=at,
        car=car,
        buyer=Buyer(answers.get("buyer", "person"), {CAR: _had(facts, answers, apart_from)}),
        is_above_quota=dealer.is_above_quota if dealer else True,
    )
    return quote(terms, sale, valid_from=at, expires_at=max(at, facts.offer.campaign_ends_at) + _A_WHILE)


_A_WHILE = datetime.resolution


def table_of(
    facts: ReleaseFacts, answers: Mapping[str, str], *, known: int | None = None, draft: Sequence[Raise] = ()
) -> AwardTable:
    """Return the award table for the day on the papers: ``campaigns.award_tables.table_on``."""
    return award_tables.table_on(facts.offer, answering.day_of(facts, answers), known=known, draft=draft)


def price_anew(table: AwardTable, answers: Mapping[str, str]) -> Award | None:
    """Return what a table gives to an application that was taken on already: buyer, place and time were judged then,
    so that price and powertrain alone decide. None where it gives nothing."""
    car = car_of(answers)
    if car is None:
        return None
    terms = table.terms
    buyer = Buyer(answers.get("buyer", "person"))
    sale = Sale(car.with_tax_fen, county="", industry="", at=clock.now(), car=car, buyer=buyer)
    try:
        worth = terms.benefit.worth(sale)
    except NotUsable:
        return None
    return Award(
        sale.bill_fen,
        worth.cost_fen,
        terms.split(worth.cost_fen),
        advertised_fen=worth.cost_fen,
        reasons=worth.reasons,
        given_as=worth.given_as,
        tier=worth.tier,
    )


def _had(facts: ReleaseFacts, answers: Mapping[str, str], apart_from: Application | None) -> int:
    """Return how many cars the buyer has applied for in this campaign; the last word is the reservation's."""
    hashed = buyer_hash(answers)
    if hashed is None:
        return 0
    others = select(func.count()).where(
        Application.campaign_id == facts.offer.campaign_id,
        Application.buyer_hash == hashed,
        Application.status.in_((*LIVE, "approved")),
    )
    if apart_from is not None:
        others = others.where(Application.id != apart_from.id)
    return db.session.scalar(others) or 0
