"""The read side of the books: balances by campaign and source, the accounts, and what moved through each."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from foundation.db import db
from foundation.errors import N_, NotFound
from foundation.paging import Page, page_of
from foundation.slots import JobRun
from ledger.accounts import AccountKind, Code
from ledger.models import LedgerAccount, Transfer

#: The hourly job of this name proves the books; a run asked for by hand stands in the same record.
AUDIT_JOB = "audit_ledger"


class AccountUnknown(NotFound):
    code = "ledger_account_unknown"
    message = N_("没有这个账户")
    way_out = N_("请回到总账重新选择")


@dataclass(frozen=True)
class SourceMoney:
    """Where the money of one source in one campaign stands, in fen by kind of account."""

    campaign_id: int
    fund_source_id: int
    by_kind: Mapping[AccountKind, int]

    @property
    def granted_fen(self) -> int:
        """What the source has granted: money only moves on from there, so it is the sum of all kinds."""
        return sum(self.by_kind.values())

    def fen(self, kind: str) -> int:
        return self.by_kind.get(AccountKind(kind), 0)


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts to list; None means any."""

    campaign_id: int | None = None
    fund_source_id: int | None = None
    kind: AccountKind | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        given = {
            LedgerAccount.campaign_id: self.campaign_id,
            LedgerAccount.fund_source_id: self.fund_source_id,
            LedgerAccount.kind: self.kind.value if self.kind else None,
        }
        return [column == value for column, value in given.items() if value is not None]


@dataclass(frozen=True)
class MovementFilter:
    """Which transfers of an account to list; None means any. Both days are included."""

    code: Code | None = None
    first_day: date | None = None
    last_day: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.code:
            found.append(Transfer.code == self.code.value)
        if self.first_day:
            found.append(Transfer.bureau_day >= self.first_day)
        if self.last_day:
            found.append(Transfer.bureau_day <= self.last_day)
        return found


@dataclass(frozen=True)
class Movement:
    """A transfer as one of its two accounts sees it: ``change_fen`` > 0 came in from ``other``, < 0 went there."""

    transfer: Transfer
    other: LedgerAccount
    change_fen: int


@dataclass(frozen=True)
class ReleaseMoney:
    """What has left one release's account, in fen; ``reserved_fen`` less what came back to it."""

    claimed_fen: int = 0
    recalled_fen: int = 0
    reserved_fen: int = 0


@dataclass
class _ByKind:
    fen: dict[AccountKind, int] = field(default_factory=lambda: defaultdict(int))


def money_by_source(campaign_id: int | None = None) -> list[SourceMoney]:
    """Return where money stands, of one campaign or of all, by campaign and then source."""
    statement = (
        select(
            LedgerAccount.campaign_id,
            LedgerAccount.fund_source_id,
            LedgerAccount.kind,
            func.sum(LedgerAccount.balance_fen),
        )
        .where(LedgerAccount.campaign_id.is_not(None))
        .group_by(LedgerAccount.campaign_id, LedgerAccount.fund_source_id, LedgerAccount.kind)
        .order_by(LedgerAccount.campaign_id, LedgerAccount.fund_source_id)
    )
    if campaign_id is not None:
        statement = statement.where(LedgerAccount.campaign_id == campaign_id)
    found: dict[tuple[int, int], _ByKind] = defaultdict(_ByKind)
    for campaign, source, kind, fen in db.session.execute(statement):
        found[campaign or 0, source].fen[AccountKind(kind)] += int(fen)
    return [SourceMoney(campaign, source, dict(sums.fen)) for (campaign, source), sums in found.items()]


def money_by_release(campaign_id: int) -> dict[int, ReleaseMoney]:
    """Return what was claimed from each release of a campaign and what was recalled from it."""
    rows = db.session.execute(
        select(LedgerAccount.release_id, Transfer.code, func.sum(Transfer.amount_fen))
        .join(LedgerAccount, LedgerAccount.id == Transfer.debit_account_id)
        .where(LedgerAccount.campaign_id == campaign_id, LedgerAccount.kind == AccountKind.RELEASED.value)
        .group_by(LedgerAccount.release_id, Transfer.code)
    )
    sums: dict[int, dict[str, int]] = defaultdict(dict)
    for release_id, code, fen in rows:
        sums[release_id or 0][code] = int(fen)
    back = dict(
        db.session.execute(
            select(LedgerAccount.release_id, func.sum(Transfer.amount_fen))
            .join(LedgerAccount, LedgerAccount.id == Transfer.credit_account_id)
            .where(LedgerAccount.campaign_id == campaign_id, Transfer.code == Code.UNRESERVE.value)
            .group_by(LedgerAccount.release_id)
        ).all()
    )
    return {
        release_id: ReleaseMoney(
            by_code.get(Code.CLAIM.value, 0),
            by_code.get(Code.RECALL.value, 0),
            by_code.get(Code.RESERVE.value, 0) - int(back.get(release_id, 0)),
        )
        for release_id, by_code in sums.items()
    }


def accounts(wanted: AccountFilter, page: int) -> tuple[Page[LedgerAccount], int]:
    """Return a page of accounts and what all that fit hold together, in fen."""
    conditions = wanted.conditions()
    statement = (
        select(LedgerAccount)
        .where(*conditions)
        .order_by(LedgerAccount.campaign_id, LedgerAccount.fund_source_id, LedgerAccount.kind, LedgerAccount.id)
    )
    total = db.session.scalar(select(func.sum(LedgerAccount.balance_fen)).where(*conditions))
    return page_of(statement, page), int(total or 0)


def account(account_id: int) -> LedgerAccount:
    """Return one account. Refuses AccountUnknown."""
    found = db.session.get(LedgerAccount, account_id)
    if found is None:
        raise AccountUnknown
    return found


def movements(account_id: int, wanted: MovementFilter, page: int) -> Page[Movement]:
    """Return a page of what moved through an account, newest first."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    statement = (
        select(Transfer, debit, credit)
        .join(debit, debit.id == Transfer.debit_account_id)
        .join(credit, credit.id == Transfer.credit_account_id)
        .where(_touches(account_id), *wanted.conditions())
        .order_by(Transfer.posted_at.desc(), Transfer.id.desc())
    )
    found: Page[Any] = page_of(statement, page)
    rows = [
        Movement(transfer, source, transfer.amount_fen)
        if transfer.credit_account_id == account_id
        else Movement(transfer, target, -transfer.amount_fen)
        for transfer, source, target in found.rows
    ]
    return Page(rows, found.number, found.count, found.size)


def turnover(account_id: int, wanted: MovementFilter) -> tuple[int, int]:
    """Return how many fen came into an account and how many left it."""
    conditions = wanted.conditions()
    sums = (
        db.session.scalar(select(func.sum(Transfer.amount_fen)).where(side == account_id, *conditions))
        for side in (Transfer.credit_account_id, Transfer.debit_account_id)
    )
    came, left = (int(fen or 0) for fen in sums)
    return came, left


def movements_of(document_kind: str, document_id: str) -> list[tuple[Transfer, LedgerAccount, LedgerAccount]]:
    """Return the transfers that stand on a document, each with the account it left and the one it reached."""
    debit, credit = aliased(LedgerAccount), aliased(LedgerAccount)
    rows = db.session.execute(
        select(Transfer, debit, credit)
        .join(debit, debit.id == Transfer.debit_account_id)
        .join(credit, credit.id == Transfer.credit_account_id)
        .where(Transfer.document_kind == document_kind, Transfer.document_id == document_id)
        .order_by(Transfer.posted_at, Transfer.id)
    )
    return [(transfer, source, target) for transfer, source, target in rows]


def _touches(account_id: int) -> ColumnElement[bool]:
    return or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id)


def last_audit() -> JobRun | None:
    """Return the latest audit that has ended, whoever asked for it."""
    return db.session.scalar(
        select(JobRun)
        .where(JobRun.job == AUDIT_JOB, JobRun.finished_at.is_not(None))
        .order_by(JobRun.finished_at.desc())
        .limit(1)
    )
