"""The metrics of a settlement: name, definition and arithmetic of each, in one table.

The definitions are those of domain.md §5.2; screens show them on hover, and files print them beside the name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from foundation.errors import N_
from settlement.figures import Sums


@dataclass(frozen=True)
class Holdings:
    """What the ledger holds now, in fen: grants, what is not spent, what is owed, what was paid."""

    budget_fen: int = 0
    surplus_fen: int = 0
    owed_fen: int = 0
    paid_fen: int = 0
    borne_fen: int = 0
    reserved_fen: int = 0


@dataclass(frozen=True)
class Metric:
    """``kind``: "fen", "count", "percent" or "ratio". ``value`` is None where the metric has no meaning."""

    key: str
    name: str
    definition: str
    kind: str
    value: Callable[[Sums, Holdings | None], int | Decimal | None]
    #: name and definition in a report of subsidies that are applied for, where they differ
    applied_for: tuple[str, str] | None = None

    def words(self, *, applied_for: bool) -> tuple[str, str]:
        """Return name and definition, as a report of such subsidies or any other has them."""
        return self.applied_for if applied_for and self.applied_for else (self.name, self.definition)


def _ratio(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP) if whole else None


def net_redeemed_fen(sums: Sums) -> int:
    return sums.redeemed_fen - sums.voided_fen - sums.refunded_fen


METRICS: tuple[Metric, ...] = (
    Metric(
        "budget_fen",
        N_("预算"),
        N_("资金来源批准给活动的金额，含追加"),
        "fen",
        lambda s, h: h.budget_fen if h else None,
    ),
    Metric(
        "released_fen",
        N_("投放"),
        N_("各轮放出的券的面值合计；回收后再次投放的重复计入"),
        "fen",
        lambda s, h: s.released_fen,
        (N_("投放"), N_("各轮放出的金额合计；回收后再次投放的重复计入")),
    ),
    Metric(
        "reserved_fen",
        N_("占用"),
        N_("审核中的申请和待付款的订单占用的金额，截至现在；审核不通过、没有付款的退回"),
        "fen",
        lambda s, h: h.reserved_fen if h else None,
    ),
    Metric(
        "claimed_count",
        N_("领取张数"),
        N_("市民实际领到的张数"),
        "count",
        lambda s, h: s.claimed_count,
        (N_("发放份数"), N_("审核通过的份数")),
    ),
    Metric(
        "claimed_fen",
        N_("领取(发放)"),
        N_("市民实际领到的券的面值合计，即通常所说的发放金额；补贴资格按预留的上限计，实际补贴看净核销"),
        "fen",
        lambda s, h: s.claimed_fen,
        (N_("发放"), N_("审核通过、核定给市民的补贴合计")),
    ),
    Metric(
        "redeemed_count",
        N_("核销笔数"),
        N_("在门店使用的笔数，含当日撤销的"),
        "count",
        lambda s, h: s.redeemed_count,
        (N_("核销(兑付)笔数"), N_("在门店抵扣的和转为应付市民的笔数，含当日撤销的")),
    ),
    Metric(
        "redeemed_fen",
        N_("核销"),
        N_("在门店抵扣的券面金额，含当日撤销的"),
        "fen",
        lambda s, h: s.redeemed_fen,
        (N_("核销(兑付)"), N_("在门店抵扣的和转为应付市民的补贴，含当日撤销的")),
    ),
    Metric("voided_fen", N_("冲正"), N_("当日撤销的核销金额"), "fen", lambda s, h: s.voided_fen),
    Metric(
        "refunded_fen",
        N_("退款"),
        N_("隔日退货收回的券面金额，计入退货的当天；部分退货的按规则收回一部分"),
        "fen",
        lambda s, h: s.refunded_fen,
    ),
    Metric(
        "net_redeemed_fen",
        N_("净核销"),
        N_("核销减去冲正和退款"),
        "fen",
        lambda s, h: net_redeemed_fen(s),
        (N_("净核销(兑付)"), N_("核销(兑付)减去冲正和退款")),
    ),
    Metric("expired_fen", N_("过期"), N_("领到后没有在有效期内使用的券面金额"), "fen", lambda s, h: s.expired_fen),
    Metric(
        "returned_fen",
        N_("回收"),
        N_("退回资金池、可以再次投放的金额：过期的，到期没人领的，加上补贴资格预留而没有用到的"),
        "fen",
        lambda s, h: s.expired_fen + s.recalled_fen + s.spare_fen,
    ),
    Metric(
        "redemption_rate",
        N_("核销率"),
        N_("净核销 ÷ 领取"),
        "percent",
        lambda s, h: _ratio(net_redeemed_fen(s), s.claimed_fen),
    ),
    Metric(
        "driven_fen",
        N_("拉动消费"),
        N_("用券订单的金额合计：用券前、商户优惠后，撤销的不计，退货的从退货当天扣除"),
        "fen",
        lambda s, h: s.driven_fen,
        (N_("拉动消费"), N_("获补贴的购车金额合计：发票的价税合计，退车的从登记当天扣除")),
    ),
    Metric(
        "leverage_by_claimed",
        N_("拉动比(按发放)"),
        N_("拉动消费 ÷ 领取(发放)"),
        "ratio",
        lambda s, h: _ratio(s.driven_fen, s.claimed_fen),
    ),
    Metric(
        "leverage_by_redeemed",
        N_("拉动比(按核销)"),
        N_("拉动消费 ÷ 净核销"),
        "ratio",
        lambda s, h: _ratio(s.driven_fen, net_redeemed_fen(s)),
    ),
    Metric(
        "surplus_fen",
        N_("结余"),
        N_(
            "还没有用掉的钱：资金池、已投放未领、占用、已领未用之和，预拨的活动还有未到账的，截至现在；已退款、还没有收回的和已经原路退回的不在内"
        ),
        "fen",
        lambda s, h: h.surplus_fen if h else None,
    ),
    Metric(
        "owed_fen",
        N_("应付"),
        N_("已核销、还没有拨付给商户或市民的金额，截至现在"),
        "fen",
        lambda s, h: h.owed_fen if h else None,
    ),
    Metric(
        "paid_fen",
        N_("已付"),
        N_("已经拨付给商户和市民的金额，截至现在"),
        "fen",
        lambda s, h: h.paid_fen if h else None,
    ),
    Metric(
        "borne_fen",
        N_("商户承担"),
        N_("净核销里由商户自己让利的部分，不付给商户，截至现在"),
        "fen",
        lambda s, h: h.borne_fen if h else None,
    ),
)

BY_KEY = {metric.key: metric for metric in METRICS}
#: Metrics of issuance: at a store's own place (county, industry, merchant) they are not known.
ISSUANCE = frozenset({"released_fen", "claimed_count", "claimed_fen", "expired_fen", "returned_fen"})
#: Ratios over what was claimed: they need both sides in one row.
OVER_CLAIMED = frozenset({"redemption_rate", "leverage_by_claimed"})
COUNTS = frozenset(metric.key for metric in METRICS if metric.kind == "count")
#: What the ledger holds now, whatever the period.
BALANCES = frozenset({"budget_fen", "reserved_fen", "surplus_fen", "owed_fen", "paid_fen", "borne_fen"})
