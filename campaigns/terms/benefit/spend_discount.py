"""满减: a fixed face value off a bill that reaches a threshold. Used once and whole; no change is given."""

from dataclasses import dataclass

from marshmallow import ValidationError, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Yuan
from campaigns.terms.sale import BillBelowThreshold, Sale

KIND = "spend_discount"


@dataclass(frozen=True)
class SpendDiscount:
    """face_value_fen > 0 off a bill of at least threshold_fen > face_value_fen."""

    face_value_fen: int
    threshold_fen: int

    @property
    def committed_fen(self) -> int:
        """What must be set aside when one is claimed: the most it can cost."""
        return self.face_value_fen

    def discount_fen(self, sale: Sale) -> int:
        """Return the discount for a sale; always the whole face.

        The threshold is compared with the bill after the merchant's own discounts and before this one
        (domain.md §1.5). Refuses BillBelowThreshold.
        """
        if sale.bill_fen < self.threshold_fen:
            raise BillBelowThreshold(threshold_fen=self.threshold_fen, bill_fen=sale.bill_fen)
        return self.face_value_fen


class FileSchema(StrategySchema):
    make = SpendDiscount

    face_value_fen = Yuan(required=True, data_key="face_value_yuan")
    threshold_fen = Yuan(required=True, data_key="threshold_yuan")

    @validates_schema
    def _threshold_above_face(self, data: dict[str, int], **_: object) -> None:
        if data["threshold_fen"] <= data["face_value_fen"]:
            raise ValidationError("使用门槛必须高于面值", "threshold_yuan")
