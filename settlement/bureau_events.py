"""The bureau's pages of promotional events: the year, one event with who has reported and who has not, and files."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns import events
from campaigns.errors import EventDaysMalformed
from campaigns.events import KINDS
from campaigns.places import counties, county_name, industries
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import transaction
from foundation.errors import Refusal
from identity import gates
from identity.directory import history
from identity.form_again import form_again
from merchants import event_sales
from merchants.listing import MerchantFilter, merchant_ids
from settlement import event_figures
from settlement.downloads import file_of
from settlement.event_figures import NOT_DRIVEN

blueprint = Blueprint("events_desk", __name__, template_folder="templates")


@blueprint.get("")
def calendar() -> str:
    """Show the events of a year by month, with what was reported of them."""
    year, years = _year()
    figures = event_figures.figures_of(events.events_of_year(year))
    months = [(month, [one for one in figures if one.line.event.starts_on.month == month]) for month in range(1, 13)]
    return render_template(
        "settlement/events.html",
        year=year,
        years=years,
        months=[(month, found) for month, found in months if found],
        figures=figures,
        totals=event_figures.totals(first_day=date(year, 1, 1), last_day=date(year, 12, 31)),
        chart=event_figures.chart_of_events(figures),
        phases=_phases(),
        county_name=county_name,
        not_driven=NOT_DRIVEN,
    )


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new event."""
    return render_template("settlement/event_new.html", refusal=None, typed={}, **_choices())


@blueprint.post("")
def announce() -> Response:
    """Announce an event; what was typed stays where it is refused."""
    gates.require_role("editor")
    typed = request.form
    try:
        with transaction():
            event_id = events.announce(
                name=typed.get("name", ""),
                kind=typed.get("kind", ""),
                county=typed.get("county", ""),
                place=typed.get("place", ""),
                about=typed.get("about", ""),
                starts_on=_day("starts_on"),
                ends_on=_day("ends_on"),
                by=gates.principal().actor,
            ).id
    except Refusal as refusal:
        return form_again("settlement/event_new.html", refusal, typed=typed, **_choices())
    flash(_("已登记。请把参加的商户和活动加进来。"))
    return _go(event_id)


@blueprint.get("/<int:event_id>")
def event(event_id: int) -> str:
    """Show one event: its campaigns, its merchants, and what they have reported of each day."""
    line = events.line_of(event_id)
    rows = event_figures.merchant_days(line.event)
    return render_template(
        "settlement/event.html",
        line=line,
        rows=rows,
        figures=event_figures.figures_of([line])[0],
        days=event_sales.begun_days(line.event),
        chart=event_figures.chart_of_days(line.event, rows),
        phases=_phases(),
        county_name=county_name,
        campaigns_to_add=events.campaigns_to_add(event_id),
        history=history("promotional_event", event_id),
        event_words={"announce": _("登记"), "cancel": _("取消")},
        not_driven=NOT_DRIVEN,
        **_choices(),
    )


@blueprint.post("/<int:event_id>/merchants")
def add_merchants(event_id: int) -> Response:
    """Let merchants take part: those of an industry and a county, or those whose name or code contains some words."""
    gates.require_role("editor")
    wanted = MerchantFilter(
        words=request.form.get("words", ""),
        county=request.form.get("county", ""),
        industry=request.form.get("industry", ""),
        status="active",
    )
    found = merchant_ids(wanted) if wanted.words.strip() or wanted.county or wanted.industry else []
    with transaction():
        event_sales.join(event_id, found, by=gates.principal().actor)
    flash(_("符合条件的 %(count)s 家商户都已参加。", count=len(found)) if found else _("没有符合条件的商户。"))
    return _go(event_id)


@blueprint.post("/<int:event_id>/campaigns")
def add_campaign(event_id: int) -> Response:
    """Let a campaign belong to the event."""
    gates.require_role("editor")
    asked = request.form.get("campaign", type=int)
    known = [campaign.id for campaign in events.campaigns_to_add(event_id) if campaign.id == asked]
    with transaction():
        events.add_campaigns(event_id, known, by=gates.principal().actor)
    return _go(event_id)


@blueprint.post("/<int:event_id>/cancel")
def cancel(event_id: int) -> Response:
    """Call the event off."""
    gates.require_role("editor")
    with transaction():
        events.cancel(events.event_of(event_id).id, by=gates.principal().actor, reason=request.form.get("reason", ""))
    flash(_("已取消，市民不再看到它；已上报的数字仍可查看。"))
    return _go(event_id)


@blueprint.get("/events.<any(csv, xlsx):kind>")
def year_file(kind: str) -> Response:
    """Download the events of a year."""
    year, _years = _year()
    figures = event_figures.figures_of(events.events_of_year(year))
    return file_of(event_figures.events_sheet(figures, _("促消费活动")), kind, f"events-{year}")


@blueprint.get("/<int:event_id>/sales.<any(csv, xlsx):kind>")
def sales_file(event_id: int, kind: str) -> Response:
    """Download what merchants reported of an event, with the days that are missing."""
    found = events.event_of(event_id)
    return file_of(
        event_figures.sales_sheet(found, event_figures.merchant_days(found)), kind, f"event-{event_id}-sales"
    )


def _year() -> tuple[int, list[int]]:
    years = events.years()
    asked = request.args.get("year", type=int)
    with_events = next((year for year in years if events.events_of_year(year)), years[0])
    return (asked if asked in years else with_events), years


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as failure:
        raise EventDaysMalformed(most=events.MOST_DAYS, field=name) from failure


def _choices() -> dict[str, Any]:
    return {
        "kinds": {code: _(kind.name) for code, kind in KINDS.items()},
        "counties": counties(current_app.config["CITY_CODE"]),
        "industries": industries(),
        "today": bureau_day(clock.now()),
    }


def _phases() -> dict[str, tuple[str, str]]:
    """Return phase → (word, tone of the badge)."""
    return {
        "upcoming": (_("未开始"), "soon"),
        "running": (_("进行中"), "open"),
        "ended": (_("已结束"), ""),
        "cancelled": (_("已取消"), "bad"),
    }


def _go(event_id: int) -> Response:
    response = redirect(url_for("events_desk.event", event_id=event_id), code=303)
    assert isinstance(response, Response)
    return response
