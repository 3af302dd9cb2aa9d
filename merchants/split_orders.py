"""Orders that may have been split (拆单): the same person at the same merchant again within minutes.

Notices forbid it, and auditors look for it (rule F13 of the research: two orders in ten minutes). It may also be
honest, as dessert after dinner is, so it is a flag on a trail that the bureau reads, and nothing is refused for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from campaigns.catalog import definition_of
from foundation.clock import bureau_day
from foundation.paging import Page, page_of
from foundation.prepared import Prepared, by_no_index, insert_rows
from identity import persons
from merchants.models import Merchant, Redemption, Store
from merchants.order_models import SplitOrder
from voucher.models import Entitlement

#: Within how long two orders of one person at one merchant are looked at: F13's ten minutes.
WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class SplitLine:
    """One flag as the bureau reads it: the last of ``orders`` orders, whose bills come to ``bill_fen`` together."""

    at: datetime
    merchant_id: int
    merchant_name: str
    store_name: str
    redemption_id: UUID
    orders: int
    bill_fen: int


def flag(rows: Sequence[Mapping[str, Any]], citizen_ids: Sequence[UUID], now: datetime) -> None:
    """Flag those of the redemptions just written whose person has another order at the same merchant within minutes.
    ``citizen_ids``: who holds the entitlement of each row. An order of several codes is flagged once."""
    by_version: dict[int, dict[tuple[UUID, int], Mapping[str, Any]]] = {}
    for row, citizen_id in zip(rows, citizen_ids, strict=True):
        by_version.setdefault(row["campaign_version_id"], {}).setdefault((citizen_id, row["merchant_id"]), row)
    flags: list[dict[str, Any]] = []
    for version_id, last in by_version.items():
        people = persons.accounts_of(
            definition_of(version_id).people.same_person, list({citizen_id for citizen_id, _ in last})
        )
        bills = _recent(people, {merchant_id for _, merchant_id in last}, now)
        for (citizen_id, merchant_id), row in last.items():
            person_id = people[citizen_id]
            orders = bills.get((person_id, merchant_id), {})
            if len(orders) > 1:
                flags.append(
                    {
                        "redemption_id": row["id"],
                        "at": now,
                        "bureau_day": bureau_day(now),
                        "merchant_id": merchant_id,
                        "person_id": person_id,
                        "orders": len(orders),
                        "bill_fen": sum(orders.values()),
                    }
                )
    if flags:
        insert_rows(SplitOrder, flags)


_RECENT = Prepared(
    lambda given: (
        select(Entitlement.citizen_id, Redemption.merchant_id, Redemption.order_id, Redemption.id, Redemption.bill_fen)
        .join(Redemption, Redemption.entitlement_id == Entitlement.id)
        .where(
            given.matches(Entitlement.citizen_id, "citizen_id"),
            by_no_index(Entitlement.status) == "redeemed",
            Entitlement.redeemed_at > bindparam("after"),
            Redemption.status == "redeemed",
        )
    ),
    citizen_id=Entitlement.citizen_id,
)


def _recent(
    people: Mapping[UUID, UUID], merchant_ids: set[int], now: datetime
) -> dict[tuple[UUID, int], dict[UUID, int]]:
    """Return (person, merchant) → order → bill, of what stands and was redeemed within the last minutes."""
    found: dict[tuple[UUID, int], dict[UUID, int]] = {}
    asked = [{"citizen_id": citizen_id} for citizen_id in people]
    for citizen_id, merchant_id, order_id, redemption_id, bill_fen in _RECENT.rows(asked, after=now - WITHIN):
        if merchant_id not in merchant_ids:
            continue
        orders = found.setdefault((people[citizen_id], merchant_id), {})
        key = order_id or redemption_id
        orders[key] = orders.get(key, 0) + bill_fen
    return found


def flagged(page: int, *, merchant_id: int | None = None) -> Page[SplitLine]:
    """Return a page of flags, newest first, of one merchant or of all."""
    statement = (
        select(SplitOrder, Merchant.name, Store.name)
        .join(Redemption, Redemption.id == SplitOrder.redemption_id)
        .join(Merchant, Merchant.id == SplitOrder.merchant_id)
        .join(Store, Store.id == Redemption.store_id)
        .order_by(SplitOrder.at.desc(), SplitOrder.redemption_id)
    )
    if merchant_id is not None:
        statement = statement.where(SplitOrder.merchant_id == merchant_id)
    found: Page[Any] = page_of(statement, page)
    rows = [
        SplitLine(line.at, line.merchant_id, merchant, store, line.redemption_id, line.orders, line.bill_fen)
        for line, merchant, store in found.rows
    ]
    return Page(rows, found.number, found.count, found.size)
