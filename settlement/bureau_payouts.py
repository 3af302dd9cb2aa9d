"""The bureau's pages of payouts: what citizens are owed, batches on their way to the bank, and cars that come back."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID, text_id
from identity import gates
from identity.directory import history, officer_names
from identity.form_again import form_again
from ledger import naming, words
from ledger import reading as ledger
from merchants.payouts import Payee
from settlement import payout_reading as reading
from settlement import payout_returns as returns
from settlement import payouts
from settlement.downloads import file_of
from settlement.errors import QueryMalformed, ReplyUnreadable
from settlement.payout_list import payment_sheet, read_reply

blueprint = Blueprint("payouts_desk", __name__, template_folder="templates")

#: How long a citizen usually has to pay a subsidy back, in days; the officer may say otherwise.
REPAY_WITHIN_DAYS = 30


@blueprint.get("")
def batches() -> str:
    """List what is due, what the bank could not pay, what citizens still owe, and the batches."""
    return render_template("settlement/payouts.html", refusal=None, typed={}, **_batches_page())


@blueprint.post("")
def close() -> Response:
    """Put what a campaign owes to citizens on a batch."""
    gates.require_role("finance")
    form = request.form
    try:
        campaign_id = form.get("campaign", type=int)
        if campaign_id is None:
            raise QueryMalformed(given=form.get("campaign", "")[:20], field="campaign")
        with transaction():
            batch_id = payouts.close(min(campaign_id, LARGEST_ROW_ID), by=gates.principal().actor).id
    except Refusal as refusal:
        return form_again("settlement/payouts.html", refusal, typed=form.to_dict(), **_batches_page())
    flash(_("已编批，请另一位财务人员审批。"))
    return _to_batch(batch_id)


@blueprint.get("/<int:batch_id>")
def batch(batch_id: int) -> str:
    """Show one batch: its lines, who did what when, and what can be done next."""
    return render_template("settlement/payout_batch.html", refusal=None, typed={}, **_batch_page(batch_id))


@blueprint.post("/<int:batch_id>/approve")
def approve(batch_id: int) -> Response:
    """Approve a batch, by another person than the one who made it."""
    gates.require_role("finance")
    try:
        with transaction():
            payouts.approve(reading.batch(batch_id).batch.id, by=gates.principal().actor)
    except Refusal as refusal:
        return _batch_again(batch_id, refusal)
    flash(_("已审批，可以交银行付款。"))
    return _to_batch(batch_id)


@blueprint.post("/<int:batch_id>/reject")
def reject(batch_id: int) -> Response:
    """Send a batch back; what is on it can go on another."""
    gates.require_role("finance")
    reason = request.form.get("reason", "")
    try:
        with transaction():
            payouts.reject(reading.batch(batch_id).batch.id, by=gates.principal().actor, reason=reason)
    except Refusal as refusal:
        return _batch_again(batch_id, refusal)
    flash(_("已退回，这些兑付可以重新编批。"))
    return _to_batch(batch_id)


@blueprint.post("/<int:batch_id>/send")
def send(batch_id: int) -> Response:
    """Record that the bank gets the batch; its payment list can be downloaded from then on."""
    gates.require_role("finance")
    with transaction():
        payouts.send(reading.batch(batch_id).batch.id, by=gates.principal().actor)
    flash(_("已登记交银行，请下载兑付清单。"))
    return _to_batch(batch_id)


@blueprint.post("/<int:batch_id>/answers")
def answers(batch_id: int) -> Response:
    """Record what the bank says of the lines of a batch, from its file."""
    gates.require_role("finance")
    uploaded = request.files.get("file")
    try:
        if uploaded is None or not uploaded.filename:
            raise ReplyUnreadable(why=_("没有选择文件"))
        found = read_reply(uploaded.read(), uploaded.filename)
        with transaction():
            payouts.record_answers(reading.batch(batch_id).batch.id, found, by=gates.principal().actor)
    except Refusal as refusal:
        return _batch_again(batch_id, refusal)
    paid = sum(each.is_paid for each in found)
    flash(_("已登记：成功 %(paid)s 笔，失败 %(failed)s 笔。", paid=paid, failed=len(found) - paid))
    return _to_batch(batch_id)


@blueprint.get("/<int:batch_id>/payments.<any(csv, xlsx):kind>")
def payments(batch_id: int, kind: str) -> Response:
    """Download the payment list, which has full account numbers: for those who pay only."""
    gates.require_role("finance")
    return file_of(payment_sheet(reading.batch(batch_id).batch.id), kind, f"payouts-{batch_id}")


@blueprint.get("/payout/<uuid:payout_id>")
def payout(payout_id: UUID) -> str:
    """Show one payout: the car, the account, the lines, every movement of its money, and what can be done."""
    return render_template("settlement/payout.html", refusal=None, typed={}, **_payout_page(payout_id))


@blueprint.post("/payout/<uuid:payout_id>/correct")
def correct(payout_id: UUID) -> Response:
    """Give what the bank could not pay another account."""
    gates.require_role("finance")
    form = request.form
    payee = Payee(
        form.get("payee_name", "").strip()[:60],
        form.get("bank_name", "").strip(),
        "".join(form.get("bank_account", "").split()),
    )
    try:
        with transaction():
            payouts.correct(payout_id, payee, by=gates.principal().actor, reason=form.get("reason", ""))
    except Refusal as refusal:
        return _payout_again(payout_id, refusal)
    flash(_("已更正账号，可以重新编批。"))
    return _to_payout(payout_id)


@blueprint.post("/payout/<uuid:payout_id>/take-back")
def take_back(payout_id: UUID) -> Response:
    """Take a payout back because the car was returned: the reason, what proves it, and until when to pay back."""
    gates.require_role("finance")
    form = request.form
    try:
        with transaction():
            was_paid = returns.take_back_payout(
                payout_id,
                by=gates.principal().actor,
                reason=form.get("reason", ""),
                evidence=form.get("evidence", ""),
                repay_by=form.get("repay_by", type=date.fromisoformat),
            )
    except Refusal as refusal:
        return _payout_again(payout_id, refusal)
    flash(_("已登记追回，等待市民退款。") if was_paid else _("已取消，金额回到资金池。"))
    return _to_payout(payout_id)


@blueprint.post("/payout/<uuid:payout_id>/repaid")
def repaid(payout_id: UUID) -> Response:
    """Record that a citizen has paid a subsidy back."""
    gates.require_role("finance")
    try:
        with transaction():
            reference = request.form.get("reference", "")
            returns.record_repaid(payout_id, by=gates.principal().actor, reference=reference)
    except Refusal as refusal:
        return _payout_again(payout_id, refusal)
    flash(_("已登记退回，金额回到资金池。"))
    return _to_payout(payout_id)


def _batches_page() -> dict[str, Any]:
    page = reading.batch_page(_page_number())
    return {
        "due": reading.due(),
        "failed": reading.failed(),
        "claims": returns.open_claims(),
        "today": bureau_day(clock.now()),
        "page": page,
        "state_names": _states(),
        "names": officer_names(actor for line in page.rows for actor in (line.batch.closed_by, line.batch.approved_by)),
    }


def _batch_page(batch_id: int) -> dict[str, Any]:
    line = reading.batch(batch_id)
    mine = line.batch.closed_by == gates.principal().actor
    return {
        "line": line,
        "batch": line.batch,
        "page": reading.line_page(line.batch.id, _page_number()),
        "sources": reading.batch_sources(line.batch.id),
        "state_names": _states(),
        "line_names": _line_states(),
        "history": list(reversed(history("payout_batch", line.batch.id))),
        "events": {
            "close": _("编批"),
            "approve": _("审批通过"),
            "reject": _("退回"),
            "send": _("交银行"),
            "finish": _("银行已办完"),
        },
        "why_not_approve": _("不能审批自己编的批，请另一位财务人员审批") if mine else "",
    }


def _payout_page(payout_id: UUID) -> dict[str, Any]:
    facts = reading.payout(payout_id)
    movements = [
        movement
        for kind, row_id in reading.document_ids(facts)
        for movement in ledger.movements_of(kind, text_id(row_id))
    ]
    today = bureau_day(clock.now())
    return {
        "facts": facts,
        "payout": facts.payout,
        "movements": movements,
        "sources": naming.names("fund_source", {credit.fund_source_id for _t, _d, credit in movements}),
        "codes": words.CODES,
        "kinds": words.KINDS,
        "payout_names": _payout_states(),
        "line_names": _line_states(),
        "history": list(reversed(history("payout", payout_id))),
        "events": {
            "owe": _("审核通过，应付"),
            "batch": _("编批"),
            "free": _("批次退回"),
            "clear": _("审批通过"),
            "pay": _("付款成功"),
            "fail": _("付款失败"),
            "correct": _("更正账号"),
            "take_off": _("取消"),
            "reclaim": _("登记追回"),
            "repay": _("已退回"),
        },
        "today": today,
        "same_car": returns.for_the_same_car(payout_id),
        "usual_repay_by": today + timedelta(days=REPAY_WITHIN_DAYS),
        "is_with_bank": any(line.status == "waiting" and line.batch.status == "sent" for line in facts.lines),
    }


def _batch_again(batch_id: int, refusal: Refusal) -> Response:
    page = _batch_page(batch_id)
    return form_again("settlement/payout_batch.html", refusal, typed=request.form.to_dict(), **page)


def _payout_again(payout_id: UUID, refusal: Refusal) -> Response:
    page = _payout_page(payout_id)
    return form_again("settlement/payout.html", refusal, typed=request.form.to_dict(), **page)


def _states() -> dict[str, tuple[str, str]]:
    """Return state of a batch → (word, tone of the badge)."""
    tones = {"closed": "soon", "approved": "open", "rejected": "bad", "sent": "open", "finished": "good"}
    return {state: (_(name), tones[state]) for state, name in payouts.STATE_NAMES.items()}


def _payout_states() -> dict[str, tuple[str, str]]:
    tones = {"paid": "good", "failed": "bad", "taken_off": "bad", "reclaimed": "bad", "repaid": "good"}
    return {state: (_(name), tones.get(state, "soon")) for state, name in payouts.PAYOUT_NAMES.items()}


def _line_states() -> dict[str, tuple[str, str]]:
    return {
        "waiting": (_("待付款"), "soon"),
        "paid": (_("成功"), "good"),
        "failed": (_("失败"), "bad"),
        "taken_off": (_("已取消"), "bad"),
        "freed": (_("已退回"), "bad"),
    }


def _page_number() -> int:
    return min(max(request.args.get("page", 1, type=int), 1), LARGEST_ROW_ID)


def _to_batch(batch_id: int) -> Response:
    return _go(url_for("payouts_desk.batch", batch_id=batch_id))


def _to_payout(payout_id: UUID) -> Response:
    return _go(url_for("payouts_desk.payout", payout_id=payout_id))


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response


def _payout_address(document_id: str) -> str:
    return url_for("payouts_desk.payout", payout_id=UUID(document_id))


naming.register_page("payout", _payout_address)
