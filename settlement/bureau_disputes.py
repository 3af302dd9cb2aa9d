"""The bureau's page of what merchants dispute of their statements: keep a line, or do not pay it."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import case, select

from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID
from foundation.paging import Page, page_of
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from settlement import checks
from settlement.check_models import Dispute

blueprint = Blueprint("disputes_desk", __name__, template_folder="templates")


@blueprint.get("")
def disputes() -> str:
    """List disputes: those that wait first, oldest first."""
    return render_template("settlement/disputes.html", refusal=None, typed={}, **_page())


@blueprint.post("/<int:dispute_id>/<any(keep, deny):outcome>")
def decide(dispute_id: int, outcome: str) -> Response:
    """Decide one dispute."""
    gates.require_role("finance")
    try:
        with transaction():
            checks.decide(
                min(dispute_id, LARGEST_ROW_ID),
                outcome,
                by=gates.principal().actor,
                answer=request.form.get("answer", ""),
            )
    except Refusal as refusal:
        return form_again(
            "settlement/disputes.html", refusal, typed={"id": dispute_id, **request.form.to_dict()}, **_page()
        )
    flash(_("已决定：照付，列入下一批。") if outcome == "keep" else _("已决定：不予支付，金额退回资金池。"))
    response = redirect(url_for("disputes_desk.disputes"), code=303)
    assert isinstance(response, Response)
    return response


def _page() -> dict[str, Any]:
    waiting_first = case((Dispute.status == "open", 0), else_=1)
    number = request.args.get("page", 1, type=int)
    page: Page[Dispute] = page_of(select(Dispute).order_by(waiting_first, Dispute.id), max(number, 1))
    return {
        "page": page,
        "names": officer_names(each.decided_by for each in page.rows),
        "states": {"open": (_("待决定"), "soon"), "kept": (_("照付"), "good"), "denied": (_("不予支付"), "bad")},
    }
