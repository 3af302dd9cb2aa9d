"""The reviewers' desk: the queue, one case with its evidence beside the fields, and who reviews where."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from applications import answers as answering
from applications import citizen_screens as screens
from applications import findings, notices, queue, reviewing, timeline, uploads
from applications.answers import fields_of, issuance_of
from applications.drafts import facts_of
from applications.errors import CaseNotOpened, ReviewerNeeded
from applications.models import Application
from applications.reviewing import OPEN_FOR, REASONS, Desk
from applications.tasks import documents_of
from campaigns.places import counties, county_name
from campaigns.terms.issuance.application import DOCUMENTS, STAGES
from evidence import files
from foundation.db import transaction
from foundation.errors import NotFound, Refusal
from foundation.ids import LARGEST_ROW_ID
from identity import gates
from ledger import naming
from voucher import elsewhere

blueprint = Blueprint("review_desk", __name__, template_folder="templates")


@blueprint.get("")
def applications() -> str:
    """Show the queue in the order of submission."""
    wanted = queue.Filter(
        status=request.args.get("status", "reviewing"),
        county=request.args.get("county", ""),
        stage=request.args.get("stage", ""),
    )
    desk = _desk_or_none()
    page, lines = queue.lines(wanted, desk, request.args.get("page", 1, type=_row_id))
    return render_template(
        "applications/bureau_queue.html",
        wanted=wanted,
        page=page,
        lines=lines,
        desk=desk,
        counts=queue.counts(),
        statuses=screens.STATUSES,
        choices=[(code, word) for code, (word, _tone) in screens.STATUSES.items() if code != "draft"],
        stages=STAGES,
        counties=_all_counties(),
        county_name=county_name,
    )


@blueprint.post("/next")
def next_case() -> Response:
    """Open the earliest submission that waits for this reviewer."""
    desk = _desk()
    try:
        with transaction():
            application_id = reviewing.open_next(desk)
    except NotFound as refusal:
        flash(_(refusal.message), "error")
        return _go(url_for("review_desk.applications"))
    return _go(url_for("review_desk.case", application_id=application_id))


@blueprint.get("/<uuid:application_id>")
def case(application_id: UUID) -> str:
    """Show one case: masked, until it is opened."""
    return _case_page(queue.case(application_id))


def _case_page(found: Application, refusal: Refusal | None = None) -> str:
    facts, answers, desk = facts_of(found), queue.answers_of(found), _desk_or_none()
    holds = queue.holds(found, desk)
    flagged = {key: findings.WORDS[each["code"]] for each in found.findings for key in each["fields"]}
    rows = [
        (field, _value(field, answers, facts, holds), flagged.get(field.key, ""))
        for field in fields_of(facts, found.buyer)
        if answers.get(field.key)
    ]
    return render_template(
        "applications/bureau_case.html",
        application=found,
        facts=facts,
        status=screens.STATUSES[found.status],
        rows=rows,
        documents=[(code, DOCUMENTS[code].name, there) for code, there in documents_of(found).items()],
        findings=[(findings.WORDS[each["code"]], each["code"].endswith("agrees")) for each in found.findings],
        listed=elsewhere.found_for("application", found.id),
        holds=holds,
        may_open=desk is not None and found.status == "reviewing" and reviewing.why_not(found, desk) is None,
        why_not=reviewing.why_not(found, desk) if desk is not None and found.status == "reviewing" else None,
        stage=STAGES[reviewing.stage_of(found)] if found.status == "reviewing" else "",
        reviews=queue.stages_left(found),
        rule=issuance_of(facts).corrections.describe(),
        reasons=REASONS,
        steps=timeline.steps_of(found),
        decisions=timeline.decisions_of(found),
        objections=queue.objections_of(found) if holds else [],
        names_of=screens.names_of,
        minutes=int(OPEN_FOR.total_seconds() // 60),
        county_name=county_name,
        refusal=refusal,
        typed=request.form,
    )


def _value(field: answering.Field, answers: dict[str, str], facts: object, holds: bool) -> str:
    """Return an answer as the desk may see it: whole while the case is open, else masked."""
    value = answers[field.key]
    if field.shape in ("choice", "checks", "money"):
        return screens.shown(field, value, answering.options(field.key, facts))  # type: ignore[arg-type]
    if holds:
        return value
    if field.key in ("seller_name", "seller_uscc", "invoice_date", "registered_on", "bank_name", "firm_name"):
        return value
    return f"{value[:1]}{'*' * max(len(value) - 3, 1)}{value[-2:]}" if len(value) > 3 else f"{value[:1]}**"


@blueprint.post("/<uuid:application_id>/open")
def open_case(application_id: UUID) -> Response:
    """Open one case for oneself."""
    desk = _desk()
    with transaction():
        reviewing.open_case(application_id, desk)
    return _go(url_for("review_desk.case", application_id=application_id))


@blueprint.post("/<uuid:application_id>/decision")
def decide(application_id: UUID) -> Response:
    """Approve, ask for a correction, or reject; then go on with the next case."""
    desk, form = _desk(), request.form
    kind, words = form.get("kind", ""), form.get("words", "")
    try:
        with transaction():
            if kind == "approve":
                reviewing.approve(application_id, desk, ticked=form.getlist("ticked"))
            elif kind == "correct":
                reviewing.ask_for_correction(
                    application_id, desk, fields=form.getlist("fields"), reasons=form.getlist("reasons"), words=words
                )
            else:
                reviewing.reject(application_id, desk, reasons=form.getlist("reasons"), words=words)
    except Refusal as refusal:
        return make_response(_case_page(queue.case(application_id), refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    told = {"approve": _("已通过"), "correct": _("已退回补正"), "reject": _("已不予通过")}
    what = told.get(kind, told["reject"])
    flash(_("受理序号 %(number)s：%(what)s", number=queue.case(application_id).sequence, what=what))
    return _go(url_for("review_desk.applications"))


@blueprint.post("/<uuid:application_id>/objections")
def decide_objections(application_id: UUID) -> Response:
    """Decide the objections to a case that is held: a reviewer of the city does."""
    desk = _desk()
    if desk.county:
        raise ReviewerNeeded
    try:
        with transaction():
            notices.decide_objections(
                application_id,
                desk,
                uphold=request.form.get("kind") == "uphold",
                words=request.form.get("words", ""),
            )
    except Refusal as refusal:
        return make_response(_case_page(queue.case(application_id), refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("异议已办结"))
    return _go(url_for("review_desk.case", application_id=application_id))


@blueprint.get("/<uuid:application_id>/files/<uuid:file_id>/<int:page>")
def picture(application_id: UUID, file_id: UUID, page: int) -> Response:
    """Show a page of the evidence to who has the case open, and to nobody else."""
    found = queue.case(application_id)
    if not queue.holds(found, _desk_or_none()):
        raise CaseNotOpened(minutes=int(OPEN_FOR.total_seconds() // 60))
    kept = uploads.file_of(found, file_id)
    return Response(files.picture_of(kept.id, page), mimetype="image/jpeg")


@blueprint.get("/<uuid:application_id>/files/<uuid:file_id>/original")
def original(application_id: UUID, file_id: UUID) -> Response:
    """Download a PDF as it was sent, as whoever may see its pages: opening the case is written down."""
    found = queue.case(application_id)
    if not queue.holds(found, _desk_or_none()):
        raise CaseNotOpened(minutes=int(OPEN_FOR.total_seconds() // 60))
    kept = uploads.file_of(found, file_id)
    response = Response(files.original_of(kept.id), content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=files.original_name(kept))
    return response


# --- who reviews where ----------------------------------------------------------------------------------------


@blueprint.get("/reviewers")
def reviewers() -> str:
    """Show who reviews where."""
    return _reviewers_page()


def _reviewers_page(refusal: Refusal | None = None) -> str:
    return render_template(
        "applications/bureau_reviewers.html",
        reviewers=queue.reviewers(),
        counties=_all_counties(),
        county_name=county_name,
        refusal=refusal,
    )


@blueprint.post("/reviewers")
def name_reviewer() -> Response:
    """Say where somebody reviews; the chief does."""
    gates.require_role("chief")
    county = request.form.get("county", "")
    account_id = request.form.get("account_id", 0, type=_row_id)
    try:
        with transaction():
            reviewing.name_reviewer(account_id, county, city=county[:4], by=gates.principal().actor)
    except Refusal as refusal:
        return make_response(_reviewers_page(refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("已登记"))
    return _go(url_for("review_desk.reviewers"))


def _all_counties() -> list[tuple[str, str]]:
    return list(counties(queue.city_of_campaigns()).items())


def _row_id(text: str) -> int:
    """Return a number of an address or a form; 0 for what is not one."""
    return min(int(text), LARGEST_ROW_ID) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _desk() -> Desk:
    """Return where the officer reviews. Refuses RoleForbidden, ReviewerNeeded."""
    gates.require_role("reviewer")
    who = gates.principal()
    return reviewing.desk_of(int(who.id), who.role)


def _desk_or_none() -> Desk | None:
    who = gates.principal()
    try:
        return reviewing.desk_of(int(who.id), who.role)
    except ReviewerNeeded:
        return None


def _go(address: str) -> Response:
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _case_address(document_id: str) -> str:
    return url_for("review_desk.case", application_id=UUID(document_id))


naming.register_page("application", _case_address)
