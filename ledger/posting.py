"""Posting: the one door through which money moves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_, Conflict
from foundation.ids import new_id
from foundation.prepared import Given, Prepared, insert_rows
from ledger.accounts import BELOW_ZERO, FLOWS, AccountKey, AccountKind, Code
from ledger.models import LedgerAccount, Transfer


class FundsInsufficient(Conflict):
    """An account would fall below zero. Operations keep their own limits; this one guards them all."""

    code = "funds_insufficient"
    message = N_("资金余额不足")
    way_out = N_("请核对资金来源的预算余额后再办理")


class FlowNotAllowed(ValueError):
    """A posting whose accounts its code does not connect: a fault in our code, never of a user."""


@dataclass(frozen=True)
class Posting:
    """A transfer to be made: ``amount_fen`` > 0 from ``debit`` to ``credit``, standing on ``document``."""

    code: Code
    debit: AccountKey
    credit: AccountKey
    amount_fen: int
    #: (kind, id) of the document that caused it
    document: tuple[str, str]
    reverses_id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.debit.kind, self.credit.kind) not in FLOWS[self.code]:
            raise FlowNotAllowed(f"{self.code} does not go from {self.debit.kind} to {self.credit.kind}")
        if self.amount_fen <= 0:
            raise FlowNotAllowed(f"{self.code} of {self.amount_fen} fen")
        if self.debit.kind is not AccountKind.TREASURY and self.debit.campaign_id != self.credit.campaign_id:
            raise FlowNotAllowed("money does not cross from one campaign to another")
        if self.debit.fund_source_id != self.credit.fund_source_id:
            raise FlowNotAllowed("money does not cross from one fund source to another")


def post(postings: Sequence[Posting], *, at: datetime) -> list[UUID]:
    """Post all of ``postings`` within the caller's transaction and return the transfers' ids in order.

    Each account is updated once, by a condition that keeps it from falling below zero, in the order of
    account ids: two transactions that touch the same accounts can wait for each other but never in a circle.
    Refuses FundsInsufficient.
    """
    if not postings:
        return []
    deltas: dict[AccountKey, int] = defaultdict(int)
    for posting in postings:
        deltas[posting.debit] -= posting.amount_fen
        deltas[posting.credit] += posting.amount_fen
    account_ids = _move(deltas)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "debit_account_id": account_ids[posting.debit.address],
            "credit_account_id": account_ids[posting.credit.address],
            "amount_fen": posting.amount_fen,
            "code": posting.code.value,
            "document_kind": posting.document[0],
            "document_id": posting.document[1],
            "reverses_id": posting.reverses_id,
        }
        for posting in postings
    ]
    insert_rows(Transfer, rows, posted_at=at, bureau_day=bureau_day(at))
    return [row["id"] for row in rows]


def _move(deltas_fen: Mapping[AccountKey, int]) -> dict[str, int]:
    """Change balances, opening accounts that do not exist yet; return address → row id. Refuses FundsInsufficient."""
    moved = _change(deltas_fen)
    if len(moved) < len(deltas_fen):
        rest = {key: fen for key, fen in deltas_fen.items() if key.address not in moved}
        _open(rest)
        moved |= _change(rest)
    if len(moved) < len(deltas_fen):
        raise FundsInsufficient
    return moved


def _change(deltas_fen: Mapping[AccountKey, int]) -> dict[str, int]:
    """Change the balances of accounts that exist and hold enough, in one round trip; return their address → row id."""
    return dict(_MOVE.rows([{"address": key.address, "delta": fen} for key, fen in deltas_fen.items()]))


def _moved(given: Given) -> ReturningUpdate[str, int]:
    """Move those accounts for which there is enough. None is locked where one does not exist: opened later it could
    have a lower id than one that is locked."""
    address = LedgerAccount.address
    all_exist = given.all_there(address, "address")
    delta_fen, these = given.in_turn(LedgerAccount.id, address, "address", "delta", all_exist)
    raised = LedgerAccount.balance_fen + delta_fen
    unbounded = [LedgerAccount.kind == kind.value for kind in BELOW_ZERO]
    enough = update(LedgerAccount).where(*these, or_(*unbounded, raised >= 0))
    return enough.values(balance_fen=raised).returning(address, LedgerAccount.id)


_MOVE = Prepared(_moved, address=LedgerAccount.address, delta=LedgerAccount.balance_fen)


def _open(keys: Iterable[AccountKey]) -> None:
    """Open those accounts that do not exist yet."""
    rows = [
        {
            "address": key.address,
            "kind": key.kind.value,
            "fund_source_id": key.fund_source_id,
            "campaign_id": key.campaign_id,
            "offer_id": key.offer_id,
            "release_id": key.release_id,
            "merchant_id": key.merchant_id,
        }
        for key in sorted(keys, key=lambda key: key.address)
    ]
    _OPEN.do(rows)


_OPEN = Prepared(
    lambda given: given.insert(LedgerAccount, balance_fen=0).on_conflict_do_nothing(),
    address=LedgerAccount.address,
    kind=LedgerAccount.kind,
    fund_source_id=LedgerAccount.fund_source_id,
    campaign_id=LedgerAccount.campaign_id,
    offer_id=LedgerAccount.offer_id,
    release_id=LedgerAccount.release_id,
    merchant_id=LedgerAccount.merchant_id,
)


def balance_fen(key: AccountKey) -> int:
    """Return the balance of one account; an account that was never used holds nothing."""
    found = db.session.scalar(select(LedgerAccount.balance_fen).where(LedgerAccount.address == key.address))
    return int(found or 0)


def transfers_of(document: tuple[str, str], code: Code) -> list[tuple[Transfer, int]]:
    """Return the transfers with this code that stand on a document, each with its fund source's id."""
    rows = db.session.execute(
        select(Transfer, LedgerAccount.fund_source_id)
        .join(LedgerAccount, LedgerAccount.id == Transfer.credit_account_id)
        .where(Transfer.document_kind == document[0], Transfer.document_id == document[1], Transfer.code == code.value)
        .order_by(Transfer.id)
    )
    return [(transfer, source_id) for transfer, source_id in rows]
