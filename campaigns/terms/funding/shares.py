"""Shares: each entitlement is paid by several sources in fixed proportions."""

from collections.abc import Mapping
from dataclasses import dataclass

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Code, Share, said
from foundation.money import apportion

KIND = "shares"
WHOLE = 10_000


@dataclass(frozen=True)
class Shares:
    """shares: fund source code → hundredths of a percent, together exactly 10,000, in the order of the file."""

    shares: Mapping[str, int]

    def split(self, amount_fen: int) -> dict[str, int]:
        """Return source code → fen; the parts sum to ``amount_fen`` exactly (largest remainder)."""
        return apportion(amount_fen, self.shares)

    def describe(self, code: str) -> str:
        """Return what one source pays, for people."""
        return f"{self.shares[code] / 100:g}%"


class FileSchema(StrategySchema):
    make = Shares
    label = "按比例分担"
    hint = "各来源按比例出资，合计 100%"

    shares = fields.Dict(
        keys=Code(),
        values=Share(),
        required=True,
        metadata=said("分担比例", "合计 100%", refers="sources", key="资金来源", value="比例"),
    )

    @validates_schema
    def _shares_are_whole(self, data: dict[str, Mapping[str, int]], **_: object) -> None:
        total = sum(data["shares"].values())
        if total != WHOLE:
            raise ValidationError(f"各资金来源的比例合计必须是 100%，现在是 {total / 100:g}%", "shares")
