"""The promotional events of the demo's year: five car fairs, the festivals, and what merchants report of them.

The bureau's report says: five car fairs, 1073 cars, over 150 million yuan. The festivals' names are its too; their
days, places and sales are assumptions. Reports go through the operation that the merchants' page calls; a few come a
day late, and a few are corrected.
"""

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

from stdnum.cn import uscc

from campaigns import events
from demo.city import City
from foundation.clock import SHANGHAI, SimulatedClock
from foundation.db import db, transaction
from foundation.errors import Refusal
from foundation.money import apportion
from merchants import event_sales, register
from merchants.event_sales import SalesReport
from merchants.models import Store

CARS = 1_073
CAR_SALES_FEN = 15_026_000_000
_DEALERS = ("粤阳", "漠江", "南洋", "顺达", "新海", "东升", "鸿运", "安捷")
_JIANGCHENG = "441702"


@dataclass(frozen=True)
class Plan:
    """One event of ``events.toml``: industries of the merchants that take part, and how much one of them sells on a
    day. Car fairs have the year's cars instead."""

    name: str
    kind: str
    first: date
    last: date
    county: str
    place: str
    industries: Sequence[str]
    deals: Sequence[int] = (0, 0)
    yuan_each: Sequence[int] = (0, 0)


PLANS = tuple(Plan(**row) for row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["events"])


@dataclass
class Events:
    """The year's events while days go by. merchants: event → who takes part. late: reports that come a day later."""

    scale: Fraction
    by: str
    rng: random.Random = field(default_factory=lambda: random.Random("promotional events"))
    ids: dict[str, int] = field(default_factory=dict)
    merchants: dict[str, list[int]] = field(default_factory=dict)
    late: list[SalesReport] = field(default_factory=list)
    cars: dict[tuple[str, int, date], tuple[int, int]] = field(default_factory=dict)

    @property
    def fairs(self) -> list[str]:
        """The names of the car fairs."""
        return [plan.name for plan in PLANS if plan.kind == "car_fair"]

    def live_through(self, day: date, simulated: SimulatedClock) -> None:
        """In the evening of a day of an event its merchants report what they have sold."""
        reports, self.late = self.late, []
        for plan in PLANS:
            if plan.first <= day <= plan.last:
                reports += self._sales(plan, day)
        if not reports:
            return
        simulated.move_to(datetime.combine(day, time(21, 30), SHANGHAI).astimezone(UTC))
        # One in twenty is told on the next evening, and one in forty is mistyped and corrected at once.
        now = [report for report in reports if report.day < day or self.rng.random() >= 0.05]
        self.late = [report for report in reports if report not in now]
        mistyped = [report for report in now if report.deals > 1 and self.rng.random() < 0.025]
        wrong = {id(report): SalesReport(**{**vars(report), "deals": report.deals - 1}) for report in mistyped}
        self._report([wrong.get(id(report), report) for report in now])
        self._report([SalesReport(**{**vars(report), "corrects": 1}) for report in mistyped])

    def _report(self, reports: Sequence[SalesReport]) -> None:
        with transaction():
            outcomes = event_sales.report_batch(reports, by=self.by)
        for outcome in outcomes:
            if isinstance(outcome, Refusal):
                raise outcome

    def _sales(self, plan: Plan, day: date) -> list[SalesReport]:
        found = []
        for merchant_id in self.merchants[plan.name]:
            if plan.kind == "car_fair":
                deals, fen = self.cars[plan.name, merchant_id, day]
            else:
                deals = max(1, int(self.rng.randint(*plan.deals) * self.scale))
                fen = deals * self.rng.randint(*plan.yuan_each) * 100
            found.append(SalesReport(self.ids[plan.name], merchant_id, day, deals, fen))
        return found


def announce_year(scale: Fraction, city: City, *, campaign_id: int, by: str) -> Events:
    """Announce the year's events, take merchants and the year's campaign into them, and spread the cars over the
    dealers and days."""
    year = Events(scale, by)
    with transaction():
        dealers = _dealers(year.rng, by=by)
        for plan in PLANS:
            event = events.announce(
                name=plan.name, kind=plan.kind, county=plan.county, place=plan.place, starts_on=plan.first,
                ends_on=plan.last, by=by,
            )  # fmt: skip
            year.ids[plan.name] = event.id
            year.merchants[plan.name] = dealers if plan.kind == "car_fair" else _merchants(city, plan)
            event_sales.join(event.id, year.merchants[plan.name], by=by)
            if plan.kind != "car_fair":
                events.add_campaigns(event.id, [campaign_id], by=by)
    year.cars = _cars(year)
    return year


def _cars(year: Events) -> dict[tuple[str, int, date], tuple[int, int]]:
    """Return (fair, dealer, day) → cars and fen; together exactly the year's, at this scale."""
    slots = [
        (plan.name, dealer, plan.first + timedelta(days=n))
        for plan in PLANS
        if plan.kind == "car_fair"
        for dealer in year.merchants[plan.name]
        for n in range((plan.last - plan.first).days + 1)
    ]
    keys = [str(place) for place in range(len(slots))]
    cars = apportion(max(1, int(CARS * year.scale)), [(key, year.rng.randint(4, 14)) for key in keys])
    weights = [(key, count * year.rng.randint(105, 175)) for key, count in cars.items()]
    # Prices of cars are in whole hundreds of yuan.
    hundreds = apportion(max(1, int(CAR_SALES_FEN * year.scale) // 10_000), weights)
    return {slot: (cars[key], hundreds[key] * 10_000) for slot, key in zip(slots, keys, strict=True)}


def _merchants(city: City, plan: Plan) -> list[int]:
    stores = [
        shop.counter.store_id
        for shop in city.shops
        if shop.industry in plan.industries and plan.county in ("", shop.county)
    ]
    return sorted({db.session.get_one(Store, store_id).merchant_id for store_id in stores})


def _dealers(rng: random.Random, *, by: str) -> list[int]:
    """Register the car dealers that come to the fairs."""
    found = []
    for number, name in enumerate(_DEALERS):
        body = f"91441702MAE{number:02d}" + "".join(rng.choice("0123456789") for _ in range(4))
        merchant = register.register_merchant(
            name=f"阳江{name}汽车销售服务有限公司",
            uscc=body + uscc.calc_check_digit(body),
            county=_JIANGCHENG,
            industry="automobile",
            is_above_quota=number < 6,
            bank_name="江城区农商银行",
            bank_account="".join(str(rng.randrange(10)) for _ in range(19)),
            by=by,
        )
        register.add_store(merchant.id, name=f"{name}汽车城", county=_JIANGCHENG, address="江城区汽车大道")
        found.append(merchant.id)
    return found
