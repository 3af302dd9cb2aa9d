"""The bureau's pages of the settlement report: the table with its chart, its files, and the rows beneath a figure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.models import Campaign, FundSource, Offer
from campaigns.places import counties, county_name, industries, industry_name
from foundation.db import db
from foundation.errors import Refusal
from foundation.ids import LARGEST_ROW_ID, text_id
from identity.directory import history
from identity.form_again import form_again
from ledger import naming, sealing, words
from ledger import reading as ledger
from merchants import listing
from merchants.models import Refund
from merchants.refunds import refunds_of
from settlement import event_figures, gift_figures, held_back, purchase_figures, reading
from settlement.charts import chart_of
from settlement.downloads import file_of
from settlement.errors import QueryMalformed
from settlement.event_figures import EventTotals
from settlement.exports import report_sheet
from settlement.held_back import HeldBack
from settlement.metrics import BY_KEY, METRICS, Metric
from settlement.purchase_figures import Proceeds, PurchaseFilter
from settlement.reports import Query, Report, Row, report, why_meaningless
from settlement.rows import rows_of

blueprint = Blueprint("settlement_desk", __name__, template_folder="templates")

#: How a filter for "no particular county" (claims of city-wide vouchers) is written in an address.
NOWHERE = "-"
#: The columns of the short table.
MAIN = (
    "claimed_fen", "net_redeemed_fen", "redemption_rate", "driven_fen", "leverage_by_claimed",
    "leverage_by_redeemed", "owed_fen",
)  # fmt: skip


@blueprint.get("")
def report_page() -> Response | str:
    """Show the report that the address asks for."""
    try:
        query = asked_query(request.args)
        found = report(query)
    except Refusal as refusal:
        form = {"report": None, "query": Query(), "asked": request.args, **_choices()}
        return form_again("settlement/report.html", refusal, **form)
    metrics = _columns(found)
    given = gift_figures.given(query)
    return render_template(
        "settlement/report.html",
        refusal=None,
        report=found,
        query=query,
        asked=request.args,
        arguments=arguments(query),
        metrics=metrics,
        why_meaningless=why_meaningless,
        rows_address=lambda row, metric: _rows_address(query, row, metric),
        chart=chart_of(found),
        conditions=conditions(query),
        events=_events_beside(query),
        not_driven=event_figures.NOT_DRIVEN,
        gifts=given,
        gifts_total=gift_figures.totals(given),
        gifts_why=gift_figures.COST_AND_WORTH,
        proceeds=_proceeds(query),
        proceeds_not_driven=purchase_figures.NOT_DRIVEN,
        held=_held_back(query),
        held_parts=held_back.PARTS,
        owed=BY_KEY["owed_fen"],
        seal=sealing.newest_short(),
        **_choices(),
    )


def _events_beside(query: Query) -> EventTotals | None:
    """Return what was reported of events in the report's period; events have no source, offer or voucher's county."""
    if any((query.fund_source_id, query.county is not None, query.industry is not None, query.merchant_id)):
        return None
    if query.offer_id:
        return None
    return event_figures.totals(first_day=query.first_day, last_day=query.last_day, campaign_id=query.campaign_id)


def _proceeds(query: Query) -> list[Proceeds]:
    """Return what was paid for vouchers; a price is paid at no store, so it divides by campaign, offer and source."""
    if query.county is not None or query.industry is not None or query.merchant_id:
        return []
    return purchase_figures.proceeds(
        PurchaseFilter(
            query.campaign_id, query.offer_id, query.fund_source_id, first_day=query.first_day, last_day=query.last_day
        )
    )


def _held_back(query: Query) -> list[HeldBack]:
    """Return why sales of what is asked for are on no statement; like balances, it divides by campaign and merchant."""
    if query.fund_source_id or not query.has_balances:
        return []
    return held_back.held_back(query.campaign_id, query.merchant_id)


@blueprint.get("/report.<any(csv, xlsx):kind>")
def report_file(kind: str) -> Response:
    """Download the report that the address asks for."""
    found = report(asked_query(request.args))
    return file_of(report_sheet(found, _("结算报表"), seal=sealing.newest_short()), kind, _file_name(found))


@blueprint.get("/gifts.<any(csv, xlsx):kind>")
def gifts_file(kind: str) -> Response:
    """Download the gifts that were given."""
    return file_of(gift_figures.sheet(gift_figures.given(asked_query(request.args))), kind, "gifts")


@blueprint.get("/rows")
def rows() -> str:
    """Show the rows that a figure is made of."""
    query = asked_query(request.args)
    key = request.args.get("metric", "")
    if key not in BY_KEY:
        raise QueryMalformed(given=key[:20], field="metric")
    return render_template(
        "settlement/rows.html",
        metric=BY_KEY[key],
        found=rows_of(query, key, page=request.args.get("page", 1, type=_row_id)),
        query=query,
        arguments=arguments(query),
        conditions=conditions(query),
        value=report(replace(query, by="campaign")).total.values[key],
        codes=words.CODES,
        documents=words.DOCUMENTS,
        document_page=naming.page_of,
    )


@blueprint.get("/redemptions/<uuid:redemption_id>")
def redemption(redemption_id: UUID) -> str:
    """Show one redemption: what was bought where, who paid for it, and every movement of its money."""
    facts = reading.redemption(redemption_id)
    refunds = refunds_of(redemption_id)
    movements = [
        movement
        for document in [("redemption", text_id(redemption_id)), *(("refund", text_id(r.refund_id)) for r in refunds)]
        for movement in ledger.movements_of(*document)
    ]
    source_ids = {credit.fund_source_id for _transfer, _debit, credit in movements}
    part = held_back.part_of(redemption_id)
    return render_template(
        "settlement/redemption.html",
        facts=facts,
        movements=movements,
        sources=naming.names("fund_source", source_ids),
        codes=words.CODES,
        kinds=words.KINDS,
        history=history("redemption", redemption_id),
        county_name=county_name,
        refunds=refunds,
        part=part,
        held_parts=held_back.PARTS,
        events={
            "redeem": _("核销"),
            "void": _("撤销"),
            "return": _("整单退货，券退回"),
            "refund": _("拒付，补贴退回资金池") if part == "rejected" else _("全部退货，券不退回"),
        },
    )


def asked_query(args: Mapping[str, str]) -> Query:
    """Read a query from an address. Refuses QueryMalformed, PeriodMalformed; empty values mean all."""
    return Query(
        by=args.get("by") or "campaign",
        campaign_id=_number(args, "campaign"),
        fund_source_id=_number(args, "source"),
        county=_place(args, "county"),
        industry=_place(args, "industry"),
        merchant_id=_number(args, "merchant"),
        offer_id=_number(args, "offer"),
        first_day=_day(args, "first_day"),
        last_day=_day(args, "last_day"),
    )


def arguments(query: Query) -> dict[str, Any]:
    """Return the arguments of an address that asks for a query."""
    wanted = {
        "by": query.by,
        "campaign": query.campaign_id,
        "source": query.fund_source_id,
        "county": NOWHERE if query.county == "" else query.county,
        "industry": NOWHERE if query.industry == "" else query.industry,
        "merchant": query.merchant_id,
        "offer": query.offer_id,
        "first_day": query.first_day and query.first_day.isoformat(),
        "last_day": query.last_day and query.last_day.isoformat(),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def conditions(query: Query) -> list[str]:
    """Return a query's filters in words."""
    merchant = listing.merchant(query.merchant_id).name if query.merchant_id else None
    offer = db.session.get(Offer, query.offer_id) if query.offer_id else None
    period = None
    if query.first_day or query.last_day:
        period = _("%(first)s 至 %(last)s", first=query.first_day or _("开始"), last=query.last_day or _("今天"))
    found = [
        naming.names("campaign", [query.campaign_id]).get(query.campaign_id or 0),
        naming.names("fund_source", [query.fund_source_id]).get(query.fund_source_id or 0),
        (_("全市通用") if query.county == "" else county_name(query.county)) if query.county is not None else None,
        (_("不限行业") if query.industry == "" else industry_name(query.industry))
        if query.industry is not None
        else None,
        merchant,
        offer.name if offer else None,
        period,
    ]
    return [text for text in found if text]


def _columns(found: Report) -> list[Metric]:
    """Return the metrics to show: those with a meaning anywhere in this report, or only the main ones."""
    short = request.args.get("columns") == "main"
    return [
        metric
        for metric in METRICS
        if metric.key in found.metrics
        and (not short or metric.key in MAIN)
        and any(row.values[metric.key] is not None for row in (*found.rows, found.total))
    ]


def _rows_address(query: Query, row: Row, metric: Metric) -> str:
    """Return the address of the rows beneath one cell: the query's filters, and what the row stands for."""
    asked = arguments(query)
    if query.by == "day":
        asked |= {"first_day": row.key, "last_day": row.key}
    else:
        asked[query.by] = row.key or NOWHERE
    return url_for("settlement_desk.rows", metric=metric.key, **asked)


def _choices() -> dict[str, Any]:
    campaigns = select(Campaign.id, Campaign.name).where(Campaign.version_id.is_not(None))
    return {
        "groupings": {
            "campaign": _("活动"),
            "source": _("资金来源"),
            "county": _("县区"),
            "industry": _("行业"),
            "merchant": _("商户"),
            "day": _("日"),
            "offer": _("券种"),
        },
        "campaigns": db.session.execute(campaigns.order_by(Campaign.starts_at.desc())).all(),
        "sources": db.session.execute(select(FundSource.id, FundSource.name).order_by(FundSource.id)).all(),
        "counties": counties(current_app.config["CITY_CODE"]),
        "industries": industries(),
    }


def _file_name(found: Report) -> str:
    return f"settlement-by-{found.query.by}-{found.as_of:%Y%m%d%H%M}"


def _number(args: Mapping[str, str], name: str) -> int | None:
    text = args.get(name, "")
    if not text:
        return None
    try:
        return _row_id(text)
    except ValueError as failure:
        raise QueryMalformed(given=text[:20], field=name) from failure


def _place(args: Mapping[str, str], name: str) -> str | None:
    text = args.get(name, "")
    return "" if text == NOWHERE else (text[:20] or None)


def _day(args: Mapping[str, str], name: str) -> date | None:
    text = args.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as failure:
        raise QueryMalformed(given=text[:20], field=name) from failure


def _row_id(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:12]) <= LARGEST_ROW_ID:
        raise ValueError(text)
    return int(text[:12])


def _redemption_page(document_id: str) -> str:
    return url_for("settlement_desk.redemption", redemption_id=UUID(document_id))


def _refund_page(document_id: str) -> str | None:
    redemption_id = db.session.scalar(select(Refund.redemption_id).where(Refund.id == UUID(document_id)))
    return url_for("settlement_desk.redemption", redemption_id=redemption_id) if redemption_id else None


naming.register_page("redemption", _redemption_page)
naming.register_page("refund", _refund_page)
