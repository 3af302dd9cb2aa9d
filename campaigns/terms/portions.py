"""Daily portions: a round's stock comes out day by day at a time of day (湛江: 200万 each day at 9:00)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from campaigns.terms.file_fields import Count, Share, Table
from foundation.clock import SHANGHAI, bureau_day
from foundation.errors import N_
from foundation.money import apportion
from foundation.words import Words


@dataclass(frozen=True)
class Daily:
    """at: the time of day of every portion but the first, which is there at the opening. shares: each day's part in
    hundredths of a percent, in order, 10,000 together."""

    at: time
    shares: Sequence[int]

    def due_at(self, opens_at: datetime) -> list[datetime]:
        """Return when each portion comes."""
        first = bureau_day(opens_at)
        later = (datetime.combine(first + timedelta(days=n), self.at, SHANGHAI) for n in range(1, len(self.shares)))
        return [opens_at, *(moment.astimezone(opens_at.tzinfo) for moment in later)]

    def split(self, stock: int) -> list[int]:
        """Return how many of a stock each portion has; they sum to it."""
        return list(apportion(stock, {str(number): share for number, share in enumerate(self.shares)}).values())

    def describe(self) -> Words:
        return Words(N_("分 %(days)s 天投放，每天 %(time)s"), days=len(self.shares), time=f"{self.at:%H:%M}")


class _TimeOfDay(fields.Field[time]):
    """A TOML time without quotes: 09:00:00."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> time:
        if not isinstance(value, time):
            raise ValidationError("应当是一天里的时刻，不加引号，例如 09:00:00")
        return value.replace(microsecond=0)


class DailySchema(Table):
    at = _TimeOfDay(required=True)
    days = Count(least=2, most=60, load_default=None)
    shares = fields.List(Share(), load_default=list)

    @validates_schema
    def _equal_or_listed(self, data: Mapping[str, Any], **_options: Any) -> None:
        if (data["days"] is None) == (not data["shares"]):
            raise ValidationError("days（每天一样多）和 shares（逐日写明）要写一项，也只能写一项", "days")
        if data["shares"] and (not 2 <= len(data["shares"]) <= 60 or sum(data["shares"]) != 10_000):
            raise ValidationError("应当是 2 至 60 个百分数，合计 100%", "shares")

    @post_load
    def _build(self, data: dict[str, Any], **_options: Any) -> Daily:
        return Daily(data["at"], tuple(data["shares"]) or (1,) * data["days"])
