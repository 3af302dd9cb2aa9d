"""The merchants' pages of their statements: what is paid, confirming it, and disputing lines of it."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID
from identity import gates
from identity.form_again import form_again
from merchants.models import Store
from merchants.register import counter_of_cashier_account
from settlement import checks, merchant_reading, reading
from settlement.errors import LineNotOnStatement

blueprint = Blueprint("till_statements", __name__, template_folder="templates")


@blueprint.get("")
def overview() -> str:
    """List the merchant's statements; those that wait for an answer say until when."""
    store = _store()
    return render_template(
        "settlement/till_statements.html",
        store=store,
        page=merchant_reading.statements_of_merchant(store.merchant_id, _page_number()),
        waiting=merchant_reading.waiting_for(store.merchant_id),
        states=_states(),
        answers=_answers(),
    )


@blueprint.get("/<int:statement_id>")
def statement(statement_id: int) -> str:
    """Show one statement down to its lines, and what can be answered."""
    return render_template("settlement/till_statement.html", refusal=None, **_page(statement_id))


@blueprint.post("/<int:statement_id>/lines")
def lines(statement_id: int) -> str:
    """Show another page of the lines, with what was chosen so far; nothing is sent to the bureau by this."""
    return render_template("settlement/till_statement.html", refusal=None, **_page(statement_id))


@blueprint.post("/<int:statement_id>/confirm")
def confirm(statement_id: int) -> Response:
    """Confirm a statement."""
    try:
        with transaction():
            checks.confirm(_known(statement_id), _store().merchant_id, by=gates.principal().actor)
    except Refusal as refusal:
        return _again(statement_id, refusal)
    flash(_("已确认，等待商务局审批拨付"), "success")
    return _go(statement_id)


@blueprint.post("/<int:statement_id>/dispute")
def dispute(statement_id: int) -> Response:
    """Dispute the chosen lines; what was typed stays where it is refused."""
    try:
        with transaction():
            checks.dispute(_known(statement_id), _store().merchant_id, _chosen(), by=gates.principal().actor)
    except Refusal as refusal:
        return _again(statement_id, refusal)
    flash(_("异议已提交，这些核销从本批取下；其余的照常审批拨付"), "success")
    return _go(statement_id)


def _page(statement_id: int) -> dict[str, Any]:
    store = _store()
    found = merchant_reading.statement_of_merchant(_known(statement_id), store.merchant_id)
    page = reading.redemptions_of_statement(found.statement.id, _page_number())
    on_page = {str(row.id) for row in page.rows}
    chosen = {each: _reason(each) for each in request.form.getlist("line")}
    return {
        "store": store,
        "found": found,
        "page": page,
        "deductions": reading.refunds_of_statement(found.statement.id),
        "disputes": merchant_reading.disputes_of(found.statement.id),
        "decided": merchant_reading.decided_on([row.id for row in page.rows]),
        "chosen": chosen,
        "elsewhere": {each: reason for each, reason in chosen.items() if each not in on_page},
        "typed": {each: _reason(each) for each in on_page},
        "states": _states(),
        "answers": _answers(),
        "outcomes": _outcomes(),
    }


def _chosen() -> dict[UUID, str]:
    """Return redemption → reason of the lines that were ticked. Refuses LineNotOnStatement for what is no line."""
    try:
        return {UUID(each): _reason(each) for each in request.form.getlist("line")}
    except ValueError as failure:
        raise LineNotOnStatement from failure


def _reason(line: str) -> str:
    return request.form.get(f"reason-{line}", "")


def _again(statement_id: int, refusal: Refusal) -> Response:
    return form_again("settlement/till_statement.html", refusal, **_page(statement_id))


def _states() -> dict[str, tuple[str, str]]:
    """Return the state of a batch → (word, tone of the badge), as its merchants call it."""
    return {
        "closed": (_("待审批"), "soon"),
        "approved": (_("待拨付"), "open"),
        "paid": (_("已拨付"), "good"),
    }


def _answers() -> dict[str, tuple[str, str]]:
    """Return the state of a check → (word, tone of the badge)."""
    return {
        "collected": (_("待核对"), "soon"),
        "confirmed": (_("已确认"), "good"),
        "disputed": (_("有异议"), "bad"),
    }


def _outcomes() -> dict[str, tuple[str, str]]:
    """Return the state of a dispute → (word, tone of the badge)."""
    return {"open": (_("待商务局决定"), "soon"), "kept": (_("照付"), "good"), "denied": (_("不予支付"), "bad")}


def _known(statement_id: int) -> int:
    return min(statement_id, LARGEST_ROW_ID)


def _page_number() -> int:
    number = request.values.get("page", 1, type=int)
    return min(max(number, 1), LARGEST_ROW_ID)


def _store() -> Store:
    counter = counter_of_cashier_account(int(gates.principal().id))
    return db.session.get_one(Store, counter.store_id)


def _go(statement_id: int) -> Response:
    address = url_for("till_statements.statement", statement_id=statement_id)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))
