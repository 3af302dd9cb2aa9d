"""The bureau's read side of payouts: what is due, batches with their lines, one payout with everything about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from campaigns.models import Campaign, FundSource
from foundation.db import db
from foundation.ids import LARGEST_ROW_ID
from foundation.paging import Page, page_of
from merchants.models import Redemption
from merchants.payout_models import Payout
from settlement.errors import PayoutBatchUnknown, PayoutUnknown
from settlement.payout_models import PayoutBatch, PayoutLine, PayoutReturn
from settlement.payouts import parts_of


@dataclass(frozen=True)
class Due:
    """What a campaign owes to citizens and what is on no batch."""

    campaign: Campaign
    count: int
    fen: int


@dataclass(frozen=True)
class BatchLine:
    """A batch and what became of its lines: state → (how many, fen)."""

    batch: PayoutBatch
    by_state: Mapping[str, tuple[int, int]]

    @property
    def count(self) -> int:
        """How many are to be paid or were: what was taken off is not."""
        return sum(count for state, (count, _fen) in self.by_state.items() if state != "taken_off")

    @property
    def fen(self) -> int:
        return sum(fen for state, (_count, fen) in self.by_state.items() if state != "taken_off")

    def of(self, state: str) -> int:
        """Return how many lines are in a state."""
        return self.by_state.get(state, (0, 0))[0]


@dataclass(frozen=True)
class PayoutFacts:
    """One payout: the car's redemption, its lines on batches, and how it was taken back, if it was."""

    payout: Payout
    redemption: Redemption
    lines: Sequence[PayoutLine]
    taken_back: PayoutReturn | None


def due() -> list[Due]:
    """Return what could go on a batch now, by campaign."""
    rows = db.session.execute(
        select(Campaign, func.count(), func.sum(Payout.amount_fen))
        .join(Payout, Payout.campaign_id == Campaign.id)
        .where(Payout.status == "due")
        .group_by(Campaign.id)
        .order_by(Campaign.id)
    )
    return [Due(campaign, int(count), int(fen)) for campaign, count, fen in rows]


def failed(*, most: int = 200) -> Sequence[Payout]:
    """Return what the bank could not pay and nobody has corrected yet, oldest first."""
    waiting = select(Payout).where(Payout.status == "failed").order_by(Payout.owed_at, Payout.id)
    return db.session.scalars(waiting.limit(most)).all()


def batch_page(page: int, *, status: str = "") -> Page[BatchLine]:
    """Return a page of batches, newest first; ``status`` "" means every state."""
    statement = select(PayoutBatch).order_by(PayoutBatch.id.desc())
    if status:
        statement = statement.where(PayoutBatch.status == status)
    found: Page[PayoutBatch] = page_of(statement, page)
    sums = _sums([batch.id for batch in found.rows])
    rows = [BatchLine(batch, sums.get(batch.id, {})) for batch in found.rows]
    return Page(rows, found.number, found.count, found.size)


def batch(batch_id: int) -> BatchLine:
    """Return one batch. Refuses PayoutBatchUnknown."""
    found = db.session.get(PayoutBatch, min(batch_id, LARGEST_ROW_ID))
    if found is None:
        raise PayoutBatchUnknown
    return BatchLine(found, _sums([found.id]).get(found.id, {}))


def line_page(batch_id: int, page: int) -> Page[PayoutLine]:
    """Return a page of a batch's lines in their order."""
    return page_of(select(PayoutLine).where(PayoutLine.batch_id == batch_id).order_by(PayoutLine.number), page)


def batch_sources(batch_id: int) -> list[tuple[FundSource, int]]:
    """Return what each fund source pays of a batch, in fen, without what was taken off."""
    ids = db.session.scalars(
        select(PayoutLine.payout_id).where(PayoutLine.batch_id == batch_id, PayoutLine.status != "taken_off")
    ).all()
    sums: dict[int, int] = {}
    for _payout_id, source, fen in parts_of(ids):
        sums[source] = sums.get(source, 0) + fen
    sources = db.session.scalars(select(FundSource).where(FundSource.id.in_(sums)).order_by(FundSource.id))
    return [(source, sums[source.id]) for source in sources]


def payout(payout_id: UUID) -> PayoutFacts:
    """Return one payout. Refuses PayoutUnknown."""
    found = db.session.get(Payout, payout_id)
    if found is None:
        raise PayoutUnknown
    lines = db.session.scalars(
        select(PayoutLine).where(PayoutLine.payout_id == payout_id).order_by(PayoutLine.batch_id)
    ).all()
    return PayoutFacts(found, found.redemption, lines, db.session.get(PayoutReturn, payout_id))


def _sums(batch_ids: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
    rows = db.session.execute(
        select(PayoutLine.batch_id, PayoutLine.status, func.count(), func.sum(PayoutLine.amount_fen))
        .where(PayoutLine.batch_id.in_(batch_ids))
        .group_by(PayoutLine.batch_id, PayoutLine.status)
    )
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for batch_id, state, count, fen in rows:
        found.setdefault(batch_id, {})[state] = (int(count), int(fen))
    return found


def document_ids(facts: PayoutFacts) -> list[tuple[str, Any]]:
    """Return the documents on which the money of a payout moved, in the order in which it did."""
    back = [("refund", facts.taken_back.refund_id)] if facts.taken_back else []
    return [("redemption", facts.payout.id), ("payout", facts.payout.id), *back]
