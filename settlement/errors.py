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


class PeriodNotOver(Conflict):
    code = "settlement_period_not_over"
    message = N_("%(day)s 的核销还没有到关账的日子（%(cadence)s）")
    way_out = N_("这一天的核销从 %(due)s 起可以关账")
    field = "last_day"


class StillChecking(Conflict):
    code = "merchants_still_checking"
    message = N_("还有 %(count)s 家商户在核对对账单，现在不能审批")
    way_out = N_("全部答复后可以审批；核对到 %(day)s 为止，逾期不答复视为确认")


class CheckOver(Conflict):
    code = "statement_check_over"
    message = N_("这张对账单现在不能再答复")
    way_out = N_("请刷新页面：可能已经答复过、核对期已过，或者批次已退回")


class NothingDisputed(Malformed):
    code = "nothing_disputed"
    message = N_("没有选择有异议的核销")
    way_out = N_("请勾选有异议的核销并写明原因；都没有问题的，请确认对账单")


class DisputeReasonMissing(Malformed):
    code = "dispute_reason_missing"
    message = N_("每一笔有异议的核销都要写明原因（2 至 100 个字）")
    way_out = N_("请写明哪里不对，商务局按它核实")
    field = "reason"


class LineNotOnStatement(Conflict):
    code = "line_not_on_statement"
    message = N_("有的核销不在这张对账单上")
    way_out = N_("请刷新页面后重新选择")


class LineDecided(Conflict):
    code = "disputed_line_decided"
    message = N_("有的核销以前提过异议，商务局已经决定")
    way_out = N_("请查看商务局的答复，并去掉这一笔")


class DisputeUnknown(NotFound):
    code = "dispute_unknown"
    message = N_("没有这笔异议")
    way_out = N_("请回到异议列表重新选择")


class DisputeDecided(Conflict):
    code = "dispute_decided"
    message = N_("这笔异议已经决定")
    way_out = N_("请刷新页面查看结果")


class NotPrefunded(Conflict):
    code = "campaign_not_prefunded"
    message = N_("这个活动不是资金预拨的")
    way_out = N_("只有活动文件里写明资金预拨的，才登记到账和原路退回")


class SourceUnknown(NotFound):
    code = "fund_source_unknown"
    message = N_("这个活动没有这个要预拨的资金来源")
    way_out = N_("请从列表中选择")
    field = "source"


class DepositTooLarge(Conflict):
    code = "deposit_too_large"
    message = N_("这个资金来源只有 %(yuan)s 元还没有到账")
    way_out = N_("多拨的请先修改活动、追加预算，再登记")
    field = "amount"


class DepositKnown(Conflict):
    code = "deposit_known"
    message = N_("这个凭证号的到账已经登记过")
    way_out = N_("请在到账记录里核对")
    field = "reference"


class CampaignNotOver(Conflict):
    code = "campaign_not_over"
    message = N_("活动还没有完：还有 %(yuan)s 元在投放、审核或市民手里")
    way_out = N_("等活动结束、未用的券到期收回后再办理原路退回")


class CampaignRunning(Conflict):
    code = "campaign_running"
    message = N_("活动到 %(day)s 才结束")
    way_out = N_("等活动结束、未用的券到期收回后再办理原路退回")


class NothingToReturn(Conflict):
    code = "nothing_to_return"
    message = N_("资金池里没有要退回的预拨资金")
    way_out = N_("已经退回的在记录里；还没有追回的退款，追回后再退")


class ReturnProposed(Conflict):
    code = "fund_return_proposed"
    message = N_("已经有一笔原路退回等待办理")
    way_out = N_("请另一位财务人员办理，或者撤回后重新提出")


class ReturnUnknown(NotFound):
    code = "fund_return_unknown"
    message = N_("没有这笔原路退回")
    way_out = N_("请回到预拨资金页重新选择")


class ReturnNotProposed(Conflict):
    code = "fund_return_not_proposed"
    message = N_("这笔原路退回已经办理或者撤回")
    way_out = N_("请刷新页面查看最新状态")


class ReturnProposedByYou(Forbidden):
    code = "fund_return_proposed_by_you"
    message = N_("不能由提出的人自己办理")
    way_out = N_("请让另一位财务人员办理")
