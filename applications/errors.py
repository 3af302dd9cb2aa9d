"""Refusals of the applications room: to applicants, to reviewers, and to whoever objects."""

from datetime import datetime
from typing import Any

from foundation.clock import local
from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound, TooMany

# --- applying ------------------------------------------------------------------------------------------------


class ApplicationUnknown(NotFound):
    code = "application_unknown"
    message = N_("没有这份申请")
    way_out = N_("请回到“我的申请”重新选择")


class NotAppliedFor(NotFound):
    code = "not_applied_for"
    message = N_("这个活动现在没有可以申请的补贴")
    way_out = N_("请回到活动页面查看受理时间")


class ApplyingNotOpenYet(Conflict):
    code = "applying_not_open_yet"
    message = N_("还没有开始受理，%(moment)s 开始")
    way_out = N_("可以先填写和上传，到时间再提交")

    def __init__(self, *, opens_at: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(opens_at):%Y-%m-%d %H:%M}", **params)


class ApplyingOver(Conflict):
    code = "applying_over"
    message = N_("受理已于 %(moment)s 截止")
    way_out = N_("请留意后续公告")

    def __init__(self, *, closes_at: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(closes_at):%Y-%m-%d %H:%M}", **params)


class NotChangeable(Conflict):
    code = "application_not_changeable"
    message = N_("这份申请现在不能修改")
    way_out = N_("请刷新页面查看它的最新状态")


class ApplicationIncomplete(Conflict):
    code = "application_incomplete"
    message = N_("还有 %(count)s 项没有完成")
    way_out = N_("请按任务列表补齐后再提交；已填的内容都在")


class ApplicationHasFaults(Conflict):
    code = "application_has_faults"
    message = N_("系统检查发现问题，还没有提交：%(told)s")
    way_out = N_("请修改后再提交；已填的内容都在")


class FundsUsedUp(Conflict):
    code = "subsidy_used_up"
    message = N_("补贴资金已经用完，本轮不设候补")
    way_out = N_("请留意后续公告；您填写的内容仍保留在草稿里")


class CorrectionCostsTooMuch(Conflict):
    code = "correction_costs_too_much"
    message = N_("更正后的补贴比原来多，剩余资金不够")
    way_out = N_("请核对价格；如果没有填错，请联系活动咨询电话")


class CorrectionOverdue(Conflict):
    code = "correction_overdue"
    message = N_("补正已于 %(moment)s 截止")
    way_out = N_("逾期没有补正的申请审核不通过")

    def __init__(self, *, correct_by: datetime, **params: Any) -> None:
        super().__init__(moment=f"{local(correct_by):%Y-%m-%d %H:%M}", **params)


class CannotWithdraw(Conflict):
    code = "application_not_withdrawable"
    message = N_("这份申请已经办结，不能撤回")
    way_out = N_("已经发放补贴的，退回请联系活动咨询电话")


class TooManyFiles(Conflict):
    code = "too_many_files"
    message = N_("“%(name)s”最多上传 %(most)s 份")
    way_out = N_("请先删除不要的再上传")
    field = "file"


class NoQrFound(Malformed):
    code = "no_qr_found"
    message = N_("没有认出发票二维码")
    way_out = N_("请对准发票左上角的二维码重新拍照，或者直接填写")
    field = "qr"


class NotAnInvoiceQr(Malformed):
    code = "not_an_invoice_qr"
    message = N_("这不是发票二维码")
    way_out = N_("请拍发票左上角的二维码，或者直接填写")
    field = "qr"


# --- fields --------------------------------------------------------------------------------------------------


class AnswerMissing(Malformed):
    code = "answer_missing"
    message = N_("请填写%(name)s")


class AnswerTooLong(Malformed):
    code = "answer_too_long"
    message = N_("%(name)s太长，最多 %(most)s 个字")


class AnswerNotAChoice(Malformed):
    code = "answer_not_a_choice"
    message = N_("请在列出的选项里选择%(name)s")


class DateMalformed(Malformed):
    code = "answer_date_malformed"
    message = N_("%(name)s应当是一个日期，例如 2023-06-18")


class DateOutside(Malformed):
    code = "answer_date_outside"
    message = N_("%(name)s应当在 %(first)s 至 %(last)s 之间")
    way_out = N_("请核对；不在这段时间的不能申请")


class DateInFuture(Malformed):
    code = "answer_date_in_future"
    message = N_("%(name)s不能晚于今天")


class PolicyNotOneYear(Malformed):
    code = "policy_not_one_year"
    message = N_("保险期应当满一年，止期是 %(last)s")
    way_out = N_("请对照保单核对起止日期；保险期不满一年的不能申请")


class PriceMalformed(Malformed):
    code = "answer_price_malformed"
    message = N_("%(name)s应当是以元为单位的金额，例如 152800.00")


class OwnersDiffer(Malformed):
    code = "owners_differ"
    message = N_("%(name)s与申请人“%(owner)s”不一致")
    way_out = N_("发票、行驶证、登记证书和银行卡都应当是申请人自己的；请核对是否填错")


class CertificateNumberMalformed(Malformed):
    code = "certificate_number_malformed"
    message = N_("登记证书编号应为 12 位数字")
    way_out = N_("在绿皮证书封面内页，条形码下面")


class AccountMalformed(Malformed):
    code = "firm_account_malformed"
    message = N_("银行账号应为 8 至 30 位数字")


class PlateElsewhere(Malformed):
    code = "plate_elsewhere"
    message = N_("号牌应当以 %(plates)s 开头")
    way_out = N_("不在本地上牌的不能申请这项补贴")


class DealerNotListed(Malformed):
    code = "dealer_not_listed"
    message = N_("销货单位不在参加活动的企业名单里")
    way_out = N_("请核对纳税人识别号；名单在活动页面“哪些商家能用”里")
    field = "seller_uscc"


# --- reviewing -----------------------------------------------------------------------------------------------


class ReviewerNeeded(Forbidden):
    code = "reviewer_needed"
    message = N_("您还不是审核人员")
    way_out = N_("请局领导在“审核人员”里登记您审核的县区")


class OtherCounty(Forbidden):
    code = "review_of_other_county"
    message = N_("这份申请由%(county)s审核")


class CityReviewOnly(Forbidden):
    code = "review_of_city"
    message = N_("这份申请现在由市级审核")


class ReviewedItBefore(Forbidden):
    code = "reviewed_it_before"
    message = N_("您已经在前一级审核通过了这份申请，这一级要由另一个人审核")


class NothingToReview(NotFound):
    code = "nothing_to_review"
    message = N_("现在没有等您审核的申请")
    way_out = N_("新提交的申请会按提交的先后出现在这里")


class CaseTaken(Conflict):
    code = "case_taken"
    message = N_("这份申请正由其他人审核")
    way_out = N_("请办理下一份；对方没有办完的，%(minutes)s 分钟后可以接手")


class CaseNotOpened(Conflict):
    code = "case_not_opened"
    message = N_("请先打开这份申请再决定")
    way_out = N_("打开的申请 %(minutes)s 分钟没有办完会放回队列")


class NotUnderReview(Conflict):
    code = "not_under_review"
    message = N_("这份申请现在不在审核中")
    way_out = N_("请刷新页面查看它的最新状态")


class TicksMissing(Conflict):
    code = "ticks_missing"
    message = N_("还有 %(count)s 项没有核对")
    way_out = N_("逐项核对并打勾后才能通过")


class ReasonMissing(Malformed):
    code = "review_reason_missing"
    message = N_("请选择理由")
    way_out = N_("理由会告诉申请人")
    field = "reasons"


class FieldsMissing(Malformed):
    code = "review_fields_missing"
    message = N_("请勾选需要补正的内容")
    way_out = N_("申请人只能修改勾选的内容")
    field = "fields"


class NoSuchReviewCounty(Malformed):
    code = "reviewer_county_unknown"
    message = N_("没有这个县区")
    field = "county"


class NotAReviewer(Conflict):
    code = "account_not_a_reviewer"
    message = N_("这个账号的岗位不是“审核”")
    way_out = N_("请先为审核人员建立岗位为 reviewer 的账号")


# --- public notices ------------------------------------------------------------------------------------------


class NoticeUnknown(NotFound):
    code = "public_notice_unknown"
    message = N_("没有这一批公示")
    way_out = N_("请回到公示列表")


class NoticeOver(Conflict):
    code = "public_notice_over"
    message = N_("这一批公示已经结束")
    way_out = N_("公示结束以后的问题，请联系监督电话")


class ObjectionEmpty(Malformed):
    code = "objection_empty"
    message = N_("请写明异议的理由，10 至 500 个字")
    field = "reason"


class ObjectionsTooMany(TooMany):
    code = "objections_too_many"
    message = N_("今天从这里提出的异议太多了")
    way_out = N_("请明天再来，或者联系监督电话")
