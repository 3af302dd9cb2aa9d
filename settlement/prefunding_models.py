"""What sources paid to the platform's account before a campaign, and what went back to them after it."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models import Campaign, FundSource
from foundation.db import Base, RowId, UTCDateTime
from settlement.states import FUND_RETURN


class Deposit(Base):
    """A payment of one source to the platform's account for one campaign, by the number of that payment."""

    __tablename__ = "deposit"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount"),
        UniqueConstraint("campaign_id", "fund_source_id", "reference"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(60))
    recorded_by: Mapped[str] = mapped_column(String(60))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)

    fund_source: Mapped[FundSource] = relationship()


class FundReturn(Base):
    """What is left of a campaign that is over goes back to its sources. One at a time waits for its second person."""

    __tablename__ = "fund_return"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in FUND_RETURN.states) + ")", name="status"),
        CheckConstraint("carried_out_by IS NULL OR carried_out_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(status = 'returned') = (carried_out_by IS NOT NULL)", name="carried_out"),
        Index(
            "uq_fund_return_campaign_id_proposed",
            "campaign_id",
            unique=True,
            sqlite_where=text("status = 'proposed'"),
            postgresql_where=text("status = 'proposed'"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    status: Mapped[str] = mapped_column(String(20))
    proposed_by: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    carried_out_by: Mapped[str | None] = mapped_column(String(60))
    carried_out_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: the bank's or treasury's number of the payment
    payment_reference: Mapped[str | None] = mapped_column(String(60))

    campaign: Mapped[Campaign] = relationship()


class FundReturnLine(Base):
    """What goes back to one source."""

    __tablename__ = "fund_return_line"
    __table_args__ = (
        PrimaryKeyConstraint("fund_return_id", "fund_source_id"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )

    fund_return_id: Mapped[int] = mapped_column(ForeignKey("fund_return.id"))
    fund_source_id: Mapped[int] = mapped_column(ForeignKey("fund_source.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)

    fund_source: Mapped[FundSource] = relationship()
