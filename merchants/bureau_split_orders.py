"""The bureau's page of orders that may have been split to use more vouchers than one order allows."""

from flask import Blueprint, render_template, request

from foundation.ids import LARGEST_ROW_ID
from ledger import naming
from merchants import split_orders

blueprint = Blueprint("split_orders_desk", __name__, template_folder="templates")


@blueprint.get("")
def flagged() -> str:
    """List flags, newest first; ``?merchant=`` shows one merchant's."""
    merchant_id = request.args.get("merchant", type=_row_id)
    page = split_orders.flagged(request.args.get("page", 1, type=_row_id), merchant_id=merchant_id)
    return render_template(
        "merchants/bureau_split_orders.html",
        page=page,
        merchant_id=merchant_id,
        minutes=int(split_orders.WITHIN.total_seconds() // 60),
        address_of=lambda redemption_id: naming.page_of("redemption", redemption_id.hex),
    )


def _row_id(text: str) -> int:
    return min(int(text), LARGEST_ROW_ID)
