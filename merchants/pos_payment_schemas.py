"""What tills send and are told of payment requests."""

from marshmallow import Schema, fields

from merchants.pos_schemas import AmountsBody, ReceiptAnswer


class PaymentBody(AmountsBody):
    """A bill that a customer is to scan."""


class PaymentCodeAnswer(Schema):
    """What to show as a QR code, and until when; then a new one is due."""

    payment_id = fields.UUID(required=True)
    scan_url = fields.URL(required=True, metadata={"description": "To be shown as a QR code, and never kept."})
    scan_expires_at = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601"})


class PaymentAnswer(Schema):
    """A payment request and what came of it."""

    payment_id = fields.UUID(required=True)
    status = fields.String(required=True, metadata={"enum": ["waiting", "redeemed", "cancelled", "timed_out"]})
    bill_fen = fields.Integer(required=True)
    discount_fen = fields.Integer(required=True, metadata={"description": "0 while nothing was used."})
    customer_pays_fen = fields.Integer(required=True)
    waits_until = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601; it waits no longer."})
    redemptions = fields.List(
        fields.Nested(ReceiptAnswer),
        required=True,
        metadata={"description": "One for each voucher that was used; void and refund them as any other."},
    )
