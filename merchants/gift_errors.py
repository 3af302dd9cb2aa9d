"""Refusals of handing out gifts."""

from foundation.errors import N_, Conflict, Malformed


class GiftToHandOut(Conflict):
    code = "gift_to_hand_out"
    message = N_("这是礼品的领取码，不用输金额")
    way_out = N_("请按屏幕列出的礼品发放；收银系统请改用礼品接口")
    field = "code"


class NotAGift(Conflict):
    code = "not_a_gift"
    message = N_("这不是礼品的领取码")
    way_out = N_("请按消费券或补贴资格核销")
    field = "code"


class NothingToHandOut(Malformed):
    code = "nothing_to_hand_out"
    message = N_("没有选要发放的礼品")
    way_out = N_("请至少选一项")
    field = "parts"


class PartUnknown(Malformed):
    code = "part_unknown"
    message = N_("这份礼品没有第 %(part)s 项")
    way_out = N_("请重新扫领取码，按列出的礼品发放")
    field = "parts"


class PartFromOthers(Conflict):
    code = "part_from_others"
    message = N_("“%(part)s”不由本店发放")
    way_out = N_("请告诉领取人到：%(suppliers)s")


class PartNumberMissing(Malformed):
    code = "part_number_missing"
    message = N_("没有填“%(part)s”的%(what)s")
    way_out = N_("请扫描或输入后再发放")


class NumberIsCode(Malformed):
    code = "number_is_code"
    message = N_("读到的是领取码，不是“%(part)s”的%(what)s")
    way_out = N_("请扫卡面或保单上的号码")


class CameBackMissing(Malformed):
    code = "came_back_missing"
    message = N_("没有说明“%(part)s”的去向")
    way_out = N_("请选择已收回或没有交出；收不回来的不能撤销")


class GiftNotRefundable(Conflict):
    code = "gift_not_refundable"
    message = N_("礼品没有消费金额，不能办退货")
    way_out = N_("发错的可在当天撤销；隔日请联系商务局")
