"""A claim that asks the phone where it is: let in inside, refused with the way out elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browser import scene as scenes
from tests.browser.conftest import sign_in_citizen


@pytest.fixture
def scene(sqlite_app, monkeypatch):
    known = scenes._document

    def fenced(opens_in):
        document = known(opens_in)
        for offer in document["offers"]:
            offer["scope"]["geofence"] = {"center": [111.98, 21.86], "km": 60, "checked": "both"}
        return document

    monkeypatch.setattr(scenes, "_document", fenced)
    return scenes.build()


def test_inside_it_is_claimed_and_shown(scene, devices):
    page = devices.open(geolocation={"longitude": 111.98, "latitude": 21.86}, permissions=["geolocation"])
    sign_in_citizen(page)
    page.goto(scene.address)
    page.locator("#claim-button").click()
    expect(page.locator("[data-state=code]")).to_be_visible()


def test_elsewhere_and_without_a_position_it_is_refused(scene, devices):
    page = devices.open(geolocation={"longitude": 113.26, "latitude": 23.13}, permissions=["geolocation"])
    sign_in_citizen(page)
    page.goto(scene.address)
    page.locator("#claim-button").click()
    expect(page.locator("#claim-answer")).to_contain_text("您现在不在活动区域内")
    page.context.clear_permissions()
    page.goto(scene.address)
    page.locator("#claim-button").click()
    expect(page.locator("#claim-answer")).to_contain_text("需要手机定位")
