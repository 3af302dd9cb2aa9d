"""Plain days: so many times 24 hours from the moment of the claim (有效期8天), to the same time of day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.file_fields import Count
from campaigns.terms.validity.usable import Usable, UsableSchema

KIND = "days"


@dataclass(frozen=True)
class Days(Usable):
    days: int

    def ends_at(self, usable_at: datetime) -> datetime:
        """Return the exclusive end, before clipping."""
        return usable_at + timedelta(days=self.days)

    def describe(self) -> str:
        return self.in_words(f"领取后 {self.days} 天内有效（满 {self.days} 个 24 小时）")


class FileSchema(UsableSchema):
    make = Days

    days = Count(most=400, required=True)
