"""Orders with several codes, and the trail of orders that may have been split to use more codes than one allows."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime


class RedemptionOrder(Base):
    """One order on which several codes were spent together: its redemptions share the bill, each with its part."""

    __tablename__ = "redemption_order"
    __table_args__ = (CheckConstraint("vouchers > 1 AND bill_fen > 0", name="several"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    vouchers: Mapped[int]
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    redeemed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SplitOrder(Base):
    """A redemption that followed others of the same person at the same merchant within minutes: it may be one order
    that was split. A flag for the bureau to look at; nothing is refused for it. Only added to."""

    __tablename__ = "split_order"
    __table_args__ = (
        CheckConstraint("orders > 1 AND bill_fen > 0", name="several"),
        Index("ix_split_order_at", "at"),
        Index("ix_split_order_merchant_id_at", "merchant_id", "at"),
    )

    #: the redemption that came last
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    bureau_day: Mapped[date]
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    person_id: Mapped[UUID]
    #: how many orders there were within the minutes, this one included, and what their bills come to
    orders: Mapped[int]
    bill_fen: Mapped[int] = mapped_column(BigInteger)
