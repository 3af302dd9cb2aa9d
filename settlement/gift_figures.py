"""Gifts that were given, at what they cost and at what they were announced to be worth, apart.

The settlement's figures have the cost, as of everything else that is redeemed; nothing was bought with a gift, so that
it drives no consumption.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from campaigns.models import Campaign
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from merchants.models import Merchant, Redemption, Store
from settlement.exports import AMOUNTS_IN_YUAN, Column, Sheet
from settlement.reports import Query
from settlement.rows import redeemed_within
from voucher.gift_models import HandedPart

#: Said wherever these figures stand.
COST_AND_WORTH = N_("礼品按成本计入核销和结算；对外价值只作说明。领礼品没有消费金额，不计入拉动消费")


@dataclass(frozen=True)
class Given:
    """Parts of one name that one merchant handed out in one campaign and that stand, in fen."""

    campaign_name: str
    name: str
    merchant_name: str
    count: int
    cost_fen: int
    advertised_fen: int


@dataclass(frozen=True)
class GivenTotals:
    count: int
    cost_fen: int
    advertised_fen: int


def given(query: Query) -> list[Given]:
    """Return what was given under a report's filters; none where it is of one source, which no gift is from alone."""
    if query.fund_source_id is not None:
        return []
    of = (Campaign.name, HandedPart.name, Merchant.name)
    rows = db.session.execute(
        select(*of, func.count(), func.sum(HandedPart.cost_fen), func.sum(HandedPart.advertised_fen))
        .join(Redemption, Redemption.id == HandedPart.redemption_id)
        .join(Campaign, Campaign.id == Redemption.campaign_id)
        .join(Store, Store.id == Redemption.store_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .where(HandedPart.voided_at.is_(None), *redeemed_within(query))
        .group_by(*of, Campaign.id, Merchant.id)
        .order_by(Campaign.id, HandedPart.name, Merchant.name, Merchant.id)
    )
    return [
        Given(campaign, name, merchant, int(count), int(cost), int(worth))
        for campaign, name, merchant, count, cost, worth in rows
    ]


def totals(rows: Sequence[Given]) -> GivenTotals:
    """Add up rows."""
    return GivenTotals(
        sum(row.count for row in rows), sum(row.cost_fen for row in rows), sum(row.advertised_fen for row in rows)
    )


def sheet(rows: Sequence[Given]) -> Sheet:
    """Return rows and their total as a sheet."""
    columns = (
        Column(Words(N_("活动")), "text"),
        Column(Words(N_("礼品")), "text"),
        Column(Words(N_("发放商户")), "text"),
        Column(Words(N_("发放份数")), "count"),
        Column(Words(N_("成本")), "fen"),
        Column(Words(N_("对外价值")), "fen"),
    )
    cells: list[list[Any]] = [
        [row.campaign_name, row.name, row.merchant_name, row.count, row.cost_fen, row.advertised_fen] for row in rows
    ]
    whole = totals(rows)
    cells.append([Words(N_("合计")), "", "", whole.count, whole.cost_fen, whole.advertised_fen])
    return Sheet(Words(N_("礼品发放")), columns, cells, [AMOUNTS_IN_YUAN, Words(COST_AND_WORTH)])
