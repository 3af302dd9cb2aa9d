"""The bureau's pages of subsidies paid elsewhere: lists that come in with every wrong cell named, and 查重."""

import re

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.catalog import definition_of
from campaigns.models import Campaign
from foundation.db import db, transaction
from foundation.errors import Refusal
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from ledger import naming
from settlement import elsewhere_overlaps
from settlement.downloads import file_of
from voucher import elsewhere
from voucher.elsewhere_file import ReadNumbers, read_numbers
from voucher.errors import ElsewhereProgrammeMissing, ListHasFaults, ListUnreadable

blueprint = Blueprint("elsewhere_desk", __name__, template_folder="templates")

REMARKS_SHOWN = 200
WARNINGS_SHOWN = 20
LONGEST_NAME = 60


@blueprint.get("")
def lists() -> str:
    """Show every list, what they have found, and the form for another."""
    return render_template("settlement/elsewhere.html", refusal=None, **_page())


@blueprint.post("")
def import_list() -> Response:
    """Read a file and let it count; when a cell is wrong, nothing is kept and every wrong cell is named."""
    gates.require_role("editor")
    uploaded = request.files.get("file")
    read = None
    try:
        code, name = _programme()
        if uploaded is None or not uploaded.filename:
            raise ListUnreadable(why=_("没有选择文件"))
        data = uploaded.read()
        read = read_numbers(data, uploaded.filename)
        if read.errors:
            raise ListHasFaults(count=len(read.errors))
        with transaction():
            made = elsewhere.import_list(
                code, name, read, data=data, file_name=uploaded.filename, by=gates.principal().actor
            )
            list_id = made.id
    except Refusal as refusal:
        if refusal.retryable:
            raise
        return form_again("settlement/elsewhere.html", refusal, **_page(read))
    found = elsewhere_overlaps.overlaps(list_id)
    flash(_("已导入 %(count)s 行；与已办理的重复 %(found)s 件", count=len(read.lines), found=len(found)))
    if read.warnings:
        rows = "、".join(str(remark.row) for remark in read.warnings[:WARNINGS_SHOWN])
        more = "…" if len(read.warnings) > WARNINGS_SHOWN else ""
        told = {"count": len(read.warnings), "rows": rows + more}
        flash(_("文件里有 %(count)s 处重复，只取前面的：第 %(rows)s 行", **told), "error")
    return _go(url_for("elsewhere_desk.lists", list=list_id))


@blueprint.post("/<int:list_id>/revoke")
def revoke(list_id: int) -> Response:
    """Let a wrong list count no more."""
    gates.require_role("editor")
    try:
        with transaction():
            elsewhere.revoke(list_id, by=gates.principal().actor, reason=request.form.get("reason", ""))
    except Refusal as refusal:
        if refusal.retryable:
            raise
        return form_again("settlement/elsewhere.html", refusal, **_page())
    flash(_("名单已作废，不再拦截；它找出的重复也已撤下"))
    return _go(url_for("elsewhere_desk.lists"))


@blueprint.get("/overlaps.<any(csv, xlsx):kind>")
def overlaps_file(kind: str) -> Response:
    """Download 查重."""
    return file_of(elsewhere_overlaps.sheet(elsewhere_overlaps.overlaps(_list())), kind, "overlaps")


def _page(read: ReadNumbers | None = None) -> dict[str, object]:
    lines = elsewhere.all_lists()
    wanted = _list()
    found = elsewhere_overlaps.overlaps(wanted)
    return {
        "lines": lines,
        "names": officer_names([line.list.imported_by for line in lines]),
        "known": elsewhere.programmes() | _named_by_campaigns(),
        "errors": read.errors[:REMARKS_SHOWN] if read else [],
        "asked": request.form,
        "wanted": wanted,
        "overlaps": found,
        "at_risk_fen": elsewhere_overlaps.at_risk_fen(found),
        "standings": elsewhere_overlaps.STANDINGS,
        "kinds": elsewhere.KINDS,
        "document_page": naming.page_of,
    }


def _named_by_campaigns() -> dict[str, str]:
    """Return code → name of what published campaigns exclude by lists."""
    published = db.session.scalars(select(Campaign.version_id).where(Campaign.version_id.is_not(None)))
    definitions = [definition_of(version) for version in published if version is not None]
    return {other.code: other.name for each in definitions for other in each.people.elsewhere}


def _programme() -> tuple[str, str]:
    code, name = request.form.get("programme", "").strip(), request.form.get("name", "").strip()
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,39}", code) or not 1 <= len(name) <= LONGEST_NAME:
        raise ElsewhereProgrammeMissing
    return code, name


def _list() -> int | None:
    text = request.args.get("list", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response
