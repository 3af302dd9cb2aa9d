"""What a simulation assumes of people, and reading it as it was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation

from campaigns.definition import Definition, ReleaseDefinition, RoundDefinition
from foundation.clock import TICK, bureau_day
from foundation.errors import N_, Malformed


class DemandMalformed(Malformed):
    code = "demand_malformed"
    message = N_("“%(name)s”应当是 %(least)s 至 %(most)s 之间的%(what)s")
    way_out = N_("请改正后重新测算")


@dataclass(frozen=True)
class Demand:
    """claims_per_day: how many want one on a day on which a round is open, in the mean. redemption_rate: of those
    claimed, how many are used, in hundredths of a percent. days_to_use: mean days from becoming usable to use.
    award_share: what a use costs, in hundredths of a percent of the most that it may; for benefits without one amount
    only. seed: which of the possible crowds. people: how many different people want one, so that limits per person
    bind; 0 where nobody counts them. claims_each: how many claims each of them wants in a round, at most. take_up_rate:
    of the prizes of a lottery that have to be taken up, how many are, in hundredths of a percent."""

    claims_per_day: int
    redemption_rate: int = 8_000
    days_to_use: int = 3
    award_share: int = 6_000
    seed: int = 1
    people: int = 0
    claims_each: int = 10
    take_up_rate: int = 9_000


@dataclass(frozen=True)
class Assumption:
    """How one field of Demand is asked for: its name, bounds as typed, and whether it is a percentage."""

    name: str
    least: int
    most: int
    percent: bool = False


ASSUMPTIONS = {
    "claims_per_day": Assumption(N_("每天想领的人次"), 1, 10_000_000),
    "redemption_rate": Assumption(N_("领取后使用的百分比"), 0, 100, percent=True),
    "days_to_use": Assumption(N_("领取到使用平均几天"), 0, 400),
    "award_share": Assumption(N_("平均补贴占最高额的百分比"), 1, 100, percent=True),
    "people": Assumption(N_("想领的人数（0 为不计）"), 0, 100_000_000),
    "claims_each": Assumption(N_("每人每轮最多想领几次"), 1, 1_000),
    "take_up_rate": Assumption(N_("中签后领取的百分比"), 0, 100, percent=True),
    "seed": Assumption(N_("随机种子"), 0, 1_000_000),
}


def usual(definition: Definition) -> Demand:
    """Return the demand that would just claim everything: the stock of all rounds over the days people come."""
    stock = sum(_most(definition, release) for a_round in definition.rounds for release in a_round.releases)
    days = sum(
        (bureau_day(last_claim_at(a_round) - TICK) - bureau_day(a_round.opens_at)).days + 1
        for a_round in definition.rounds
    )
    return Demand(claims_per_day=min(max(1, -(-stock // max(days, 1))), ASSUMPTIONS["claims_per_day"].most))


def last_claim_at(a_round: RoundDefinition) -> datetime:
    """Return the exclusive end of the time in which people come for a round: to claim, or to enter its lottery."""
    return a_round.lottery.register_until if a_round.lottery else a_round.closes_at


def _most(definition: Definition, release: ReleaseDefinition) -> int:
    """Return how many a release gives at most; where money is on release, as many as it pays the least for."""
    if release.budget_fen is None:
        return release.stock
    by_money = release.budget_fen // definition.offer(release.offer).terms.benefit.least_fen
    return min(release.stock or by_money, by_money)


def read_demand(typed: Mapping[str, str], definition: Definition) -> Demand:
    """Return the demand that was typed; what is empty is usual. Refuses DemandMalformed."""
    standard = usual(definition)
    values = {
        item.name: _read(item.name, typed[item.name]) if typed.get(item.name) else getattr(standard, item.name)
        for item in fields(Demand)
    }
    return Demand(**values)


def as_typed(demand: Demand) -> dict[str, str]:
    """Return a demand as a form shows it."""
    return {
        name: f"{getattr(demand, name) / 100:g}" if asked.percent else str(getattr(demand, name))
        for name, asked in ASSUMPTIONS.items()
    }


def _read(name: str, text: str) -> int:
    asked = ASSUMPTIONS[name]
    what = "百分数，最多两位小数" if asked.percent else "整数"
    text = text.strip().removesuffix("%") if asked.percent else text.strip()
    try:
        value = Decimal(text) if text.isascii() and len(text) <= 12 else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    scaled = value * 100 if asked.percent else value
    if value.is_nan() or not asked.least <= value <= asked.most or scaled % 1:
        raise DemandMalformed(field=name, name=asked.name, least=asked.least, most=asked.most, what=what)
    return int(scaled)
