"""The bureau's pages of the product catalogue: search, history of one barcode, import with every wrong cell named."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.goods import GRADES, category_name
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import transaction
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID
from foundation.tables import TableUnreadable
from identity import gates
from identity.directory import officer_names
from identity.form_again import form_again
from merchants.errors import ProductsHaveFaults
from merchants.product_file import HEADINGS, ReadProducts, read_products
from merchants.products import find_products, import_products, product_history

blueprint = Blueprint("products_desk", __name__, template_folder="templates")

FAULTS_SHOWN = 200


@blueprint.app_template_filter("goods_category")
def goods_category(code: str) -> str:
    return category_name(code)


@blueprint.app_template_filter("goods_grade")
def goods_grade(code: str) -> str:
    return GRADES.get(code, code)


@blueprint.get("")
def products() -> str:
    """Show the catalogue and the form for another file."""
    return render_template("merchants/bureau_products.html", refusal=None, **_page())


@blueprint.post("")
def import_file() -> Response:
    """Read a file into the catalogue; when a cell is wrong, nothing is kept and every wrong cell is named."""
    gates.require_role("editor")
    uploaded = request.files.get("file")
    read = None
    try:
        if uploaded is None or not uploaded.filename:
            raise TableUnreadable(why=_("没有选择文件"))
        read = read_products(uploaded.read(), uploaded.filename, today=bureau_day(clock.now()))
        if read.faults:
            raise ProductsHaveFaults(count=len(read.faults))
        with transaction():
            count = import_products(read.lines, by=gates.principal().actor)
    except Refusal as refusal:
        return form_again("merchants/bureau_products.html", refusal, **_page(read))
    flash(_("已导入 %(count)s 条商品", count=f"{count:,}"))
    response = redirect(url_for("products_desk.products"), code=303)
    assert isinstance(response, Response)
    return response


@blueprint.get("/<barcode>")
def product(barcode: str) -> str:
    """Show one barcode and what was filed for it from when on."""
    history = product_history(barcode)
    names = officer_names([row.imported_by for row in history])
    return render_template("merchants/bureau_product.html", history=history, names=names)


def _page(read: ReadProducts | None = None) -> dict[str, object]:
    words = request.args.get("words", "")
    number = request.args.get("page", 1, type=int)
    return {
        "words": words,
        "found": find_products(words, min(number, LARGEST_ROW_ID)),
        "faults": read.faults[:FAULTS_SHOWN] if read else [],
        "headings": [names[0] for names in HEADINGS.values()],
    }
