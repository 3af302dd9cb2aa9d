"""Several codes on one bill at the till page."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from foundation.errors import Refusal
from foundation.idempotency import Answer
from merchants import orders
from merchants.asking import Asked
from merchants.errors import GoodsToConfirm
from merchants.redemptions import record_refusal
from merchants.register import Counter


def redeem_together(counter: Counter, asked: Asked, refused: Callable[[Refusal], Answer]) -> Answer:
    """Redeem the codes that the till has gathered, all or none; each refused scan stays on the trail."""
    code_texts = asked.code_texts or []
    try:
        receipt = orders.redeem_order(
            counter,
            code_texts,
            asked.bill_fen,
            list_fen=asked.more["list_fen"],
            excluded_fen=asked.more["excluded_fen"],
            asks_goods=True,
        )
    except Refusal as refusal:
        if refusal.retryable:
            raise
        if isinstance(refusal, GoodsToConfirm):
            return refused(refusal)
        for text in code_texts[: orders.MOST_CODES]:
            record_refusal(counter, refusal, code_text=text, bill_fen=asked.bill_fen)
        return refused(refusal)
    return Answer(HTTPStatus.CREATED, {"ok": True, "receipt": order_document(receipt)})


def order_document(receipt: orders.OrderReceipt) -> dict[str, Any]:
    """Return an order as the till's script takes it."""
    first = receipt.receipts[0]
    listed_fen = receipt.list_fen
    return {
        "id": str(first.redemption_id),
        "offer_name": f"{first.offer_name} × {len(receipt.receipts)}",
        "list_fen": listed_fen,
        "merchant_discount_fen": (listed_fen or receipt.bill_fen) - receipt.bill_fen,
        "bill_fen": receipt.bill_fen,
        "excluded_fen": receipt.excluded_fen,
        "discount_fen": receipt.discount_fen,
        "customer_pays_fen": receipt.customer_pays_fen,
        "redeemed_at": first.redeemed_at.isoformat(),
    }
