"""What a merchant sees of its settlement: statements, their lines, and its answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.paging import Page, page_of
from foundation.states import StateChange
from merchants.models import Redemption
from settlement.check_models import Dispute, StatementCheck
from settlement.errors import StatementUnknown
from settlement.models import SettlementBatch, Statement


@dataclass(frozen=True)
class MerchantStatement:
    """A statement with its batch, and what is asked of its merchant; ``by_silence``: nobody answered in time."""

    statement: Statement
    batch: SettlementBatch
    check: StatementCheck | None
    days_left: int
    by_silence: bool = False

    @property
    def may_answer(self) -> bool:
        return self.days_left > 0 and self.batch.status == "closed"


def statements_of_merchant(merchant_id: int, page: int) -> Page[MerchantStatement]:
    """Return a page of a merchant's statements, newest first; those of batches that were sent back are left out."""
    found: Page[Any] = page_of(_statements(merchant_id).order_by(Statement.id.desc()), page)
    return Page([_told(*row) for row in found.rows], found.number, found.count, found.size)


def waiting_for(merchant_id: int) -> int:
    """Return how many statements wait for a merchant's answer."""
    today = bureau_day(clock.now())
    waiting = (
        select(func.count())
        .select_from(StatementCheck)
        .join(Statement, Statement.id == StatementCheck.id)
        .where(Statement.merchant_id == merchant_id, StatementCheck.status == "collected")
    )
    return int(db.session.scalar(waiting.where(StatementCheck.ends_on >= today)) or 0)


def statement_of_merchant(statement_id: int, merchant_id: int) -> MerchantStatement:
    """Return one statement of a merchant. Refuses StatementUnknown (also another's, and one that was sent back)."""
    statement = db.session.scalar(
        select(Statement)
        .join(SettlementBatch, SettlementBatch.id == Statement.batch_id)
        .where(Statement.id == statement_id, Statement.merchant_id == merchant_id, SettlementBatch.status != "rejected")
        .execution_options(populate_existing=True)
    )
    if statement is None:
        raise StatementUnknown
    return answer_to(statement)


def answer_to(statement: Statement) -> MerchantStatement:
    """Return a statement with what is asked of its merchant, and what it has answered."""
    check = db.session.get(StatementCheck, statement.id, populate_existing=True)
    silent = check is not None and db.session.scalar(
        select(func.count())
        .select_from(StateChange)
        .where(
            StateChange.machine == "statement_check",
            StateChange.thing_id == str(statement.id),
            StateChange.event == "lapse",
        )
    )
    return _told(statement, statement.batch, check, by_silence=bool(silent))


def disputes_of(statement_id: int) -> Sequence[Dispute]:
    """Return the lines of a statement that were disputed, oldest sale first."""
    return db.session.scalars(
        select(Dispute)
        .join(Redemption, Redemption.id == Dispute.redemption_id)
        .where(Dispute.statement_id == statement_id)
        .order_by(Redemption.redeemed_at, Redemption.id)
    ).all()


def decided_on(redemption_ids: Sequence[UUID]) -> dict[UUID, Dispute]:
    """Return redemption → its dispute, of those that the bureau has decided: they are not disputed again."""
    found = db.session.scalars(
        select(Dispute).where(Dispute.redemption_id.in_(list(redemption_ids)), Dispute.status != "open")
    )
    return {each.redemption_id: each for each in found}


def _statements(merchant_id: int) -> Any:
    return (
        select(Statement, SettlementBatch, StatementCheck)
        .join(SettlementBatch, SettlementBatch.id == Statement.batch_id)
        .outerjoin(StatementCheck, StatementCheck.id == Statement.id)
        .where(Statement.merchant_id == merchant_id, SettlementBatch.status != "rejected")
    )


def _told(
    statement: Statement, batch: SettlementBatch, check: StatementCheck | None, *, by_silence: bool = False
) -> MerchantStatement:
    days = _days_left(check, bureau_day(clock.now())) if check is not None else 0
    return MerchantStatement(statement, batch, check, days, by_silence)


def _days_left(check: StatementCheck, today: date) -> int:
    """Return how many days are left to answer, today included; 0 where nothing is asked any more."""
    return max(0, (check.ends_on - today).days + 1) if check.status == "collected" else 0
