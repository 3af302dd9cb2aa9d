"""After the sale: invoice, delivery, a photo of the device and the old appliance, each within its days.

Real programmes differ only in the figures: 山东 wants the signature within 15 days, 海南 within a month; the old
appliance was required until 2024 and is encouraged since.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, validates_schema

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, choice
from foundation.errors import N_
from foundation.words import Words

KIND = "after_sale"

#: what may be asked for, in the order in which it is handed in → what people call it
ITEMS = {
    "invoice": N_("发票"),
    "delivery": N_("送货签收"),
    "device_photo": N_("机身照片"),
    "old_appliance": N_("旧机回收"),
}
OLD_APPLIANCES = {"required": "必须交旧", "encouraged": "鼓励交旧", "none": "不交旧"}
FILES = {"required": "上传照片或电子发票", "on_request": "填写信息，原件留存备查"}
LONGEST_DAYS = 180


@dataclass(frozen=True)
class AfterSale:
    """…_days: how many days after the day of the sale it must have been handed in; None where it is not asked for.

    old_appliance: a key of OLD_APPLIANCES. files: a key of FILES. correction_days: how long a merchant has for a
    correction. grace_days: how long after its last day a sale may still be handed in late; then its subsidy is refused.
    """

    invoice_days: int | None = None
    delivery_days: int | None = None
    device_photo_days: int | None = None
    old_appliance: str = "none"
    old_appliance_days: int | None = None
    files: str = "required"
    correction_days: int = 7
    grace_days: int = 0

    @property
    def deadlines(self) -> Mapping[str, int]:
        """Item → days, of everything that must be handed in."""
        days = {
            "invoice": self.invoice_days,
            "delivery": self.delivery_days,
            "device_photo": self.device_photo_days,
            "old_appliance": self.old_appliance_days,
        }
        return {item: count for item, count in days.items() if count is not None}

    def describe(self) -> list[Words]:
        """Return the duties in words."""
        told = [
            Words(N_("%(item)s须在售后 %(days)s 天内提交"), item=Words(ITEMS[item]), days=days)
            for item, days in self.deadlines.items()
        ]
        if self.old_appliance == "encouraged":
            told.append(Words(N_("鼓励交售旧家电，由门店登记回收去向")))
        if self.files == "on_request":
            told.append(Words(N_("原件由门店留存备查，审核时可要求上传")))
        late = Words(N_("审核要求补正的，须在 %(days)s 天内补齐"), days=self.correction_days)
        end = Words(N_("到期后 %(days)s 天仍未提交的，不予补贴，由商户承担"), days=self.grace_days)
        return [*told, late, end if self.grace_days else Words(N_("到期未提交的，不予补贴，由商户承担"))]


def _days(**options: Any) -> Count:
    return Count(most=LONGEST_DAYS, load_default=None, **options)


class FileSchema(StrategySchema):
    label = "售后材料"
    make = AfterSale

    invoice_days = _days()
    delivery_days = _days()
    device_photo_days = _days()
    old_appliance = choice(OLD_APPLIANCES, load_default="none")
    old_appliance_days = _days()
    files = choice(FILES, load_default="required")
    correction_days = Count(most=90, load_default=7)
    grace_days = Count(least=0, most=90, load_default=0)

    @validates_schema
    def _something_is_asked_for(self, data: Mapping[str, Any], **_options: Any) -> None:
        if (data["old_appliance"] == "required") != (data["old_appliance_days"] is not None):
            raise ValidationError('只有 old_appliance = "required" 时写，也必须写', "old_appliance_days")
        if data["files"] == "on_request" and data["device_photo_days"] is not None:
            raise ValidationError('照片本身就是文件；写了 files = "on_request" 就不能写这一项', "device_photo_days")
        if not any(data[f"{item}_days"] is not None for item in ITEMS):
            raise ValidationError(
                "至少要有一项材料：invoice_days、delivery_days、device_photo_days 或 old_appliance_days", "invoice_days"
            )
