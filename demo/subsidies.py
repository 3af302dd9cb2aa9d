"""The year's subsidies beside its vouchers: cars are applied for, reviewed and paid out; appliances are sold, their
papers handed in, decided and settled. Called day by day by ``demo/year.py``."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from applications import reviewing
from applications.reviewing import Desk
from campaigns import drafting
from campaigns.catalog import release_facts
from campaigns.models import CampaignRound, Release
from demo import appliances_after
from demo.appliances import Appliances, moment_of
from demo.appliances_after import Pace
from demo.cars import FIRST_DAY, Cars, Dealer, live_through, planned
from demo.city import City, account
from demo.events import Events
from demo.sign_ins import SignIns
from foundation.clock import SimulatedClock
from foundation.db import db, transaction
from merchants import register
from merchants.jobs import lapse_hand_ins
from merchants.models import Merchant, Store
from settlement import closing, payouts
from settlement.errors import NothingToPayOut, NothingToSettle
from settlement.payout_models import PayoutLine
from settlement.payouts import BankAnswer
from voucher.jobs import return_spares

CAR_FILE = Path(__file__).parent.parent / "examples" / "car-subsidy-2023.toml"
_REVIEWERS = (("fangli", "方丽（江城区商务局）"), ("guozhi", "郭志（业务科）"))
#: Who buys cars are every so many citizens of the county where the dealers are.
_COUNTY = "441702"
#: Nobody forgets, so that the year ends on the report's figures.
_PACE = Pace(forgotten=0, rejected=0, pictures=1)
#: When appliances are settled, and whether it is paid at once.
_APPLIANCE_CLOSINGS = {date(2023, 8, 14): True, date(2023, 11, 13): True, date(2024, 1, 3): False}
_CAR_PAYOUTS = (date(2023, 9, 20), date(2023, 12, 27))


@dataclass
class Subsidies:
    """Both campaigns while days go by. actors: login → actor."""

    actors: dict[str, str]
    simulated: SimulatedClock
    appliances: Appliances
    car_campaign_id: int
    citizens: list[UUID]
    dealers: list[Dealer]
    desks: tuple[Desk, Desk]
    scale: Fraction
    rng: random.Random
    cars: Cars | None = None

    def in_the_night(self, day: date) -> None:
        """Do what jobs and finance do before the doors open."""
        return_spares()
        lapse_hand_ins()
        if day in _APPLIANCE_CLOSINGS:
            self._settle_appliances(day)
        if day in _CAR_PAYOUTS:
            self._pay_out_cars()

    def in_the_morning(self, day: date) -> None:
        """Live through the car subsidy's day at nine, once its round is on release."""
        if self.cars is None and day >= FIRST_DAY:
            county, city = self.desks
            facts = release_facts(self._car_release())
            assert facts is not None
            self.cars = Cars(facts, self.citizens, self.dealers, {_COUNTY: county}, city, self.scale)
        if self.cars is not None:
            live_through(self.cars, day)

    def in_the_afternoon(self, day: date) -> None:
        """Sell appliances at three; five days after a day of sales their papers are handed in and decided."""
        if day in self.appliances.days:
            self.simulated.move_to(moment_of(day))
            self.appliances.sell(day)
        if day - timedelta(days=5) in self.appliances.days:
            appliances_after.work_off(self.rng, self.actors["weimin"], self.actors["lujianguo"], _PACE)

    def _car_release(self) -> int:
        return db.session.execute(
            select(Release.id)
            .join(CampaignRound, CampaignRound.id == Release.round_id)
            .where(CampaignRound.campaign_id == self.car_campaign_id)
        ).scalar_one()

    def _settle_appliances(self, day: date) -> None:
        try:
            with transaction():
                last_day = day - timedelta(days=1)
                batch_id = closing.close_period(self.appliances.campaign_id, last_day, by=self.actors["hejing"]).id
        except NothingToSettle:
            return
        with transaction():
            closing.approve(batch_id, by=self.actors["guoting"])
        if _APPLIANCE_CLOSINGS[day]:
            with transaction():
                closing.mark_paid(batch_id, by=self.actors["hejing"], payment_reference=f"{day:%Y-%m}-JD")

    def _pay_out_cars(self) -> None:
        try:
            with transaction():
                batch_id = payouts.close(self.car_campaign_id, by=self.actors["hejing"]).id
        except NothingToPayOut:
            # In a small year nobody has bought a car yet.
            return
        with transaction():
            payouts.approve(batch_id, by=self.actors["guoting"])
        with transaction():
            payouts.send(batch_id, by=self.actors["hejing"])
        with transaction():
            lines = db.session.scalars(select(PayoutLine.number).where(PayoutLine.batch_id == batch_id)).all()
            answers = [BankAnswer(number, is_paid=True, reference=f"{batch_id:04d}{number:06d}") for number in lines]
            payouts.record_answers(batch_id, answers, by=self.actors["hejing"])


def open_subsidies(
    scale: Fraction, city: City, events: Events, actors: dict[str, str], simulated: SimulatedClock, sign_ins: SignIns
) -> Subsidies:
    """Publish both campaigns, admit car dealers and appliance shops, and name the reviewers."""
    with transaction():
        version_id = drafting.import_draft(CAR_FILE.read_text("utf-8"), by=actors["weimin"]).id
    with transaction():
        car_campaign_id = drafting.publish(version_id, by=actors["lujianguo"]).id
        dealers = _dealers(events)
        register.enroll(car_campaign_id, list(dealers), by=actors["weimin"])
    desks = []
    with transaction():
        for (login, name), county in zip(_REVIEWERS, (_COUNTY, ""), strict=True):
            reviewer = account(
                kind="officer", login=login, name=name, role="reviewer", password=sign_ins.password(login)
            )
            reviewing.name_reviewer(reviewer.id, county, city="4417", by=actors["lujianguo"])
            actors[login] = f"officer:{reviewer.id}"
            desks.append(Desk(reviewer.id, county))
    appliances = Appliances(scale, city, drafted_by=actors["weimin"], published_by=actors["lujianguo"])
    buyers = [person for county in sorted(city.citizens) for person in city.citizens[county]]
    return Subsidies(
        actors,
        simulated,
        appliances,
        car_campaign_id,
        buyers[: len(planned(scale))],
        list(dealers.values()),
        (desks[0], desks[1]),
        scale,
        random.Random("subsidies"),
    )


def _dealers(events: Events) -> dict[int, Dealer]:
    """Return merchant id → dealer, of those that come to the car fairs."""
    ids = sorted({merchant for name in events.fairs for merchant in events.merchants[name]})
    rows = db.session.execute(
        select(Merchant.id, Merchant.uscc, Merchant.name)
        .join(Store, Store.merchant_id == Merchant.id)
        .where(Merchant.id.in_(ids))
        .order_by(Merchant.id)
    )
    return {merchant_id: Dealer(uscc, name) for merchant_id, uscc, name in rows}
