"""Counted: at most so many of one offer in one order, and at most so many per person and day; and who scans whom.

Where several are used together the bill must reach the sum of their thresholds: four of 满50减20 need 200. That is how
notices that allow several read (每满 50 元减 20 元), and it keeps the rate that was announced: with one threshold alone
four would take 80 off 80. ``thresholds = "once"`` is for notices that say so.

A code can be photographed and sent to a till in another place; a till's own code, which lives a minute, makes its
holder stand there. ``scan_mode`` says which of the two ways a notice allows.
"""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, choice, said
from campaigns.terms.sale import TooManyInOrder
from foundation.errors import N_
from foundation.words import Words

KIND = "counted"

THRESHOLDS = {"sum": "各张的门槛相加", "once": "只算一次"}
#: shown (被扫): the till scans the voucher's code. scanned (主扫): its holder scans the till's.
SCAN_MODES = {
    "shown": N_("出示券码，由店员扫码"),
    "scanned": N_("用手机扫收银台的二维码"),
    "either": N_("出示券码或扫收银台的二维码都可以"),
}
_SCANS = {
    "shown": N_("使用时出示平台上的动态券码，券码每分钟更新，截图和照片无效"),
    "scanned": N_("使用时用手机扫描商户收银台上的二维码，选券后当场抵扣；不出示券码，二维码每分钟更新，截图和照片无效"),
    "either": N_("使用时出示平台上的动态券码，或者用手机扫描商户收银台上的二维码；每分钟更新，截图和照片无效"),
}


@dataclass(frozen=True)
class Counted:
    """per_order >= 1 of this offer in one order. per_day: per person and bureau day, None without a limit.
    thresholds: a key of THRESHOLDS. scan_mode: a key of SCAN_MODES."""

    per_order: int = 1
    per_day: int | None = None
    thresholds: str = "sum"
    scan_mode: str = "shown"

    @property
    def may_show(self) -> bool:
        """Whether a till may scan its code."""
        return self.scan_mode != "scanned"

    @property
    def may_scan(self) -> bool:
        """Whether its holder may scan a till's code."""
        return self.scan_mode != "shown"

    def check(self, vouchers: int) -> None:
        """Refuse TooManyInOrder for more than one order may have."""
        if vouchers > self.per_order:
            raise TooManyInOrder(vouchers=vouchers, most=self.per_order)

    def needed_fen(self, threshold_fen: int, face_value_fen: int, vouchers: int) -> int:
        """Return the least bill for so many together; never less than what comes off it."""
        if self.thresholds == "sum":
            return threshold_fen * vouchers
        return max(threshold_fen, face_value_fen * vouchers)

    def describe(self) -> Words:
        if self.per_order == 1:
            told = Words(N_("每单限用 1 张"))
        elif self.thresholds == "sum":
            told = Words(N_("每单最多用 %(count)s 张，消费金额须达到各张门槛之和"), count=self.per_order)
        else:
            told = Words(N_("每单最多用 %(count)s 张，门槛只算一次"), count=self.per_order)
        if self.per_day is None:
            return told
        return Words(N_("%(told)s，每人每天最多用 %(count)s 张"), told=told, count=self.per_day)

    def describe_way(self) -> Words:
        """Return who scans whom, in short."""
        return Words(SCAN_MODES[self.scan_mode])

    def describe_scan(self) -> Words:
        """Return who scans whom, as notices have it."""
        return Words(_SCANS[self.scan_mode])


class FileSchema(StrategySchema):
    label = "按张数"
    make = Counted

    per_order = Count(most=20, load_default=1)
    per_day = Count(most=100, load_default=None)
    thresholds = choice(THRESHOLDS, load_default="sum")
    scan_mode = choice(
        SCAN_MODES, load_default="shown", metadata=said("扫码方式", "不填为出示券码；防止拍照发码异地套现时用扫收银台")
    )
