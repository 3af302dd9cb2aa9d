"""The grid around every limit of a redemption: a tick, a second, a fen to either side, and every wrong place.

What lies outside is refused with its reason and changes nothing; what lies on the bound is decided as the convention
of half-open time says.
"""

from datetime import timedelta

import pytest

from foundation import clock as clocks
from foundation.clock import TICK
from foundation.db import db
from foundation.errors import Refusal
from merchants.models import Redemption
from tests.world import (
    ELSEWHERE,
    JIANGCHENG,
    OPENS,
    OTHER_PHONE,
    YANGDONG,
    at,
    citizens,
    claim,
    offer,
    opened,
    redeem,
    shop,
    show,
    spring,
)
from voucher.codes import GRACE, SHOWN_FOR

SECOND = timedelta(seconds=1)


def outcome(work):
    db.session.rollback()
    before = db.session.query(Redemption).count()
    try:
        work()
        code = "done"
    except Refusal as refusal:
        code = refusal.code
    db.session.rollback()
    assert db.session.query(Redemption).count() == before + (code == "done")
    return code


@pytest.mark.parametrize("bill_fen", [19_900, 19_999, 20_000, 20_001, 20_100])
def test_a_fen_to_either_side_of_the_threshold(clock, app, bill_fen):
    campaign = opened()
    place = shop(campaign)
    [lin] = citizens(1)
    digits = show(claim(lin, campaign.release), lin)
    expected = "done" if bill_fen >= 20_000 else "bill_below_threshold"
    assert outcome(lambda: redeem(place.till, digits, bill_fen)) == expected


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-SECOND, "done"), (-TICK, "done"), (timedelta(0), "voucher_expired"), (TICK, "voucher_expired")],
)
def test_a_tick_to_either_side_of_the_end(clock, app, monkeypatch, zone, offset, expected):
    # The machine's own zone decides nothing.
    monkeypatch.setenv("TZ", zone)
    campaign = opened()
    place = shop(campaign)
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    end = at("2023-05-15 00:00")
    clock.move_to(end - 2 * SECOND)
    digits = show(voucher, lin)
    clock.move_to(end + offset)
    assert outcome(lambda: redeem(place.till, digits)) == expected


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-SECOND, "voucher_not_yet_valid"), (-TICK, "voucher_not_yet_valid"), (timedelta(0), "done"), (TICK, "done")],
)
def test_a_tick_to_either_side_of_the_beginning(clock, app, offset, expected):
    begins = at("2023-05-09 00:00")
    validity = {"kind": "natural_days", "days": 2, "usable_from": begins}
    campaign = opened(spring(offers=[offer(validity=validity)]))
    place = shop(campaign)
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    clock.move_to(begins - 2 * SECOND)
    digits = show(voucher, lin)
    clock.move_to(begins + offset)
    assert outcome(lambda: redeem(place.till, digits)) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (SHOWN_FOR + GRACE - SECOND, "done"),
        (SHOWN_FOR + GRACE - TICK, "done"),
        (SHOWN_FOR + GRACE, "code_expired"),
        (SHOWN_FOR + GRACE + SECOND, "code_expired"),
    ],
)
def test_a_tick_to_either_side_of_a_codes_end(clock, app, age, expected):
    campaign = opened()
    place = shop(campaign)
    [lin] = citizens(1)
    digits = show(claim(lin, campaign.release), lin)
    clock.move_to(OPENS + age)
    assert outcome(lambda: redeem(place.till, digits)) == expected


@pytest.mark.parametrize(
    ("county", "industry", "enrolled", "expected"),
    [
        (JIANGCHENG, "catering", True, "done"),
        (YANGDONG, "catering", True, "outside_county"),
        (JIANGCHENG, "retail", True, "outside_industry"),
        (ELSEWHERE, "catering", True, "other_city"),
        (JIANGCHENG, "catering", False, "merchant_not_enrolled"),
    ],
)
def test_every_wrong_place(clock, app, county, industry, enrolled, expected):
    campaign = opened()
    place = shop(campaign if enrolled else None, county=county, industry=industry)
    [lin] = citizens(1)
    digits = show(claim(lin, campaign.release), lin)
    assert outcome(lambda: redeem(place.till, digits)) == expected


def test_what_was_refused_may_still_be_used_where_and_when_it_fits(clock, app):
    """A refusal spends nothing: after every wrong try the right one is done, and after that none."""
    campaign = opened()
    wrong = [
        shop(campaign, number=2, county=YANGDONG, name="阳东店"),
        shop(campaign, number=3, industry="retail", name="店"),
    ]
    right = shop(campaign)
    [lin] = citizens(1)
    voucher = claim(lin, campaign.release)
    retired = show(voucher, lin)
    digits = show(voucher, lin, OTHER_PHONE)
    assert outcome(lambda: redeem(right.till, retired)) == "code_retired"
    assert [outcome(lambda place=place: redeem(place.till, digits)) for place in wrong] == [
        "outside_county",
        "outside_industry",
    ]
    assert outcome(lambda: redeem(right.till, digits, 19_999)) == "bill_below_threshold"
    assert outcome(lambda: redeem(right.till, digits)) == "done"
    assert outcome(lambda: redeem(right.till, digits)) == "already_redeemed"
    assert clocks.now() == OPENS
