"""What is paid out to citizens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.models import Campaign
from foundation.crypto import EncryptedText
from foundation.db import Base, UTCDateTime
from merchants.models import Redemption
from merchants.states import PAYOUT


class Payout(Base):
    """A subsidy that is paid to its citizen's bank account. Its id is the redemption's."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in PAYOUT.states) + ")", name="status"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        Index("ix_payout_campaign_id_status", "campaign_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    payee_name: Mapped[str] = mapped_column(EncryptedText("payout.payee_name"))
    bank_name: Mapped[str] = mapped_column(String(80))
    bank_account: Mapped[str] = mapped_column(EncryptedText("payout.bank_account"))
    status: Mapped[str] = mapped_column(String(20))
    owed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: why the bank could not pay it last time
    failure: Mapped[str] = mapped_column(String(100), default="", server_default="")

    redemption: Mapped[Redemption] = relationship()
    campaign: Mapped[Campaign] = relationship()
