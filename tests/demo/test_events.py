"""The promotional events of the demo's year: five car fairs with the report's figures, and the festivals."""

import time
from datetime import date, timedelta
from fractions import Fraction

import pytest

from campaigns.events import events_of_year
from demo.city import City, Shop
from demo.events import CARS, PLANS, announce_year
from demo.year import FIRST_DAY, LAST_DAY, START
from foundation import clock as clocks
from settlement import event_figures
from tests import world
from tests.world import DRAFTER


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(1, 100)])
def test_the_year_has_five_car_fairs_with_the_reports_figures_and_the_festivals(sqlite_app, scale):
    with clocks.simulated(START) as simulated:
        shops = [
            Shop(world.shop(number=number, county=county, industry=industry).till, county, industry)
            for number, (county, industry) in enumerate(
                [(county, industry) for county in (world.JIANGCHENG, world.YANGDONG, "441781", "441721")
                 for industry in ("catering", "retail", "appliance")], 1
            )
        ]  # fmt: skip
        campaign = world.published()
        began = time.perf_counter()
        year = announce_year(scale, City({}, shops), campaign_id=campaign.id, by=DRAFTER)
        day = FIRST_DAY
        while day <= LAST_DAY:
            year.live_through(day, simulated)
            day += timedelta(days=1)
        assert time.perf_counter() - began < 10
        figures = event_figures.figures_of(events_of_year(2023))
        totals = event_figures.totals(first_day=date(2023, 1, 1), last_day=date(2023, 12, 31))
    fairs = [one for one in figures if one.line.event.kind == "car_fair"]
    assert len(fairs) == 5
    assert len(figures) == len(PLANS)
    assert sum(one.deals for one in fairs) == int(CARS * scale) == totals.deals_by_unit["辆"]
    assert sum(one.amount_fen for one in fairs) > 15_000_000_000 * scale
    assert [one.missing for one in figures] == [0] * len(figures)
    assert all(one.line.campaigns for one in figures if one.line.event.kind != "car_fair")
