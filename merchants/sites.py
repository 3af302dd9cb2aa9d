"""Sites: the counters that may work now, as the rules see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from campaigns.catalog import OfferFacts
from campaigns.places import city_name
from foundation.errors import Refusal
from foundation.prepared import Prepared
from merchants.errors import MerchantSuspended, NotEnrolled, OtherCity, StoreUnknown, TillSuspended
from merchants.models import Enrollment, Merchant, Store, Till
from merchants.register import Counter


@dataclass(frozen=True)
class Site:
    """A counter that may work now, as the rules see it; read once per batch."""

    merchant_id: int
    merchant_name: str
    store_name: str
    county: str
    industry: str
    is_above_quota: bool
    enrolled: frozenset[int]


def require_site(counter: Counter) -> Site:
    """Return where a counter stands. Refuses StoreUnknown, MerchantSuspended, TillSuspended."""
    site = sites_of({counter})[counter]
    if isinstance(site, Refusal):
        raise site
    return site


def site_of_store(store_id: int) -> Site:
    """Return a store as the rules see it, with no counter in particular. Refuses StoreUnknown, MerchantSuspended."""
    return require_site(Counter(store_id))


def require_admitted(site: Site, facts: OfferFacts) -> None:
    """Refuse OtherCity or NotEnrolled where an offer's campaign does not reach this merchant."""
    if site.county[:4] != facts.city:
        raise OtherCity(city=city_name(facts.city))
    if facts.campaign_id not in site.enrolled:
        raise NotEnrolled(campaign=facts.campaign_name)


_PLACES = Prepared(
    lambda given: (
        select(
            Store.id,
            Store.name,
            Store.county,
            Merchant.id.label("merchant_id"),
            Merchant.name.label("merchant_name"),
            Merchant.status,
            Merchant.industry,
            Merchant.is_above_quota,
        )
        .join(Merchant, Merchant.id == Store.merchant_id)
        .where(given.matches(Store.id, "store_id"))
    ),
    store_id=Store.id,
)
_ACTIVE_TILLS = Prepared(
    lambda given: select(Till.id, Till.store_id).where(given.matches(Till.id, "till_id"), Till.status == "active"),
    till_id=Till.id,
)
_ENROLLED = Prepared(
    lambda given: select(Enrollment.campaign_id, Enrollment.merchant_id).where(
        given.matches(Enrollment.merchant_id, "merchant_id")
    ),
    merchant_id=Enrollment.merchant_id,
)


def sites_of(counters: set[Counter]) -> dict[Counter, Site | Refusal]:
    """Return each counter as the rules see it, or StoreUnknown, MerchantSuspended, TillSuspended."""
    store_ids = {counter.store_id for counter in counters}
    stores = {store.id: store for store in _PLACES.rows([{"store_id": store_id} for store_id in store_ids])}
    till_ids = {counter.till_id for counter in counters if counter.till_id is not None}
    active_tills = set(_ACTIVE_TILLS.rows([{"till_id": till_id} for till_id in till_ids]))
    enrolled: dict[int, set[int]] = {}
    merchant_ids = {store.merchant_id for store in stores.values()}
    for campaign_id, merchant_id in _ENROLLED.rows([{"merchant_id": merchant_id} for merchant_id in merchant_ids]):
        enrolled.setdefault(merchant_id, set()).add(campaign_id)
    return {counter: _site(counter, stores, active_tills, enrolled) for counter in counters}


def _site(
    counter: Counter,
    stores: Mapping[int, Any],
    active_tills: set[tuple[int, int]],
    enrolled: Mapping[int, set[int]],
) -> Site | Refusal:
    if counter.store_id not in stores:
        return StoreUnknown()
    store = stores[counter.store_id]
    if store.status != "active":
        return MerchantSuspended()
    if counter.till_id is not None and (counter.till_id, store.id) not in active_tills:
        return TillSuspended()
    return Site(
        merchant_id=store.merchant_id,
        merchant_name=store.merchant_name,
        store_name=store.name,
        county=store.county,
        industry=store.industry,
        is_above_quota=store.is_above_quota,
        enrolled=frozenset(enrolled.get(store.merchant_id, ())),
    )
