"""What reports are asked for: every grouping, alone and under filters of every kind."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from settlement.reports import GROUPINGS, Query
from tests.world import JIANGCHENG, YANGDONG, Published


def filters(campaign: Published) -> tuple[dict[str, Any], ...]:
    """Return the filters that each grouping is asked with."""
    city, meal = campaign.sources["city"], campaign.offers["meal"]
    period: dict[str, Any] = {"first_day": date(2023, 5, 10), "last_day": date(2023, 5, 14)}
    return (
        {},
        {"campaign_id": campaign.id},
        {"fund_source_id": city},
        {"county": JIANGCHENG},
        {"county": ""},
        {"industry": "retail"},
        {"merchant_id": 1},
        {"offer_id": meal},
        period,
        period | {"fund_source_id": city, "county": YANGDONG},
        period | {"merchant_id": 4, "fund_source_id": city},
    )


def queries(campaign: Published) -> Iterator[Query]:
    """Return every query that is not refused."""
    for by in GROUPINGS:
        for wanted in filters(campaign):
            query = Query(by=by, **wanted)
            if not (query.at_merchants and (by == "offer" or query.offer_id is not None)):
                yield query
