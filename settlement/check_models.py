"""Which closing days are done, what merchants are asked to check, and what they dispute."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base, RowId, UTCDateTime
from merchants.models import Redemption
from settlement.models import Statement
from settlement.states import DISPUTE, STATEMENT_CHECK


def _one_of(states: tuple[str, ...]) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in states) + ")"


class ClosingSlot(Base):
    """A closing day of a campaign that was done, whether or not there was anything to close; each is done once."""

    __tablename__ = "closing_slot"
    __table_args__ = (PrimaryKeyConstraint("campaign_id", "closing_day"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    closing_day: Mapped[date]
    done_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: what came of it, if anything
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("settlement_batch.id"), index=True)


class StatementCheck(Base):
    """A statement that its merchant is asked to check, under the statement's id, until its last day (included)."""

    __tablename__ = "statement_check"
    __table_args__ = (CheckConstraint(_one_of(STATEMENT_CHECK.states), name="status"),)

    id: Mapped[int] = mapped_column(ForeignKey("statement.id"), primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(20))
    ends_on: Mapped[date]

    statement: Mapped[Statement] = relationship()


class Dispute(Base):
    """A line of a statement that its merchant disputes. A redemption is disputed once: what the bureau has decided
    stands."""

    __tablename__ = "dispute"
    __table_args__ = (CheckConstraint(_one_of(DISPUTE.states), name="status"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), unique=True)
    #: the statement that it was on
    statement_id: Mapped[int] = mapped_column(ForeignKey("statement.id"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(100))
    raised_by: Mapped[str] = mapped_column(String(60))
    raised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(String(100))
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    redemption: Mapped[Redemption] = relationship()
    statement: Mapped[Statement] = relationship()
