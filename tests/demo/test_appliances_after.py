"""What the demo does after appliances were sold."""

import random
from collections import Counter

import pytest
from sqlalchemy import select

from demo.appliances_after import Pace, work_off
from foundation.db import db
from merchants.hand_in_decisions import lapse_due
from merchants.hand_in_models import HandIn
from tests.merchants.sold import Sold, campaign_file
from tests.world import at, done


@pytest.fixture
def app(sqlite_app):
    return sqlite_app


def test_what_was_sold_is_handed_in_and_decided_and_what_was_forgotten_lapses(clock, app):
    asked = {"invoice_days": 15, "delivery_days": 15, "files": "on_request", "old_appliance": "encouraged"}
    sold = Sold(campaign_file(**asked))
    sales = sold.sell(40)
    dice = random.Random(7)
    clock.move_to(at("2023-05-11 10:00"))
    assert work_off(dice, "officer:5", "officer:6").handed_in == 0
    clock.move_to(at("2023-05-12 10:00"))
    found = work_off(dice, "officer:5", "officer:6", Pace(forgotten=100, together=200, pictures=2))
    assert 30 <= found.handed_in <= 39
    assert found.handed_in == found.accepted + found.corrected + found.rejected
    clock.move_to(at("2023-06-20 10:00"))
    done(lambda: lapse_due(actor="job:lapse_hand_ins"))
    states = Counter(db.session.scalars(select(HandIn.status)))
    assert states["accepted"] == found.accepted
    assert states["rejected"] == len(sales) - found.accepted
