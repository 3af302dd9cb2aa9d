"""Per person: at most so many within one release, one round, the whole campaign, or a period of it."""

from dataclasses import dataclass
from datetime import date

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, choice, said
from campaigns.terms.periods import PERIODS, span
from foundation.errors import N_
from foundation.words import Words

KIND = "per_person"

WITHIN = {"offer": "每轮同一种券", "round": "每轮", "campaign": "整个活动", **PERIODS}
IN_WORDS = {
    "offer": N_("每轮同一种券每人限领 %(count)s 张"),
    "round": N_("每轮每人限领 %(count)s 张"),
    "campaign": N_("整个活动每人限领 %(count)s 张"),
    "day": N_("每人每天限领 %(count)s 张"),
    "week": N_("每人每周限领 %(count)s 张"),
    "month": N_("每人每月限领 %(count)s 张"),
}


@dataclass(frozen=True)
class PerPerson:
    """count >= 1 entitlements per person within ``within``: "offer" (one offer of one round), "round", "campaign", or
    a calendar period of the campaign, by the day of the claim."""

    count: int
    within: str

    def scope_key(self, *, campaign_id: int, round_id: int, release_id: int) -> str:
        """Return the name under which one person's entitlements are counted."""
        ids = {"offer": f"release:{release_id}", "round": f"round:{round_id}", "campaign": f"campaign:{campaign_id}"}
        return ids[self.within]

    @property
    def period(self) -> str:
        """The calendar period within which it counts, or "" where it counts by something else."""
        return self.within if self.within in PERIODS else ""

    def describe(self) -> Words:
        return Words(IN_WORDS[self.within], count=self.count)


def period_scope(period: str, campaign_id: int, day: date) -> str:
    """Return the name under which a person's claims in the period of a bureau day are counted."""
    return f"{period}:{campaign_id}:{span(period, day)[0].isoformat()}"


class FileSchema(StrategySchema):
    make = PerPerson
    label = "每人限领"

    count = Count(most=100, required=True)
    within = choice(
        WITHIN, load_default="round", metadata=said("计数范围", "每天、每周、每月按领取日期，在整个活动里计算")
    )
