"""Refusals of payment requests, and of vouchers that are used the other way round."""

from foundation.errors import N_, Conflict, Malformed, NotFound


class CustomerMustScan(Conflict):
    """The till has scanned the code of a voucher whose campaign makes its holder scan the till's."""

    code = "customer_must_scan"
    message = N_("这种券要由顾客扫收银台的二维码，收银台不能扫它的券码")
    way_out = N_("请按“请顾客扫码”，让顾客用手机扫收银台上的二维码")


class MustShowCode(Conflict):
    """The holder has scanned the till, and the campaign makes tills scan the voucher's code."""

    code = "code_must_be_shown"
    message = N_("这种券要出示券码，由店员扫")
    way_out = N_("请打开这张券，把券码给店员扫")


class NothingToScan(Conflict):
    code = "nothing_to_scan"
    message = N_("本店参加的活动里，没有由顾客扫码使用的券")
    way_out = N_("请让顾客出示券码，用扫码枪或摄像头扫")


class PaymentUnknown(NotFound):
    code = "payment_unknown"
    message = N_("没有这个收银台二维码")
    way_out = N_("请扫收银台上现在显示的二维码")


class PaymentTokenExpired(Conflict):
    """Also for whoever has scanned in time and then thought too long."""

    code = "payment_token_expired"
    message = N_("这个二维码已经过时（每 60 秒更新一次）")
    way_out = N_("请扫收银台上现在显示的二维码，照片和截图无效")


class PaymentTimedOut(Conflict):
    code = "payment_timed_out"
    message = N_("这一单等得太久，已经结束")
    way_out = N_("还要用券，请收银台重新按“请顾客扫码”")


class PaymentCancelled(Conflict):
    code = "payment_cancelled"
    message = N_("收银台已经取消这一单")
    way_out = N_("还要用券，请店员重新发起，再扫新的二维码")


class PaymentDone(Conflict):
    code = "payment_done"
    message = N_("这一单已经用过券了")
    way_out = N_("不是您用的，请店员重新发起，再扫新的二维码")


class NothingChosen(Malformed):
    code = "nothing_chosen"
    message = N_("没有选券")
    way_out = N_("请选一张可以用的券")
    field = "vouchers"
