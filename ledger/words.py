"""What people call the kinds of account, the reasons why money moves, and the documents it stands on."""

from foundation.errors import N_
from ledger.accounts import AccountKind, Code

#: kind → (name, what it means), along the way that money takes.
KINDS: dict[AccountKind, tuple[str, str]] = {
    AccountKind.BUDGET: (N_("资金池"), N_("批准了、还没有投放的预算；过期和没人领的金额也回到这里")),
    AccountKind.RELEASED: (N_("已投放未领"), N_("已经放进各轮、市民还没有领走的面值")),
    AccountKind.OUTSTANDING: (N_("已领未用"), N_("市民手里还能使用的券的面值")),
    AccountKind.PAYABLE: (N_("应付商户"), N_("已核销、还没有审批付款的金额")),
    AccountKind.CLEARED: (N_("已审待付"), N_("结算批次审批通过、等待拨付的金额")),
    AccountKind.PAID: (N_("已拨付"), N_("已经付给商户的金额")),
    AccountKind.TREASURY: (N_("财政批准"), N_("资金来源批准的总额，以负数表示")),
}
#: The kinds that hold a campaign's money, in the same order.
CAMPAIGN_KINDS = tuple(kind for kind in KINDS if kind is not AccountKind.TREASURY)

CODES: dict[str, str] = {
    Code.FUND: N_("批准预算"),
    Code.RELEASE: N_("投放"),
    Code.CLAIM: N_("领取"),
    Code.RECALL: N_("未领回收"),
    Code.EXPIRE: N_("过期回收"),
    Code.REDEEM: N_("核销"),
    Code.VOID: N_("冲正"),
    Code.CLEAR: N_("审批"),
    Code.PAY: N_("拨付"),
}

DOCUMENTS: dict[str, str] = {
    "campaign_version": N_("活动文件"),
    "release": N_("投放"),
    "claim_batch": N_("领取批次"),
    "expiry_run": N_("到期处理"),
    "redemption": N_("核销单"),
    "statement": N_("对账单"),
}
