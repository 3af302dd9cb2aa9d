"""From when an entitlement may be used: at once, from a given moment, or so many days after it was claimed.

Every validity has these two keys. What it counts, it counts from the moment at which the entitlement becomes usable.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Moment, said
from foundation.clock import bureau_day, day_start, local
from foundation.errors import N_
from foundation.words import Words


@dataclass(frozen=True, kw_only=True)
class Usable:
    """usable_from: not before this moment; None without one. usable_after_days: not before 00:00 of so many days
    after the day of the claim; 0 at once."""

    usable_from: datetime | None = None
    usable_after_days: int = 0

    def starts_at(self, claimed_at: datetime) -> datetime:
        """Return the first moment at which it may be used, never before the claim."""
        start = claimed_at
        if self.usable_after_days:
            start = day_start(bureau_day(claimed_at) + timedelta(days=self.usable_after_days))
        return max(start, self.usable_from) if self.usable_from else start

    def in_words(self, from_claim: Words, from_start: Words) -> Words:
        """Return until when it is valid, with what comes before it. Where it is not usable at once, what counts from
        the claim (领取) counts from becoming usable (起用) instead: that is ``from_start``."""
        days = self.usable_after_days
        words = []
        if days:
            after = Words(N_("领取后第 %(days)s 天起可用"), days=days)
            words.append(Words(N_("领取次日起可用")) if days == 1 else after)
        if self.usable_from:
            words.append(Words(N_("%(moment)s 起可用"), moment=f"{local(self.usable_from):%Y-%m-%d %H:%M}"))
        said = from_start if words else from_claim
        for start in reversed(words):
            said = Words(N_("%(start)s，%(until)s"), start=start, until=said)
        return said


class UsableSchema(StrategySchema):
    usable_from = Moment(load_default=None, metadata=said("起用时间", "不填为领取后即可用"))
    usable_after_days = Count(least=0, most=400, load_default=0, metadata=said("领取后几天起用", "0 为当天，1 为次日"))
