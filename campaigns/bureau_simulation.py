"""The bureau's page that plays a version against an assumed demand, before it is published."""

from itertools import accumulate
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from campaigns import reading
from campaigns.campaign_file import check
from campaigns.definition import Definition
from campaigns.demand import ASSUMPTIONS, as_typed, read_demand, usual
from campaigns.simulation import Money, Simulation, simulate
from campaigns.simulation_words import percent
from foundation.errors import Refusal
from identity.form_again import form_again

blueprint = Blueprint("simulation_desk", __name__, template_folder="templates")

#: Where money stands, from what is gone to what is free: the layers of the chart.
LAYERS = ("redeemed", "outstanding", "released", "pool")


@blueprint.get("/<int:campaign_id>/versions/<int:number>/simulation")
def simulation(campaign_id: int, number: int) -> Any:
    """Show where the money of a version would be each day; what was typed stays, also where it is refused."""
    found = reading.version(campaign_id, number)
    definition = check(found.document)
    page: dict[str, Any] = {
        "version": found,
        "campaign": found.campaign,
        "definition": definition,
        "assumptions": ASSUMPTIONS,
        "percent": percent,
        "typed": as_typed(usual(definition)) | {name: text for name, text in request.args.items() if text},
    }
    try:
        played = simulate(definition, read_demand(request.args, definition))
    except Refusal as refusal:
        return form_again("campaigns/bureau_simulation.html", refusal, played=None, **page)
    return render_template(
        "campaigns/bureau_simulation.html",
        refusal=None,
        played=played,
        last=played.days[-1].money,
        stack=_stack(played),
        left=_left(definition, played),
        drawn=_drawn(played),
        **page,
    )


def _stack(played: Simulation) -> dict[str, Any]:
    names = {
        "redeemed": _("已使用"),
        "outstanding": _("已领未用"),
        "released": _("已投放未领"),
        "pool": _("资金池"),
    }
    series = [
        {
            "name": names[layer],
            "values": [_wan(sum(getattr(m, layer) for m in day.money.values())) for day in played.days],
        }
        for layer in LAYERS
    ]
    return {"kind": "stack", "unit": _("万元"), "labels": _days(played), "series": series}


def _left(definition: Definition, played: Simulation) -> dict[str, Any]:
    def free(money: Money) -> float:
        return _wan(money.pool + money.released)

    series = [
        {"name": source.name, "values": [free(day.money[source.code]) for day in played.days]}
        for source in definition.sources
    ]
    return {"kind": "lines", "unit": _("万元"), "labels": _days(played), "series": series}


def _drawn(played: Simulation) -> dict[str, Any] | None:
    """Return how many have entered lotteries, won and taken up by each day; None where nothing is drawn."""
    if not played.lotteries:
        return None
    names = {"entered": _("报名"), "won": _("中签（含递补）"), "taken_up": _("已领取")}
    series = [
        {"name": name, "values": list(accumulate(getattr(day, key) for day in played.days))}
        for key, name in names.items()
    ]
    return {"kind": "lines", "unit": _("人"), "labels": _days(played), "series": series}


def _days(played: Simulation) -> list[str]:
    return [day.day.isoformat() for day in played.days]


def _wan(fen: int) -> float:
    return round(fen / 1_000_000, 2)
