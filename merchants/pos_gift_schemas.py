"""What tills send and are told of gifts."""

from marshmallow import RAISE, Schema, fields, validate

from campaigns.terms.gifts import NUMBERS
from voucher.gifts import CAME_BACK, masked

_KINDS = {"enum": list(NUMBERS), "description": "What number is kept when it is handed out."}


class CameBackBody(Schema):
    """How one part came back whose hand-out was a mistake."""

    class Meta:
        unknown = RAISE

    part = fields.Integer(required=True, strict=True, validate=validate.Range(1, 9_999))
    how = fields.String(
        required=True,
        validate=validate.OneOf(list(CAME_BACK)),
        metadata={"description": "collected: from who had received it; not_given: it never left the desk."},
    )


class PartBody(Schema):
    """One part to hand out, and its number where one is kept."""

    class Meta:
        unknown = RAISE

    part = fields.Integer(required=True, strict=True, validate=validate.Range(1, 9_999))
    number = fields.String(load_default="", validate=validate.Length(0, 60), metadata={"example": "10001133001234567"})


class HandOutBody(Schema):
    """The parts of a scanned gift that are handed out now."""

    class Meta:
        unknown = RAISE

    parts = fields.List(fields.Nested(PartBody), required=True, validate=validate.Length(1, 50))


class PartAnswer(Schema):
    """One part of a gift, as this store sees it."""

    part = fields.Integer(required=True, attribute="part.number")
    name = fields.String(required=True, attribute="part.gift.name")
    advertised_fen = fields.Integer(required=True, attribute="part.gift.advertised_fen")
    number_kind = fields.String(required=True, attribute="part.gift.number", metadata=_KINDS)
    may_hand_out = fields.Boolean(required=True, metadata={"description": "By this store, now."})
    handed_at = fields.DateTime(required=True, allow_none=True, attribute="part.handed.handed_at", dump_default=None)
    suppliers = fields.List(
        fields.String(), required=True, metadata={"description": "Who hands it out; empty where every store may."}
    )


class GiftAnswer(Schema):
    """A gift that this store has scanned and may hand out parts of, without its code, until ``until``."""

    entitlement_id = fields.UUID(required=True, metadata={"description": "Send parts to its hand-outs."})
    campaign_name = fields.String(required=True)
    offer_name = fields.String(required=True)
    parts = fields.List(fields.Nested(PartAnswer), required=True)
    until = fields.DateTime(required=True, metadata={"description": "UTC, ISO 8601; exclusive"})


class HandedPartAnswer(Schema):
    """A part that was handed out, its number masked."""

    part = fields.Integer(required=True)
    name = fields.String(required=True)
    number_kind = fields.String(required=True, metadata=_KINDS)
    number = fields.Function(lambda row: masked(row.number), metadata={"type": "string"})
    came_back = fields.String(
        required=True, allow_none=True, metadata={"description": "Of a voided hand-out.", "enum": [*CAME_BACK]}
    )
