"""Refusals of the voucher room: of claims to citizens, of codes to tills."""

from datetime import datetime
from typing import Any

from foundation.clock import local
from foundation.errors import N_, Conflict, Malformed, NotFound
from foundation.words import Words


def _day_and_time(moment: datetime) -> Words:
    there = local(moment)
    return Words(N_("%(month)s月%(day)s日 %(time)s"), month=f"{there:%m}", day=f"{there:%d}", time=f"{there:%H:%M}")


class ReleaseUnknown(NotFound):
    code = "release_unknown"
    message = N_("没有这种消费券")
    way_out = N_("请回到活动页面重新选择")


class NotOpenYet(Conflict):
    code = "round_not_open_yet"
    message = N_("还没有开始领取，%(moment)s 开抢")
    way_out = N_("请到时间再来，页面上有倒计时")

    def __init__(self, *, opens_at: datetime, **params: Any) -> None:
        super().__init__(moment=_day_and_time(opens_at), **params)


class RoundClosed(Conflict):
    code = "round_closed"
    message = N_("这一轮已于 %(moment)s 结束领取")
    way_out = N_("请留意下一轮发放时间")

    def __init__(self, *, closes_at: datetime, **params: Any) -> None:
        super().__init__(moment=_day_and_time(closes_at), **params)


class SoldOut(Conflict):
    code = "sold_out"
    message = N_("这种券已经领完")
    way_out = N_("未使用而过期的券会回到资金池，下一轮还会发放")


class LimitReached(Conflict):
    code = "limit_reached"
    message = N_("您已达到领取上限（最多 %(most)s 张）")
    way_out = N_("已领到的券在“我的消费券”里")


class VoucherUnknown(NotFound):
    code = "voucher_unknown"
    message = N_("没有找到这张券")
    way_out = N_("请在“我的消费券”里重新打开")


class VoucherNotShowable(Conflict):
    code = "voucher_not_showable"
    message = N_("这张券已使用或已过期，不能再出示")
    way_out = N_("请在“我的消费券”里选择未使用的券")


class OpenedElsewhere(Conflict):
    code = "voucher_opened_elsewhere"
    message = N_("这张券已在另一台设备上打开")
    way_out = N_("如要在这台设备上使用，请点“在这台设备上使用”")


class CodeMalformed(Malformed):
    code = "code_malformed"
    message = N_("券码应当是 20 位数字")
    way_out = N_("请让顾客重新打开券码，再扫一次；手工输入请用半角数字")
    field = "code"


class CodeForeign(Malformed):
    code = "code_foreign"
    message = N_("这不是消费券码，可能是付款码或其他二维码")
    way_out = N_("请告诉顾客：打开“我的消费券”，出示消费券的二维码")
    field = "code"


class CodeMistyped(Malformed):
    code = "code_mistyped"
    message = N_("券码有一位输错了")
    way_out = N_("请核对后重新输入，或改用扫码")
    field = "code"


class CodeUnknown(NotFound):
    code = "code_unknown"
    message = N_("没有这个券码")
    way_out = N_("请告诉顾客：重新打开券码页面再出示一次")
    field = "code"


class CodeExpired(Conflict):
    code = "code_expired"
    message = N_("这个券码已过时（每 60 秒更新一次）")
    way_out = N_("请告诉顾客：不要用截图，打开券码页面等它刷新后再出示")
    field = "code"


class CodeRetired(Conflict):
    code = "code_retired"
    message = N_("这张券已在另一台设备上打开，这个券码已作废")
    way_out = N_("请告诉顾客：在最后打开券的那台手机上出示")
    field = "code"


class AlreadyRedeemed(Conflict):
    code = "already_redeemed"
    message = N_("这张券已于 %(moment)s 在“%(place)s”使用")
    way_out = N_("请告诉顾客：这张券已经用过；如有疑问可在券的详情里查看使用记录")
    field = "code"

    def __init__(self, *, redeemed_at: datetime | None, place: str | None, **params: Any) -> None:
        moment = f"{local(redeemed_at):%Y-%m-%d %H:%M:%S}" if redeemed_at else Words(N_("刚才"))
        super().__init__(moment=moment, place=place or "", **params)
