"""Discount limits: how much one person may have taken off over the whole campaign, whichever vouchers they use."""

from dataclasses import dataclass
from datetime import date

from campaigns.terms.file_fields import Table, Yuan, choice, said
from campaigns.terms.periods import PERIODS, span
from foundation.errors import N_
from foundation.money import format_yuan_short
from foundation.words import Words

CAMPAIGN = "campaign"
WITHIN = {**PERIODS, CAMPAIGN: "整个活动"}
IN_WORDS = {
    "day": N_("每人每天最多优惠 %(yuan)s 元"),
    "week": N_("每人每周最多优惠 %(yuan)s 元"),
    "month": N_("每人每月最多优惠 %(yuan)s 元"),
    CAMPAIGN: N_("整个活动每人最多优惠 %(yuan)s 元"),
}


@dataclass(frozen=True)
class DiscountLimit:
    """most_fen > 0 off all bills of one person within ``within``: a calendar period, or CAMPAIGN."""

    most_fen: int
    within: str

    def scope_key(self, campaign_id: int, day: date) -> str:
        """Return the name under which what one person has off on this bureau day is counted, in fen. It names the
        first and the last day of its period."""
        if self.within == CAMPAIGN:
            return f"off:{campaign_id}"
        first, last = span(self.within, day)
        return f"off:{campaign_id}:{first.isoformat()}:{last.isoformat()}"

    def describe(self) -> Words:
        return Words(IN_WORDS[self.within], yuan=format_yuan_short(self.most_fen))


class DiscountLimitSchema(Table):
    most_fen = Yuan(required=True, data_key="most_yuan", metadata=said("最多优惠", "一人所有券合计，撤销、退货的不算"))
    within = choice(WITHIN, required=True, metadata=said("计算期间", "按核销日期，自然日、周、月"))
