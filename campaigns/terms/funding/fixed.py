"""Fixed amounts: each entitlement is paid by several sources, each with fixed yuan (局 10 + 行 5 + 商户 10)."""

from collections.abc import Mapping
from dataclasses import dataclass

from marshmallow import ValidationError, fields, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Code, Yuan, said
from foundation.errors import N_
from foundation.money import apportion, format_yuan_short
from foundation.words import Words

KIND = "fixed"


@dataclass(frozen=True)
class Fixed:
    """amounts: fund source code → fen of one whole entitlement, in the order of the file. Together they are what
    one costs; ``campaigns/consistency.py`` has made sure of that."""

    amounts: Mapping[str, int]

    @property
    def shares(self) -> Mapping[str, int]:
        return self.amounts

    @property
    def whole_fen(self) -> int:
        return sum(self.amounts.values())

    def split(self, amount_fen: int) -> dict[str, int]:
        """Return source code → fen. The whole is split as it stands in the file; a part of it in proportion, by the
        largest remainder."""
        return apportion(amount_fen, self.amounts)

    def describe(self, code: str) -> Words:
        """Return what one source pays, for people."""
        return Words(N_("%(yuan)s 元"), yuan=format_yuan_short(self.amounts[code]))


class FileSchema(StrategySchema):
    make = Fixed
    label = "按固定金额"
    hint = "每张券各来源各出多少元"

    amounts = fields.Dict(
        keys=Code(),
        values=Yuan(),
        required=True,
        metadata=said("各方金额", "合计是一张券的全部", refers="sources", key="资金来源", value="金额（元）"),
    )

    @validates_schema
    def _somebody_pays(self, data: dict[str, Mapping[str, int]], **_: object) -> None:
        if not data["amounts"]:
            raise ValidationError("至少要有一个资金来源", "amounts")
