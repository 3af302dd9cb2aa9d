"""The cashiers' pages of evidence after sales: what is missing and until when, files, fields, and handed in."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _

from campaigns.goods import categories, category_name
from campaigns.places import counties
from campaigns.terms.evidence.after_sale import ITEMS
from evidence import files
from evidence.errors import FileEmpty, FileUnknown
from evidence.pictures import draw
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import text_id
from foundation.speech import translate
from foundation.tables import TableUnreadable
from identity import gates
from merchants import hand_in_file, hand_in_listing, hand_ins
from merchants.hand_in_decisions import REASONS
from merchants.hand_in_errors import HandInIncomplete, HandInsHaveFaults
from merchants.hand_in_file import RowFault
from merchants.hand_in_listing import SaleFacts, typed_of
from merchants.hand_ins import HandingIn
from merchants.invoice_qr import read_invoice
from merchants.register import counter_of_cashier_account

blueprint = Blueprint("till_hand_ins", __name__, template_folder="templates")

FAULTS_SHOWN = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("")
def sales() -> str:
    """List the store's sales with what is missing and the days left."""
    return _sales_page(_store_id())


@blueprint.get("/open.<any(csv, xlsx):kind>")
def open_file(kind: str) -> Response:
    """Give what is open as a sheet to fill in."""
    sheet = hand_in_file.open_sheet(_store_id())
    if kind == "csv":
        response = Response(hand_in_file.to_csv(sheet), content_type="text/csv; charset=utf-8")
    else:
        response = Response(hand_in_file.to_xlsx(sheet, current_app.config["CITY_CODE"]), content_type=XLSX)
    response.headers.set("Content-Disposition", "attachment", filename=f"after-sales.{kind}")
    return response


@blueprint.post("/import")
def import_file() -> Response:
    """Hand in the sales of a file, all of them or none; every wrong cell is named."""
    store_id = _store_id()
    uploaded = request.files.get("file")
    try:
        if uploaded is None or not uploaded.filename:
            raise TableUnreadable(why=_("没有选择文件"))
        with transaction():
            imported = hand_in_file.import_hand_ins(
                uploaded.read(), uploaded.filename, store_id=store_id, actor=gates.principal().actor
            )
    except Refusal as refusal:
        if refusal.retryable:
            raise
        faults = refusal.faults if isinstance(refusal, HandInsHaveFaults) else ()
        return make_response(_sales_page(store_id, refusal, faults), HTTPStatus.UNPROCESSABLE_ENTITY)
    flash(_("已提交 %(count)s 笔，等待商务局审核", count=f"{imported.made:,}"))
    if imported.known:
        flash(
            _("%(count)s 笔与以前提交的一样，没有再提交；只补了文件的，请打开那一笔提交", count=f"{imported.known:,}")
        )
    return _go(url_for("till_hand_ins.sales"))


@blueprint.get("/<uuid:hand_in_id>")
def sale(hand_in_id: UUID) -> str:
    """Show one sale and the forms of its evidence."""
    found = hand_in_listing.sale(hand_in_id, _store_id())
    return render_template("merchants/hand_in.html", **_sale_page(found, typed_of(found.line.hand_in)))


@blueprint.post("/<uuid:hand_in_id>")
def hand_in(hand_in_id: UUID) -> Response:
    """Hand in; with faults, the form again as it was typed, each fault under its field."""
    store_id = _store_id()
    typed = request.form.to_dict()
    try:
        with transaction():
            hand_ins.hand_in(HandingIn(hand_in_id, typed), actor=gates.principal().actor, store_id=store_id)
    except HandInIncomplete as refusal:
        page = _sale_page(hand_in_listing.sale(hand_in_id, store_id), typed, refusal)
        return make_response(render_template("merchants/hand_in.html", **page), HTTPStatus.CONFLICT)
    flash(_("已提交，等待商务局审核"))
    return _go(url_for("till_hand_ins.sales"))


@blueprint.post("/<uuid:hand_in_id>/files/<any(invoice, delivery, device_photo, old_appliance):slot>")
def add_file(hand_in_id: UUID, slot: str) -> Response:
    """Keep one file. Scripts get what was read and the list of the item's files; a form gets the page again."""
    store_id = _store_id()
    uploaded = request.files.get("file")
    by_script = request.headers.get("X-Requested-With") == "fetch"
    try:
        if uploaded is None or not uploaded.filename:
            raise FileEmpty
        sent = uploaded.read()
        # Drawing is slow and needs no transaction.
        drawn = draw(sent)
        fields = read_invoice(drawn.pages) if slot == "invoice" else {}
        with transaction():
            hand_ins.add_file(hand_in_id, store_id, slot, uploaded.filename, sent, drawn)
    except Refusal as refusal:
        if refusal.retryable:
            raise
        if by_script:
            told = translate(refusal)._asdict()
            return make_response(jsonify({"ok": False, **told}), HTTPStatus.CONFLICT)
        flash(translate(refusal).message, "error")
        return _go(url_for("till_hand_ins.sale", hand_in_id=hand_in_id))
    if by_script:
        found = hand_in_listing.sale(hand_in_id, store_id)
        html = render_template("merchants/hand_in_files.html", found=found, slot=slot, may_change=True)
        return make_response(jsonify({"ok": True, "html": html, "fields": fields}))
    return _go(url_for("till_hand_ins.sale", hand_in_id=hand_in_id))


@blueprint.post("/<uuid:hand_in_id>/files/<uuid:file_id>/drop")
def drop_file(hand_in_id: UUID, file_id: UUID) -> Response:
    """Delete a file that is not handed in yet."""
    store_id = _store_id()
    with transaction():
        hand_ins.drop_file(hand_in_id, store_id, file_id)
    return _go(url_for("till_hand_ins.sale", hand_in_id=hand_in_id))


@blueprint.get("/<uuid:hand_in_id>/files/<uuid:file_id>/<int:page>.jpg")
def picture(hand_in_id: UUID, file_id: UUID, page: int) -> Response:
    """Show a page of a file of the own store."""
    hand_in_listing.sale(hand_in_id, _store_id())
    kept = files.find(file_id)
    if (kept.holder_kind, kept.holder_id) != (hand_ins.HOLDER, text_id(hand_in_id)):
        raise FileUnknown
    response = Response(files.picture_of(file_id, page), content_type="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def _sales_page(store_id: int, refusal: Refusal | None = None, faults: Sequence[RowFault] = ()) -> str:
    tab = request.args.get("tab", "open")
    tab = tab if tab in hand_in_listing.TABS else "open"
    return render_template(
        "merchants/hand_ins.html",
        tab=tab,
        counts=hand_in_listing.counts_of_store(store_id),
        page=hand_in_listing.sales_of_store(store_id, tab, request.args.get("page", 1, type=int)),
        tabs={"open": _("待提交"), "waiting": _("待审核"), "accepted": _("已通过"), "over": _("不予补贴")},
        refusal=refusal,
        faults=faults[:FAULTS_SHOWN],
        faults_hidden=max(len(faults) - FAULTS_SHOWN, 0),
        **_words(),
    )


def _sale_page(found: SaleFacts, typed: dict[str, str], refusal: HandInIncomplete | None = None) -> dict[str, Any]:
    faults = refusal.faults if refusal else ()
    return {
        "found": found,
        "typed": typed,
        "refusal": refusal,
        "faults": {fault.field: translate(fault).message for fault in reversed(faults)},
        "may_change": found.waiting.status in hand_ins.OPEN and found.waiting.duty.today <= found.waiting.ends_on,
        "counties": counties(found.waiting.duty.city),
        "categories": categories(),
        "reasons": {key: _(text) for key, text in REASONS.items()},
        **_words(),
    }


def _words() -> dict[str, Any]:
    return {
        "items": {key: _(text) for key, text in ITEMS.items()},
        "states": _state_words(),
        "category_name": category_name,
    }


def _state_words() -> dict[str, tuple[str, str]]:
    """Return state → (word, tone of the badge)."""
    return {
        "awaited": (_("待提交"), "soon"),
        "handed_in": (_("待审核"), "open"),
        "correction": (_("需补正"), "bad"),
        "accepted": (_("已通过"), "good"),
        "rejected": (_("拒付"), "bad"),
        "withdrawn": (_("已退货或撤销"), ""),
    }


def _store_id() -> int:
    return counter_of_cashier_account(int(gates.principal().id)).store_id


def _go(address: str) -> Response:
    response = redirect(address, code=HTTPStatus.SEE_OTHER)
    assert isinstance(response, Response)
    return response
