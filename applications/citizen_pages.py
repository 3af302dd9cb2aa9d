"""Applicants' pages: the task list, one page per task, uploads, check and submit, and the timeline."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from applications import answers as answering
from applications import citizen_screens as screens
from applications import drafts, endings, submission, timeline, uploads
from applications.errors import NotChangeable
from applications.models import Application
from applications.tasks import documents_of, states_of
from applications.uploads import Upload
from campaigns import award_tables
from campaigns.offers import campaign_view
from campaigns.terms.issuance.application import DOCUMENTS
from evidence import files, pictures
from evidence.errors import FileEmpty
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.speech import translate
from identity import gates
from voucher import top_ups

blueprint = Blueprint("application_pages", __name__, template_folder="templates")


@blueprint.get("/campaigns/<code>/application")
def about(code: str) -> str:
    """Say what is asked for and begin."""
    facts = drafts.release_to_apply_for(code)
    mine = [each for each in drafts.applications_of(_citizen_id()) if each.round_id == facts.round_id]
    return render_template(
        "applications/about.html",
        campaign=campaign_view(code),
        facts=facts,
        issuance=answering.issuance_of(facts),
        table=award_tables.current(facts.offer).benefit.table(),
        dated_by=_("保险起期") if answering.by_premium(facts) else _("开票日期"),
        buyers=answering.buyers_of(facts),
        documents=DOCUMENTS,
        mine=mine,
        statuses=screens.STATUSES,
    )


@blueprint.post("/campaigns/<code>/application")
def start(code: str) -> Response:
    """Begin an application, or go on with the one that is not finished."""
    facts = drafts.release_to_apply_for(code)
    with transaction():
        application_id = drafts.start(_citizen_id(), facts, buyer=request.form.get("buyer", "person"))
    return _go(url_for("application_pages.application", application_id=application_id))


@blueprint.get("/applications")
def mine() -> str:
    """List the citizen's applications."""
    found = [(each, drafts.facts_of(each)) for each in drafts.applications_of(_citizen_id())]
    return render_template("applications/mine.html", applications=found, statuses=screens.STATUSES)


@blueprint.get("/applications/<uuid:application_id>")
def application(application_id: UUID) -> str:
    """Show the task list while it may be changed, and what happened to it afterwards."""
    return _page(drafts.own(application_id, _citizen_id()))


def _page(found: Application, refusal: Refusal | None = None) -> str:
    facts = drafts.facts_of(found)
    kept = answering.loads(found.answers)
    tasks = states_of(found)
    return render_template(
        "applications/application.html",
        application=found,
        facts=facts,
        tasks=tasks,
        task_names=answering.TASKS,
        task_states=screens.TASK_STATES,
        status=screens.STATUSES[found.status],
        button=screens.submit_button(found, facts, tasks),
        worth=screens.worth_of(found, kept) if found.status in drafts.CHANGEABLE else None,
        next_step=screens.next_step(found, facts),
        steps=timeline.steps_of(found),
        top_ups=top_ups.of_applications([found.id]).get(found.id, ()),
        names_of=screens.names_of,
        may_withdraw=found.status not in ("approved", "rejected", "withdrawn"),
        refusal=refusal,
    )


@blueprint.get("/applications/<uuid:application_id>/tasks/<task>")
def task(application_id: UUID, task: str) -> Response:
    """Show one task."""
    found = drafts.own(application_id, _citizen_id())
    return _task_page(found, task)


@blueprint.post("/applications/<uuid:application_id>/tasks/<task>")
def save_task(application_id: UUID, task: str) -> Response:
    """Keep what can be read and go back to the list; else show the fields that were not kept."""
    typed = _typed()
    with transaction():
        refused = drafts.save_task(application_id, _citizen_id(), task, typed)
    if not refused:
        flash(_("已保存"))
        return _go(url_for("application_pages.application", application_id=application_id))
    found = drafts.own(application_id, _citizen_id())
    response = _task_page(found, task, typed=typed, refused=refused)
    response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    return response


def _typed() -> dict[str, str]:
    typed = {key: text for key, text in request.form.items() if key in answering.BY_KEY}
    if "conditions" in request.form:
        typed["conditions"] = ",".join(request.form.getlist("conditions"))
    return typed


def _task_page(
    found: Application,
    task: str,
    *,
    typed: dict[str, str] | None = None,
    refused: dict[str, Refusal] | None = None,
    qr_told: Refusal | None = None,
    filled: bool = False,
) -> Response:
    if task not in answering.tasks_of(drafts.facts_of(found)) or found.status not in drafts.CHANGEABLE:
        raise NotChangeable
    if task == "files":
        return make_response(_files_page(found))
    kept = answering.loads(found.answers)
    fields = screens.controls(found, task, kept, typed=typed, refused=refused)
    return make_response(
        render_template(
            "applications/task.html",
            application=found,
            task=task,
            task_name=answering.TASKS[task],
            controls=fields,
            refused=[control for control in fields if control.refusal],
            qr_told=qr_told,
            filled=filled,
            wants_qr=task == "invoice" and not all(control.locked for control in fields),
        )
    )


@blueprint.post("/applications/<uuid:application_id>/check/<key>")
def check(application_id: UUID, key: str) -> str:
    """Say what is wrong with one field as it is typed; nothing is kept."""
    found = drafts.own(application_id, _citizen_id())
    refusal = drafts.check_field(found, key, _typed())
    # Reading may have touched the row's text; nothing of it is to be written.
    db.session.rollback()
    return render_template("applications/_field_told.html", key=key, refusal=refusal)


@blueprint.post("/applications/<uuid:application_id>/qr")
def scan_invoice(application_id: UUID) -> Response:
    """Fill the invoice's form from a photo or PDF of it; what was typed beside stays, and the citizen confirms."""
    typed = _typed()
    try:
        _name, sent = _uploaded("qr")
        qr = uploads.find_invoice_qr(pictures.draw(sent))
    except Refusal as refusal:
        found = drafts.own(application_id, _citizen_id())
        response = _task_page(found, "invoice", typed=typed, qr_told=refusal)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
    with transaction():
        found = uploads.keep_qr(application_id, _citizen_id(), qr)
    kept = answering.loads(found.answers)
    known = {key: typed.get(key) or kept.get(key, "") for key in answering.BY_KEY}
    return _task_page(found, "invoice", typed=known | qr.answers(), filled=True)


# --- files ----------------------------------------------------------------------------------------------------


def _files_page(found: Application, told: tuple[str, Refusal] | None = None) -> str:
    return render_template(
        "applications/files.html",
        application=found,
        documents=[
            (code, DOCUMENTS[code], there, drafts.may_change(found, code))
            for code, there in documents_of(found).items()
        ],
        told=told,
        most_bytes=pictures.MOST_BYTES,
    )


def _uploaded(name: str) -> tuple[str, bytes]:
    sent = request.files.get(name)
    if sent is None or not sent.filename:
        raise FileEmpty
    return sent.filename, sent.read()


@blueprint.post("/applications/<uuid:application_id>/files/<slot>")
def upload(application_id: UUID, slot: str) -> Response:
    """Keep one file; a refusal stands by its document, and everything else stays as it is."""
    citizen_id = _citizen_id()
    found = drafts.own(application_id, citizen_id)
    try:
        name, sent = _uploaded("file")
        drawn = pictures.draw(sent)
        with transaction():
            uploads.keep(application_id, citizen_id, [Upload(slot, name, sent, drawn)])
    except Refusal as refusal:
        if request.headers.get("X-Requested-With") == "fetch":
            told = translate(refusal)
            return make_response({"message": told.message, "way_out": told.way_out}, HTTPStatus.UNPROCESSABLE_ENTITY)
        found = drafts.own(application_id, citizen_id)
        return make_response(_files_page(found, (slot, refusal)), HTTPStatus.UNPROCESSABLE_ENTITY)
    if request.headers.get("X-Requested-With") == "fetch":
        return Response(status=HTTPStatus.NO_CONTENT)
    return _go(f"{url_for('application_pages.task', application_id=application_id, task='files')}#{slot}")


@blueprint.post("/applications/<uuid:application_id>/files/<uuid:file_id>/remove")
def remove(application_id: UUID, file_id: UUID) -> Response:
    """Delete one file."""
    with transaction():
        slot = uploads.remove(application_id, _citizen_id(), file_id)
    return _go(f"{url_for('application_pages.task', application_id=application_id, task='files')}#{slot}")


@blueprint.get("/applications/<uuid:application_id>/files/<uuid:file_id>/<int:page>")
def picture(application_id: UUID, file_id: UUID, page: int) -> Response:
    """Show a page of one's own file."""
    kept = uploads.file_of(drafts.own(application_id, _citizen_id()), file_id)
    return Response(files.picture_of(kept.id, page), mimetype="image/jpeg")


# --- handing in -----------------------------------------------------------------------------------------------


@blueprint.get("/applications/<uuid:application_id>/check")
def check_answers(application_id: UUID) -> Response:
    """Show every answer once more, each with a way to change it."""
    return make_response(_check_page(drafts.own(application_id, _citizen_id())))


def _check_page(found: Application, refusal: Refusal | None = None) -> str:
    if found.status not in drafts.CHANGEABLE:
        raise NotChangeable
    facts = drafts.facts_of(found)
    kept, tasks = answering.loads(found.answers), states_of(found)
    return render_template(
        "applications/check.html",
        application=found,
        tasks=[
            (state, answering.TASKS[state.task], answering.fields_of(facts, found.buyer, state.task)) for state in tasks
        ],
        kept=kept,
        shown=lambda field: screens.shown(field, kept.get(field.key, ""), answering.options(field.key, facts)),
        documents=[(DOCUMENTS[code].name, there) for code, there in documents_of(found).items()],
        worth=screens.worth_of(found, kept),
        button=screens.submit_button(found, facts, tasks),
        refusal=refusal,
    )


@blueprint.post("/applications/<uuid:application_id>/submit")
def submit(application_id: UUID) -> Response:
    """Hand it in; a refusal stays on the page with everything that was filled in."""
    try:
        with transaction():
            found = submission.submit(application_id, _citizen_id())
            sequence, waits = found.sequence, found.status == "waiting"
    except Refusal as refusal:
        found = drafts.own(application_id, _citizen_id())
        if found.status not in drafts.CHANGEABLE:
            raise
        return make_response(_check_page(found, refusal), HTTPStatus.CONFLICT)
    if waits:
        flash(_("已提交，受理序号 %(number)s。资金暂已用完，您已进入候补。", number=sequence))
    else:
        flash(_("已提交，受理序号 %(number)s。", number=sequence))
    return _go(url_for("application_pages.application", application_id=application_id))


@blueprint.post("/applications/<uuid:application_id>/withdraw")
def withdraw(application_id: UUID) -> Response:
    """Take it back."""
    with transaction():
        endings.withdraw(application_id, _citizen_id())
    flash(_("已撤回"))
    return _go(url_for("application_pages.mine"))


def _citizen_id() -> UUID:
    return UUID(gates.principal().id)


def _go(address: str) -> Response:
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))
