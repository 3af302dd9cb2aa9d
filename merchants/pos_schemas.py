"""What tills send and are told."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from campaigns.goods import GRADES, categories
from foundation.money import LARGEST_AMOUNT_FEN
from merchants.pos_gift_schemas import CameBackBody, HandedPartAnswer
from merchants.strict_json import LARGEST_JSON_INTEGER


class Fen(fields.Integer):
    """An amount as a whole number of fen; text, fractions and truth values are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        if abs(value) > LARGEST_JSON_INTEGER:
            raise ValidationError("The amount is too large.")
        return value


class _Body(Schema):
    class Meta:
        unknown = RAISE


_BILL = {
    "description": "The bill in fen after the merchant's own discounts: 12850 is 128.50 yuan.",
    "example": 12850,
    "minimum": 1,
    "maximum": LARGEST_AMOUNT_FEN,
}


def _excluded() -> Fen:
    return Fen(
        allow_none=True,
        metadata={
            "description": (
                "What of bill_fen is goods that the voucher may not buy, such as tobacco: taken off before the "
                "threshold is looked at. Missing means none."
            ),
            "example": 2500,
            "minimum": 0,
        },
    )


class ItemBody(_Body):
    """The one article that a subsidy qualification is used for; its price is the bill."""

    category = fields.String(
        validate=validate.OneOf(list(categories())),
        metadata={"description": "Left out, it is that of the qualification.", "example": "refrigerator"},
    )
    grade = fields.String(
        validate=validate.OneOf(list(GRADES)),
        metadata={
            "description": "Of the energy or water label; none without one. Needed where the rate depends on it.",
            "example": "1",
        },
    )
    barcode = fields.String(
        validate=validate.Length(1, 40), metadata={"description": "EAN-13 of the article.", "example": "6901234567892"}
    )
    serial = fields.String(
        validate=validate.Length(1, 60),
        metadata={"description": "Serial number; counts once over all campaigns.", "example": "SN20250808001"},
    )
    imei = fields.String(
        validate=validate.Length(1, 40),
        metadata={"description": "Of a telephone; counts once over all campaigns.", "example": "490154203237518"},
    )
    brand = fields.String(validate=validate.Length(0, 40), metadata={"example": "海尔"})
    model_name = fields.String(validate=validate.Length(0, 80), metadata={"example": "BCD-500WLHTD"})


_CODE = {
    "description": "The digits under the customer's QR code, on a screen or on paper, as scanned.",
    "example": "96314159265358979321",
}


class CodeBody(_Body):
    """A code alone."""

    code = fields.String(required=True, validate=validate.Length(1, 64), metadata=_CODE)


class RedeemBody(_Body):
    """A code, or a qualification that this store has confirmed, and a bill."""

    code = fields.String(validate=validate.Length(1, 64), metadata=_CODE)
    confirmation = fields.String(
        validate=validate.Regexp(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"),
        metadata={
            "description": "In place of a code: entitlement_id of a confirmation by this store.",
            "format": "uuid",
        },
    )
    item = fields.Nested(ItemBody, metadata={"description": "The article, for subsidy qualifications."})

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_options: Any) -> None:
        if bool(data.get("code")) == bool(data.get("confirmation")):
            raise ValidationError("Send either code or confirmation.", "code")

    bill_fen = Fen(required=True, metadata=_BILL)
    list_fen = Fen(
        allow_none=True,
        metadata={
            "description": (
                "The sale before the merchant's own discounts, where there are any; bill_fen is after them and decides "
                "whether the threshold is reached."
            ),
            "example": 15000,
            "minimum": 1,
            "maximum": LARGEST_AMOUNT_FEN,
        },
    )
    excluded_fen = _excluded()


class VoidBody(_Body):
    """Why a redemption is taken back."""

    reason = fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "2 to 100 characters, kept with the redemption.", "example": "顾客退货"},
    )
    came_back = fields.List(
        fields.Nested(CameBackBody),
        load_default=list,
        metadata={"description": "Where parts of a gift were handed out: how each of them came back."},
    )


class RefundBody(_Body):
    """What comes back of a redemption."""

    goods_fen = Fen(
        required=True,
        metadata={
            "description": "The returned goods' part of the bill in fen, before the voucher.",
            "example": 5000,
            "minimum": 1,
            "maximum": LARGEST_AMOUNT_FEN,
        },
    )
    reason = fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "2 to 100 characters, kept with the refund.", "example": "质量问题"},
    )
    paid_back = fields.Boolean(
        load_default=False,
        metadata={"description": "The customer has paid the subsidy back, where the campaign wants that first."},
    )


class QuoteAnswer(Schema):
    """What a code would be worth; bill + excluded = discount + customer pays."""

    bill_fen = fields.Integer(required=True, metadata={"description": "What counts, without excluded goods."})
    excluded_fen = fields.Integer(
        required=True, metadata={"description": "Goods that the voucher may not buy, paid beside the bill."}
    )
    discount_fen = fields.Integer(required=True)
    customer_pays_fen = fields.Integer(required=True)
    invoice_fen = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "What the invoice must say, where the campaign cares about it."},
    )


class WorthAnswer(QuoteAnswer):
    """What a code would be worth, and how that was arrived at."""

    given_as = fields.String(required=True, metadata={"enum": ["discount", "cash", "gift"]})
    reasons = fields.List(fields.String(), required=True, metadata={"description": "One sentence each, in Chinese."})


class ItemAnswer(Schema):
    """The article that a qualification was used for, its numbers in canonical spelling."""

    category = fields.String(required=True)
    grade = fields.String(required=True)
    barcode = fields.String(required=True)
    serial = fields.String(required=True)
    imei = fields.String(required=True)
    brand = fields.String(required=True)
    model_name = fields.String(required=True)


class ConfirmationAnswer(Schema):
    """A qualification that this store may complete a sale with, without its code, until ``until``."""

    entitlement_id = fields.UUID(required=True, metadata={"description": "Send it as confirmation."})
    campaign_name = fields.String(required=True)
    offer_name = fields.String(required=True)
    category = fields.String(required=True)
    category_name = fields.String(required=True)
    cap_fen = fields.Integer(required=True, metadata={"description": "The most that it can be worth."})
    identify = fields.List(
        fields.String(metadata={"enum": ["serial", "imei", "serial_or_imei", "barcode"]}),
        required=True,
        metadata={"description": "What must be sent of the article."},
    )
    until = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601; exclusive"})


class HeldAnswer(Schema):
    """Why the bureau will look at the price of a sale, and what it was judged by."""

    reason = fields.String(required=True)
    message = fields.String(
        required=True, attribute="sentence", metadata={"description": "For the people at the till."}
    )
    against_fen = fields.Integer(required=True, metadata={"description": "The price that it was compared with."})
    most_fen = fields.Integer(required=True, metadata={"description": "The highest price that would have been right."})
    days = fields.Integer(required=True, allow_none=True)
    sales = fields.Integer(required=True, allow_none=True)


class ReceiptAnswer(QuoteAnswer):
    """A redemption as the till prints it."""

    item = fields.Nested(ItemAnswer, required=True, allow_none=True)
    gift = fields.List(
        fields.Nested(HandedPartAnswer),
        required=True,
        metadata={"description": "The parts that were handed out, where it is of a gift; then there is no bill."},
    )
    held = fields.Nested(HeldAnswer, required=True, allow_none=True)

    redemption_id = fields.UUID(required=True)
    status = fields.String(required=True, metadata={"enum": ["redeemed", "voided", "returned", "refunded"]})
    list_fen = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Before the merchant's own discounts, if it was sent."}
    )
    merchant_discount_fen = fields.Integer(
        required=True, metadata={"description": "What the merchant gave by its own discounts."}
    )
    borne_fen = fields.Integer(
        required=True, metadata={"description": "The merchant's own share of the discount, which is not paid to it."}
    )
    order_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The order that it shares with other codes, if any."}
    )
    refunded_bill_fen = fields.Integer(required=True, metadata={"description": "What has come back of the bill."})
    campaign_name = fields.String(required=True)
    offer_name = fields.String(required=True)
    merchant_name = fields.String(required=True)
    store_name = fields.String(required=True)
    redeemed_at = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601"})
    voided_at = fields.DateTime(required=True, allow_none=True)
    void_reason = fields.String(required=True, allow_none=True)


class RefundAnswer(Schema):
    """A refund: of the discount, discount_fen come back, and the customer is to be given customer_fen."""

    refund_id = fields.UUID(required=True)
    redemption_id = fields.UUID(required=True)
    goods_fen = fields.Integer(required=True)
    discount_fen = fields.Integer(required=True)
    customer_fen = fields.Integer(required=True)
    restored = fields.Boolean(required=True, metadata={"description": "The customer has the voucher again."})
    reason = fields.String(required=True)
    refunded_at = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601"})


class ProblemAnswer(Schema):
    """An RFC 9457 problem. ``code`` is stable; ``detail`` and ``way_out`` are for the people at the till."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    code = fields.String(required=True)
    field = fields.String(required=True, allow_none=True)
    way_out = fields.String(required=True)
    retryable = fields.Boolean(
        required=True, metadata={"description": "Whether the same request may succeed when it is sent again."}
    )
    request_id = fields.String(required=True)
    errors = fields.Dict(metadata={"description": "By place in the request: what is wrong with it."})


class AmountsBody(_Body):
    """A bill, whatever is used for it."""

    bill_fen = Fen(required=True, metadata=_BILL)
    list_fen = Fen(
        allow_none=True,
        metadata={"description": "The sale before the merchant's own discounts, where there are any.", "minimum": 1},
    )
    excluded_fen = _excluded()


class OrderBody(AmountsBody):
    """Several codes of one customer and one bill."""

    codes = fields.List(
        fields.String(validate=validate.Length(1, 64)),
        required=True,
        validate=validate.Length(2, 20),
        metadata={"description": "The digits of each code, as scanned.", "example": ["96314159265358979321"] * 2},
    )


class OrderAnswer(QuoteAnswer):
    """An order of several codes: the sums, and a receipt for each code with its part of the bill."""

    order_id = fields.UUID(required=True)
    redemptions = fields.List(fields.Nested(ReceiptAnswer), required=True, attribute="receipts")


class BetterAnswer(Schema):
    """What the customer had better use; all null where there is nothing better."""

    offer_name = fields.String(required=True, allow_none=True)
    vouchers = fields.Integer(required=True, allow_none=True, metadata={"description": "How many of it together."})
    discount_fen = fields.Integer(required=True, allow_none=True)
