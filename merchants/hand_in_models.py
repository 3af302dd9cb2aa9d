"""What a merchant hands in after a sale, what looks suspicious about it, and what the bureau decided."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.crypto import EncryptedText
from foundation.db import Base, UTCDateTime
from merchants.models import Redemption, Store
from merchants.states import HAND_IN


class HandIn(Base):
    """The evidence of one redemption, of which nothing is settled before it is accepted. Its id is the redemption's."""

    __tablename__ = "hand_in"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{state}'" for state in HAND_IN.states) + ")", name="status"),
        CheckConstraint("ends_on >= due_on AND due_on > sold_on", name="days"),
        Index("ix_hand_in_status_handed_in_at", "status", "handed_in_at"),
        Index("ix_hand_in_store_id_status", "store_id", "status"),
        Index("ix_hand_in_campaign_id_address_hash", "campaign_id", "address_hash"),
        Index("ix_hand_in_invoice_series_invoice_serial", "invoice_series", "invoice_serial"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    status: Mapped[str] = mapped_column(String(20))
    sold_on: Mapped[date]
    #: the last day on which it is in time, and the last on which it is taken at all
    due_on: Mapped[date]
    ends_on: Mapped[date]
    #: canonical spelling of evidence/numbers.py; series and serial are its beginning and its last 8 digits
    invoice_number: Mapped[str] = mapped_column(String(20), default="", server_default="")
    invoice_series: Mapped[str] = mapped_column(String(12), default="", server_default="")
    invoice_serial: Mapped[int | None] = mapped_column(BigInteger)
    invoice_on: Mapped[date | None]
    invoice_fen: Mapped[int | None] = mapped_column(BigInteger)
    invoice_buyer: Mapped[str | None] = mapped_column(EncryptedText("hand_in.invoice_buyer"))
    delivered_on: Mapped[date | None]
    delivery_county: Mapped[str] = mapped_column(String(6), default="", server_default="")
    delivery_address: Mapped[str | None] = mapped_column(EncryptedText("hand_in.delivery_address"))
    #: keyed hash of the address without blanks and marks, to find others at the same one
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    #: the old appliance, where one was taken in
    old_category: Mapped[str] = mapped_column(String(40), default="", server_default="")
    old_brand: Mapped[str] = mapped_column(String(40), default="", server_default="")
    old_model: Mapped[str] = mapped_column(String(80), default="", server_default="")
    old_weight_grams: Mapped[int | None]
    old_collector: Mapped[str] = mapped_column(String(80), default="", server_default="")
    old_dismantler: Mapped[str] = mapped_column(String(80), default="", server_default="")
    old_certificate: Mapped[str] = mapped_column(String(60), default="", server_default="")
    old_collected_on: Mapped[date | None]
    handed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handed_in_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(60))

    redemption: Mapped[Redemption] = relationship()
    store: Mapped[Store] = relationship()


class HandInSuspicion(Base):
    """A reason to look closely, found when evidence was handed in: the rule, and what it was found by."""

    __tablename__ = "hand_in_suspicion"
    __table_args__ = (PrimaryKeyConstraint("hand_in_id", "rule"),)

    hand_in_id: Mapped[UUID] = mapped_column(ForeignKey("hand_in.id"))
    #: key of merchants/hand_in_suspicions.py RULES
    rule: Mapped[str] = mapped_column(String(4))
    #: what it was found by: ids of other redemptions, or the figures that differ
    about: Mapped[str] = mapped_column(String(200))
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)


class HandInDecision(Base):
    """What an officer decided, on what, and under which rules. Only added to."""

    __tablename__ = "hand_in_decision"
    __table_args__ = (CheckConstraint("decision IN ('accept', 'correct', 'reject')", name="decision"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    hand_in_id: Mapped[UUID] = mapped_column(ForeignKey("hand_in.id"), index=True)
    decision: Mapped[str] = mapped_column(String(10))
    #: keys of merchants/hand_in_decisions.py REASONS, parted by blanks
    reasons: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(200))
    decided_by: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    #: SHA-256, in hexadecimal, over the fields and files as they were
    evidence_digest: Mapped[str] = mapped_column(String(64))
    #: the suspicions as they were: rule and what it was about, a line each
    suspicions: Mapped[str] = mapped_column(Text)
