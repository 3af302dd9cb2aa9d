"""Vouchers that are bought: the orders, and what was paid for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, UTCDateTime
from foundation.ids import text_id
from foundation.states import StateMachine
from voucher.states import PAYMENT, PURCHASE


def _one_of(machine: StateMachine) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in machine.states) + ")"


class Purchase(Base):
    """One order for one voucher. Its stock, its place under the limits and its money are taken when it is made; the
    entitlement that it becomes when it is paid for has its id."""

    __tablename__ = "purchase"
    __table_args__ = (
        CheckConstraint(_one_of(PURCHASE), name="status"),
        CheckConstraint("price_fen > 0 AND price_fen < face_value_fen", name="price"),
        Index("ix_purchase_status_pay_until", "status", "pay_until"),
        Index("ix_purchase_release_id_status", "release_id", "status"),
        Index("ix_purchase_citizen_id_status", "citizen_id", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizen.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"), index=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    price_fen: Mapped[int] = mapped_column(BigInteger)
    #: what is set aside for the voucher
    face_value_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20))
    ordered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: exclusive
    pay_until: Mapped[datetime] = mapped_column(UTCDateTime)


#: What became of a payment when it arrived: it bought the voucher, came too late, or came a second time.
ARRIVALS = ("bought", "late", "twice")


class Payment(Base):
    """One payment that the payment service has told of, under its own number there."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(_one_of(PAYMENT), name="status"),
        CheckConstraint("arrival IN ('bought', 'late', 'twice')", name="arrival"),
        CheckConstraint("arrival = 'bought' OR status <> 'kept'", name="kept"),
        Index("ix_payment_status_arrived_at", "status", "arrived_at"),
        # A voucher is bought once.
        Index(
            "uq_payment_purchase_id_bought",
            "purchase_id",
            unique=True,
            sqlite_where=text("arrival = 'bought'"),
            postgresql_where=text("arrival = 'bought'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    #: the payment service's own number
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchase.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20))
    arrival: Mapped[str] = mapped_column(String(10))
    arrived_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    #: when it was decided that it goes back, and when it was back
    taken_back_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: why the payment service has not taken it back yet, "" where it has not been asked or has
    problem: Mapped[str] = mapped_column(String(200), default="", server_default="")


def purchase_document(purchase_id: UUID) -> tuple[str, str]:
    """Return what the transfers of an order stand on."""
    return ("purchase", text_id(purchase_id))


def payment_document(payment_id: UUID) -> tuple[str, str]:
    """Return what the transfers of a payment stand on."""
    return ("payment", text_id(payment_id))
