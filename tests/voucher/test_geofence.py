"""Geofences: claims and codes only inside the area; a position is looked at once, and nothing of it is kept."""

import pytest
from sqlalchemy import select

from campaigns.campaign_file import DefinitionFaulty, check
from campaigns.terms.geofence import Geofence
from foundation.db import db
from tests import people
from tests.people import LIN
from tests.world import PHONE, a_round, citizens, done, everything, offer, opened, redeem, shop, spring, toml
from voucher import claims, codes
from voucher.errors import LocationMissing, OutsideGeofence
from voucher.location import Location, read_location
from voucher.models import Entitlement, VoucherCode

YANGJIANG, GUANGZHOU = Location(111.9822, 21.8575), Location(113.2644, 23.1291)
CIRCLE = {"center": [111.98, 21.86], "km": 60}
TRIANGLE = {"polygon": [[111.0, 21.0], [113.0, 21.0], [112.0, 23.0]]}


def fenced(**geofence):
    return spring(offers=[offer(scope={"geofence": {**CIRCLE, **geofence}})], rounds=[a_round()])


@pytest.mark.parametrize(
    ("fence", "longitude", "latitude", "inside"),
    [
        (Geofence(center=(111.98, 21.86), km=60), 111.98, 21.86, True),
        (Geofence(center=(111.98, 21.86), km=60), 111.98, 21.86 + 59.9 / 111.195, True),
        (Geofence(center=(111.98, 21.86), km=60), 111.98, 21.86 + 60.1 / 111.195, False),
        (Geofence(center=(111.98, 21.86), km=60), 113.2644, 23.1291, False),
        (Geofence(polygon=((111, 21), (113, 21), (112, 23))), 112, 22, True),
        (Geofence(polygon=((111, 21), (113, 21), (112, 23))), 111.2, 22, False),
        (Geofence(polygon=((111, 21), (113, 21), (112, 23))), 112, 20.9, False),
        (Geofence(polygon=((0, 0), (4, 0), (4, 4), (2, 1), (0, 4))), 2, 3, False),
    ],
)
def test_a_position_is_inside_or_not(fence, longitude, latitude, inside):
    assert fence.contains(longitude, latitude) is inside


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"longitude": "111.9822", "latitude": "21.8575"}, YANGJIANG),
        ({}, None),
        ({"longitude": "", "latitude": ""}, None),
        ({"longitude": "nan", "latitude": "21"}, None),
        ({"longitude": "inf", "latitude": "21"}, None),
        ({"longitude": "111", "latitude": "91"}, None),
        ({"longitude": "here", "latitude": "there"}, None),
    ],
)
def test_what_a_page_sends_is_a_position_or_nothing(form, found):
    assert read_location(form) == found


def test_a_claim_needs_a_position_inside_and_keeps_no_more_than_that(clock, app):
    campaign = opened(fenced())
    [lin] = citizens(1)
    before = everything()
    with pytest.raises(LocationMissing):
        done(lambda: claims.claim(lin, campaign.release))
    with pytest.raises(OutsideGeofence):
        done(lambda: claims.claim(lin, campaign.release, location=GUANGZHOU))
    assert everything() == before
    done(lambda: claims.claim(lin, campaign.release, location=YANGJIANG))
    assert db.session.scalars(select(Entitlement.claimed_inside)).all() == [True]
    assert "111.9822" not in repr(everything())


def test_a_code_is_shown_inside_only_where_use_is_looked_at(clock, app):
    campaign = opened(fenced(checked="use"))
    [lin] = citizens(1)
    held = done(lambda: claims.claim(lin, campaign.release)).entitlement_id
    assert db.session.get_one(Entitlement, held).claimed_inside is None
    for location, refusal in [(None, LocationMissing), (GUANGZHOU, OutsideGeofence)]:
        with pytest.raises(refusal):
            done(lambda location=location: codes.open_voucher(held, lin, PHONE, location=location))
    done(lambda: codes.open_voucher(held, lin, PHONE, location=YANGJIANG))
    with pytest.raises(OutsideGeofence):
        done(lambda: codes.show_code(held, lin, PHONE, location=GUANGZHOU))
    shown = done(lambda: codes.show_code(held, lin, PHONE, location=YANGJIANG))
    assert set(db.session.scalars(select(VoucherCode.shown_inside))) == {True}
    assert redeem(shop(campaign).till, shown.digits).discount_fen == 5_000


def test_both_are_looked_at(clock, app):
    campaign = opened(fenced(checked="both"))
    [lin] = citizens(1)
    with pytest.raises(LocationMissing):
        done(lambda: claims.claim(lin, campaign.release))
    held = done(lambda: claims.claim(lin, campaign.release, location=YANGJIANG)).entitlement_id
    with pytest.raises(LocationMissing):
        done(lambda: codes.open_voucher(held, lin, PHONE))


@pytest.mark.parametrize(
    ("geofence", "place"),
    [
        ({"center": [21.86, 111.98], "km": 60}, "geofence.center"),
        ({"center": [111.98, 21.86]}, "geofence.km"),
        ({"center": [111.98, 21.86], "km": 0}, "geofence.km"),
        ({}, "geofence.center"),
        ({**CIRCLE, **TRIANGLE}, "geofence.center"),
        ({"polygon": [[111.0, 21.0], [113.0, 21.0]]}, "geofence.polygon"),
        ({"center": "here", "km": 60}, "geofence.center"),
        ({**CIRCLE, "checked": "always"}, "geofence.checked"),
    ],
)
def test_a_wrong_area_is_a_fault_with_its_place(geofence, place):
    with pytest.raises(DefinitionFaulty) as fault:
        check(toml(spring(offers=[offer(scope={"geofence": geofence})])).replace("Decimal", ""))
    assert [each.place for each in fault.value.faults] == [f"offers[1].scope.{place}"]


def test_the_pages_ask_refuse_and_let_in(clock, sqlite_app):
    campaign = opened(fenced(checked="both"))
    phone = people.browser_of(sqlite_app, LIN)
    page = phone.get("/campaigns/spring")
    assert "js/geofence.js" in page.text
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]
    form = {"release_id": campaign.release}
    assert "需要手机定位" in phone.post("/campaigns/spring/claims", data=form).text
    away = form | {"longitude": "113.2644", "latitude": "23.1291"}
    assert "您现在不在活动区域内" in phone.post("/campaigns/spring/claims", data=away).text
    inside = {"longitude": "111.9822", "latitude": "21.8575"}
    assert phone.post("/campaigns/spring/claims", data=form | inside).status_code == 303
    held = db.session.scalars(select(Entitlement.id)).one()
    page = phone.get(f"/vouchers/{held}").text
    assert "data-geofence" in page
    assert "领取和使用时须在活动区域内" in page
    where = phone.post(f"/vouchers/{held}/code", data={"open": "1"}).text
    assert 'data-state="where"' in where
    assert "重新定位" in where
    assert 'data-state="code"' in phone.post(f"/vouchers/{held}/code", data={"open": "1"} | inside).text
