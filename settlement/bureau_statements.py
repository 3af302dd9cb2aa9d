"""The bureau's pages of statements: close a period, approve by a second person, download the payment list, pay."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.terms.settlement import MODES
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID
from identity import gates
from identity.directory import history, officer_names
from identity.form_again import form_again
from ledger import naming, words
from ledger import reading as ledger
from settlement import claw_backs, closing, held_back, merchant_reading, reading
from settlement.downloads import file_of
from settlement.due import SETTLE_DUE
from settlement.errors import QueryMalformed
from settlement.metrics import BY_KEY
from settlement.payment_list import payment_sheet
from settlement.schedule import schedule, schedule_sheet

blueprint = Blueprint("statements_desk", __name__, template_folder="templates")


@blueprint.get("")
def batches() -> str:
    """List what can be settled now, and the batches."""
    return render_template("settlement/batches.html", refusal=None, typed={}, **_batches_page())


@blueprint.post("")
def close() -> Response:
    """Close a period of a campaign: one statement per merchant."""
    gates.require_role("finance")
    form = request.form
    try:
        campaign_id = form.get("campaign", type=int)
        last_day = form.get("last_day", type=date.fromisoformat)
        if campaign_id is None or last_day is None:
            raise QueryMalformed(given=form.get("last_day", "")[:20], field="last_day")
        with transaction():
            batch_id = closing.close_period(campaign_id, last_day, by=gates.principal().actor).id
    except Refusal as refusal:
        return form_again("settlement/batches.html", refusal, typed=form.to_dict(), **_batches_page())
    flash(_("已关账，请另一位财务人员审批。"))
    return _go_to(batch_id)


@blueprint.get("/<int:batch_id>")
def batch(batch_id: int) -> str:
    """Show one batch: its statements, who did what when, and what can be done next."""
    return render_template("settlement/batch.html", refusal=None, typed={}, **_batch_page(batch_id))


@blueprint.post("/<int:batch_id>/approve")
def approve(batch_id: int) -> Response:
    """Approve a batch, by another person than the one who closed it."""
    gates.require_role("finance")
    with transaction():
        closing.approve(reading.batch(batch_id).batch.id, by=gates.principal().actor)
    flash(_("已审批，可以下载拨付清单。"))
    return _go_to(batch_id)


@blueprint.post("/<int:batch_id>/reject")
def reject(batch_id: int) -> Response:
    """Send a batch back; its redemptions can be settled again."""
    gates.require_role("finance")
    reason = request.form.get("reason", "")
    try:
        with transaction():
            closing.reject(reading.batch(batch_id).batch.id, by=gates.principal().actor, reason=reason)
    except Refusal as refusal:
        return _batch_again(batch_id, refusal)
    flash(_("已退回，这些核销可以重新关账。"))
    return _go_to(batch_id)


@blueprint.post("/<int:batch_id>/pay")
def pay(batch_id: int) -> Response:
    """Record that an approved batch was paid."""
    gates.require_role("finance")
    reference = request.form.get("payment_reference", "")
    try:
        with transaction():
            batch_id = reading.batch(batch_id).batch.id
            closing.mark_paid(batch_id, by=gates.principal().actor, payment_reference=reference)
    except Refusal as refusal:
        return _batch_again(batch_id, refusal)
    flash(_("已登记拨付。"))
    return _go_to(batch_id)


@blueprint.get("/<int:batch_id>/payments.<any(csv, xlsx):kind>")
def payments(batch_id: int, kind: str) -> Response:
    """Download the payment list, which has full account numbers: for those who pay only."""
    gates.require_role("finance")
    return file_of(payment_sheet(reading.batch(batch_id).batch.id), kind, f"payments-{batch_id}")


@blueprint.get("/schedule.<any(csv, xlsx):kind>")
def schedule_file(kind: str) -> Response:
    """Download how each campaign settles, and where its money stands."""
    return file_of(schedule_sheet(), kind, "settlement-schedule")


@blueprint.post("/claw-backs/<uuid:refund_id>")
def repaid(refund_id: UUID) -> Response:
    """Record that a merchant has paid a refund back."""
    gates.require_role("finance")
    try:
        with transaction():
            claw_backs.record_repaid(refund_id, by=gates.principal().actor, reference=request.form.get("reference", ""))
    except Refusal as refusal:
        return form_again("settlement/batches.html", refusal, typed={}, **_batches_page())
    flash(_("已登记退回，金额回到资金池。"))
    response = redirect(url_for("statements_desk.batches"), code=303)
    assert isinstance(response, Response)
    return response


@blueprint.get("/statement/<int:statement_id>")
def statement(statement_id: int) -> str:
    """Show one statement down to its redemptions and its movements in the ledger."""
    found = reading.statement(statement_id)
    asked = merchant_reading.answer_to(found.statement)
    return render_template(
        "settlement/statement.html",
        found=found,
        batch=found.statement.batch,
        state_names=_states(),
        sources=naming.names("fund_source", set(found.by_source)),
        page=reading.redemptions_of_statement(found.statement.id, _page_number()),
        deductions=reading.refunds_of_statement(found.statement.id),
        check=asked.check,
        by_silence=asked.by_silence,
        check_words=_check_words(),
        disputes=merchant_reading.disputes_of(found.statement.id),
        movements=ledger.movements_of("statement", str(found.statement.id)),
        codes=words.CODES,
        kinds=words.KINDS,
    )


def _batches_page() -> dict[str, Any]:
    page = reading.batch_page(_page_number())
    lines = schedule()
    return {
        "unsettled": reading.unsettled(),
        "schedule": lines,
        "not_due": [line for line in lines if line.next_closing and line.later.count and not line.ready.count],
        "modes": {mode: _(name) for mode, name in MODES.items()},
        "today": bureau_day(clock.now()),
        "claw_backs": claw_backs.pending(),
        "held": held_back.held_back(),
        "held_parts": held_back.PARTS,
        "owed": BY_KEY["owed_fen"],
        "page": page,
        "state_names": _states(),
        "names": _by_cadence()
        | officer_names(
            actor for line in page.rows for actor in (line.batch.closed_by, line.batch.approved_by, line.batch.paid_by)
        ),
        "yesterday": bureau_day(clock.now()) - timedelta(days=1),
    }


def _batch_page(batch_id: int) -> dict[str, Any]:
    line = reading.batch(batch_id)
    found = line.batch
    today = bureau_day(clock.now())
    answers = reading.answers_of(found.id)
    why_not = ""
    if found.closed_by == gates.principal().actor:
        why_not = _("不能审批自己关的账，请另一位财务人员审批")
    elif answers.get("collected") and found.check_until and today <= found.check_until:
        why_not = _("还有 %(count)s 家商户在核对，最晚到 %(day)s", count=answers["collected"], day=found.check_until)
    page = reading.statement_page(found.id, _page_number())
    sources = reading.batch_sources(found.id)
    return {
        "line": line,
        "batch": found,
        "page": page,
        "checks": reading.checks_of([row.statement.id for row in page.rows]),
        "sources": sources,
        "state_names": _states(),
        "names": _by_cadence() | officer_names((found.closed_by, found.approved_by, found.paid_by)),
        "history": list(reversed(history("settlement_batch", found.id))),
        "events": {"close": _("关账"), "approve": _("审批通过"), "reject": _("退回"), "pay": _("登记拨付")},
        "why_not_approve": why_not,
        "answers": answers,
        "overdue": found.pay_by is not None and found.pay_by < today and found.status in ("closed", "approved"),
        "check_words": _check_words(),
    }


def _batch_again(batch_id: int, refusal: Refusal) -> Response:
    return form_again("settlement/batch.html", refusal, typed=request.form.to_dict(), **_batch_page(batch_id))


def _states() -> dict[str, tuple[str, str]]:
    """Return state → (word, tone of the badge)."""
    tones = {"closed": "soon", "approved": "open", "rejected": "bad", "paid": "good"}
    return {state: (_(name), tones[state]) for state, name in closing.STATE_NAMES.items()}


def _check_words() -> dict[str, tuple[str, str]]:
    """Return the state of a merchant's check → (word, tone of the badge)."""
    return {
        "collected": (_("待商户核对"), "soon"),
        "confirmed": (_("商户已确认"), "good"),
        "disputed": (_("商户有异议"), "bad"),
        "dropped": (_("批次已退回"), ""),
    }


def _by_cadence() -> dict[str, str]:
    """Return what it is called when a batch was closed by the campaign's cadence and by no officer."""
    return {SETTLE_DUE: _("到期自动关账")}


def _page_number() -> int:
    number = request.args.get("page", 1, type=int)
    return min(max(number, 1), LARGEST_ROW_ID)


def _go_to(batch_id: int) -> Response:
    response = redirect(url_for("statements_desk.batch", batch_id=batch_id), code=303)
    assert isinstance(response, Response)
    return response


def _statement_page(document_id: str) -> str:
    return url_for("statements_desk.statement", statement_id=int(document_id))


naming.register_page("statement", _statement_page)
