"""Natural days: so many calendar days, with the day of the claim counted or not (domain.md §1.6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.file_fields import Count, choice
from campaigns.terms.validity.usable import Usable, UsableSchema
from foundation.clock import bureau_day, day_end
from foundation.errors import N_
from foundation.words import Words

KIND = "natural_days"

COUNTED_FROM = {"claim_day": "含领取当日", "next_day": "自领取次日起"}
#: Counted from the claim, and from the day on which it becomes usable.
IN_WORDS = {
    "claim_day": (N_("%(days)s 个自然日内有效（含领取当日）"), N_("%(days)s 个自然日内有效（含起用当日）")),
    "next_day": (N_("%(days)s 个自然日内有效（自领取次日起）"), N_("%(days)s 个自然日内有效（自起用次日起）")),
}


@dataclass(frozen=True)
class NaturalDays(Usable):
    """days >= 1; valid until 24:00 of the last of them."""

    days: int
    counted_from: str

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping: 24:00 of the last day is 00:00 of the next."""
        more = self.days - 1 if self.counted_from == "claim_day" else self.days
        return day_end(bureau_day(usable_at) + timedelta(days=more))

    def describe(self) -> Words:
        from_claim, from_start = IN_WORDS[self.counted_from]
        return self.in_words(Words(from_claim, days=self.days), Words(from_start, days=self.days))


class FileSchema(UsableSchema):
    make = NaturalDays
    label = "自然日"

    days = Count(most=400, required=True)
    counted_from = choice(COUNTED_FROM, load_default="claim_day")
