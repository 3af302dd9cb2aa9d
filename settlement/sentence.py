"""The year's sentence, in the bureau's own style, made from the ledger."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from campaigns.models import FundSource
from foundation.db import db
from foundation.errors import N_
from foundation.money import format_wan
from foundation.speech import spoken
from foundation.words import Words
from settlement.reports import Query, Report, report

NOTHING_YET = N_("%(year)s年，还没有发放消费券。")
WITHOUT_RATIOS = N_("%(year)s年，%(who)s发放消费券%(claimed)s万元，拉动消费%(driven)s万元。")
IN_FULL = N_("%(year)s年，%(who)s发放消费券%(claimed)s万元，拉动消费%(driven)s万元，拉动比%(ratios)s。")
RATIOS = (
    ("leverage_by_claimed", N_("%(ratio)s（按发放）")),
    ("leverage_by_redeemed", N_("%(ratio)s（按核销）")),
)


def year_period(year: int) -> tuple[date, date]:
    """Return the first and the last day of a calendar year."""
    return date(year, 1, 1), date(year, 12, 31)


def year_report(year: int) -> Report:
    """Return the report of a calendar year by campaign."""
    first_day, last_day = year_period(year)
    return report(Query(by="campaign", first_day=first_day, last_day=last_day))


def year_sentence(year: int) -> str:
    """Return e.g. 2023年，市县两级共同发放消费券1783.1万元，拉动消费9243.2万元，拉动比1:5.18（按发放）。

    万元 are rounded half up to one decimal, the ratio to two; both ratios are given, labelled, since cities
    publish either.
    """
    total = year_report(year).total.values
    claimed, driven = int(total["claimed_fen"] or 0), int(total["driven_fen"] or 0)
    if not claimed:
        return spoken(Words(NOTHING_YET, year=year))
    ratios = "，".join(spoken(Words(text, ratio=_ratio(total[key]))) for key, text in RATIOS if total[key] is not None)
    sentence = Words(
        IN_FULL if ratios else WITHOUT_RATIOS,
        year=year,
        who=_levels(year),
        claimed=format_wan(claimed),
        driven=format_wan(driven),
        ratios=ratios,
    )
    return spoken(sentence)


def _ratio(value: int | Decimal | None) -> str:
    return f"1:{Decimal(value or 0):.2f}"


def _levels(year: int) -> str:
    """Return who paid together for what was claimed in that year: 市县两级共同, 市级, ...

    Put together from single characters, which no other language does, so it stays Chinese.
    """
    first_day, last_day = year_period(year)
    by_source = report(Query(by="source", first_day=first_day, last_day=last_day))
    source_ids = [int(row.key) for row in by_source.rows if row.values["claimed_fen"]]
    levels = set(db.session.scalars(select(FundSource.level).where(FundSource.id.in_(source_ids))))
    names = [
        name
        for level, name in (("central", "央"), ("province", "省"), ("city", "市"), ("county", "县"))
        if level in levels
    ]
    if len(names) > 1:
        return f"{''.join(names)}{'一二三四'[len(names) - 1].replace('二', '两')}级共同"
    return f"{names[0]}级" if names else ""
