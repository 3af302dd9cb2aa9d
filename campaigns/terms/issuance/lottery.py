"""Lottery (摇号): people register, and when registration is over a draw that anyone can recompute says who gets one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.terms.axis import StrategySchema
from campaigns.terms.file_fields import Count, Moment, said
from foundation.clock import local
from foundation.errors import N_
from foundation.words import Words

KIND = "lottery"

#: Between the end of registration and the draw, so that the list can be looked at before anybody knows the seed.
LIST_STANDS_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Lottery:
    """Entries are taken in [the round's opening, register_until). take_up_hours: how long a winner may wait before
    the prize is drawn again; 0 gives the prize at once."""

    register_until: datetime
    draw_at: datetime
    take_up_hours: int = 0

    def describe(self) -> Words:
        until, draw = _moment(self.register_until), _moment(self.draw_at)
        told = Words(N_("摇号：%(until)s 截止报名，%(draw)s 开奖"), until=until, draw=draw)
        if self.take_up_hours:
            return Words(
                N_("%(told)s，中签后 %(hours)s 小时内领取，逾期由后面的号递补"), told=told, hours=self.take_up_hours
            )
        return Words(N_("%(told)s，中签的券直接到账"), told=told)

    def take_up_until(self, drawn_at: datetime, *, closes_at: datetime) -> datetime:
        """Return the exclusive end of the time in which a prize drawn then may be taken up."""
        return min(drawn_at + timedelta(hours=self.take_up_hours), closes_at)

    def contradictions(self, *, opens_at: datetime, closes_at: datetime) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for what does not fit the round."""
        if not opens_at < self.register_until:
            yield "register_until", "报名截止必须晚于这一轮的开放时间"
        if self.draw_at < self.register_until + LIST_STANDS_FOR:
            yield "draw_at", "开奖至少要在报名截止 10 分钟以后，让大家能先核对名单"
        if self.draw_at + timedelta(hours=self.take_up_hours) >= closes_at:
            yield "draw_at", "开奖和领奖期限必须早于这一轮的关闭时间"


def _moment(moment: datetime) -> Words:
    there = local(moment)
    return Words(N_("%(month)s月%(day)s日 %(time)s"), month=there.month, day=there.day, time=f"{there:%H:%M}")


class FileSchema(StrategySchema):
    make = Lottery
    label = "摇号"
    hint = "先报名，后公开摇号"

    register_until = Moment(required=True)
    draw_at = Moment(required=True)
    take_up_hours = Count(
        least=0, most=720, load_default=0, metadata=said("领取期限（小时）", "逾期由后面的号递补；0 为直接到账")
    )
