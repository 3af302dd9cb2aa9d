"""What people call the kinds of account, the reasons why money moves, and the documents it stands on."""

from foundation.errors import N_
from ledger.accounts import AccountKind, Code

#: kind → (name, what it means), along the way that money takes.
KINDS: dict[AccountKind, tuple[str, str]] = {
    AccountKind.BUDGET: (N_("资金池"), N_("批准了、还没有投放的预算；过期和没人领的金额也回到这里")),
    AccountKind.RELEASED: (N_("已投放未领"), N_("已经放进各轮、市民还没有领走的面值")),
    AccountKind.RESERVED: (N_("申请占用"), N_("审核中的申请占用的金额；审核不通过的退回")),
    AccountKind.OUTSTANDING: (N_("已领未用"), N_("市民手里还能使用的券的面值")),
    AccountKind.PAYABLE: (N_("应付商户"), N_("已核销、还没有审批付款的金额")),
    AccountKind.DUE: (N_("应付市民"), N_("审核通过、要付到市民银行卡、还没有审批付款的金额")),
    AccountKind.CLEARED: (N_("已审待付"), N_("结算批次审批通过、等待拨付的金额")),
    AccountKind.PAID: (N_("已拨付"), N_("已经付给商户和市民的金额")),
    AccountKind.BORNE: (N_("商户承担"), N_("券面里由商户自己让利的部分，不付给商户")),
    AccountKind.TREASURY: (N_("财政批准"), N_("资金来源批准的总额，以负数表示")),
}
#: The kinds that hold a campaign's money, in the same order.
CAMPAIGN_KINDS = tuple(kind for kind in KINDS if kind is not AccountKind.TREASURY)

CODES: dict[str, str] = {
    Code.FUND: N_("批准预算"),
    Code.RELEASE: N_("投放"),
    Code.RESERVE: N_("占用"),
    Code.UNRESERVE: N_("释放占用"),
    Code.CLAIM: N_("领取"),
    Code.RECALL: N_("未领回收"),
    Code.EXPIRE: N_("过期回收"),
    Code.SPARE: N_("余额回收"),
    Code.REDEEM: N_("核销"),
    Code.VOID: N_("冲正"),
    Code.CLEAR: N_("审批"),
    Code.PAY: N_("拨付"),
    Code.BOUNCE: N_("退汇"),
    Code.REFUND: N_("退款"),
    Code.ADVANCE: N_("垫回"),
    Code.RECOVER: N_("扣回"),
    Code.REPAY: N_("退回"),
}

DOCUMENTS: dict[str, str] = {
    "campaign_version": N_("活动文件"),
    "release": N_("投放"),
    "application": N_("申请"),
    "top_up": N_("补差"),
    "claim_batch": N_("领取批次"),
    "expiry_run": N_("到期处理"),
    "spare_run": N_("余额回收处理"),
    "redemption": N_("核销单"),
    "statement": N_("对账单"),
    "refund": N_("退款单"),
    "payout": N_("兑付单"),
}

#: What each audit check proves, by its name; rooms above the ledger own some of them.
CHECKS: dict[str, str] = {
    "live_applications_hold_their_money": N_("审核和公示中的申请都占用着资金，候补和已结束的没有占用"),
    "approved_applications_were_granted": N_("每份已批准的申请，都按它的补贴额发放了一份"),
    "live_applications_hold_their_numbers": N_("候补、审核中和已批准的申请占用车架号和发票，已结束的没有占用"),
    "top_ups_match_what_was_granted": N_("每笔已补发的差额都按它的金额占用并发放了一份，没补发的没有占用资金"),
    "waiting_top_ups_are_of_applications_that_stand": N_("等待补差的申请都在审核中或已批准"),
    "approvals_went_through_every_review": N_("通过审核的申请，每一级都由不同的人审核过"),
    "submissions_are_numbered_without_gaps": N_("每一轮的受理序号从 1 起连续，没有缺号"),
    "held_applications_have_an_objection": N_("暂缓的申请都有待核实的异议，没有异议的不暂缓"),
    "an_entitlement_is_redeemed_at_most_once": N_("一张券最多只有一笔有效的核销"),
    "approved_batches_have_two_people": N_("结算批次由一个人关账、另一个人审批"),
    "campaign_budget_is_all_accounted_for": N_("每个活动、每个来源：批准的预算等于资金池、投放、在券、应付和已付之和"),
    "sold_articles_hold_their_numbers": N_("补贴过的商品的序列号和 IMEI 都已占用；退货、撤销的已释放"),
    "transfers_stand_on_a_document": N_("每笔转账都有单据，单据也都在"),
    "expiries_match_their_posting": N_("每次过期处理退回的金额，等于过期的券的面值"),
    "claims_match_their_posting": N_("每个领取批次记账的金额，等于发出的券的面值"),
    "day_figures_match_the_ledger": N_("已关账日期的报表数字，等于总账当天的发生额"),
    "driven_consumption_matches_redemptions": N_("报表的拉动消费，等于有效核销的消费金额之和，按商户也一样"),
    "history_explains_every_state": N_("每张券自己的记录，一步一步走到它现在的状态"),
    "settled_sales_were_accepted": N_("对账单上要交售后材料的商品，都已审核通过"),
    "rejected_sales_are_not_owed": N_("售后审核没有通过的商品，补贴已退回资金池"),
    "accepted_sales_have_a_decision": N_("售后审核的每个结果都有一条审核记录"),
    "an_invoice_is_for_one_sale": N_("一张发票只用于一件商品"),
    "ledger_balances_match_transfers": N_("每个账户的余额，等于转入减去转出"),
    "ledger_flows_follow_the_chart": N_("每种事由只在规定的两种账户之间转账"),
    "ledger_no_negative_balance": N_("除财政批准外，没有账户余额为负"),
    "ledger_reversals_take_back_what_was_posted": N_("每笔冲正对应一笔核销，金额相同、方向相反"),
    "ledger_sources_do_not_mix": N_("每笔转账都在同一个资金来源、同一个活动之内"),
    "ledger_sums_to_zero": N_("全部账户余额相加为零，钱没有凭空多出或消失"),
    "terminated_campaigns_are_closed": N_("提前终止的活动由两个人决定，各轮都已关闭"),
    "orders_add_up": N_("一单多券：各券分摊的消费金额合起来就是这一单，张数、券种和持券人一致"),
    "uses_per_day_match_redemptions": N_("每人每天用券的计数，等于当天核销并且没有撤回的张数"),
    "discounts_per_person_match_redemptions": N_("每人优惠限额的计数，等于该期间核销并且没有退回的优惠金额"),
    "outstanding_matches_claimed_vouchers": N_(
        "每种券：已领未用的金额，等于市民手里的券的面值，加上已用资格尚未退回的余额"
    ),
    "spares_match_their_posting": N_("每次余额回收的金额，等于这些资格预留的减去实际补贴的"),
    "published_versions_have_two_people": N_("活动由一个人拟稿、另一个人发布"),
    "redeemed_entitlements_have_a_redemption": N_("已使用的券恰好有一笔有效核销，金额与持券人看到的一致"),
    "redeemed_vouchers_tell_their_holder": N_("只有已使用的券才显示使用时间和门店"),
    "redemptions_match_their_posting": N_("每笔核销记账的金额等于券抵金额，撤销的已如数转回"),
    "redemptions_were_within_validity": N_("没有一张券在有效期之外被核销"),
    "refund_figures_match_refunds": N_("已关账日期的退款数字，等于当天的退款单"),
    "refunds_match_their_posting": N_("每张退款单：退回、扣回的金额与总账一致，各资金来源之和等于退款单"),
    "refunds_stay_within_redemptions": N_("每笔核销的退款合计不超过消费金额和券抵，退完的不再是已核销"),
    "counts_belong_to_persons": N_("领取次数都记在现有的人名下，合并同一人时没有漏掉"),
    "prizes_match_their_draw": N_("摇号发放的券，都给了中签并领取的人，不多不少"),
    "listed_vouchers_match_their_lines": N_("定向发放的券，与名单上已领取的行数一致"),
    "packs_stay_whole": N_("同一券包里各种券的库存一起减少，最后一包和第一包一样完整"),
    "releases_match_released_money": N_("每次投放：已投放未领的金额，等于剩余张数乘以面值"),
    "reserved_money_matches_applications": N_("每种补贴：申请占用的金额，等于审核中的申请各自占用的合计"),
    "reservations_match_their_posting": N_("每份申请：总账为它占用的金额减去释放的，等于它占用或者获批的金额"),
    "money_on_release_is_what_was_not_applied_for": N_(
        "按金额投放的轮次：剩下的钱等于放出的减去申请占用和获批的，轮次结束后归零"
    ),
    "tiers_hold_what_was_taken": N_("单设资金或名额的档次：已用的等于这一档的申请之和"),
    "granted_applications_have_their_entitlement": N_("获批的申请恰好有一份权益，金额和市民都一致"),
    "payouts_match_their_redemptions": N_("付给市民的每笔补贴恰好有一张兑付单，金额和市民都一致，不会再结算给商户"),
    "payouts_match_the_ledger": N_("每个活动：应付市民、待拨付和已拨付的金额，等于兑付单的合计"),
    "payouts_match_their_lines": N_("每笔兑付同时只在一个批次里，最多只付成功一次"),
    "payout_batches_match_the_ledger": N_("每笔兑付：审批、退汇和拨付记账的金额，等于各批次里的结果"),
    "returned_payouts_have_their_refund": N_("取消和追回的兑付恰好有一张全额退款单，退回的已登记到账"),
    "approved_payout_batches_have_two_people": N_("兑付批次由一个人编批、另一个人审批"),
    "statements_match_the_ledger": N_("审批和拨付记账的金额，等于对账单的金额"),
    "statements_match_their_redemptions": N_("每张对账单等于它的核销之和，也等于各资金来源之和"),
    "stock_matches_claims": N_("开放中的轮次：减少的库存等于领走的张数"),
    "voided_redemptions_are_not_settled": N_("撤销的核销不在任何对账单上"),
}
