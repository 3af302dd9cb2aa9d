"""The read side: what a citizen sees of what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from campaigns.catalog import offer_facts
from campaigns.goods import category_name
from campaigns.models import Campaign, Offer
from campaigns.places import where
from campaigns.terms.quote import OfferTerms
from campaigns.terms.sold import RETURNED, Sold
from campaigns.terms.worth import WorthTable
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.words import Words
from voucher.errors import VoucherUnknown
from voucher.gifts import Part, is_gift, parts_of
from voucher.models import Entitlement, ExpiryRun

TABS = ("unused", "used", "expired")


@dataclass(frozen=True)
class HeldVoucher:
    """One voucher as its holder sees it. ``tab`` is where it is listed: one that has run out is expired at once,
    whether or not the job has returned its money yet. ``days_left`` counts today: 1 means today is the last day."""

    id: UUID
    campaign_id: int
    city: str
    campaign_code: str
    campaign_name: str
    offer_name: str
    face_value_fen: int
    threshold_fen: int
    counties: Sequence[str]
    industries: Sequence[str]
    above_quota: bool
    tab: str
    claimed_at: datetime
    valid_from: datetime
    expires_at: datetime
    days_left: int
    device_hash: bytes | None
    redeemed_at: datetime | None
    redeemed_place: str | None
    redeemed_bill_fen: int | None
    redeemed_discount_fen: int | None
    refunded_bill_fen: int | None
    #: what else to know of its use
    redeemed_note: str | None
    #: what happens to it when goods come back, in words
    refund_rule: Words
    #: how many may be used together and per day, in words
    use_rule: Words
    #: how much one person may have off, over all vouchers of the campaign
    discount_limits: Sequence[Words]
    #: who scans whom, in words; whether the till may scan its code, and its holder the till's
    scan: Words
    may_show: bool
    may_scan: bool
    #: how many of its kind one order may have
    per_order: int = 1
    #: what it may not buy, in words
    goods_excluded: Sequence[str] = ()
    #: where its holder has to be, in words, and whether that is looked at for use
    area: Words | None = None
    located: bool = False
    #: of what goods it is for, where it is a qualification, what it gives, and its table
    category: str = ""
    rule: Words | None = None
    table: WorthTable | None = None
    #: the parts of a gift, in the order of the campaign file
    parts: Sequence[Part] = ()
    #: the store that has scanned it and may complete the sale, until when
    confirmed_place: str | None = None
    confirmed_until: datetime | None = None
    #: how it was sold, None where it was free, and whether its holder has given it back
    sold: Sold | None = None
    withdrawn: bool = False

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether its holder may give it back for its price, as long as it is unused."""
        return self.tab == "unused" and self.sold is not None and self.sold.if_withdrawn == RETURNED

    @property
    def given(self) -> int:
        """How many parts of a gift are handed out."""
        return sum(part.handed is not None for part in self.parts)

    @property
    def advertised_fen(self) -> int:
        """What a gift is announced to be worth."""
        return sum(part.gift.advertised_fen for part in self.parts)

    @property
    def more_facts(self) -> list[tuple[str, str]]:
        """(heading, value) of what the table says of its category beyond rate and cap."""
        if self.table is None:
            return []
        return [pair for row in self.table.rows for pair in zip(self.table.header[3:], row[3:], strict=True)]

    @property
    def category_name(self) -> str:
        return category_name(self.category) if self.category else ""

    @property
    def places(self) -> Words:
        """Where it may be used."""
        return where(self.counties, self.industries, above_quota=self.above_quota)


def vouchers_of(citizen_id: UUID, tab: str, *, most: int = 200) -> list[HeldVoucher]:
    """Return a citizen's vouchers of one tab: unused by the nearest end, the others newest first."""
    now = clock.now()
    order = {
        "unused": (Entitlement.expires_at, Entitlement.id),
        "used": (Entitlement.redeemed_at.desc(), Entitlement.id),
        "expired": (Entitlement.expires_at.desc(), Entitlement.id),
    }[tab]
    statement = _select().where(Entitlement.citizen_id == citizen_id, _in_tab(tab, now)).order_by(*order).limit(most)
    return [_held(*row, now) for row in db.session.execute(statement)]


def counts_of(citizen_id: UUID) -> Mapping[str, int]:
    """Return tab → how many."""
    now = clock.now()
    return {
        tab: db.session.scalar(
            select(func.count()).select_from(Entitlement).where(Entitlement.citizen_id == citizen_id, _in_tab(tab, now))
        )
        or 0
        for tab in TABS
    }


def voucher_of(entitlement_id: UUID, citizen_id: UUID) -> HeldVoucher:
    """Return one voucher of a citizen. Refuses VoucherUnknown, also for somebody else's."""
    row = db.session.execute(
        _select().where(Entitlement.id == entitlement_id, Entitlement.citizen_id == citizen_id)
    ).one_or_none()
    if row is None:
        raise VoucherUnknown
    return _held(*row, clock.now())


def next_of_offer(voucher: HeldVoucher, citizen_id: UUID) -> tuple[UUID | None, int]:
    """Return the unused voucher of the same offer that comes after this one in the order of ids, going round, and how
    many there are in all; None where it is the only one."""
    now = clock.now()
    offer_id = select(Entitlement.offer_id).where(Entitlement.id == voucher.id).scalar_subquery()
    statement = select(Entitlement.id).where(
        Entitlement.citizen_id == citizen_id,
        Entitlement.offer_id == offer_id,
        _in_tab("unused", now),
        Entitlement.valid_from <= now,
    )
    ids = list(db.session.scalars(statement.order_by(Entitlement.id)))
    others = [each for each in ids if each != voucher.id]
    return (next((each for each in others if each > voucher.id), others[0]) if others else None), len(ids)


def held_of_releases(citizen_id: UUID, release_ids: Sequence[int]) -> dict[int, UUID]:
    """Return release id → the citizen's latest entitlement of it, for the buttons of a campaign page."""
    rows = db.session.execute(
        select(Entitlement.release_id, Entitlement.id)
        .where(Entitlement.citizen_id == citizen_id, Entitlement.release_id.in_(release_ids))
        .order_by(Entitlement.claimed_at)
    )
    return dict(rows.all())


def _select() -> Select[Entitlement, Offer, Campaign]:
    return (
        select(Entitlement, Offer, Campaign)
        .join(Offer, Offer.id == Entitlement.offer_id)
        .join(Campaign, Campaign.id == Entitlement.campaign_id)
    )


def _in_tab(tab: str, now: datetime) -> ColumnElement[bool]:
    ran_out = (Entitlement.status == "claimed") & (Entitlement.expires_at <= now)
    return {
        "unused": (Entitlement.status == "claimed") & (Entitlement.expires_at > now),
        "used": Entitlement.status == "redeemed",
        "expired": (Entitlement.status == "expired") | ran_out,
    }[tab]


def _held(entitlement: Entitlement, offer: Offer, campaign: Campaign, now: datetime) -> HeldVoucher:
    terms = offer_facts(offer.id).terms
    scope = terms.scope
    tab = {"claimed": "unused", "redeemed": "used", "expired": "expired"}[entitlement.status]
    if tab == "unused" and entitlement.expires_at <= now:
        tab = "expired"
    last_day = bureau_day(entitlement.expires_at - clock.TICK)
    return HeldVoucher(
        id=entitlement.id,
        campaign_id=campaign.id,
        city=campaign.city,
        campaign_code=campaign.code,
        campaign_name=campaign.name,
        offer_name=offer.name,
        face_value_fen=entitlement.face_value_fen,
        threshold_fen=offer.threshold_fen,
        counties=scope.counties,
        industries=scope.industries,
        above_quota=scope.above_quota,
        tab=tab,
        claimed_at=entitlement.claimed_at,
        valid_from=entitlement.valid_from,
        expires_at=entitlement.expires_at,
        days_left=max(0, (last_day - bureau_day(now)).days + 1) if tab == "unused" else 0,
        device_hash=entitlement.device_hash,
        redeemed_at=entitlement.redeemed_at,
        redeemed_place=entitlement.redeemed_place,
        redeemed_bill_fen=entitlement.redeemed_bill_fen,
        redeemed_discount_fen=entitlement.redeemed_discount_fen,
        refunded_bill_fen=entitlement.refunded_bill_fen,
        redeemed_note=entitlement.redeemed_note,
        refund_rule=terms.refund.describe(),
        use_rule=terms.use.describe(),
        discount_limits=[limit.describe() for limit in offer_facts(offer.id).discount_limits],
        scan=terms.use.describe_scan(),
        may_show=terms.use.may_show,
        may_scan=terms.use.may_scan,
        per_order=terms.use.per_order,
        **(_qualification(entitlement, terms, now) if entitlement.category else {}),
        parts=parts_of(entitlement.id) if is_gift(offer_facts(offer.id)) else (),
        goods_excluded=scope.goods_excluded,
        sold=offer_facts(offer.id).sold,
        withdrawn=entitlement.status == "expired" and _ended_early(entitlement),
        area=scope.geofence.describe() if scope.geofence else None,
        located=scope.geofence is not None and scope.geofence.at("use"),
    )


def _ended_early(entitlement: Entitlement) -> bool:
    """Return whether a voucher was over before its time: only what was bought can be given back."""
    if offer_facts(entitlement.offer_id).sold is None:
        return False
    ended_at = db.session.scalar(select(ExpiryRun.expired_at).where(ExpiryRun.id == entitlement.expiry_run_id))
    return ended_at is not None and ended_at < entitlement.expires_at


def _qualification(entitlement: Entitlement, terms: OfferTerms, now: datetime) -> dict[str, Any]:
    """Return what only a qualification tells its holder."""
    confirmed = entitlement.confirmed_until is not None and now < entitlement.confirmed_until
    table = terms.benefit.table()
    mine = tuple(row for row in table.rows if row[0] == category_name(entitlement.category))
    return {
        "category": entitlement.category,
        "rule": terms.benefit.describe(),
        "table": WorthTable(table.header, mine),
        "confirmed_place": entitlement.confirmed_place if confirmed else None,
        "confirmed_until": entitlement.confirmed_until if confirmed else None,
    }
