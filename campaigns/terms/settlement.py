"""Settlement: who goes ahead with the money, on which days it is closed, and how long checking and paying may take.

清远: the merchant goes ahead, lists are made every week, the merchant checks, and is paid within a week. Elsewhere the
sources pay to the platform's account first, and each day is cleared on the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from marshmallow import ValidationError, validates_schema

from campaigns.terms.axis import StrategyField
from campaigns.terms.cadence.after_end import AfterEnd
from campaigns.terms.cadence.by_hand import ByHand
from campaigns.terms.cadence.daily import Daily
from campaigns.terms.cadence.monthly import Monthly
from campaigns.terms.cadence.weekly import Weekly
from campaigns.terms.file_fields import Count, Table, choice, said
from foundation.errors import N_
from foundation.words import Words

#: who goes ahead with the money → what people call it
MODES = {"after": N_("商户垫付、事后结算"), "prefunded": N_("资金预拨到平台账户")}
LONGEST_DAYS = 90


@dataclass(frozen=True)
class Settlement:
    """mode: a key of MODES. check_days: days that a merchant has to check its statement, counted from the day after
    closing; 0 asks nothing. pay_days: days within which it is paid after that; 0 promises none."""

    mode: str = "after"
    cadence: ByHand | Daily | Weekly | Monthly | AfterEnd = field(default_factory=ByHand)
    check_days: int = 0
    pay_days: int = 0

    @property
    def prefunded(self) -> bool:
        """Whether the sources pay to the platform's account before anything is put on release."""
        return self.mode == "prefunded"

    def settles_up_to(self, today: date, last_day: date) -> date | None:
        """Return the last day whose redemptions may be on a batch that is made ``today``, None for none yet.
        ``last_day`` is the campaign's."""
        closing = self.cadence.latest_closing(today, last_day)
        return None if closing is None else closing - timedelta(days=1)

    def check_until(self, closed_on: date) -> date | None:
        """Return the last day on which merchants check what was closed, None where they are not asked."""
        return closed_on + timedelta(days=self.check_days) if self.check_days else None

    def pay_by(self, closed_on: date) -> date | None:
        """Return the last day on which it is paid in time, None where none is promised."""
        return closed_on + timedelta(days=self.check_days + self.pay_days) if self.pay_days else None

    def describe(self) -> list[Words]:
        """Return it in words."""
        told = [Words(MODES[self.mode]), self.cadence.describe()]
        if self.check_days:
            told.append(Words(N_("关账后 %(days)s 天内由商户核对对账单，逾期不答复视为确认"), days=self.check_days))
        if self.pay_days and self.check_days:
            told.append(Words(N_("核对期满后 %(days)s 天内拨付"), days=self.pay_days))
        elif self.pay_days:
            told.append(Words(N_("关账后 %(days)s 天内拨付"), days=self.pay_days))
        return told

    def announced(self) -> list[Words]:
        """Return what the public notice says of it; nothing where the bureau has bound itself to nothing."""
        if self == Settlement():
            return []
        back = [Words(N_("活动结束后，未使用的预拨资金按原渠道退回各资金来源"))] if self.prefunded else []
        return [*self.describe(), *back]


class SettlementSchema(Table):
    mode = choice(MODES, load_default="after", metadata=said("结算方式", "预拨：各轮投放前，资金要先到平台账户"))
    cadence = StrategyField("cadence", default_kind="by_hand", metadata=said("关账周期"))
    check_days = Count(least=0, most=LONGEST_DAYS, load_default=0, metadata=said("商户核对天数", "0 为不需要商户核对"))
    pay_days = Count(
        least=0, most=LONGEST_DAYS, load_default=0, metadata=said("拨付天数", "关账和核对之后几天内拨付，0 为不限")
    )

    @validates_schema
    def _prefunded_is_cleared_by_itself(self, data: Mapping[str, Any], **_options: Any) -> None:
        cadence = data.get("cadence")
        if data.get("mode") == "prefunded" and cadence is not None and not cadence.automatic:
            raise ValidationError("资金预拨的活动要写明按什么周期清算，例如每天（daily）", "cadence")
