"""Accounts and transfers. A transfer is written once and never changed: the database refuses otherwise."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, RowId, UTCDateTime


class LedgerAccount(Base):
    """One account; its dimensions are copied from its key so that reports can group by them."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("balance_fen >= 0 OR kind IN ('treasury', 'buyers')", name="balance_not_negative"),
        Index("ix_ledger_account_campaign_id_kind", "campaign_id", "kind"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    address: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    fund_source_id: Mapped[int]
    campaign_id: Mapped[int | None]
    offer_id: Mapped[int | None]
    release_id: Mapped[int | None]
    merchant_id: Mapped[int | None] = mapped_column(index=True)
    #: credits minus debits, kept by the statement that posts them and proved by the audit
    balance_fen: Mapped[int] = mapped_column(BigInteger, default=0)


class Transfer(Base):
    """One movement of money: debit, credit, how much, why, and the document it stands on."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        Index("ix_transfer_document_kind_document_id", "document_kind", "document_id"),
        Index("ix_transfer_bureau_day_code", "bureau_day", "code"),
        Index("ix_transfer_debit_account_id_posted_at", "debit_account_id", "posted_at"),
        Index("ix_transfer_credit_account_id_posted_at", "credit_account_id", "posted_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debit_account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    credit_account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(String(10))
    #: "campaign_version", "release", "application", "purchase", "claim_batch", "expiry_run", "redemption", "refund",
    #: "statement", "payout", "payment", "deposit" or "fund_return"
    document_kind: Mapped[str] = mapped_column(String(20))
    document_id: Mapped[str] = mapped_column(String(40))
    #: the transfer that this one takes back; each can be taken back once
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    posted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    bureau_day: Mapped[date]
