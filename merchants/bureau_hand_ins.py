"""The bureau's pages of evidence after sales: the queue, one case with its evidence, and the decision."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.goods import category_name
from campaigns.places import county_name
from campaigns.terms.evidence.after_sale import ITEMS
from evidence import files
from evidence.errors import FileUnknown
from evidence.files import Kept
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID, text_id
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from merchants import hand_in_decisions, hand_in_listing, hand_ins
from merchants.hand_in_decisions import REASONS, Decision, Officer
from merchants.hand_in_listing import QueueFilter, Standing
from merchants.hand_in_suspicions import RULES

blueprint = Blueprint("hand_ins_desk", __name__, template_folder="templates")

#: How many are accepted by one press: in transactions of 500, within what a person waits for.
MOST_AT_ONCE = 5000


@blueprint.get("")
def queue() -> str:
    """Show what waits, in the order in which it was handed in, with what is suspicious."""
    wanted = QueueFilter(
        state=request.args.get("state", "handed_in"),
        campaign_id=request.args.get("campaign", type=_row_id),
        look=request.args.get("look", ""),
    )
    standings = hand_in_listing.standings()
    return render_template(
        "merchants/bureau_hand_ins.html",
        wanted=wanted,
        page=hand_in_listing.queue(wanted, request.args.get("page", 1, type=_row_id)),
        standings=_by_campaign(standings),
        campaigns=sorted({(one.campaign_id, one.campaign_name) for one in standings}),
        clean=len(hand_in_decisions.clean_ids(wanted.campaign_id, most=MOST_AT_ONCE)),
        **_words(),
    )


@blueprint.post("/accept")
def accept_clean() -> Response:
    """Accept what waits without a suspicion, 500 at a time; what comes in meanwhile waits for the next press."""
    gates.require_role("editor")
    campaign_id = request.form.get("campaign", type=_row_id)
    accepted = 0
    while accepted < MOST_AT_ONCE:
        with transaction():
            ids = hand_in_decisions.clean_ids(campaign_id)
            some = hand_in_decisions.accept_batch(ids, _officer())
        accepted += len(some)
        if not some:
            break
    flash(_("已通过 %(count)s 笔没有疑点的材料。", count=f"{accepted:,}"))
    return _go(url_for("hand_ins_desk.queue", campaign=campaign_id or None))


@blueprint.get("/<uuid:hand_in_id>")
def case(hand_in_id: UUID) -> str:
    """Show one sale: evidence beside fields, suspicions, earlier decisions, and the decision to make."""
    return render_template("merchants/bureau_hand_in.html", refusal=None, typed={}, chosen=[], **_case(hand_in_id))


@blueprint.post("/<uuid:hand_in_id>")
def decide(hand_in_id: UUID) -> Response:
    """Decide one case, and go on to the next that waits."""
    gates.require_role("editor")
    form = request.form
    reasons = form.getlist("reasons")
    decision = Decision(form.get("decision", ""), reasons, form.get("note", ""), seen_at=_seen_at())
    try:
        with transaction():
            hand_in_decisions.decide(hand_in_id, decision, _officer())
    except Refusal as refusal:
        if refusal.retryable:
            raise
        page = _case(hand_in_id)
        return form_again("merchants/bureau_hand_in.html", refusal, typed=form.to_dict(), chosen=reasons, **page)
    said = {"accept": _("已通过"), "correct": _("已要求补正"), "reject": _("已拒付，金额退回资金池")}
    flash(said[decision.decision])
    rest = hand_in_listing.queue(QueueFilter(), 1).rows
    if rest:
        return _go(url_for("hand_ins_desk.case", hand_in_id=rest[0].hand_in.id))
    return _go(url_for("hand_ins_desk.queue"))


@blueprint.get("/<uuid:hand_in_id>/files/<uuid:file_id>/<int:page>.jpg")
def picture(hand_in_id: UUID, file_id: UUID, page: int) -> Response:
    """Show a page of a file."""
    _file_of(hand_in_id, file_id)
    response = Response(files.picture_of(file_id, page), content_type="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@blueprint.get("/<uuid:hand_in_id>/files/<uuid:file_id>/original.pdf")
def original(hand_in_id: UUID, file_id: UUID) -> Response:
    """Download a PDF as it was sent, as whoever may see its pages."""
    kept = _file_of(hand_in_id, file_id)
    response = Response(files.original_of(file_id), content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=files.original_name(kept))
    return response


def _file_of(hand_in_id: UUID, file_id: UUID) -> Kept:
    """Return a file of this hand-in. Refuses FileUnknown."""
    kept = files.find(file_id)
    if (kept.holder_kind, kept.holder_id) != (hand_ins.HOLDER, text_id(hand_in_id)):
        raise FileUnknown
    return kept


def _case(hand_in_id: UUID) -> dict[str, Any]:
    found = hand_in_listing.sale(hand_in_id)
    return {
        "found": found,
        "names": officer_names([made.decided_by for made in found.decisions]),
        "reasons": {key: _(text) for key, text in REASONS.items()},
        "decisions": {"accept": _("通过"), "correct": _("要求补正"), "reject": _("不通过")},
        "may_overrule": _officer().may_overrule,
        **_words(),
    }


def _by_campaign(standings: list[Standing]) -> list[tuple[str, dict[str, Standing]]]:
    """Return (campaign, state → its standing)."""
    found: dict[str, dict[str, Standing]] = defaultdict(dict)
    for one in standings:
        found[one.campaign_name][one.state] = one
    return list(found.items())


def _words() -> dict[str, Any]:
    return {
        "items": {key: _(text) for key, text in ITEMS.items()},
        "rules": {code: _(text) for code, text in RULES.items()},
        "states": {
            "awaited": (_("待提交"), "soon"),
            "handed_in": (_("待审"), "open"),
            "correction": (_("补正中"), "soon"),
            "accepted": (_("已审"), "good"),
            "rejected": (_("拒付"), "bad"),
            "withdrawn": (_("已退货或撤销"), ""),
        },
        "category_name": category_name,
        "county_name": county_name,
    }


def _officer() -> Officer:
    who = gates.principal()
    return Officer(who.actor, who.role)


def _seen_at() -> datetime | None:
    try:
        return datetime.fromisoformat(request.form.get("seen_at", ""))
    except ValueError:
        return None


def _row_id(text: str) -> int:
    number = int(text)
    if not 0 < number <= LARGEST_ROW_ID:
        raise ValueError(text)
    return number


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response
