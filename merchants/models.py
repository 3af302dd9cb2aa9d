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
    """One entitlement spent at one till. bill = discount + what the customer pays, in fen."""

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint(_one_of(REDEMPTION.states), name="status"),
        CheckConstraint("discount_fen > 0 AND bill_fen > 0 AND discount_fen <= bill_fen", name="amounts"),
        # The last guard against spending an entitlement twice, under everything that should have stopped it.
        Index(
            "uq_redemption_entitlement_id_live",
            "entitlement_id",
            unique=True,
            sqlite_where=text("status = 'redeemed'"),
            postgresql_where=text("status = 'redeemed'"),
        ),
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
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    discount_fen: Mapped[int] = mapped_column(BigInteger)
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
        return self.bill_fen - self.discount_fen


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
    #: the entitlement, where the code named one
    entitlement_id: Mapped[UUID | None] = mapped_column(index=True)
    bill_fen: Mapped[int | None] = mapped_column(BigInteger)
