"""Promotional events (促消费活动): announced, cancelled, joined by campaigns, and listed for whoever wants to go.

They move no money and change no campaign. Who sells there and how much is for the merchants room.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from campaigns.errors import (
    EventCancelled,
    EventCountyUnknown,
    EventDaysMalformed,
    EventKindUnknown,
    EventNameMissing,
    EventUnknown,
)
from campaigns.event_models import EventCampaign, PromotionalEvent
from campaigns.models import Campaign
from campaigns.places import county_name
from campaigns.states import EVENT
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, upsert
from foundation.errors import N_
from foundation.ids import LARGEST_ROW_ID
from foundation.states import Step

MOST_DAYS = 120


@dataclass(frozen=True)
class EventKind:
    """name: as people call it. unit: what a deal there is counted in."""

    name: str
    unit: str


KINDS = {
    "car_fair": EventKind(N_("汽车展销会"), N_("辆")),
    "festival": EventKind(N_("节庆促销"), N_("笔")),
    "food_fair": EventKind(N_("美食荟"), N_("笔")),
    "market": EventKind(N_("集市"), N_("笔")),
}


@dataclass(frozen=True)
class EventLine:
    """An event as lists show it. phase: "upcoming", "running", "ended" or "cancelled". campaigns: the published ones
    that belong to it."""

    event: PromotionalEvent
    phase: str
    campaigns: Sequence[Campaign]

    @property
    def kind(self) -> EventKind:
        return KINDS[self.event.kind]


def announce(
    *, name: str, kind: str, starts_on: date, ends_on: date, by: str, county: str = "", place: str = "", about: str = ""
) -> PromotionalEvent:
    """Announce an event; starts_on and ends_on are both days of it.

    Refuses EventNameMissing, EventKindUnknown, EventDaysMalformed, EventCountyUnknown.
    """
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise EventNameMissing
    if kind not in KINDS:
        raise EventKindUnknown(given=kind[:20])
    if not 0 <= (ends_on - starts_on).days < MOST_DAYS:
        raise EventDaysMalformed(most=MOST_DAYS)
    if county and county_name(county) == county:
        raise EventCountyUnknown(given=county[:20])
    now = clock.now()
    event = PromotionalEvent(
        name=name,
        kind=kind,
        county=county,
        place=place.strip()[:120],
        about=about.strip()[:2_000],
        starts_on=starts_on,
        ends_on=ends_on,
        status="announced",
        announced_at=now,
    )
    db.session.add(event)
    db.session.flush()
    EVENT.record_created([event.id], "announce", Step(by, now))
    return event


def cancel(event_id: int, *, by: str, reason: str) -> None:
    """Call an event off; what was reported of it stays. Refuses EventCancelled where it is off already."""
    if not EVENT.apply(PromotionalEvent, [event_id], "cancel", Step(by, clock.now(), reason.strip()[:200])):
        raise EventCancelled(event=event_of(event_id).name)


def add_campaigns(event_id: int, campaign_ids: Collection[int], *, by: str) -> None:
    """Let campaigns belong to an event; those that do already stay. Refuses EventUnknown, EventCancelled."""
    require_standing(event_id)
    now = clock.now()
    rows = [{"event_id": event_id, "campaign_id": one, "added_at": now, "added_by": by} for one in campaign_ids]
    if rows:
        db.session.execute(upsert(EventCampaign).values(rows).on_conflict_do_nothing())


def event_of(event_id: int) -> PromotionalEvent:
    """Return one event. Refuses EventUnknown."""
    found = db.session.get(PromotionalEvent, min(event_id, LARGEST_ROW_ID))
    if found is None:
        raise EventUnknown
    return found


def require_standing(event_id: int) -> PromotionalEvent:
    """Return an event that was not called off. Refuses EventUnknown, EventCancelled."""
    found = event_of(event_id)
    if found.status != "announced":
        raise EventCancelled(event=found.name)
    return found


def line_of(event_id: int) -> EventLine:
    """Return one event with its campaigns. Refuses EventUnknown."""
    return _lines([event_of(event_id)])[0]


def events_of_year(year: int) -> list[EventLine]:
    """Return the events that begin in a year, first ones first."""
    span = PromotionalEvent.starts_on.between(date(year, 1, 1), date(year, 12, 31))
    statement = select(PromotionalEvent).where(span)
    return _lines(db.session.scalars(statement.order_by(PromotionalEvent.starts_on, PromotionalEvent.id)).all())


def years() -> list[int]:
    """Return the years that have events and the present one, newest first."""
    days = db.session.scalars(select(PromotionalEvent.starts_on).distinct())
    return sorted({day.year for day in days} | {bureau_day(clock.now()).year}, reverse=True)


def coming_events() -> list[EventLine]:
    """Return the events that are on or to come, for citizens, with their campaigns that are not over."""
    statement = select(PromotionalEvent).where(
        PromotionalEvent.status == "announced", PromotionalEvent.ends_on >= bureau_day(clock.now())
    )
    lines = _lines(db.session.scalars(statement.order_by(PromotionalEvent.starts_on, PromotionalEvent.id)).all())
    now = clock.now()
    return [replace(line, campaigns=[one for one in line.campaigns if one.ends_at > now]) for line in lines]


def campaigns_to_add(event_id: int) -> list[Campaign]:
    """Return the published campaigns that do not belong to an event yet, newest first."""
    added = select(EventCampaign.campaign_id).where(EventCampaign.event_id == event_id)
    statement = select(Campaign).where(Campaign.version_id.is_not(None), Campaign.id.not_in(added))
    return list(db.session.scalars(statement.order_by(Campaign.starts_at.desc())))


def _lines(events: Sequence[PromotionalEvent]) -> list[EventLine]:
    today = bureau_day(clock.now())
    campaigns: dict[int, list[Campaign]] = defaultdict(list)
    rows = db.session.execute(
        select(EventCampaign.event_id, Campaign)
        .join(Campaign, Campaign.id == EventCampaign.campaign_id)
        .where(EventCampaign.event_id.in_([event.id for event in events]), Campaign.version_id.is_not(None))
        .order_by(Campaign.starts_at)
    )
    for event_id, campaign in rows:
        campaigns[event_id].append(campaign)
    return [EventLine(event, _phase(event, today), campaigns[event.id]) for event in events]


def _phase(event: PromotionalEvent, today: date) -> str:
    if event.status == "cancelled":
        return "cancelled"
    if today < event.starts_on:
        return "upcoming"
    return "running" if today <= event.ends_on else "ended"
