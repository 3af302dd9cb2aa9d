"""What was reported and what was settled."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models import Campaign, FundSource
from foundation.db import Base, RowId, UTCDateTime
from merchants.models import Merchant
from settlement.states import BATCH


class ClosedDay(Base):
    """A bureau day whose figures are final: nothing can happen in it any more."""

    __tablename__ = "closed_day"

    bureau_day: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class _Figures:
    """Sums of one day: how many, and how many fen. ``voided_*`` is part of ``redeemed_*`` and taken off for net, and so
    is ``refunded_*``, which counts on the day of the refund.

    Counts stand only on the row of an offer's first source, so that they add up over sources.
    """

    released_count: Mapped[int] = mapped_column(default=0)
    released_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    claimed_count: Mapped[int] = mapped_column(default=0)
    claimed_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    expired_count: Mapped[int] = mapped_column(default=0)
    expired_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    recalled_count: Mapped[int] = mapped_column(default=0)
    recalled_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    #: what used qualifications did not cost
    spare_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    redeemed_count: Mapped[int] = mapped_column(default=0)
    redeemed_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    voided_count: Mapped[int] = mapped_column(default=0)
    voided_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_count: Mapped[int] = mapped_column(default=0, server_default="0")
    refunded_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    #: bills of redemptions that stand less goods that came back, split over sources as their discounts are
    driven_fen: Mapped[int] = mapped_column(BigInteger, default=0)


class DayFigure(_Figures, Base):
    """A closed day by campaign, offer, fund source, county and industry. Claims have the county and industry that
    their offer is limited to (empty if to none or several), redemptions those of the store."""

    __tablename__ = "day_figure"
    __table_args__ = (
        PrimaryKeyConstraint("bureau_day", "campaign_id", "offer_id", "fund_source_id", "county", "industry"),
        Index("ix_day_figure_campaign_id_bureau_day", "campaign_id", "bureau_day"),
    )

    bureau_day: Mapped[date]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    county: Mapped[str] = mapped_column(String(6))
    industry: Mapped[str] = mapped_column(String(20))


class MerchantDayFigure(_Figures, Base):
    """A closed day by merchant: its redemptions."""

    __tablename__ = "merchant_day_figure"
    __table_args__ = (
        PrimaryKeyConstraint("bureau_day", "campaign_id", "merchant_id", "fund_source_id", "county", "industry"),
        Index("ix_merchant_day_figure_campaign_id_bureau_day", "campaign_id", "bureau_day"),
    )

    bureau_day: Mapped[date]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    county: Mapped[str] = mapped_column(String(6))
    industry: Mapped[str] = mapped_column(String(20))


class SettlementBatch(Base):
    """One closing of one campaign: every redemption up to ``last_day`` that no earlier batch has."""

    __tablename__ = "settlement_batch"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in BATCH.states) + ")", name="status"),
        CheckConstraint("approved_by IS NULL OR approved_by <> closed_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    closed_by: Mapped[str] = mapped_column(String(60))
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paid_by: Mapped[str | None] = mapped_column(String(60))
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: the bank's or treasury's number of the payment
    payment_reference: Mapped[str | None] = mapped_column(String(60))
    #: the last day on which merchants check their statements, None where they are not asked
    check_until: Mapped[date | None]
    #: the last day on which it is paid in time, None where none was promised
    pay_by: Mapped[date | None]

    campaign: Mapped[Campaign] = relationship()


class Statement(Base):
    """What one merchant is owed in one batch: what was redeemed, less what it bears itself and what came back."""

    __tablename__ = "statement"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("settlement_batch.id"), index=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"), index=True)
    redemption_count: Mapped[int]
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    #: refunds that are taken off
    deduction_count: Mapped[int] = mapped_column(default=0, server_default="0")
    deducted_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    payable_fen: Mapped[int] = mapped_column(BigInteger)

    batch: Mapped[SettlementBatch] = relationship()
    merchant: Mapped[Merchant] = relationship()


class StatementLine(Base):
    """The part of a statement that one fund source pays."""

    __tablename__ = "statement_line"
    __table_args__ = (PrimaryKeyConstraint("statement_id", "fund_source_id"),)

    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)

    fund_source: Mapped[FundSource] = relationship()
