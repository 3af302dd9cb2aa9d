"""The bureau's desk: the year in one sentence and a few numbers, what is open now, and what waits for whom."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request

from campaigns import reading as campaigns
from foundation import clock
from foundation.clock import bureau_day
from identity import gates
from identity.directory import officer_names
from ledger import reading as ledger
from settlement import event_figures, payout_reading, payout_returns, reading
from settlement.charts import chart_of
from settlement.metrics import BY_KEY
from settlement.reports import Query, report
from settlement.sentence import year_sentences

blueprint = Blueprint("desk", __name__, template_folder="templates")

#: The numbers of the desk, in order.
TILES = ("claimed_fen", "net_redeemed_fen", "driven_fen", "leverage_by_claimed", "surplus_fen", "owed_fen")


@blueprint.get("/")
def overview() -> str:
    """Show the year, what is open now, and what waits for the one who looks."""
    years = reading.years()
    year = request.args.get("year", years[0], type=int)
    year = year if year in years else years[0]
    first_day, last_day = date(year, 1, 1), date(year, 12, 31)
    by_day = report(Query(by="day", first_day=first_day, last_day=last_day))
    drafts = campaigns.drafts_waiting()
    return render_template(
        "settlement/overview.html",
        year=year,
        years=years,
        first_day=first_day,
        last_day=last_day,
        sentences=year_sentences(year),
        total=by_day.total,
        tiles=[BY_KEY[key] for key in TILES],
        more=BY_KEY,
        as_of=by_day.as_of,
        chart=chart_of(by_day),
        rounds=campaigns.rounds_open_now(),
        next_round=campaigns.next_round(),
        drafts=drafts,
        drafters=officer_names(draft.drafted_by for draft in drafts),
        me=gates.principal().actor,
        to_approve=reading.batch_page(1, status="closed").rows,
        to_pay=reading.batch_page(1, status="approved").rows,
        unsettled=reading.unsettled(),
        disputes=reading.open_disputes(),
        payouts=_payouts(),
        last_audit=ledger.last_audit(),
        today=bureau_day(clock.now()),
        events=event_figures.totals(first_day=first_day, last_day=last_day),
        not_driven=event_figures.NOT_DRIVEN,
    )


def _payouts() -> dict[str, Any]:
    """Return what waits for somebody on the way of subsidies to citizens."""
    waiting = [
        line for status in ("closed", "approved", "sent") for line in payout_reading.batch_page(1, status=status).rows
    ]
    return {
        "due": payout_reading.due(),
        "waiting": waiting,
        "failed": payout_reading.failed(),
        "claims": payout_returns.open_claims(),
    }
