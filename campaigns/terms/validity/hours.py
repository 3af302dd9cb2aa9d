"""Rolling hours: so many hours from the moment of the claim (领取后24小时内有效)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.file_fields import Count
from campaigns.terms.validity.usable import Usable, UsableSchema

KIND = "hours"


@dataclass(frozen=True)
class Hours(Usable):
    hours: int

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return usable_at + timedelta(hours=self.hours)

    def describe(self) -> str:
        return self.in_words(f"领取后 {self.hours} 小时内有效")


class FileSchema(UsableSchema):
    make = Hours

    hours = Count(most=24 * 400, required=True)
