"""Who redeems, and what was redeemed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models import Campaign, Offer
from foundation.crypto import EncryptedText
from foundation.db import Base, RowId, UTCDateTime
from identity.models import Account
from merchants.states import MERCHANT, REDEMPTION, TILL


def _one_of(states: tuple[str, ...]) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in states) + ")"


#: What spends an entitlement whole; a gift is handed out part by part.
SPENT_WHOLE = "status = 'redeemed' AND (bill_fen > 0 OR payee = 'citizen')"


class Merchant(Base):
    """A business that the bureau has admitted and pays back."""

    __tablename__ = "merchant"
    __table_args__ = (CheckConstraint(_one_of(MERCHANT.states), name="status"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    #: unified social credit code (GB 32100), 18 characters, upper case
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    #: where it is registered: GB/T 2260
    county: Mapped[str] = mapped_column(String(6))
    #: code of campaigns/places.toml
    industry: Mapped[str] = mapped_column(String(20))
    #: 限上: reports to the statistics bureau
    is_above_quota: Mapped[bool] = mapped_column(default=False)
    bank_name: Mapped[str] = mapped_column(String(80), default="")
    bank_account: Mapped[str] = mapped_column(EncryptedText("merchant.bank_account"))
    status: Mapped[str] = mapped_column(String(20))
    registered_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Store(Base):
    """A place of business of a merchant."""

    __tablename__ = "store"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    county: Mapped[str] = mapped_column(String(6))
    address: Mapped[str] = mapped_column(String(120), default="")

    merchant: Mapped[Merchant] = relationship()


class Till(Base):
    """A cash register of a store; its account holds its API key."""

    __tablename__ = "till"
    __table_args__ = (CheckConstraint(_one_of(TILL.states), name="status"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(20))

    store: Mapped[Store] = relationship()


class Cashier(Base):
    """A person at a store's till page; the account holds their login and name."""

    __tablename__ = "cashier"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)

    store: Mapped[Store] = relationship()
    account: Mapped[Account] = relationship()


class Enrollment(Base):
    """A merchant takes part in a campaign."""

    __tablename__ = "merchant_enrollment"
    __table_args__ = (PrimaryKeyConstraint("campaign_id", "merchant_id"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    enrolled_at: Mapped[datetime] = mapped_column(UTCDateTime)
    enrolled_by: Mapped[str] = mapped_column(String(60))


class Redemption(Base):
    """One entitlement spent at one till. bill = discount + what the customer pays, in fen.

    Of a gift, the parts that were handed out at one desk: the discount is what they cost, and the bill is 0.

    Where the payee is the citizen, nothing came off the bill: the customer paid all of it, and the discount is paid out
    to them (``merchants/payouts.py``).
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint(_one_of(REDEMPTION.states), name="status"),
        # Who is handed a gift buys nothing, and what tops a payout up stands on the bill of that one: there is no bill.
        CheckConstraint("discount_fen > 0 AND (bill_fen = 0 OR discount_fen <= bill_fen)", name="amounts"),
        CheckConstraint(
            "borne_fen >= 0 AND borne_fen <= discount_fen"
            " AND refunded_bill_fen >= 0 AND refunded_bill_fen <= bill_fen"
            " AND refunded_discount_fen >= 0 AND refunded_discount_fen <= discount_fen",
            name="refunds_within",
        ),
        CheckConstraint("list_fen IS NULL OR list_fen >= bill_fen", name="list_price"),
        # Nobody pays a merchant for what was paid out to the citizen.
        CheckConstraint(
            "payee = 'merchant' OR (payee = 'citizen' AND statement_id IS NULL AND borne_fen = 0)", name="payee"
        ),
        CheckConstraint("excluded_fen >= 0", name="excluded"),
        # The last guard against spending an entitlement twice, under everything that should have stopped it.
        Index(
            "uq_redemption_entitlement_id_live",
            "entitlement_id",
            unique=True,
            sqlite_where=text(SPENT_WHOLE),
            postgresql_where=text(SPENT_WHOLE),
        ),
        # The one above has only what was spent whole and stands.
        Index("ix_redemption_entitlement_id", "entitlement_id"),
        Index("ix_redemption_bureau_day_campaign_id", "bureau_day", "campaign_id"),
        Index("ix_redemption_store_id_redeemed_at", "store_id", "redeemed_at"),
        Index("ix_redemption_merchant_id_bureau_day", "merchant_id", "bureau_day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    entitlement_id: Mapped[UUID] = mapped_column(ForeignKey("entitlement.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    till_id: Mapped[int | None] = mapped_column(ForeignKey("till.id"))
    cashier_id: Mapped[int | None] = mapped_column(ForeignKey("cashier.id"))
    #: the order that it shares with other codes, if any
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("redemption_order.id"), index=True)
    #: before the merchant's own discounts, where the till said so; the bill is after them
    list_fen: Mapped[int | None] = mapped_column(BigInteger)
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    #: goods that the voucher may not buy: paid beside the bill, and counted nowhere in it
    excluded_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    #: the merchant's own share of the discount, which nobody owes it
    borne_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    #: what has come back of bill and discount, over all refunds
    refunded_bill_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    refunded_discount_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    #: to whom the discount is owed: "merchant", who took it off the bill, or "citizen"
    payee: Mapped[str] = mapped_column(String(10), default="merchant", server_default="merchant")
    status: Mapped[str] = mapped_column(String(20))
    redeemed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    bureau_day: Mapped[date]
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    void_reason: Mapped[str | None] = mapped_column(String(100))
    #: the statement that settles it, set once when a period is closed
    statement_id: Mapped[int | None] = mapped_column(index=True)

    campaign: Mapped[Campaign] = relationship()
    offer: Mapped[Offer] = relationship()
    store: Mapped[Store] = relationship()
    merchant: Mapped[Merchant] = relationship()

    @property
    def customer_pays_fen(self) -> int:
        if self.is_gift:
            return 0
        at_till_fen = self.bill_fen + self.excluded_fen
        return at_till_fen - self.discount_fen if self.payee == "merchant" else at_till_fen

    @property
    def is_gift(self) -> bool:
        """Whether parts of a gift were handed out, and nothing was bought."""
        return self.bill_fen == 0 and self.payee == "merchant"


class Product(Base):
    """One article of the catalogue as the maker or dealer has filed it, from a day on until its next row."""

    __tablename__ = "product"
    __table_args__ = (
        PrimaryKeyConstraint("barcode", "valid_from"),
        CheckConstraint("filed_fen IS NULL OR filed_fen > 0", name="filed_price"),
    )

    #: EAN-13
    barcode: Mapped[str] = mapped_column(String(13))
    valid_from: Mapped[date]
    #: code of campaigns/goods.toml
    category: Mapped[str] = mapped_column(String(40))
    brand: Mapped[str] = mapped_column(String(40))
    model_name: Mapped[str] = mapped_column(String(80))
    #: of the energy or water label, "none" without one
    grade: Mapped[str] = mapped_column(String(10))
    #: 备案价: the most it may be sold for; None where none was filed
    filed_fen: Mapped[int | None] = mapped_column(BigInteger)
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    imported_by: Mapped[str] = mapped_column(String(60))


class SoldItem(Base):
    """The article that one redemption was for, where the campaign subsidises articles."""

    __tablename__ = "sold_item"
    __table_args__ = (CheckConstraint("price_fen > 0", name="price"), Index("ix_sold_item_barcode", "barcode"))

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    category: Mapped[str] = mapped_column(String(40))
    #: of the energy or water label, "none" without one
    grade: Mapped[str] = mapped_column(String(10))
    #: after every discount but the government's
    price_fen: Mapped[int] = mapped_column(BigInteger)
    #: EAN-13, serial number and IMEI in canonical spelling, or empty
    barcode: Mapped[str] = mapped_column(String(13), default="")
    serial: Mapped[str] = mapped_column(String(40), default="")
    imei: Mapped[str] = mapped_column(String(15), default="")
    brand: Mapped[str] = mapped_column(String(40), default="")
    model_name: Mapped[str] = mapped_column(String(80), default="")
    #: why somebody must look at the sale, or empty: a code of ``merchants.prices.HELD``
    held_reason: Mapped[str] = mapped_column(String(40), default="", server_default="")
    #: what the price was judged by, where it is held: the price compared with, of how many days and sales, and the
    #: tolerance in hundredths of a percent; none in sales from before these were kept
    held_against_fen: Mapped[int | None] = mapped_column(BigInteger)
    held_days: Mapped[int | None]
    held_sales: Mapped[int | None]
    held_tolerance: Mapped[int | None]

    redemption: Mapped[Redemption] = relationship()


class CityPriceFigure(Base):
    """What one article cost in one city over ``days`` days before ``for_day``: kept so that a till need not count."""

    __tablename__ = "city_price"
    __table_args__ = (
        PrimaryKeyConstraint("city", "days", "barcode"),
        CheckConstraint("days > 0 AND median_fen > 0 AND sales > 0", name="of_sales"),
    )

    #: the first four digits of the stores' county
    city: Mapped[str] = mapped_column(String(4))
    days: Mapped[int]
    barcode: Mapped[str] = mapped_column(String(13))
    for_day: Mapped[date]
    median_fen: Mapped[int] = mapped_column(BigInteger)
    sales: Mapped[int]


class Refund(Base):
    """Goods of one redemption that came back after the voucher was used: bill_fen of the bill, for which discount_fen
    of the discount come back and the customer gets customer_fen."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint(
            "bill_fen >= 0 AND (bill_fen > 0 OR customer_fen = 0)"
            " AND discount_fen >= 0 AND customer_fen >= 0 AND borne_fen >= 0 AND borne_fen <= discount_fen",
            name="amounts",
        ),
        CheckConstraint("recovery IN ('at_once', 'later')", name="recovery"),
        # What is netted in a statement is not repaid as well.
        CheckConstraint("repaid_at IS NULL OR (recovery = 'later' AND statement_id IS NULL)", name="recovered_once"),
        Index("ix_refund_bureau_day_campaign_id", "bureau_day", "campaign_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"), index=True)
    till_id: Mapped[int | None] = mapped_column(ForeignKey("till.id"))
    cashier_id: Mapped[int | None] = mapped_column(ForeignKey("cashier.id"))
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    #: the merchant's own share of discount_fen
    borne_fen: Mapped[int] = mapped_column(BigInteger)
    customer_fen: Mapped[int] = mapped_column(BigInteger)
    #: the voucher went back to its holder
    restored: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(100))
    refunded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    bureau_day: Mapped[date]
    #: "at_once": nobody had settled the redemption yet; "later": what was owed or paid for it is taken back from the
    #: merchant's next statement, or repaid
    recovery: Mapped[str] = mapped_column(String(10))
    #: the statement on which it is deducted
    statement_id: Mapped[int | None] = mapped_column(index=True)
    repaid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    repaid_by: Mapped[str | None] = mapped_column(String(60))
    repayment_reference: Mapped[str | None] = mapped_column(String(60))

    redemption: Mapped[Redemption] = relationship()
    merchant: Mapped[Merchant] = relationship()
    campaign: Mapped[Campaign] = relationship()

    @property
    def owed_back_fen(self) -> int:
        """What the merchant has to return, or was not paid in the first place."""
        return self.discount_fen - self.borne_fen


class RefundPart(Base):
    """What one fund source has of a refund: of the discount, and of the bill that the discount had driven."""

    __tablename__ = "refund_part"
    __table_args__ = (
        PrimaryKeyConstraint("refund_id", "fund_source_id"),
        CheckConstraint("discount_fen >= 0 AND bill_fen >= 0", name="amounts"),
    )

    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refund.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    discount_fen: Mapped[int] = mapped_column(BigInteger)
    bill_fen: Mapped[int] = mapped_column(BigInteger)


class RefusedScan(Base):
    """A scan that was refused: kept apart from the refused transaction, so that it stays on the trail."""

    __tablename__ = "refused_scan"
    __table_args__ = (Index("ix_refused_scan_store_id_at", "store_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    store_id: Mapped[int]
    till_id: Mapped[int | None]
    cashier_id: Mapped[int | None]
    #: code of the refusal
    reason: Mapped[str] = mapped_column(String(40))
    #: the figures by which a price was too high, in words, "" for other reasons
    about: Mapped[str] = mapped_column(String(200), default="", server_default="")
    #: the entitlement, where the code named one
    entitlement_id: Mapped[UUID | None] = mapped_column(index=True)
    bill_fen: Mapped[int | None] = mapped_column(BigInteger)
