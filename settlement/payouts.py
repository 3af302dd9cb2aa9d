"""Paying citizens: what is due goes on a batch, a second person approves it, the bank pays and answers each line.

Of two who do the same at once one does it: every step is the conditional update of the batch or of the payout. Locks
are taken in the order payout_batch, payout, payout_line, ledger accounts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, cast, select, update

from foundation import clock
from foundation.db import db, rows_changed
from foundation.errors import N_
from foundation.ids import text_id
from foundation.prepared import insert_rows
from foundation.states import Step
from foundation.words import Words
from ledger import accounts
from ledger.accounts import Code
from ledger.models import LedgerAccount, Transfer
from ledger.posting import Posting, post
from merchants.payout_models import Payout
from merchants.payouts import Payee, check_payee
from merchants.states import PAYOUT
from settlement.errors import (
    AnswersDoNotFit,
    ApproverClosedIt,
    BatchNotInState,
    NothingToPayOut,
    PayoutBatchUnknown,
    PayoutNotInState,
    ReasonMissing,
)
from settlement.payout_models import PayoutBatch, PayoutLine
from settlement.states import PAYOUT_BATCH

STATE_NAMES = {
    "closed": N_("待审批"),
    "approved": N_("已审批"),
    "rejected": N_("已退回"),
    "sent": N_("已交银行"),
    "finished": N_("银行已办完"),
}
PAYOUT_NAMES = {
    "due": N_("待编批"),
    "batched": N_("已编批"),
    "cleared": N_("待拨付"),
    "paid": N_("已拨付"),
    "failed": N_("付款失败"),
    "taken_off": N_("已取消"),
    "reclaimed": N_("追回中"),
    "repaid": N_("已退回"),
}


@dataclass(frozen=True)
class BankAnswer:
    """What the bank says of a line: its number in the batch, whether it was paid, the bank's own number of the payment,
    and why it failed."""

    number: int
    is_paid: bool
    reference: str = ""
    reason: str = ""
    #: what the bank says it paid, where its file says so
    amount_fen: int | None = None


def close(campaign_id: int, *, by: str) -> PayoutBatch:
    """Make a batch of everything that a campaign owes to citizens and that is on no batch. Refuses NothingToPayOut."""
    step = Step(by, clock.now())
    due = (Payout.campaign_id == campaign_id, Payout.status == "due")
    ids = db.session.scalars(select(Payout.id).where(*due).order_by(Payout.owed_at, Payout.id)).all()
    moved = PAYOUT.apply(Payout, ids, "batch", step)
    if not moved:
        raise NothingToPayOut
    batch = PayoutBatch(campaign_id=campaign_id, status="closed", closed_by=by, closed_at=step.at)
    db.session.add(batch)
    db.session.flush()
    PAYOUT_BATCH.record_created([batch.id], "close", step)
    amounts = _amounts(moved)
    # In the order in which they became due, which is that of their applications.
    rows = [
        {
            "batch_id": batch.id,
            "payout_id": payout_id,
            "number": number,
            "amount_fen": amounts[payout_id],
            "status": "waiting",
            "reference": "",
            "reason": "",
        }
        for number, payout_id in enumerate((one for one in ids if one in moved), 1)
    ]
    insert_rows(PayoutLine, rows)
    return batch


def approve(batch_id: int, *, by: str) -> None:
    """Approve a closed batch: what is due becomes cleared for payment, to the fen of each source.

    Refuses PayoutBatchUnknown, ApproverClosedIt, BatchNotInState, NothingToPayOut (everything was taken off).
    """
    batch = _batch(batch_id)
    if batch.closed_by == by:
        raise ApproverClosedIt
    step = Step(by, clock.now())
    _move(batch, "approve", step, {"approved_by": by, "approved_at": step.at})
    cleared = PAYOUT.apply(Payout, _waiting(batch_id), "clear", step)
    if not cleared:
        raise NothingToPayOut
    post(_moves(batch.campaign_id, cleared, Code.CLEAR), at=step.at)


def reject(batch_id: int, *, by: str, reason: str) -> None:
    """Send a closed batch back: what is on it is due again. Who closed it may do this as well.

    Refuses PayoutBatchUnknown, BatchNotInState, ReasonMissing.
    """
    step = Step(by, clock.now(), _reason(reason))
    _move(_batch(batch_id), "reject", step, {})
    PAYOUT.apply(Payout, _waiting(batch_id), "free", step)
    _free_lines(batch_id)


def send(batch_id: int, *, by: str) -> None:
    """Record that an approved batch is with the bank: from now on it is the bank that says what became of each line.
    Refuses PayoutBatchUnknown, BatchNotInState."""
    step = Step(by, clock.now())
    batch = _batch(batch_id)
    _move(batch, "send", step, {"sent_by": by, "sent_at": step.at})
    if not _waiting(batch_id):
        # Everything on it was taken off since it was approved.
        _move(batch, "finish", step, {})


def record_answers(batch_id: int, answers: Sequence[BankAnswer], *, by: str) -> None:
    """Record what the bank says of some or all lines of a batch that was sent: paid, or failed and due again once the
    account is corrected. The batch is finished with its last line.

    Refuses PayoutBatchUnknown, BatchNotInState, AnswersDoNotFit (a line that is not on the batch or was answered
    before, a payment without the bank's number, a failure without a reason).
    """
    batch = db.session.scalar(
        select(PayoutBatch)
        .where(PayoutBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise PayoutBatchUnknown
    if batch.status != "sent":
        raise BatchNotInState(state=Words(STATE_NAMES[batch.status]))
    now = clock.now()
    lines = dict(
        db.session.execute(
            select(PayoutLine.number, PayoutLine.payout_id).where(
                PayoutLine.batch_id == batch_id, PayoutLine.status == "waiting"
            )
        ).all()
    )
    _check(answers, lines, _amounts(lines.values()))
    paid = [lines[each.number] for each in answers if each.is_paid]
    failed = {lines[each.number]: each.reason.strip()[:100] for each in answers if not each.is_paid}
    _all_moved(paid, PAYOUT.apply(Payout, paid, "pay", Step(by, now, f"batch {batch_id}"), also_set={"failure": ""}))
    for reason in sorted(set(failed.values())):
        ids = [payout_id for payout_id, said in failed.items() if said == reason]
        _all_moved(ids, PAYOUT.apply(Payout, ids, "fail", Step(by, now, reason), also_set={"failure": reason}))
    _note_answers(batch_id, answers, now)
    post(
        [*_moves(batch.campaign_id, paid, Code.PAY), *_moves(batch.campaign_id, failed, Code.BOUNCE)],
        at=now,
    )
    if len(answers) == len(lines):
        _move(batch, "finish", Step(by, now), {})


def correct(payout_id: UUID, payee: Payee, *, by: str, reason: str) -> None:
    """Give a payout that the bank could not pay another account; it is due again.

    Refuses PayeeIncomplete, ReasonMissing, PayoutNotInState.
    """
    check_payee(payee)
    account = {
        "payee_name": payee.name.strip(),
        "bank_name": payee.bank_name.strip(),
        "bank_account": payee.bank_account,
    }
    step = Step(by, clock.now(), _reason(reason))
    if not PAYOUT.apply(Payout, [payout_id], "correct", step, also_set=account):
        raise PayoutNotInState


def parts_of(payout_ids: Collection[UUID]) -> list[tuple[UUID, int, int]]:
    """Return (payout, fund source id, fen) of what each source pays, as the ledger moved it when it became due."""
    rows = db.session.execute(
        select(cast(Transfer.document_id, Uuid), LedgerAccount.fund_source_id, Transfer.amount_fen)
        .join(LedgerAccount, LedgerAccount.id == Transfer.credit_account_id)
        .where(
            Transfer.document_kind == "redemption",
            Transfer.code == Code.REDEEM.value,
            Transfer.document_id.in_([text_id(payout_id) for payout_id in payout_ids]),
        )
        .order_by(Transfer.document_id, LedgerAccount.fund_source_id)
    )
    return [(payout_id, source, int(fen)) for payout_id, source, fen in rows]


def _moves(campaign_id: int, payout_ids: Collection[UUID], code: Code) -> list[Posting]:
    postings = []
    for payout_id, source, fen in parts_of(payout_ids):
        due = accounts.due(campaign_id, source)
        cleared = accounts.cleared(campaign_id, source, merchant_id=None)
        paid = accounts.paid(campaign_id, source, merchant_id=None)
        pair = {Code.CLEAR: (due, cleared), Code.PAY: (cleared, paid), Code.BOUNCE: (cleared, due)}[code]
        postings.append(Posting(code, *pair, fen, ("payout", text_id(payout_id))))
    return postings


def _check(answers: Sequence[BankAnswer], lines: Mapping[int, UUID], amounts: Mapping[UUID, int]) -> None:
    seen: set[int] = set()
    for each in answers:
        if each.number not in lines or each.number in seen:
            raise AnswersDoNotFit(number=each.number, why=Words(N_("不在这一批里，或者已经有了结果")))
        seen.add(each.number)
        if each.amount_fen not in (None, amounts[lines[each.number]]):
            raise AnswersDoNotFit(number=each.number, why=Words(N_("金额与清单不一致")))
        if each.is_paid and not 2 <= len(each.reference.strip()) <= 60:
            raise AnswersDoNotFit(number=each.number, why=Words(N_("付款成功的要有银行流水号")))
        if not each.is_paid and len(each.reason.strip()) < 2:
            raise AnswersDoNotFit(number=each.number, why=Words(N_("付款失败的要写明原因")))


def _all_moved(ids: Sequence[UUID], moved: Collection[UUID]) -> None:
    if len(moved) < len(ids):
        raise PayoutNotInState


_ANSWERED = (
    update(PayoutLine.__table__)  # type: ignore[arg-type]
    .where(
        PayoutLine.batch_id == bindparam("batch"),
        PayoutLine.number == bindparam("line"),
        PayoutLine.status == "waiting",
    )
    .values(
        status=bindparam("state"),
        reference=bindparam("bank_reference"),
        reason=bindparam("why"),
        answered_at=bindparam("at"),
    )
)


def _note_answers(batch_id: int, answers: Sequence[BankAnswer], at: datetime) -> None:
    if answers:
        rows = [
            {
                "batch": batch_id,
                "line": each.number,
                "state": "paid" if each.is_paid else "failed",
                "bank_reference": each.reference.strip()[:60],
                "why": each.reason.strip()[:100],
                "at": at,
            }
            for each in answers
        ]
        db.session.execute(_ANSWERED, rows)


def _free_lines(batch_id: int) -> None:
    waiting = (PayoutLine.batch_id == batch_id, PayoutLine.status == "waiting")
    rows_changed(update(PayoutLine).where(*waiting).values(status="freed"))


def _waiting(batch_id: int) -> Sequence[UUID]:
    return db.session.scalars(
        select(PayoutLine.payout_id).where(PayoutLine.batch_id == batch_id, PayoutLine.status == "waiting")
    ).all()


def _amounts(payout_ids: Iterable[UUID]) -> dict[UUID, int]:
    return dict(db.session.execute(select(Payout.id, Payout.amount_fen).where(Payout.id.in_(list(payout_ids)))).all())


def _batch(batch_id: int) -> PayoutBatch:
    batch = db.session.get(PayoutBatch, batch_id, populate_existing=True)
    if batch is None:
        raise PayoutBatchUnknown
    return batch


def _reason(text: str) -> str:
    text = text.strip()
    if not 2 <= len(text) <= 100:
        raise ReasonMissing
    return text


def _move(batch: PayoutBatch, event: str, step: Step, stamps: dict[str, Any]) -> None:
    if not PAYOUT_BATCH.apply(PayoutBatch, [batch.id], event, step, also_set=stamps):
        db.session.refresh(batch)
        raise BatchNotInState(state=Words(STATE_NAMES[batch.status]))
    db.session.expire(batch)
