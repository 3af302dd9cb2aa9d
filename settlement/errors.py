"""Refusals of the settlement room."""

from foundation.errors import N_, Conflict, Forbidden, Malformed, NotFound


class DayNotOver(Conflict):
    code = "day_not_over"
    message = N_("%(day)s 还没有过完，不能关账")
    way_out = N_("最晚可以关到昨天")
    field = "last_day"


class NothingToSettle(Conflict):
    code = "nothing_to_settle"
    message = N_("截至 %(day)s 没有未结算的核销")
    way_out = N_("请选择更晚的日期，或查看已有的结算批次")
    field = "last_day"


class BatchUnknown(NotFound):
    code = "settlement_batch_unknown"
    message = N_("没有这个结算批次")
    way_out = N_("请回到结算批次列表重新选择")


class StatementUnknown(NotFound):
    code = "statement_unknown"
    message = N_("没有这张对账单")
    way_out = N_("请回到结算批次重新选择")


class BatchNotInState(Conflict):
    code = "settlement_batch_not_in_state"
    message = N_("这个批次现在是“%(state)s”，不能这样办理")
    way_out = N_("请刷新页面查看最新状态")


class ApproverClosedIt(Forbidden):
    code = "approver_closed_it"
    message = N_("不能由关账的人自己审批")
    way_out = N_("请让另一位财务人员审批")


class ReasonMissing(Malformed):
    code = "reason_missing"
    message = N_("请写明原因（2 至 100 个字）")
    way_out = N_("原因会留在批次记录里")
    field = "reason"


class PaymentReferenceMissing(Malformed):
    code = "payment_reference_missing"
    message = N_("请填写银行或国库的付款凭证号（2 至 60 个字）")
    way_out = N_("凭证号在银行回单或国库支付令上")
    field = "payment_reference"


class RefundNotPending(Conflict):
    code = "refund_not_pending"
    message = N_("这笔退款没有待退回的金额")
    way_out = N_("请刷新页面：可能已经在对账单里扣回，或已经登记退回")


class NotPaidYet(Conflict):
    code = "redemption_not_paid_yet"
    message = N_("这笔核销还没有拨付，不需要商户退回")
    way_out = N_("会在商户的下一张对账单里自动扣回")


class NothingToPayOut(Conflict):
    code = "nothing_to_pay_out"
    message = N_("没有要付给市民的补贴")
    way_out = N_("审核通过的申请会列在这里；已经编批的在下面的批次里")


class PayoutBatchUnknown(NotFound):
    code = "payout_batch_unknown"
    message = N_("没有这个兑付批次")
    way_out = N_("请回到兑付批次列表重新选择")


class PayoutUnknown(NotFound):
    code = "payout_unknown"
    message = N_("没有这笔兑付")
    way_out = N_("请回到兑付批次重新选择")


class PayoutNotInState(Conflict):
    code = "payout_not_in_state"
    message = N_("这笔兑付现在不能这样办理")
    way_out = N_("请刷新页面查看最新状态")


class PaymentUnderway(Conflict):
    code = "payment_underway"
    message = N_("这笔款已交银行，还不知道付款结果")
    way_out = N_("请先登记银行的结果：付款成功的再登记追回，付款失败的再取消")


class AnswersDoNotFit(Malformed):
    code = "bank_answers_do_not_fit"
    message = N_("第 %(number)s 笔：%(why)s")
    way_out = N_("请核对银行返回的文件后重新导入；现在什么都没有登记")
    field = "file"


class ReplyUnreadable(Malformed):
    code = "bank_reply_unreadable"
    message = N_("读不了银行返回的文件：%(why)s")
    way_out = N_("请用 Excel（.xlsx）或 CSV，首行要有“序号”和“结果”")
    field = "file"


class EvidenceMissing(Malformed):
    code = "evidence_missing"
    message = N_("请填写依据（2 至 100 个字）")
    way_out = N_("例如红字发票号码、退车协议编号")
    field = "evidence"


class RepayByMissing(Malformed):
    code = "repay_by_missing"
    message = N_("补贴已经付出，请写明市民最晚哪天退回")
    way_out = N_("期限不能早于今天")
    field = "repay_by"


class QueryMalformed(Malformed):
    code = "report_query_malformed"
    message = N_("报表条件“%(given)s”无法识别")
    way_out = N_("请从列表中选择")


class PeriodMalformed(Malformed):
    code = "report_period_malformed"
    message = N_("开始日期必须不晚于结束日期")
    way_out = N_("请重新选择日期")
    field = "first_day"
