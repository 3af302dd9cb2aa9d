"""Batches of payouts to citizens, and what is claimed back of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, PrimaryKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models import Campaign
from foundation.db import Base, RowId, UTCDateTime
from merchants.models import Refund
from merchants.payout_models import Payout
from settlement.states import PAYOUT_BATCH

#: What became of a line: nothing yet, what the bank said, a car came back, or the batch was rejected.
LINE_STATES = ("waiting", "paid", "failed", "taken_off", "freed")


class PayoutBatch(Base):
    """What citizens of one campaign are to be paid together."""

    __tablename__ = "payout_batch"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in PAYOUT_BATCH.states) + ")", name="status"),
        CheckConstraint("approved_by IS NULL OR approved_by <> closed_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    closed_by: Mapped[str] = mapped_column(String(60))
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_by: Mapped[str | None] = mapped_column(String(60))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    campaign: Mapped[Campaign] = relationship()


class PayoutLine(Base):
    """One payout in one batch. The bank answers by its number. A payout that failed is on another batch later."""

    __tablename__ = "payout_line"
    __table_args__ = (
        PrimaryKeyConstraint("batch_id", "payout_id"),
        UniqueConstraint("batch_id", "number"),
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in LINE_STATES) + ")", name="status"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batch.id"))
    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payout.id"), index=True)
    #: within the batch, from 1
    number: Mapped[int]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10))
    #: the bank's number of the payment, and why it failed
    reference: Mapped[str] = mapped_column(String(60), default="")
    reason: Mapped[str] = mapped_column(String(100), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    batch: Mapped[PayoutBatch] = relationship()
    payout: Mapped[Payout] = relationship()


class PayoutReturn(Base):
    """A payout that was taken back because what was bought was returned: its refund, and the evidence. repay_by: until
    when the citizen is to pay it back, None where it had not been paid."""

    __tablename__ = "payout_return"

    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payout.id"), primary_key=True)
    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refund.id"), unique=True)
    evidence: Mapped[str] = mapped_column(String(100))
    repay_by: Mapped[date | None]
    recorded_by: Mapped[str] = mapped_column(String(60))

    payout: Mapped[Payout] = relationship()
    refund: Mapped[Refund] = relationship()
