"""The bureau's pages of named lists: import with every wrong cell named, look, confirm."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from foundation.db import transaction
from foundation.errors import Refusal
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from voucher import named_lists
from voucher.errors import ListHasFaults, ListUnreadable, NoSuchListRelease
from voucher.list_file import ReadList, read_list

blueprint = Blueprint("lists_desk", __name__, template_folder="templates")

REMARKS_SHOWN = 200
WARNINGS_SHOWN = 20


@blueprint.get("")
def lists() -> str:
    """Show every list and the form for another."""
    return render_template("voucher/bureau_lists.html", refusal=None, **_page())


@blueprint.post("")
def import_list() -> Response:
    """Read a file and keep it as a draft; when a cell is wrong, nothing is kept and every wrong cell is named."""
    gates.require_role("editor")
    uploaded = request.files.get("file")
    read = None
    try:
        if uploaded is None or not uploaded.filename:
            raise ListUnreadable(why=_("没有选择文件"))
        data = uploaded.read()
        read = read_list(data, uploaded.filename)
        if read.errors:
            raise ListHasFaults(count=len(read.errors))
        with transaction():
            draft = named_lists.import_list(
                _release_id(), read, data=data, file_name=uploaded.filename, by=gates.principal().actor
            )
            address = url_for("lists_desk.named_list", list_id=draft.id)
    except Refusal as refusal:
        return form_again("voucher/bureau_lists.html", refusal, **_page(read))
    if read.warnings:
        # Kept in the browser's cookie until the next page, so there is room for a few rows only.
        rows = "、".join(str(remark.row) for remark in read.warnings[:WARNINGS_SHOWN])
        more = "…" if len(read.warnings) > WARNINGS_SHOWN else ""
        flash(
            _(
                "文件里有 %(count)s 行与前面的行重复，只取前面的：第 %(rows)s 行",
                count=len(read.warnings),
                rows=rows + more,
            ),
            "error",
        )
    return _go(address)


@blueprint.get("/<int:list_id>")
def named_list(list_id: int) -> str:
    """Show a list, masked, and what confirming it would do."""
    found = named_lists.named_list(list_id)
    line = next(line for line in named_lists.all_lists() if line.list.id == found.id)
    return render_template(
        "voucher/bureau_list.html",
        line=line,
        states=_states(),
        names=officer_names([found.imported_by]),
        people=named_lists.people_of(list_id),
        repeated=named_lists.repeated(found) if found.status == "draft" else [],
    )


@blueprint.post("/<int:list_id>/confirm")
def confirm(list_id: int) -> Response:
    """Let a draft count."""
    gates.require_role("editor")
    with transaction():
        count = named_lists.confirm(list_id, by=gates.principal().actor)
    flash(_("已确认，%(count)s 人可以领取。他们登录后会在“我的券”里看到。", count=count))
    return _go(url_for("lists_desk.named_list", list_id=list_id))


@blueprint.post("/<int:list_id>/discard")
def discard(list_id: int) -> Response:
    """Put a draft aside."""
    gates.require_role("editor")
    with transaction():
        named_lists.discard(list_id, by=gates.principal().actor)
    flash(_("名单已作废"))
    return _go(url_for("lists_desk.lists"))


def _page(read: ReadList | None = None) -> dict[str, object]:
    return {
        "lines": named_lists.all_lists(),
        "releases": named_lists.open_releases(),
        "states": _states(),
        "errors": read.errors[:REMARKS_SHOWN] if read else [],
        "chosen": request.form.get("release_id", ""),
    }


def _release_id() -> int:
    text = request.form.get("release_id", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NoSuchListRelease
    return int(text)


def _states() -> dict[str, tuple[str, str]]:
    """Return state → (word, tone of the badge)."""
    return {
        "draft": (_("待确认"), "soon"),
        "confirmed": (_("已确认"), "good"),
        "discarded": (_("已作废"), ""),
    }


def _go(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response
