"""Receipts: the read side of redemptions, for tills and for the people at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select

from campaigns.catalog import offer_facts
from campaigns.models import Campaign, Offer
from campaigns.terms.article import invoice_of
from campaigns.terms.price_check import TooDear
from foundation.db import db
from merchants.errors import RedemptionUnknown
from merchants.hand_in_models import HandIn
from merchants.items import Item, held_of, item_of
from merchants.models import Merchant, Redemption, SoldItem, Store
from voucher.gift_models import HandedPart
from voucher.gifts import parts_of_hand_outs


@dataclass(frozen=True)
class Receipt:
    """What the till shows: bill + excluded = discount + what to collect from the customer, in fen. Of a gift the
    discount is what its parts cost, and the customer pays nothing."""

    redemption_id: UUID
    campaign_name: str
    offer_name: str
    merchant_name: str
    store_name: str
    bill_fen: int
    discount_fen: int
    redeemed_at: datetime
    status: str = "redeemed"
    voided_at: datetime | None = None
    void_reason: str | None = None
    #: payer ("government", "bank", "merchant") → fen of the discount
    payers: Mapping[str, int] = field(default_factory=dict)
    #: before the merchant's own discounts, where the till said so
    list_fen: int | None = None
    #: what has come back of the bill
    refunded_bill_fen: int = 0
    #: the order that it shares with other codes, if any
    order_id: UUID | None = None
    #: what the invoice must say, where the campaign cares
    invoice_fen: int | None = None
    #: the article, where it was for one
    item: Item | None = None
    #: goods that the voucher may not buy, paid beside the bill
    excluded_fen: int = 0
    #: the parts that were handed out, where it is of a gift; then there is no bill
    gift: tuple[HandedPart, ...] = ()
    #: its evidence was rejected or did not come: the merchant is not paid; the last of its refunds says why
    denied: bool = False
    #: why its price is to be looked at, where it is
    held: TooDear | None = None

    @property
    def is_gift(self) -> bool:
        return self.bill_fen == 0

    @property
    def customer_pays_fen(self) -> int:
        if self.is_gift:
            return 0
        return self.bill_fen + self.excluded_fen - self.discount_fen

    @property
    def merchant_discount_fen(self) -> int:
        """What the merchant gave by its own discounts, apart from any voucher."""
        return (self.list_fen or self.bill_fen) - self.bill_fen

    @property
    def borne_fen(self) -> int:
        """The merchant's own share of the discount."""
        return self.payers.get("merchant", 0)


@dataclass(frozen=True)
class DayTotals:
    """A store's day: what was redeemed and not voided; ``count`` is of orders."""

    count: int
    bill_fen: int
    discount_fen: int
    voided: int


def receipt_of(redemption_id: UUID, store_id: int) -> Receipt:
    """Return a receipt of this store. Refuses RedemptionUnknown, also for another store's."""
    row = db.session.execute(
        _select().where(Redemption.id == redemption_id, Redemption.store_id == store_id)
    ).one_or_none()
    if row is None:
        raise RedemptionUnknown
    shown = _receipt(*row)
    return replace(shown, gift=tuple(parts_of_hand_outs([redemption_id])[redemption_id])) if shown.is_gift else shown


def receipts_of_order(receipt: Receipt, store_id: int) -> list[Receipt]:
    """Return the receipts of all codes of the same order, this one's alone where it is the only one."""
    if receipt.order_id is None:
        return [receipt]
    rows = _select().where(Redemption.order_id == receipt.order_id, Redemption.store_id == store_id)
    return [_receipt(*row) for row in db.session.execute(rows.order_by(Redemption.bill_fen.desc(), Redemption.id))]


def receipts_of_day(store_id: int, day: date, *, most: int = 500) -> list[Receipt]:
    """Return a store's receipts of a bureau day, newest first."""
    statement = (
        _select()
        .where(Redemption.store_id == store_id, Redemption.bureau_day == day)
        .order_by(Redemption.redeemed_at.desc(), Redemption.id.desc())
        .limit(most)
    )
    return [_receipt(*row) for row in db.session.execute(statement)]


def totals(receipts: Sequence[Receipt]) -> DayTotals:
    """Add up receipts."""
    live = [receipt for receipt in receipts if receipt.status != "voided"]
    return DayTotals(
        # Several codes on one order are one order.
        count=len({receipt.order_id or receipt.redemption_id for receipt in live}),
        bill_fen=sum(receipt.bill_fen for receipt in live),
        discount_fen=sum(receipt.discount_fen for receipt in live),
        voided=len(receipts) - len(live),
    )


def _select() -> Select[Redemption, Campaign, Offer, Merchant, Store, SoldItem | None, str | None]:
    return (
        select(Redemption, Campaign, Offer, Merchant, Store, SoldItem, HandIn.status)
        .join(Campaign, Campaign.id == Redemption.campaign_id)
        .join(Offer, Offer.id == Redemption.offer_id)
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .join(Store, Store.id == Redemption.store_id)
        .outerjoin(SoldItem, SoldItem.redemption_id == Redemption.id)
        .outerjoin(HandIn, HandIn.id == Redemption.id)
        # What is paid out to citizens did not happen at the till.
        .where(Redemption.payee == "merchant")
    )


def _receipt(
    redemption: Redemption,
    campaign: Campaign,
    offer: Offer,
    merchant: Merchant,
    store: Store,
    sold: SoldItem | None,
    evidence: str | None,
) -> Receipt:
    facts = offer_facts(offer.id)
    return Receipt(
        redemption_id=redemption.id,
        campaign_name=campaign.name,
        offer_name=offer.name,
        merchant_name=merchant.name,
        store_name=store.name,
        bill_fen=redemption.bill_fen,
        discount_fen=redemption.discount_fen,
        redeemed_at=redemption.redeemed_at,
        status=redemption.status,
        voided_at=redemption.voided_at,
        void_reason=redemption.void_reason,
        list_fen=redemption.list_fen,
        payers=facts.by_payer(redemption.discount_fen),
        refunded_bill_fen=redemption.refunded_bill_fen,
        order_id=redemption.order_id,
        invoice_fen=invoice_of(facts.terms.benefit, sold.price_fen, redemption.discount_fen) if sold else None,
        item=item_of(sold) if sold else None,
        excluded_fen=redemption.excluded_fen,
        denied=evidence == "rejected",
        held=held_of(sold),
    )
