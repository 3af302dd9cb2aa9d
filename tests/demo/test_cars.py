"""The year's car subsidy: 342 buyers, 99.8 万元, through the real operations."""

import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from applications.models import Application
from campaigns import drafting, rounds
from campaigns.catalog import release_facts
from campaigns.models import Release
from demo import cars
from foundation import clock as clocks
from foundation.db import db
from ledger import audit
from merchants import register
from tests import people, world
from tests.applications.desk import FANG, GUO
from tests.world import JIANGCHENG, at, done
from voucher.models import Entitlement

EXAMPLE = Path(__file__).parents[2] / "examples" / "car-subsidy-2023.toml"


def a_play(scale):
    """Publish the example and return everything around it."""
    version = done(lambda: drafting.import_draft(EXAMPLE.read_text("utf-8"), by="officer:1").id)
    campaign = done(lambda: drafting.publish(version, by="officer:2").id)
    done(lambda: rounds.release_due_rounds(actor="job:test"))
    dealers = []
    for number in (1, 2, 3):
        shop = world.shop(number=number, name=f"漠阳汽车{number}店", industry="automobile")
        done(lambda shop=shop: register.enroll(campaign, [shop.merchant_id], by="officer:1"))
        dealers.append(cars.Dealer(world.a_uscc(number), f"漠阳汽车{number}店"))
    county, city = people.account(FANG), people.account(GUO)
    facts = release_facts(db.session.query(Release.id).scalar())
    db.session.rollback()
    return cars.Cars(
        facts,
        people.citizens(len(cars.planned(scale)), first_phone=13600000000),
        dealers,
        {JIANGCHENG: cars.Desk(county, JIANGCHENG)},
        cars.Desk(city, ""),
        scale,
    )


def test_the_mix_is_the_one_of_the_report():
    assert cars.granted_fen() == 99_800_000
    plan = cars.planned()
    assert sum(each.end == "granted" for each in plan) == 342
    assert Counter(each.end for each in plan if each.end != "granted") == cars.ALSO


@pytest.mark.parametrize("scale", [Fraction(1, 10)], ids=str)
def test_the_subsidy_is_lived_through_to_the_fen(sqlite_app, scale):
    with clocks.simulated(at("2023-06-02 09:00")) as simulated:
        play = a_play(scale)
        began = time.perf_counter()
        granted = cars.play_cars(play, simulated)
        took = time.perf_counter() - began
        expected = sum(each.end == "granted" for each in play.purchases)
        assert granted == expected
        total = db.session.query(db.func.sum(Entitlement.face_value_fen)).scalar()
        assert total == cars.granted_fen(scale)
        ends = Counter(status for (status,) in db.session.query(Application.status))
        lost = {end: sum(each.end == end for each in play.purchases) for end in cars.ALSO}
        assert ends == {
            "approved": expected,
            "rejected": lost["rejected"] + lost["overdue"],
            "withdrawn": lost["withdrawn"],
        }
        assert audit.run() == []
    assert took < 60, f"{took / len(play.purchases):.3f} s for each application"
