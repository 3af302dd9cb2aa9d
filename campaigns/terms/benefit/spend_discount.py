"""满减: a fixed face value off a bill that reaches a threshold. Used once and whole; no change is given."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Yuan, said
from campaigns.terms.sale import BillBelowThreshold, Sale
from campaigns.terms.worth import Worth, WorthTable
from foundation.errors import N_
from foundation.money import LARGEST_AMOUNT_FEN, format_yuan, format_yuan_short
from foundation.words import Words

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

    @property
    def least_fen(self) -> int:
        """The least it costs when it is used."""
        return self.face_value_fen

    def worth(self, sale: Sale) -> Worth:
        """Return what it is worth to a sale; always the whole face.

        The threshold is compared with the bill after the merchant's own discounts and before this one
        (domain.md §1.5). Refuses BillBelowThreshold.
        """
        if sale.bill_fen < self.threshold_fen:
            raise BillBelowThreshold(threshold_fen=self.threshold_fen, bill_fen=sale.bill_fen)
        threshold, face = format_yuan_short(self.threshold_fen), format_yuan_short(self.face_value_fen)
        reason = f"消费 {format_yuan(sale.bill_fen)} 元，达到门槛 {threshold} 元，减 {face} 元"
        return Worth(self.face_value_fen, (reason,))

    def describe(self) -> Words:
        threshold, face = format_yuan_short(self.threshold_fen), format_yuan_short(self.face_value_fen)
        return Words(N_("满 %(threshold)s 元减 %(face)s 元"), threshold=threshold, face=face)

    def table(self) -> WorthTable:
        row = (format_yuan_short(self.face_value_fen), format_yuan_short(self.threshold_fen))
        return WorthTable(("面值（元）", "使用门槛（满，元）"), (row,))


def _make(*, face_value_fen: int, threshold_fen: int | None, threshold_times: int | None) -> SpendDiscount:
    return SpendDiscount(face_value_fen, _threshold(face_value_fen, threshold_fen, threshold_times))


def _threshold(face_value_fen: int, threshold_fen: int | None, times: int | None) -> int:
    return threshold_fen if threshold_fen is not None else face_value_fen * (times or 0)


class FileSchema(StrategySchema):
    make = staticmethod(_make)
    label = "满减"
    hint = "消费达到门槛，整张面值从账单上减去"

    face_value_fen = Yuan(required=True, data_key="face_value_yuan")
    threshold_fen = Yuan(
        load_default=None, data_key="threshold_yuan", metadata=said("使用门槛", "与倍数二选一，必须高于面值")
    )
    threshold_times = Count(least=2, most=100, load_default=None, metadata=said("门槛为面值的几倍", "与使用门槛二选一"))

    @validates_schema
    def _one_threshold_above_the_face(self, data: dict[str, Any], **_: object) -> None:
        given = [name for name in ("threshold_fen", "threshold_times") if data[name] is not None]
        if not given:
            raise ValidationError("缺少这一项；也可以写 threshold_times，即面值的倍数", "threshold_yuan")
        if len(given) == 2:
            raise ValidationError("threshold_yuan 和 threshold_times 只能写一项", "threshold_times")
        threshold_fen = _threshold(data["face_value_fen"], data["threshold_fen"], data["threshold_times"])
        if threshold_fen <= data["face_value_fen"]:
            raise ValidationError("使用门槛必须高于面值", "threshold_yuan")
        if threshold_fen > LARGEST_AMOUNT_FEN:
            raise ValidationError(f"使用门槛不能超过 {format_yuan(LARGEST_AMOUNT_FEN)} 元", "threshold_times")
