"""The bureau's pages of the books: balances, accounts, what moved, and the audit."""

from collections.abc import Iterable
from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from foundation import clock
from foundation.ids import LARGEST_ROW_ID
from foundation.slots import run_in_slot
from ledger import audit, naming, reading, words
from ledger.accounts import PRICES, AccountKind, Code
from ledger.models import LedgerAccount
from ledger.reading import AccountFilter, MovementFilter

blueprint = Blueprint("ledger_desk", __name__, template_folder="templates")


class AuditFoundFaults(Exception):
    """Marks the recorded run as failed; the page itself shows what was found."""


@blueprint.get("")
def overview() -> str:
    """Show where the money of every campaign and source stands."""
    money = reading.money_by_source()
    return render_template(
        "ledger/overview.html",
        money=money,
        kinds=words.KINDS,
        beside=PRICES,
        campaigns=naming.names("campaign", {row.campaign_id for row in money}),
        sources=naming.names("fund_source", {row.fund_source_id for row in money}),
        last_audit=reading.last_audit(),
    )


@blueprint.get("/accounts")
def accounts() -> str:
    """List accounts with their balances, by campaign, source and kind."""
    wanted = AccountFilter(
        request.args.get("campaign", type=_row_id),
        request.args.get("source", type=_row_id),
        request.args.get("kind", type=AccountKind),
    )
    page, total_fen = reading.accounts(wanted, _page_number())
    money = reading.money_by_source()
    return render_template(
        "ledger/accounts.html",
        wanted=wanted,
        page=page,
        total_fen=total_fen,
        kinds=words.KINDS,
        labels=account_labels(page.rows),
        campaigns=naming.names("campaign", {row.campaign_id for row in money}),
        sources=naming.names("fund_source", {row.fund_source_id for row in money}),
    )


@blueprint.get("/accounts/<int:account_id>")
def account(account_id: int) -> str:
    """Show what moved through one account."""
    found = reading.account(min(account_id, LARGEST_ROW_ID))
    wanted = MovementFilter(
        request.args.get("code", type=Code),
        request.args.get("first_day", type=date.fromisoformat),
        request.args.get("last_day", type=date.fromisoformat),
    )
    page = reading.movements(found.id, wanted, _page_number())
    came_fen, left_fen = reading.turnover(found.id, wanted)
    return render_template(
        "ledger/account.html",
        account=found,
        wanted=wanted,
        page=page,
        came_fen=came_fen,
        left_fen=left_fen,
        kinds=words.KINDS,
        codes=words.CODES,
        code_choices=[(code, _(name)) for code, name in words.CODES.items()],
        documents=words.DOCUMENTS,
        labels=account_labels([found, *(movement.other for movement in page.rows)]),
        document_page=naming.page_of,
    )


@blueprint.get("/audit")
def audit_page() -> str:
    """List the checks, and say how the last audit went."""
    return _audit_page(None)


@blueprint.post("/audit")
def run_audit() -> str:
    """Prove the books now."""
    found: list[audit.Finding] = []

    def prove() -> str:
        found.extend(audit.run())
        if found:
            raise AuditFoundFaults(", ".join(f"{finding.check.name}: {finding.found}" for finding in found))
        return f"{len(audit.checks())} checks clean"

    try:
        run_in_slot(reading.AUDIT_JOB, clock.now(), prove)
    except AuditFoundFaults:
        return _audit_page(found)
    return _audit_page([])


def _audit_page(findings: list[audit.Finding] | None) -> str:
    return render_template(
        "ledger/audit.html",
        checks=audit.checks(),
        findings=None if findings is None else {finding.check.name: finding for finding in findings},
        last=reading.last_audit(),
        rules=words.CHECKS,
    )


def account_labels(rows: Iterable[LedgerAccount]) -> dict[int, str]:
    """Return account id → what people call it: source, then offer or merchant, then kind."""
    rows = list(rows)
    names = {
        dimension: naming.names(dimension, {getattr(row, f"{dimension}_id") for row in rows})
        for dimension in ("campaign", "fund_source", "offer", "release", "merchant")
    }
    labels = {}
    for row in rows:
        parts = [names[dimension].get(getattr(row, f"{dimension}_id")) for dimension in names]
        labels[row.id] = " · ".join([part for part in parts if part] + [_(words.KINDS[AccountKind(row.kind)][0])])
    return labels


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number


def _page_number() -> int:
    return request.args.get("page", 1, type=_row_id)
