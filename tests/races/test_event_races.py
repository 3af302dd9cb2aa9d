"""One day of an event and many who report or correct it at once: one report is kept, with its control."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select, text

from campaigns import events
from foundation.db import db, transaction
from merchants import event_sales
from merchants.event_models import EventSales
from merchants.event_sales import SalesReport
from tests import world
from tests.races.crowd import at_once
from tests.world import DRAFTER, done

pytestmark = [pytest.mark.race, pytest.mark.postgres]

DAY = date(2023, 5, 7)


def a_report():
    event_id = done(lambda: events.announce(name="车展", kind="car_fair", starts_on=DAY, ends_on=DAY, by=DRAFTER).id)
    merchant_id = world.shop().merchant_id
    done(lambda: event_sales.join(event_id, [merchant_id], by=DRAFTER))
    return SalesReport(event_id, merchant_id, DAY, deals=3, amount_fen=300)


def crowd(app, sales):
    works = [
        lambda deals=deals: event_sales.report(replace(sales, deals=deals), by="cashier:1") for deals in range(1, 17)
    ]
    return Counter(attempt.code for attempt in at_once(app, works))


def kept():
    return db.session.scalar(select(func.count()).select_from(EventSales))


def test_one_of_many_reports_of_a_day_is_kept_and_one_of_many_corrections(clock, race_app):
    sales = a_report()
    assert crowd(race_app, sales) == {"done": 1, "reported_meanwhile": 15}
    assert crowd(race_app, replace(sales, corrects=1)) == {"done": 1, "reported_meanwhile": 15}
    assert kept() == 2


def test_without_the_key_a_look_before_the_write_is_not_enough(clock, race_app):
    sales = a_report()
    with transaction():
        db.session.execute(
            text("ALTER TABLE event_sales DROP CONSTRAINT uq_event_sales_event_id_merchant_id_sales_day_number")
        )
    crowd(race_app, sales)
    assert kept() > 1
