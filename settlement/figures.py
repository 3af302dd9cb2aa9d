"""Figures of days, computed from the ledger: the one place where movements become sums.

The ledger says how much moved between which sources, the redemptions say where and on what bills. A day that
is over is computed once and kept (``day_closing.py``); days that are not are computed when asked, so a report's
cost grows with open days and not with years of redemptions.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from campaigns.catalog import offer_facts
from campaigns.models import Offer
from foundation.db import db
from ledger.accounts import Code
from ledger.models import LedgerAccount, Transfer
from merchants.models import Merchant, Redemption, Refund, RefundPart, Store
from settlement.parts import parts


class Place(NamedTuple):
    """What a figure belongs to. merchant_id is 0 for what happens before a store is known."""

    bureau_day: date
    campaign_id: int
    offer_id: int
    fund_source_id: int
    county: str
    industry: str
    merchant_id: int


@dataclass
class Sums:
    """Counts and fen of one place; see ``settlement.models`` for the meaning."""

    released_count: int = 0
    released_fen: int = 0
    claimed_count: int = 0
    claimed_fen: int = 0
    expired_count: int = 0
    expired_fen: int = 0
    recalled_count: int = 0
    recalled_fen: int = 0
    spare_fen: int = 0
    redeemed_count: int = 0
    redeemed_fen: int = 0
    voided_count: int = 0
    voided_fen: int = 0
    refunded_count: int = 0
    refunded_fen: int = 0
    driven_fen: int = 0

    def add(self, other: Any) -> None:
        """Add another set of sums, or a row with the same columns."""
        for name in SUM_NAMES:
            setattr(self, name, getattr(self, name) + (getattr(other, name) or 0))


SUM_NAMES = tuple(field.name for field in fields(Sums))

_FIGURE_OF = {
    Code.RELEASE: "released",
    Code.CLAIM: "claimed",
    Code.EXPIRE: "expired",
    Code.RECALL: "recalled",
    Code.SPARE: "spare",
}


def compute(first_day: date, last_day: date) -> dict[Place, Sums]:
    """Return the sums of every place in [first_day, last_day], both days included."""
    figures: dict[Place, Sums] = defaultdict(Sums)
    _add_issuance(figures, first_day, last_day)
    _add_redemptions(figures, first_day, last_day)
    _add_refunds(figures, first_day, last_day)
    return dict(figures)


def _add_issuance(figures: dict[Place, Sums], first_day: date, last_day: date) -> None:
    """Add what was released, claimed, expired, recalled, and returned since it was not needed."""
    # The account that knows the offer: where release and claim put the money, where the others took it from.
    side = case(
        (Transfer.code.in_([Code.RELEASE.value, Code.CLAIM.value]), Transfer.credit_account_id),
        else_=Transfer.debit_account_id,
    )
    rows = db.session.execute(
        select(
            Transfer.bureau_day,
            Transfer.code,
            LedgerAccount.campaign_id,
            LedgerAccount.offer_id,
            LedgerAccount.fund_source_id,
            Offer.county,
            Offer.industry,
            func.sum(Transfer.amount_fen),
        )
        .join(LedgerAccount, LedgerAccount.id == side)
        .join(Offer, Offer.id == LedgerAccount.offer_id)
        .where(Transfer.bureau_day.between(first_day, last_day), Transfer.code.in_([code.value for code in _FIGURE_OF]))
        .group_by(
            Transfer.bureau_day,
            Transfer.code,
            LedgerAccount.campaign_id,
            LedgerAccount.offer_id,
            LedgerAccount.fund_source_id,
            Offer.county,
            Offer.industry,
        )
    )
    for day, code, campaign_id, offer_id, source_id, county, industry, fen in rows:
        assert campaign_id is not None  # an offer's account is a campaign's
        assert offer_id is not None  # the offer was joined by it
        sums = figures[Place(day, campaign_id, offer_id, source_id, county, industry, 0)]
        name = _FIGURE_OF[Code(code)]
        setattr(sums, f"{name}_fen", getattr(sums, f"{name}_fen") + int(fen))
        split = offer_facts(offer_id).split
        # A spare is of no fixed amount, so its sum does not say how many there were.
        if code != Code.SPARE and source_id == next(iter(split)):
            setattr(sums, f"{name}_count", getattr(sums, f"{name}_count") + int(fen) // split[source_id])


def _add_redemptions(figures: dict[Place, Sums], first_day: date, last_day: date) -> None:
    """Add what was redeemed and voided, and the consumption it drove, by the source that paid.

    One statement, so that sums and counts are of the same redemptions while tills go on.
    """
    part = parts(Transfer.bureau_day.between(first_day, last_day))
    is_voided = Redemption.status == "voided"
    place = (
        Redemption.bureau_day,
        Redemption.campaign_id,
        Redemption.offer_id,
        part.c.fund_source_id,
        Store.county,
        Merchant.industry,
        Redemption.merchant_id,
    )
    rows = db.session.execute(
        select(
            *place,
            func.sum(part.c.is_first),
            func.sum(part.c.discount_fen),
            func.sum(case((is_voided, part.c.is_first), else_=0)),
            func.sum(case((is_voided, part.c.discount_fen), else_=0)),
            func.sum(case((is_voided, 0), else_=part.c.bill_fen)),
        )
        .join(part, part.c.redemption_id == Redemption.id)
        .join(Store, Store.id == Redemption.store_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .group_by(*place)
    )
    for *where, redeemed, redeemed_fen, voided, voided_fen, driven_fen in rows:
        sums = figures[Place(*where)]
        sums.redeemed_count += int(redeemed)
        sums.redeemed_fen += int(redeemed_fen)
        sums.voided_count += int(voided)
        sums.voided_fen += int(voided_fen)
        sums.driven_fen += int(driven_fen)


def _add_refunds(figures: dict[Place, Sums], first_day: date, last_day: date) -> None:
    """Take off what came back, on the day on which it did."""
    place = (
        Refund.bureau_day,
        Redemption.campaign_id,
        Redemption.offer_id,
        RefundPart.fund_source_id,
        Store.county,
        Merchant.industry,
        Redemption.merchant_id,
    )
    # As with redemptions, one is counted on the row of its first source.
    other = aliased(RefundPart)
    first_source = (
        select(func.min(other.fund_source_id)).where(other.refund_id == RefundPart.refund_id).scalar_subquery()
    )
    rows = db.session.execute(
        select(
            *place,
            func.sum(case((RefundPart.fund_source_id == first_source, 1), else_=0)),
            func.sum(RefundPart.discount_fen),
            func.sum(RefundPart.bill_fen),
        )
        .join(Refund, Refund.id == RefundPart.refund_id)
        .join(Redemption, Redemption.id == Refund.redemption_id)
        .join(Store, Store.id == Redemption.store_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .where(Refund.bureau_day.between(first_day, last_day))
        .group_by(*place)
    )
    for *where, refunded, refunded_fen, bill_fen in rows:
        sums = figures[Place(*where)]
        sums.refunded_count += int(refunded)
        sums.refunded_fen += int(refunded_fen)
        sums.driven_fen -= int(bill_fen)


def gather(figures: Iterable[tuple[Place, Any]], *names: str) -> dict[tuple[Any, ...], Sums]:
    """Add up figures by the named parts of their places."""
    gathered: dict[tuple[Any, ...], Sums] = defaultdict(Sums)
    for place, sums in figures:
        gathered[tuple(getattr(place, name) for name in names)].add(sums)
    return dict(gathered)
