"""Payment requests: what tills ask customers to pay for by scanning, and who came to do it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime


class PaymentRequest(Base):
    """A bill at a counter that waits for one customer's vouchers. It waits until it is redeemed or cancelled, or until
    the last code that it showed, and whoever scanned it in time, is over. Amounts in fen, as in ``Scan``."""

    __tablename__ = "payment_request"
    __table_args__ = (
        CheckConstraint("bill_fen > 0", name="bill"),
        CheckConstraint("redeemed_at IS NULL OR cancelled_at IS NULL", name="one_end"),
        CheckConstraint(
            "(redeemed_at IS NULL) = (citizen_id IS NULL) AND (redeemed_at IS NULL) = (redemption_id IS NULL)",
            name="redeemed",
        ),
        CheckConstraint("(till_id IS NULL) <> (cashier_id IS NULL)", name="counter"),
        Index("ix_payment_request_asked_at", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("store.id"))
    till_id: Mapped[int | None] = mapped_column(ForeignKey("till.id"))
    cashier_id: Mapped[int | None] = mapped_column(ForeignKey("cashier.id"))
    bill_fen: Mapped[int] = mapped_column(BigInteger)
    #: before the merchant's own discounts, where the till said so
    list_fen: Mapped[int | None] = mapped_column(BigInteger)
    #: of the bill, goods that vouchers may not buy; None where nobody has said
    excluded_fen: Mapped[int | None] = mapped_column(BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    redeemed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: who used vouchers for it
    citizen_id: Mapped[UUID | None] = mapped_column(ForeignKey("citizen.id"))
    #: that the phone was inside the offer's area, where that is looked at for use
    inside: Mapped[bool | None]
    #: the (first) redemption; it is written after this row has been taken, in the same transaction
    redemption_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("redemption.id", deferrable=True, initially="DEFERRED"), unique=True
    )


class PaymentToken(Base):
    """A token that a till showed for a request: only its keyed hash is kept. It is good for its minute."""

    __tablename__ = "payment_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("payment_request.id"), index=True)
    shown_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PaymentVisit(Base):
    """That a device has scanned a request's token while it was good: it has some minutes to sign in and to choose."""

    __tablename__ = "payment_visit"
    __table_args__ = (PrimaryKeyConstraint("request_id", "device_hash"),)

    request_id: Mapped[UUID] = mapped_column(ForeignKey("payment_request.id"))
    device_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
