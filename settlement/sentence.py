"""The year's sentences, in the bureau's own style, made from the ledger."""

from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, func, select

from campaigns.models import Campaign, FundSource
from foundation.db import db
from foundation.errors import N_
from foundation.money import format_wan
from foundation.speech import spoken
from foundation.words import Words
from merchants.models import Redemption
from settlement.figures import Sums
from settlement.metrics import BY_KEY
from settlement.reports import Query, Report, report
from voucher.models import Entitlement

NOTHING_YET = N_("%(year)s年，还没有发放消费券。")
WITHOUT_RATIOS = N_("%(year)s年，%(who)s发放消费券%(claimed)s万元，拉动消费%(driven)s万元。")
IN_FULL = N_("%(year)s年，%(who)s发放消费券%(claimed)s万元，拉动消费%(driven)s万元，拉动比%(ratios)s。")
TRADE_INS = N_("家电“以旧换新”%(count)s台，直接拉动交易额%(fen)s万元。")
CARS = N_("惠民购车补贴%(given)s万元，%(people)s名消费者受益。")
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


def year_sentences(year: int) -> list[str]:
    """Return the year in sentences: the vouchers', and one each for car subsidies and trade-ins if there were any."""
    return [year_sentence(year), *(sentence for sentence in (car_sentence(year), trade_in_sentence(year)) if sentence)]


def year_sentence(year: int) -> str:
    """Return e.g. 2023年，市县两级共同发放消费券1783.1万元，拉动消费9243.2万元，拉动比1:5.18（按发放）。

    万元 are rounded half up to one decimal, the ratio to two; both ratios are given, labelled, since cities
    publish either. Subsidies have sentences of their own.
    """
    campaigns = _campaigns("consumer_voucher")
    rows = [row.values for row in year_report(year).rows if int(row.key) in campaigns]
    claimed, net, driven = (
        sum(int(values[key] or 0) for values in rows) for key in ("claimed_fen", "net_redeemed_fen", "driven_fen")
    )
    if not claimed:
        return spoken(Words(NOTHING_YET, year=year))
    sums = Sums(claimed_fen=claimed, redeemed_fen=net, driven_fen=driven)
    found = [(text, BY_KEY[key].value(sums, None)) for key, text in RATIOS]
    ratios = "，".join(spoken(Words(text, ratio=_ratio(value))) for text, value in found if value is not None)
    sentence = Words(
        IN_FULL if ratios else WITHOUT_RATIOS,
        year=year,
        who=_levels(year, campaigns),
        claimed=format_wan(claimed),
        driven=format_wan(driven),
        ratios=ratios,
    )
    return spoken(sentence)


def car_sentence(year: int) -> str:
    """Return e.g. 惠民购车补贴99.8万元，342名消费者受益。 or "" where there was none."""
    given, people = cars_of(year)
    return spoken(Words(CARS, given=format_wan(given), people=f"{people:,}")) if given else ""


def cars_of(year: int) -> tuple[int, int]:
    """Return what car subsidies took off and paid out in a year less what came back, in fen, and how many citizens have
    it."""
    campaigns = _campaigns("car_subsidy")
    given = sum(int(row.values["net_redeemed_fen"] or 0) for row in year_report(year).rows if int(row.key) in campaigns)
    people = select(func.count(Entitlement.citizen_id.distinct())).join(
        Redemption, Redemption.entitlement_id == Entitlement.id
    )
    return given, db.session.scalar(people.where(*_stands(year, campaigns))) or 0


def trade_in_sentence(year: int) -> str:
    """Return e.g. 家电“以旧换新”5,699台，直接拉动交易额2511.78万元。 or "" where there were none."""
    count, fen = trade_ins_of(year)
    return spoken(Words(TRADE_INS, count=f"{count:,}", fen=format_wan(fen, 2))) if count else ""


def trade_ins_of(year: int) -> tuple[int, int]:
    """Return how many articles of a year's trade-ins were sold and stand, and their prices in fen."""
    net = func.coalesce(func.sum(Redemption.bill_fen - Redemption.refunded_bill_fen), 0)
    count, fen = db.session.execute(
        select(func.count(), net).where(*_stands(year, _campaigns("appliance_trade_in")))
    ).one()
    return int(count), int(fen)


def _stands(year: int, campaigns: set[int]) -> tuple[ColumnElement[bool], ...]:
    first_day, last_day = year_period(year)
    within = Redemption.bureau_day.between(first_day, last_day)
    return Redemption.campaign_id.in_(campaigns), Redemption.status == "redeemed", within


def _campaigns(kind: str) -> set[int]:
    return set(db.session.scalars(select(Campaign.id).where(Campaign.kind == kind)))


def _ratio(value: int | Decimal | None) -> str:
    return f"1:{Decimal(value or 0):.2f}"


def _levels(year: int, campaigns: set[int]) -> str:
    """Return who paid together for what was claimed in that year: 市县两级共同, 市级, ...

    Put together from single characters, which no other language does, so it stays Chinese.
    """
    first_day, last_day = year_period(year)
    source_ids = {
        int(row.key)
        for campaign_id in campaigns
        for row in report(Query(by="source", campaign_id=campaign_id, first_day=first_day, last_day=last_day)).rows
        if row.values["claimed_fen"]
    }
    levels = set(db.session.scalars(select(FundSource.level).where(FundSource.id.in_(source_ids))))
    names = [
        name
        for level, name in (("central", "央"), ("province", "省"), ("city", "市"), ("county", "县"))
        if level in levels
    ]
    if len(names) > 1:
        return f"{''.join(names)}{'一二三四'[len(names) - 1].replace('二', '两')}级共同"
    return f"{names[0]}级" if names else ""
