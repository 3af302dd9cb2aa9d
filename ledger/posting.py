"""Posting: the one door through which money moves."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, or_, select, update

from foundation.clock import bureau_day
from foundation.db import db, upsert
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
    account_ids = _account_ids({key for posting in postings for key in (posting.debit, posting.credit)})
    deltas: dict[int, int] = defaultdict(int)
    rows: list[dict[str, Any]] = []
    for posting in postings:
        debit_id, credit_id = account_ids[posting.debit], account_ids[posting.credit]
        deltas[debit_id] -= posting.amount_fen
        deltas[credit_id] += posting.amount_fen
        rows.append(
            {
                "id": new_id(),
                "debit_account_id": debit_id,
                "credit_account_id": credit_id,
                "amount_fen": posting.amount_fen,
                "code": posting.code.value,
                "document_kind": posting.document[0],
                "document_id": posting.document[1],
                "reverses_id": posting.reverses_id,
            }
        )
    _move([{"account": account_id, "delta": deltas[account_id]} for account_id in sorted(deltas)])
    insert_rows(Transfer, rows, posted_at=at, bureau_day=bureau_day(at))
    return [row["id"] for row in rows]


def _move(moves: list[dict[str, int]]) -> None:
    """Change balances in one round trip."""
    if _MOVE.change(moves) != len(moves):
        raise FundsInsufficient


def _moved(given: Given) -> Update:
    """PostgreSQL would update in whatever order it finds the rows; it locks them first, by id."""
    if not given.is_postgresql:
        return _raised(given["delta"]).where(given.matches(LedgerAccount.id, "account"))
    turn = (
        select(LedgerAccount.id, given["delta"].label("delta"))
        .where(given.matches(LedgerAccount.id, "account"))
        .order_by(LedgerAccount.id)
        .with_for_update(of=LedgerAccount)
        .cte("turn")
    )
    return _raised(turn.c.delta).where(LedgerAccount.id == turn.c.id, given.among(LedgerAccount.id, "account"))


def _raised(delta_fen: ColumnElement[int]) -> Update:
    raised = LedgerAccount.balance_fen + delta_fen
    unbounded = [LedgerAccount.kind == kind.value for kind in BELOW_ZERO]
    return update(LedgerAccount).where(or_(*unbounded, raised >= 0)).values(balance_fen=raised)


_MOVE = Prepared(_moved, account=LedgerAccount.id, delta=LedgerAccount.balance_fen)


def _account_ids(keys: Iterable[AccountKey]) -> dict[AccountKey, int]:
    """Return the row id of each account, opening those that do not exist yet."""
    by_address = {key.address: key for key in keys}
    found = _find(by_address)
    missing = [key for address, key in by_address.items() if address not in found]
    if missing:
        rows = [
            {
                "address": key.address,
                "kind": key.kind.value,
                "fund_source_id": key.fund_source_id,
                "campaign_id": key.campaign_id,
                "offer_id": key.offer_id,
                "release_id": key.release_id,
                "merchant_id": key.merchant_id,
                "balance_fen": 0,
            }
            for key in sorted(missing, key=lambda key: key.address)
        ]
        db.session.execute(upsert(LedgerAccount).values(rows).on_conflict_do_nothing())
        found |= _find([key.address for key in missing])
    return {key: found[address] for address, key in by_address.items()}


def _find(addresses: Iterable[str]) -> dict[str, int]:
    return dict(_FIND.rows([{"address": address} for address in addresses]))


_FIND = Prepared(
    lambda given: select(LedgerAccount.address, LedgerAccount.id).where(
        given.matches(LedgerAccount.address, "address")
    ),
    address=LedgerAccount.address,
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
