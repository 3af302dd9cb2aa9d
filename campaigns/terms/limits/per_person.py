"""Per person: at most so many within one release, one round or the whole campaign."""

from dataclasses import dataclass

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, choice
from foundation.errors import N_
from foundation.words import Words

KIND = "per_person"

WITHIN = {"offer": "每轮同一种券", "round": "每轮", "campaign": "整个活动"}
IN_WORDS = {
    "offer": N_("每轮同一种券每人限领 %(count)s 张"),
    "round": N_("每轮每人限领 %(count)s 张"),
    "campaign": N_("整个活动每人限领 %(count)s 张"),
}


@dataclass(frozen=True)
class PerPerson:
    """count >= 1 entitlements per person within ``within``: "offer" (one offer of one round), "round", "campaign"."""

    count: int
    within: str

    def scope_key(self, *, campaign_id: int, round_id: int, release_id: int) -> str:
        """Return the name under which one person's entitlements are counted."""
        ids = {"offer": f"release:{release_id}", "round": f"round:{round_id}", "campaign": f"campaign:{campaign_id}"}
        return ids[self.within]

    def describe(self) -> Words:
        return Words(IN_WORDS[self.within], count=self.count)


class FileSchema(StrategySchema):
    make = PerPerson
    label = "每人限领"

    count = Count(most=100, required=True)
    within = choice(WITHIN, load_default="round")
