"""Who sold the car: the listed merchant behind a credit code on an invoice."""

from dataclasses import dataclass

from sqlalchemy import select

from foundation.db import db
from merchants.models import Enrollment, Merchant, Store


@dataclass(frozen=True)
class Dealer:
    """A merchant that takes part, and its first store, at which what is granted is booked."""

    merchant_id: int
    store_id: int
    name: str
    county: str
    industry: str
    is_above_quota: bool


def find(campaign_id: int, uscc: str) -> Dealer | None:
    """Return the dealer of this credit code if it is active, takes part in the campaign and has a store."""
    row = db.session.execute(
        select(Merchant, Store.id, Store.county)
        .join(Enrollment, Enrollment.merchant_id == Merchant.id)
        .join(Store, Store.merchant_id == Merchant.id)
        .where(Merchant.uscc == uscc, Merchant.status == "active", Enrollment.campaign_id == campaign_id)
        .order_by(Store.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    merchant, store_id, county = row
    return Dealer(merchant.id, store_id, merchant.name, county, merchant.industry, merchant.is_above_quota)
