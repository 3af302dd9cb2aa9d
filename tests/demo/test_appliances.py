"""The demo's appliances: exactly as many, for exactly as much, through the operations."""

import random
from fractions import Fraction

from sqlalchemy import func, select

from campaigns.campaign_file import check
from campaigns.jobs import close_rounds, release_rounds
from campaigns.notice import notice
from demo import appliances
from demo.appliances import SALES_FEN, UNITS, Appliances, moment_of
from demo.city import settle_city
from demo.sign_ins import SignIns
from foundation import clock as clocks
from foundation.db import db
from merchants.models import Redemption, SoldItem
from tests.world import DRAFTER, PUBLISHER, at
from voucher.jobs import return_spares


def test_the_file_is_a_campaign_and_says_what_is_assumed():
    definition = check(appliances.document())
    assert definition.offers[0].terms.categories
    assert notice(definition).sections
    assert "假设" in appliances.document()


def live(simulated, scale, folder):
    """Live through the appliances' year alone."""
    rng = random.Random(1)
    city = settle_city(rng, citizens_per_county=max(40, int(1_500 * scale)), by=DRAFTER, sign_ins=SignIns(folder))
    year = Appliances(scale, city, drafted_by=DRAFTER, published_by=PUBLISHER)
    for day in year.days:
        simulated.move_to(moment_of(day))
        return_spares()
        close_rounds()
        release_rounds()
        year.sell(day)


def test_the_appliances_come_to_the_reports_figures(app, tmp_path):
    check_figures(Fraction(1, 50), tmp_path)


def test_the_appliances_come_to_the_reports_figures_at_full_scale(sqlite_app, tmp_path):
    check_figures(Fraction(1), tmp_path)


def check_figures(scale, folder):
    with clocks.simulated(at("2023-05-01 09:00")) as simulated:
        live(simulated, scale, folder)
    db.session.rollback()
    count, bills = db.session.execute(
        select(func.count(), func.sum(Redemption.bill_fen)).where(Redemption.status == "redeemed")
    ).one()
    assert (count, bills) == (int(UNITS * scale), int(SALES_FEN * scale) // 100 * 100)
    assert db.session.scalar(select(func.count(SoldItem.serial.distinct()))) == count
    assert db.session.scalar(select(func.count(SoldItem.category.distinct()))) == 7
