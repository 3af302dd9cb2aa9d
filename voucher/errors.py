"""Refusals of the voucher room: of claims to citizens, of codes to tills."""

from datetime import datetime
from typing import Any

from foundation.clock import local
from foundation.errors import N_, Conflict, Malformed, NotFound, TooMany
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


class EndedEarly(Conflict):
    code = "round_ended_early"
    message = N_("这一轮已经提前结束领取")
    way_out = N_("原因请看活动页面；已领的券在有效期内仍可使用")


class SoldOut(Conflict):
    code = "sold_out"
    message = N_("这种券已经领完")
    way_out = N_("未使用而过期的券会回到资金池，下一轮还会发放")


class LimitReached(Conflict):
    code = "limit_reached"
    message = N_("您已达到领取上限（最多 %(most)s 张）")
    way_out = N_("已领到的券在“我的消费券”里")


class PeriodLimitReached(LimitReached):
    message = N_("您%(period)s已达到领取上限（最多 %(most)s 张）")
    way_out = N_("%(moment)s 起重新计算；已领到的券在“我的消费券”里")


class NotByApplication(Conflict):
    code = "not_by_application"
    message = N_("这一项不按申请发放")
    way_out = N_("请回到活动页面重新选择")


class ApplicationLimitReached(LimitReached):
    message = N_("已达到申请上限（最多 %(most)s 份）")
    way_out = N_("以前各轮的申请也计算在内；已申请的在“我的申请”里")


class HadAnotherSubsidy(Conflict):
    code = "had_another_subsidy"
    message = N_("已经享受“%(campaign)s”，按规定不能再享受这项补贴")
    way_out = N_("如对记录有疑问，请联系活动咨询电话")


class AlreadyReserved(Conflict):
    code = "application_already_reserved"
    message = N_("这份申请已经占用了额度")
    way_out = N_("请刷新页面查看最新状态")


class NotReserved(Conflict):
    code = "application_not_reserved"
    message = N_("这份申请现在没有占用额度，不能这样办理")
    way_out = N_("请刷新页面查看最新状态：可能已经发放，或者已经退回")


class NotPricedYet(Conflict):
    code = "application_not_priced_yet"
    message = N_("这一档的补贴额要等这一轮结束后按申请数量确定")
    way_out = N_("请在本轮关闭后再审批发放")


class CategoryNeeded(Malformed):
    code = "category_needed"
    message = N_("请选择一个补贴品类")
    way_out = N_("一份资格用于一个品类的一件商品")
    field = "category"


class QuantityReached(Conflict):
    code = "quantity_reached"
    message = N_("%(category)s每人最多补贴 %(most)s 件，您已有的资格和已享受的补贴达到了上限")
    way_out = N_("可以选择其他品类；已领的资格在“我的券”里")


class ChancesUsedUp(Conflict):
    code = "chances_used_up"
    message = N_("%(category)s的领取次数（%(most)s 次）已经用完")
    way_out = N_("到期未用和退货的资格也算一次；可以选择其他品类")


class ClaimsTooOften(TooMany):
    code = "claims_too_often"
    message = N_("领取操作过于频繁，请 %(seconds)s 秒后再试")
    way_out = N_("这一次没有提交；已领到的券在“我的消费券”里")

    @classmethod
    def after(cls, seconds: int) -> "ClaimsTooOften":
        """Return the refusal that says when to come back."""
        refusal = cls(seconds=seconds)
        refusal.retry_after_seconds = seconds
        return refusal


class RealNameNeeded(Conflict):
    code = "real_name_needed"
    message = N_("这个活动须实名后才能领取")
    way_out = N_("请先填写姓名和身份证号码，填好会回到这里")


class TooYoung(Conflict):
    code = "too_young"
    message = N_("这个活动须年满 %(years)s 周岁")
    way_out = N_("年满 %(years)s 周岁的家人可以用自己的手机号领取")


class NotListed(Conflict):
    code = "not_listed"
    message = N_("这一轮定向发放，您登录的手机号和实名的身份证号不在名单上")
    way_out = N_("如名单登记的是身份证号，请先实名；如有疑问请联系报名单位")


class ByStaff(Conflict):
    code = "by_staff"
    message = N_("这一部分由工作人员在线下窗口代领，不能在手机上领")
    way_out = N_("请带身份证到服务窗口；会用手机的家人请领线上的轮次")


class LocationMissing(Conflict):
    code = "location_missing"
    message = N_("需要手机定位，确认您在活动区域内")
    way_out = N_("请在手机和浏览器的设置里允许使用位置，再点一次；位置只看一次，不保存")


class OutsideGeofence(Conflict):
    code = "outside_geofence"
    message = N_("您现在不在活动区域内")
    way_out = N_("请到活动区域内再试；定位不准时，可到室外重新点一次")


class NotAssisted(Conflict):
    code = "not_assisted"
    message = N_("这种券不在线下代领的轮次里")
    way_out = N_("请从列出的代领券里选择")
    field = "release_id"


class ListedOnce(Conflict):
    code = "listed_once"
    message = N_("名单上属于您的已经领取")
    way_out = N_("已领到的券在“我的券”里")


class ListUnknown(NotFound):
    code = "named_list_unknown"
    message = N_("没有这份名单")
    way_out = N_("请回到名单页面重新选择")


class ListNotDraft(Conflict):
    code = "named_list_not_draft"
    message = N_("这份名单已经确认或作废")
    way_out = N_("如要补充，请另导入一份")


class NoSuchListRelease(Conflict):
    code = "no_list_release"
    message = N_("这一项不是定向发放，或这一轮已经结束")
    way_out = N_("请在列表里选择要发放的券")


class ListUnreadable(Malformed):
    code = "list_unreadable"
    message = N_("读不了这份文件：%(why)s")
    way_out = N_("请用 Excel（.xlsx）或 CSV，首行写“姓名、手机号、身份证号”")
    field = "file"


class ListHasFaults(Malformed):
    code = "list_has_faults"
    message = N_("名单有 %(count)s 处需要修改")
    way_out = N_("请按下面的提示逐处修改后重新导入；现在什么都没有保存")
    field = "file"


class ByLottery(Conflict):
    code = "by_lottery"
    message = N_("这一轮摇号发放，请先报名")
    way_out = N_("请回到活动页面报名")


class ByApplication(Conflict):
    code = "by_application"
    message = N_("这一轮要申请并经过审核")
    way_out = N_("请回到活动页面提交申请")


class NotByLottery(Conflict):
    code = "not_by_lottery"
    message = N_("这一轮不摇号，可以直接领取")
    way_out = N_("请回到活动页面领取")


class RegistrationOver(Conflict):
    code = "registration_over"
    message = N_("报名已于 %(moment)s 截止")
    way_out = N_("开奖结果会公布在摇号页面；请留意下一轮")

    def __init__(self, *, register_until: datetime, **params: Any) -> None:
        super().__init__(moment=_day_and_time(register_until), **params)


class AlreadyEntered(Conflict):
    code = "already_entered"
    message = N_("您已经报过名，每人每轮一次")
    way_out = N_("报名编号和结果在摇号页面；同一身份证号等视为同一人")


class DrawUnknown(NotFound):
    code = "draw_unknown"
    message = N_("没有这次摇号")
    way_out = N_("请回到活动页面重新选择")


class NotYetPublished(NotFound):
    code = "draw_file_not_yet"
    message = N_("这份文件还没有公布")
    way_out = N_("名单在报名截止后公布，种子和结果在开奖后公布")


class NothingToTakeUp(Conflict):
    code = "nothing_to_take_up"
    message = N_("没有可以领取的中签")
    way_out = N_("已领取的在“我的券”里；过了期限的由后面的号递补")


class ChoiceTaken(Conflict):
    code = "choice_taken"
    message = N_("这几种只能选一种，您已经选过了")
    way_out = N_("已领到的券在“我的消费券”里；下一轮可以重新选")


class VoucherUnknown(NotFound):
    code = "voucher_unknown"
    message = N_("没有找到这张券")
    way_out = N_("请在“我的消费券”里重新打开")


class VoucherNotShowable(Conflict):
    code = "voucher_not_showable"
    message = N_("这张券已使用或已过期，不能再出示")
    way_out = N_("请在“我的消费券”里选择未使用的券")


class ShowsNoCode(Conflict):
    """Its campaign lets holders scan the till, and not the other way round."""

    code = "voucher_shows_no_code"
    message = N_("这种券不出示券码")
    way_out = N_("请在付款时用手机扫描商户收银台上的二维码")


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


class NotConfirmed(Conflict):
    code = "not_confirmed"
    message = N_("本店没有核验过这份资格，或者核验已经过时")
    way_out = N_("请让顾客打开资格码再扫一次")
    field = "confirmation"


class AlreadyRedeemed(Conflict):
    code = "already_redeemed"
    message = N_("这张券已于 %(moment)s 在“%(place)s”使用")
    way_out = N_("请告诉顾客：这张券已经用过；如有疑问可在券的详情里查看使用记录")
    field = "code"

    def __init__(self, *, redeemed_at: datetime | None, place: str | None, **params: Any) -> None:
        moment = f"{local(redeemed_at):%Y-%m-%d %H:%M:%S}" if redeemed_at else Words(N_("刚才"))
        super().__init__(moment=moment, place=place or "", **params)


class PartHandedOut(Conflict):
    code = "part_handed_out"
    message = N_("“%(part)s”已于 %(moment)s 在“%(place)s”发放")
    way_out = N_("请告诉领取人：这一项已经领过，可在领取码页面查看记录")

    def __init__(self, *, handed_at: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(handed_at):%Y-%m-%d %H:%M:%S}", **params)


class GiftEndedMeanwhile(Conflict):
    code = "gift_ended_meanwhile"
    message = N_("这份礼品已经过期，没有领的部分已退回资金池，不能再撤销")
    way_out = N_("请联系商务局处理")


class HadSubsidyElsewhere(Conflict):
    code = "had_subsidy_elsewhere"
    message = N_("这个%(what)s已在“%(campaign)s”的名单上，不能再享受这一项")
    way_out = N_("请核对号码；如果名单有误，请联系活动咨询电话核实")


class ElsewhereListUnknown(NotFound):
    code = "elsewhere_list_unknown"
    message = N_("没有这份名单，或者已经作废")
    way_out = N_("请回到外部补贴名单重新选择")


class ElsewhereRevokeReasonMissing(Malformed):
    code = "elsewhere_revoke_reason_missing"
    message = N_("请填写作废的原因，2 至 100 个字")
    way_out = N_("写明名单哪里有误")
    field = "reason"


class ElsewhereProgrammeMissing(Malformed):
    code = "elsewhere_programme_missing"
    message = N_("项目代码应当是 2 至 40 个小写字母、数字或连字符，名称 1 至 60 个字")
    way_out = N_("代码要与活动文件 apart_from 里写的一致")
    field = "programme"
