"""Prices: whether an article costs more than was filed, or more than it did lately, and what becomes of the sale."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select

from campaigns.terms.article import PriceCheck
from foundation.db import db
from foundation.errors import N_
from merchants.errors import PriceAboveFiled, PriceAboveRecent
from merchants.models import Product, Redemption, SoldItem

#: Why a sale is held, and what people call it.
HELD = {
    "price_above_filed": N_("售价高于备案价"),
    "price_above_recent": N_("售价高于近期售价"),
}

#: (merchant, barcode, days) → the lowest price in fen
Recent = Mapping[tuple[int, str, int], int]


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


def check_price(rules: PriceCheck, price_fen: int, product: Product | None, lowest_fen: int | None) -> str:
    """Return why a sale at this price must be looked at (a key of HELD), or "". Refuses PriceAboveFiled,
    PriceAboveRecent."""
    held = ""
    if product is not None and product.filed_fen is not None and price_fen > product.filed_fen:
        if rules.above_filed == "refuse":
            raise PriceAboveFiled(price_fen=price_fen, filed_fen=product.filed_fen)
        held = "price_above_filed" if rules.above_filed == "hold" else ""
    if lowest_fen is not None and price_fen * 10_000 > lowest_fen * (10_000 + rules.tolerance):
        if rules.above_recent == "refuse":
            raise PriceAboveRecent(price_fen=price_fen, lowest_fen=lowest_fen, days=rules.recent_days)
        held = held or ("price_above_recent" if rules.above_recent == "hold" else "")
    return held
