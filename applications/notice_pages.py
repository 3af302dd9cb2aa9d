"""Public notices: anybody may look, and anybody may object."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from applications import notices as operations
from applications.errors import NoticeUnknown
from campaigns.catalog import definition_of
from foundation.db import transaction
from foundation.errors import Refusal

blueprint = Blueprint("notice_pages", __name__, template_folder="templates")


@blueprint.get("/notices")
def notices() -> str:
    """List every public notice."""
    return render_template("applications/notices.html", notices=operations.notice_views())


@blueprint.get("/notices/<int:notice_id>")
def notice(notice_id: int) -> str:
    """Show one public notice, masked."""
    return _page(notice_id)


@blueprint.post("/notices/<int:notice_id>/applications/<uuid:application_id>/objections")
def object_to(notice_id: int, application_id: UUID) -> Response:
    """Raise an objection; its case waits until somebody has looked into it."""
    try:
        with transaction():
            operations.object_to(
                application_id,
                notice_id,
                reason=request.form.get("reason", ""),
                contact=request.form.get("contact", ""),
                place=request.remote_addr or "",
            )
    except Refusal as refusal:
        if isinstance(refusal, NoticeUnknown):
            raise
        return make_response(_page(notice_id, refusal), HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("异议已收到，核实期间这份申请暂缓发放"))
    return make_response(redirect(url_for("notice_pages.notice", notice_id=notice_id), HTTPStatus.SEE_OTHER))


def _page(notice_id: int, refusal: Refusal | None = None) -> str:
    views = operations.notice_views(notice_id)
    if not views:
        raise NoticeUnknown
    return render_template(
        "applications/notice.html",
        notice=views[0],
        lines=operations.lines_of(notice_id),
        contact=definition_of(views[0].version_id).contact or _("市商务局"),
        refusal=refusal,
    )
