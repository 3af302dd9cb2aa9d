"""The claim's door with every kind of release: what it tells from memory, and what each line is of."""

import pytest
from sqlalchemy import select, text

from campaigns import rounds
from foundation.db import db, transaction
from tests import people, trade_in, world
from tests.campaigns.test_rollover import daily_round
from tests.people import LIN
from tests.world import JOB, at, done
from voucher import closed_releases
from voucher.closed_releases import reading
from voucher.errors import SoldOut
from voucher.models import Entitlement


@pytest.fixture
def app(sqlite_app):
    """Pages are tried on one engine: what they call is tried on both."""
    return sqlite_app


@pytest.fixture
def seconds(monkeypatch):
    """The clock by which readings age; it stands still until a test moves it."""
    now = [1_000.0]
    monkeypatch.setattr(closed_releases.time, "monotonic", lambda: now[0])
    return now


def claim(browser, release, category=""):
    wanted = f"{release}:{category}" if category else str(release)
    return browser.post("/campaigns/spring/claims", data={"release_id": wanted})


def categories():
    db.session.rollback()
    return sorted(db.session.scalars(select(Entitlement.category)))


def test_a_portion_that_is_released_is_claimable_within_a_second(clock, app, seconds):
    campaign = world.opened(daily_round(stock=2, days=2))
    lin = people.browser_of(app, LIN)
    assert claim(lin, campaign.release).status_code == 303
    for _ in range(2):
        assert "已经领完" in claim(lin, campaign.release).text
    clock.move_to(at("2023-05-09 09:00"))
    assert done(lambda: rounds.release_due_portions(actor=JOB)) == 1
    assert "已经领完" in claim(lin, campaign.release).text
    seconds[0] += 0.95
    assert claim(lin, campaign.release).status_code == 303


def test_each_category_is_counted_for_itself(clock, app):
    campaign = trade_in.opened()
    lin = people.browser_of(app, LIN)
    assert claim(lin, campaign.release, "refrigerator").status_code == 303
    again = claim(lin, campaign.release, "refrigerator")
    assert (again.status_code, "冰箱的领取次数（1 次）已经用完" in again.text) == (409, True)
    assert claim(lin, campaign.release, "washing-machine").status_code == 303
    assert categories() == ["refrigerator", "washing-machine"]


@pytest.mark.parametrize("category", ["", "sofa"])
def test_a_category_that_is_not_there_is_asked_for(clock, app, category):
    campaign = trade_in.opened()
    answer = claim(people.browser_of(app, LIN), campaign.release, category)
    assert (answer.status_code, "请选择一个补贴品类" in answer.text) == (409, True)


def test_what_is_used_up_for_one_category_is_used_up_for_all(clock, app, seconds):
    campaign = trade_in.opened()
    lin = people.browser_of(app, LIN)
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = 0 WHERE id = :r"), {"r": campaign.release})
    assert "已经领完" in claim(lin, campaign.release, "refrigerator").text
    assert "已经领完" in claim(lin, campaign.release, "washing-machine").text
    assert categories() == []
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = 100 WHERE id = :r"), {"r": campaign.release})


def test_what_staff_claim_is_never_told_as_sold_out(clock, app):
    campaign = world.opened(world.spring(rounds=[world.a_round(issuance={"kind": "assisted"})]))
    reading(campaign.release, SoldOut)
    answer = claim(people.browser_of(app, LIN), campaign.release)
    assert (answer.status_code, "服务窗口" in answer.text) == (409, True)
