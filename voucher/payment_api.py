"""The door of the payment service: its signed notifications. Answers are JSON, refusals are problem details."""

import orjson
from flask import Blueprint, Response, request

from foundation.db import transaction
from voucher import payments
from voucher.purchase_errors import NotificationMalformed

blueprint = Blueprint("payment_api", __name__)

LARGEST_NOTIFICATION_BYTES = 16 * 1024


@blueprint.post("/notifications")
def notifications() -> Response:
    """Take one notification: {"payment_id": text of 1 to 64 characters, "purchase_id": UUID, "amount_fen": whole
    number}, signed in the header that the adapter reads. The same one again is answered alike and does nothing.

    The answer's "arrival" is "bought", or "late" or "twice" where the money goes back.
    """
    if (request.content_length or 0) > LARGEST_NOTIFICATION_BYTES:
        raise NotificationMalformed(why=f"正文不能超过 {LARGEST_NOTIFICATION_BYTES} 字节")
    body = request.get_data()
    with transaction():
        arrived = payments.notified(dict(request.headers), body)
    answer = {"payment": str(arrived.payment_id), "arrival": arrived.arrival, "returned": arrived.arrival != "bought"}
    return Response(orjson.dumps(answer), content_type="application/json")
