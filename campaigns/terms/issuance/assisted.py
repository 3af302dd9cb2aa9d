"""Assisted (线下代领): the bureau's staff claim for people without a smartphone, who get a printed voucher.

The stock of the round is what is set apart for them. With ``beside`` the round shares the limits of an online round, so
that nobody claims in both.
"""

from dataclasses import dataclass

from marshmallow import fields

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Code
from foundation.errors import N_
from foundation.words import Words

KIND = "assisted"


@dataclass(frozen=True)
class Assisted:
    """beside: code of the round whose limits per person count here too; "" for none."""

    beside: str = ""

    def describe(self) -> Words:
        return Words(N_("线下代领：本人带身份证到服务窗口，由工作人员代领纸质券"))


class FileSchema(StrategySchema):
    label = "线下代领"
    make = Assisted

    beside: fields.Field[str] = Code(load_default="")
