"""Prices: what is known of what articles cost, for campaigns that ask whether they are sold too dear.

A merchant's own prices are looked up as they are. City-wide prices are figures kept for a day: the sales of a whole
city are too many to look through while a customer waits, and a price that moves during a day could be moved on purpose.
The figure of a day is of the sales of whole days before it that stand when it is made: those that were voided or came
back do not count, those that are held do, since otherwise a price that went up everywhere would be held for ever.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Date, Integer, Select, and_, delete, func, literal, select

from campaigns.catalog import offer_facts
from campaigns.models import Campaign, Offer
from campaigns.terms.price_check import CityPrice, TooDear
from foundation.db import db, rows_changed, upsert
from foundation.errors import N_
from foundation.words import Words
from merchants.models import CityPriceFigure, Redemption, SoldItem, Store

#: Why a sale is held, and what people call it.
HELD = {
    "price_above_filed": N_("售价高于备案价"),
    "price_above_recent": N_("售价高于近期售价"),
    "price_above_city": N_("售价高于全市近期售价"),
}

#: For so many days a figure judges where no newer one could be made, because no scheduler ran.
FIGURE_STANDS_DAYS = 7

#: (merchant, barcode, days) → the lowest price in fen
Recent = Mapping[tuple[int, str, int], int]
#: (city, barcode, days) → what it cost there
CityPrices = Mapping[tuple[str, str, int], CityPrice]


def told_to_holder(judged: TooDear) -> Words:
    """Return what the holder of a held sale reads on their page."""
    return Words(N_("%(why)s。商务局会核查这笔销售；您已享受的补贴不受影响"), why=judged.describe())


def recent_prices(wanted: Iterable[tuple[int, str, int]], now: datetime) -> Recent:
    """Return the lowest price at which each merchant sold each barcode with a subsidy in the last so many days."""
    by_days: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for merchant_id, barcode, days in wanted:
        by_days[days].add((merchant_id, barcode))
    found: dict[tuple[int, str, int], int] = {}
    for days, pairs in by_days.items():
        rows = db.session.execute(
            select(Redemption.merchant_id, SoldItem.barcode, func.min(SoldItem.price_fen))
            .join(Redemption, Redemption.id == SoldItem.redemption_id)
            .where(
                SoldItem.barcode.in_({barcode for _, barcode in pairs}),
                Redemption.merchant_id.in_({merchant_id for merchant_id, _ in pairs}),
                Redemption.status == "redeemed",
                Redemption.redeemed_at >= now - timedelta(days=days),
            )
            .group_by(Redemption.merchant_id, SoldItem.barcode)
        )
        found.update({(merchant_id, barcode, days): int(fen) for merchant_id, barcode, fen in rows})
    return found


def city_prices(cities: Collection[str], barcodes: Collection[str], spans: Collection[int], today: date) -> CityPrices:
    """Return what is kept of what barcodes cost in cities over spans of days; asks nothing where spans is empty."""
    if not spans:
        return {}
    rows = db.session.execute(kept_figures(cities, barcodes, spans, today))
    return {(city, barcode, days): CityPrice(median, sales) for city, barcode, days, median, sales in rows}


def kept_figures(
    cities: Collection[str], barcodes: Collection[str], spans: Collection[int], today: date
) -> Select[str, str, int, int, int]:
    """Return the question of ``city_prices``: a row of the key for each answer, however many sales there were."""
    kept = CityPriceFigure
    return select(kept.city, kept.barcode, kept.days, kept.median_fen, kept.sales).where(
        kept.city.in_(sorted(cities)),
        kept.days.in_(sorted(spans)),
        kept.barcode.in_(sorted(barcodes)),
        kept.for_day > today - timedelta(days=FIGURE_STANDS_DAYS),
    )


def spans_asked_for(now: datetime) -> set[int]:
    """Return over how many days the campaigns that are not over compare prices city-wide; nothing where none does."""
    offers = select(Offer.id).join(Campaign).where(Campaign.ends_at > now, Campaign.version_id.is_not(None))
    checks = [offer_facts(offer_id).terms.article.price_check for offer_id in db.session.scalars(offers)]
    return {check.city_days for check in checks if check.above_city != "allow"}


def keep_figures(days: int, today: date) -> int:
    """Make the figures that judge on a day, over so many days before it, and return how many; 0 if they are there.
    Those of earlier days go: whatever had no sale meanwhile has no price any more."""
    mine = CityPriceFigure.days == days
    if db.session.scalar(select(CityPriceFigure.for_day).where(mine, CityPriceFigure.for_day >= today).limit(1)):
        return 0
    columns = ("city", "days", "barcode", "for_day", "median_fen", "sales")
    statement = upsert(CityPriceFigure).from_select(columns, medians(days, today))
    renewed = {name: statement.excluded[name] for name in columns[3:]}
    db.session.execute(statement.on_conflict_do_update(index_elements=columns[:3], set_=renewed))
    rows_changed(delete(CityPriceFigure).where(mine, CityPriceFigure.for_day < today))
    return db.session.scalar(select(func.count()).select_from(CityPriceFigure).where(mine)) or 0


def medians(days: int, today: date) -> Select[str, int, str, date, int, int]:
    """Return the rows of the figures: of each city and barcode the lower median of what it was sold for, and of how
    many sales. Looks at the sales of these days only, by the index of days."""
    city = func.substr(Store.county, 1, 4).label("city")
    at_price = (
        select(city, SoldItem.barcode, SoldItem.price_fen, func.count().label("count"))
        .join(Redemption, Redemption.id == SoldItem.redemption_id)
        .join(Store, Store.id == Redemption.store_id)
        .where(_counts(days, today))
        .group_by(city, SoldItem.barcode, SoldItem.price_fen)
        .subquery()
    )
    article = (at_price.c.city, at_price.c.barcode)
    running = select(
        *article,
        at_price.c.price_fen,
        func.sum(at_price.c.count).over(partition_by=article, order_by=at_price.c.price_fen).label("so_far"),
        func.sum(at_price.c.count).over(partition_by=article).label("sales"),
    ).subquery()
    return (
        select(
            running.c.city,
            literal(days, Integer),
            running.c.barcode,
            literal(today, Date),
            func.min(running.c.price_fen),
            running.c.sales,
        )
        .where(running.c.so_far * 2 >= running.c.sales)
        .group_by(running.c.city, running.c.barcode, running.c.sales)
        # Two that make them at once take the rows in one order.
        .order_by(running.c.city, running.c.barcode)
    )


def _counts(days: int, today: date) -> ColumnElement[bool]:
    return and_(
        Redemption.bureau_day >= today - timedelta(days=days),
        Redemption.bureau_day < today,
        Redemption.status == "redeemed",
        SoldItem.barcode != "",
    )
