"""Why sales are on no statement: what their merchants still owe of evidence, what waits for review, what was refused.

Read only, and as it stands now: no kept figure of a day has any of it. Amounts are what the merchant is paid, less
what came back.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from campaigns.models import Campaign
from foundation.db import db
from foundation.errors import N_
from merchants.hand_in_models import HandIn
from merchants.models import Redemption, Refund
from settlement.reports import owed_by_campaign

#: part → its name, what it means, and the state of the review desk's list that shows it
PARTS: Mapping[str, tuple[str, str, str]] = {
    "awaited": (
        N_("待提交"),
        N_("商户还没有提交售后材料，或正在补正；在应付里，但不能结算，逾期不交的拒付"),
        "awaited",
    ),
    "handed_in": (
        N_("待审"),
        N_("商户已提交售后材料，商务局还没有审完；在应付里，审核通过后才能结算"),
        "handed_in",
    ),
    "accepted": (N_("已审"), N_("售后材料已经通过，可以结算；已进对账单、已经拨付的也算在内"), "accepted"),
    "rejected": (
        N_("拒付"),
        N_("售后材料审核不通过，或逾期没有提交；补贴退回资金池，不付给商户，也不在应付里"),
        "rejected",
    ),
}
_PART_OF = {
    "awaited": "awaited",
    "correction": "awaited",
    "handed_in": "handed_in",
    "accepted": "accepted",
    "rejected": "rejected",
}


@dataclass
class Part:
    """Sales, and the fen that their merchants get for them (of what is rejected: that they do not get)."""

    count: int = 0
    fen: int = 0


@dataclass(frozen=True)
class HeldBack:
    """One campaign whose sales need evidence: ``parts`` by the keys of PARTS, ``to_settle`` those of the accepted that
    are on no statement, ``owed_fen`` the metric 应付."""

    campaign_id: int
    campaign_name: str
    owed_fen: int
    parts: Mapping[str, Part]
    to_settle: Part


def held_back(campaign_id: int | None = None, merchant_id: int | None = None) -> list[HeldBack]:
    """Return campaigns in which anything was ever to be handed in; None means all campaigns or merchants."""
    parts: dict[int, dict[str, Part]] = defaultdict(lambda: {key: Part() for key in PARTS})
    to_settle: dict[int, Part] = defaultdict(Part)
    names: dict[int, str] = {}
    for campaign, name, status, settled, count, fen in _sales(campaign_id, merchant_id):
        names[campaign] = name
        places = [parts[campaign][_PART_OF[status]]]
        if status == "accepted" and not settled:
            places.append(to_settle[campaign])
        for part in places:
            part.count += count
            part.fen += fen
    owed = owed_by_campaign(campaign_id, merchant_id) if names else {}
    return [HeldBack(key, names[key], owed.get(key, 0), parts[key], to_settle[key]) for key in sorted(names)]


def part_of(redemption_id: UUID) -> str | None:
    """Return the key of PARTS in which a redemption is, if it has evidence to wait for and was not taken back."""
    status = db.session.scalar(select(HandIn.status).where(HandIn.id == redemption_id))
    return _PART_OF.get(status or "")


def _sales(campaign_id: int | None, merchant_id: int | None) -> list[tuple[int, str, str, bool, int, int]]:
    """Return (campaign, its name, state, whether on a statement, sales, fen)."""
    wanted: list[ColumnElement[bool]] = [HandIn.status.in_(_PART_OF)]
    if campaign_id is not None:
        wanted.append(HandIn.campaign_id == campaign_id)
    if merchant_id is not None:
        wanted.append(HandIn.merchant_id == merchant_id)
    # What came back at a counter is no longer the merchant's. What was refused was taken back at none: it is what
    # the merchant does not get.
    at_counter = or_(Refund.till_id.is_not(None), Refund.cashier_id.is_not(None))
    back = (
        select(Refund.redemption_id, func.sum(Refund.discount_fen - Refund.borne_fen).label("fen"))
        .where(at_counter, Refund.redemption_id.in_(select(HandIn.id).where(*wanted)))
        .group_by(Refund.redemption_id)
        .subquery()
    )
    settled = Redemption.statement_id.is_not(None).label("settled")
    fen = func.sum(Redemption.discount_fen - Redemption.borne_fen - func.coalesce(back.c.fen, 0))
    rows = db.session.execute(
        select(HandIn.campaign_id, Campaign.name, HandIn.status, settled, func.count(), fen)
        .join(Redemption, Redemption.id == HandIn.id)
        .join(Campaign, Campaign.id == HandIn.campaign_id)
        .outerjoin(back, back.c.redemption_id == HandIn.id)
        .where(*wanted)
        .group_by(HandIn.campaign_id, Campaign.name, HandIn.status, settled)
    )
    return [(key, name, status, bool(on), int(count), int(sum_fen)) for key, name, status, on, count, sum_fen in rows]
