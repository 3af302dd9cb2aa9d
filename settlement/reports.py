"""The settlement report: one dataclass that the page, the chart, the CSV and the Excel file all show.

Sums of closed days come from ``day_figure`` (or ``merchant_day_figure``), those of open days from the ledger
itself; balances come from the ledger as it stands now.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select

from campaigns.kinds import PRESETS
from campaigns.models import Campaign, FundSource, Offer
from campaigns.places import county_name, industry_name
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db
from foundation.errors import N_
from foundation.words import Words
from ledger.accounts import AccountKind
from ledger.models import LedgerAccount
from merchants.models import Merchant
from settlement import figures
from settlement.day_closing import first_open_day
from settlement.errors import PeriodMalformed, QueryMalformed
from settlement.figures import SUM_NAMES, Place, Sums
from settlement.metrics import BALANCES, COUNTS, ISSUANCE, METRICS, OVER_CLAIMED, Holdings, Metric
from settlement.models import DayFigure, MerchantDayFigure

#: What rows may stand for: name → column of the figures.
GROUPINGS = {
    "campaign": "campaign_id",
    "source": "fund_source_id",
    "county": "county",
    "industry": "industry",
    "merchant": "merchant_id",
    "offer": "offer_id",
    "day": "bureau_day",
}
#: Rows of these stand for where vouchers were used; what is known only at the claim has no place in them.
_AT_STORES = ("county", "industry", "merchant")
#: Rows of these have balances of their own in the ledger.
_WITH_BALANCES = ("campaign", "source", "merchant")
#: Where money is that has not been used.
_NOT_USED = (
    AccountKind.PLEDGED,
    AccountKind.BUDGET,
    AccountKind.RELEASED,
    AccountKind.RESERVED,
    AccountKind.OUTSTANDING,
)


@dataclass(frozen=True)
class Query:
    """What a report is asked for. None means all; first_day and last_day are both included."""

    by: str = "campaign"
    campaign_id: int | None = None
    fund_source_id: int | None = None
    county: str | None = None
    industry: str | None = None
    merchant_id: int | None = None
    offer_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None

    def __post_init__(self) -> None:
        if self.by not in GROUPINGS:
            raise QueryMalformed(given=self.by[:20], field="by")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise PeriodMalformed

    @property
    def at_merchants(self) -> bool:
        """Whether the answer is about merchants, of which only redemptions are known."""
        return self.by == "merchant" or self.merchant_id is not None

    @property
    def has_balances(self) -> bool:
        """Whether the ledger keeps balances of what is asked for: it knows no county, industry or offer of them."""
        return self.county is None and self.industry is None and self.offer_id is None

    def filters(self) -> dict[str, Any]:
        """Return column → wanted value of the figures."""
        wanted = {
            "campaign_id": self.campaign_id,
            "fund_source_id": self.fund_source_id,
            "county": self.county,
            "industry": self.industry,
            "merchant_id": self.merchant_id,
            "offer_id": self.offer_id,
        }
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True)
class Row:
    """One row: what it stands for, and the value of each metric (None where it has no meaning). The key is "" for what
    is no single thing: the total, and vouchers of no particular county or industry."""

    key: str
    label: str
    values: Mapping[str, int | Decimal | None]

    @property
    def name(self) -> Words | str:
        """The label, to be spoken: names of things stay as they are, words of ours are translated."""
        return self.label if self.key else Words(self.label)


@dataclass(frozen=True)
class Report:
    """``metrics`` are the columns, in order. ``as_of`` is when it was computed; open days may still grow."""

    query: Query
    rows: Sequence[Row]
    total: Row
    as_of: datetime
    metrics: Sequence[str] = field(default_factory=lambda: tuple(metric.key for metric in METRICS))
    #: whether it is of subsidies that are applied for, and of nothing else
    applied_for: bool = False

    def words_of(self, metric: Metric) -> tuple[str, str]:
        """Return the name and the definition of a metric in this report."""
        return metric.words(applied_for=self.applied_for)


def report(query: Query) -> Report:
    """Compute a report. Refuses QueryMalformed where a grouping cannot be combined with a filter."""
    if query.at_merchants and (query.by == "offer" or query.offer_id is not None):
        raise QueryMalformed(given="offer + merchant", field="by")
    groups = _group_sums(query)
    holdings = _holdings(query)
    if query.by in _WITH_BALANCES and query.has_balances:
        # What holds money has a row, also where nothing moved in the period.
        for key in holdings:
            groups.setdefault(key, Sums())
    labels = _labels(query.by, list(groups))
    rows = [
        Row(str(key), labels[key], _values(query, sums, holdings.get(key) if query.by in _WITH_BALANCES else None))
        for key, sums in groups.items()
    ]
    rows.sort(key=lambda row: row.key if query.by == "day" else (-(row.values["driven_fen"] or 0), row.label))
    everything = Sums()
    for sums in groups.values():
        everything.add(sums)
    total = Row("", N_("合计"), _values(query, everything, _all(holdings), total=True))
    # Only where something is or could be applied for has it a column of its own.
    applied_for = _applied_for(query)
    shown = tuple(m.key for m in METRICS if m.key != "reserved_fen" or applied_for or total.values[m.key])
    return Report(query, rows, total, clock.now(), shown, applied_for)


def _applied_for(query: Query) -> bool:
    """Return whether a report is of one campaign whose subsidies are applied for."""
    if query.campaign_id is None:
        return False
    kind = db.session.scalar(select(Campaign.kind).where(Campaign.id == query.campaign_id))
    return kind in PRESETS and PRESETS[kind].priced_when_claimed


def _values(
    query: Query, sums: Sums, holdings: Holdings | None, *, total: bool = False
) -> dict[str, int | Decimal | None]:
    values: dict[str, int | Decimal | None] = {}
    for metric in METRICS:
        values[metric.key] = None if _meaningless(query, metric.key, total=total) else metric.value(sums, holdings)
    return values


def _meaningless(query: Query, key: str, *, total: bool) -> bool:
    """Return whether a metric would mislead in this report.

    A voucher valid in the whole city is claimed nowhere in particular, so rates over claims are not given by
    county, industry or merchant; a day's redemptions are of other days' claims; counts of vouchers do not
    divide among the sources that pay them together.
    """
    if query.at_merchants and key in ISSUANCE | OVER_CLAIMED | {"budget_fen", "reserved_fen", "surplus_fen"}:
        return True
    if key in OVER_CLAIMED:
        by_store = query.by in _AT_STORES and not total
        return by_store or (query.by == "day" and not total) or query.county is not None or query.industry is not None
    if key in COUNTS:
        return (query.by == "source" and not total) or query.fund_source_id is not None
    return key in BALANCES and not query.has_balances


def why_meaningless(query: Query, key: str) -> str:
    """Return, for a cell that shows —, why it does, as a msgid."""
    if key in COUNTS:
        return N_("一张券由几个资金来源共同出资，张数不能分给其中一个")
    if key in BALANCES:
        return N_("余额按活动、资金来源或商户记账，不能按这个条件拆分")
    if query.by == "day":
        return N_("当天核销的多是以前领取的券，按天相除没有意义")
    return N_("全市通用的券领取时还不知道会在哪里使用，不能归到某个县区、行业或商户")


def _group_sums(query: Query) -> dict[Any, Sums]:
    """Return group key → sums, of closed and open days together."""
    groups: dict[Any, Sums] = defaultdict(Sums)
    # Asked once: a day that is closed while this report is made must be in one of the two parts and not in neither.
    open_from = first_open_day()
    for key, sums in _closed_sums(query, open_from):
        groups[key].add(sums)
    for place, sums in _open_figures(query, open_from).items():
        if all(getattr(place, name) == value for name, value in query.filters().items()):
            groups[getattr(place, GROUPINGS[query.by])].add(sums)
    return dict(groups)


def _closed_sums(query: Query, open_from: date | None) -> list[tuple[Any, Any]]:
    if open_from is None:
        return []
    model: Any = MerchantDayFigure if query.at_merchants else DayFigure
    group = getattr(model, GROUPINGS[query.by])
    statement = select(group, *(func.sum(getattr(model, name)).label(name) for name in SUM_NAMES)).group_by(group)
    statement = statement.where(model.bureau_day < open_from)
    for name, value in query.filters().items():
        statement = statement.where(getattr(model, name) == value)
    if query.first_day:
        statement = statement.where(model.bureau_day >= query.first_day)
    if query.last_day:
        statement = statement.where(model.bureau_day <= query.last_day)
    return [(row[0], _as_sums(row)) for row in db.session.execute(statement)]


def _as_sums(row: Any) -> Sums:
    return Sums(**{name: int(getattr(row, name) or 0) for name in SUM_NAMES})


def _open_figures(query: Query, open_from: date | None) -> dict[Place, Sums]:
    if open_from is None:
        return {}
    first = max(open_from, query.first_day or open_from)
    last = query.last_day or bureau_day(clock.now())
    computed = figures.compute(first, last) if first <= last else {}
    return {place: sums for place, sums in computed.items() if place.merchant_id or not query.at_merchants}


def _holdings(query: Query) -> dict[Any, Holdings]:
    """Return group key → what the ledger holds now; the key is None for groupings without balances."""
    group = getattr(LedgerAccount, GROUPINGS[query.by]) if query.by in _WITH_BALANCES else None
    columns = [LedgerAccount.kind, func.sum(LedgerAccount.balance_fen)]
    statement: Select[*tuple[Any, ...]]
    if group is not None:
        statement = select(group, *columns).group_by(group, LedgerAccount.kind)
    else:
        statement = select(*columns).group_by(LedgerAccount.kind)
    statement = statement.where(LedgerAccount.kind != AccountKind.TREASURY.value)
    for name, value in query.filters().items():
        if name in ("campaign_id", "fund_source_id", "merchant_id"):
            statement = statement.where(getattr(LedgerAccount, name) == value)
    if query.at_merchants:
        statement = statement.where(LedgerAccount.merchant_id.is_not(None))
    balances: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in db.session.execute(statement):
        key, kind, fen = (row[0], row[1], row[2]) if group is not None else (None, row[0], row[1])
        balances[key][kind] = int(fen)
    return {key: _held(kinds) for key, kinds in balances.items()}


def _held(kinds: Mapping[str, int]) -> Holdings:
    surplus = sum(kinds[kind] for kind in _NOT_USED)
    owed = kinds[AccountKind.PAYABLE] + kinds[AccountKind.DUE] + kinds[AccountKind.CLEARED]
    paid, borne = kinds[AccountKind.PAID], kinds[AccountKind.BORNE]
    return Holdings(
        budget_fen=surplus + owed + paid + borne + kinds[AccountKind.RETURNED],
        surplus_fen=surplus,
        owed_fen=owed,
        paid_fen=paid,
        borne_fen=borne,
        reserved_fen=kinds[AccountKind.RESERVED],
    )


def owed_by_campaign(campaign_id: int | None = None, merchant_id: int | None = None) -> dict[int, int]:
    """Return campaign → what is owed now (the metric 应付), in fen; None means all campaigns or merchants."""
    found = _holdings(Query(campaign_id=campaign_id, merchant_id=merchant_id))
    return {key: held.owed_fen for key, held in found.items() if key is not None}


def _all(holdings: Mapping[Any, Holdings]) -> Holdings:
    return Holdings(
        budget_fen=sum(held.budget_fen for held in holdings.values()),
        surplus_fen=sum(held.surplus_fen for held in holdings.values()),
        owed_fen=sum(held.owed_fen for held in holdings.values()),
        paid_fen=sum(held.paid_fen for held in holdings.values()),
        borne_fen=sum(held.borne_fen for held in holdings.values()),
        reserved_fen=sum(held.reserved_fen for held in holdings.values()),
    )


def _labels(by: str, keys: Sequence[Any]) -> dict[Any, str]:
    """Return group key → what people call it."""
    if by == "county":
        return {key: county_name(key) if key else N_("全市通用（领取时未定）") for key in keys}
    if by == "industry":
        return {key: industry_name(key) for key in keys}
    if by == "day":
        return {key: key.isoformat() for key in keys}
    model: Any = {"campaign": Campaign, "source": FundSource, "merchant": Merchant, "offer": Offer}[by]
    names: dict[Any, str] = dict(db.session.execute(select(model.id, model.name).where(model.id.in_(keys))).all())
    return {key: names.get(key, str(key)) for key in keys}
