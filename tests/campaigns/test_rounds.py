from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from campaigns import rounds
from campaigns.jobs import close_rounds, release_rounds
from campaigns.models import CampaignRound
from foundation.clock import TICK
from foundation.db import db, transaction
from ledger import accounts
from ledger.posting import balance_fen
from tests.world import (
    CLOSES,
    JOB,
    OPENS,
    a_round,
    at,
    citizens,
    claim,
    done,
    offer,
    opened,
    published,
    release_row,
    spring,
)
from voucher.expiry import expire_due

TWO_MINUTES = timedelta(minutes=2)
JUNE, JULY = at("2023-06-01 10:00"), at("2023-06-10 10:00")


def later(code="r2", opens=JUNE, closes=JULY, **changed):
    return a_round(code, opens_at=opens, closes_at=closes, **changed)


def poor(yuan, **changed):
    """A campaign paid by the city alone, which has so many yuan."""
    return spring(
        sources=[{"code": "city", "name": "市财政", "level": "city", "budget_yuan": yuan}],
        offers=[offer(funding={"shares": {"city": "100%"}})],
        **changed,
    )


def release():
    return [a_round.code for a_round in done(lambda: rounds.release_due_rounds(actor=JOB))]


def close():
    return [a_round.code for a_round in done(lambda: rounds.close_due_rounds(actor=JOB))]


def released_fen(campaign, release_id, source="city", offer_code="meal"):
    key = accounts.released(
        campaign.id, campaign.sources[source], offer_id=campaign.offers[offer_code], release_id=release_id
    )
    return balance_fen(key)


def status():
    db.session.expire_all()
    return db.session.scalars(select(CampaignRound.status).order_by(CampaignRound.id)).all()


def test_a_round_is_put_on_release_two_minutes_before_it_opens(clock, app):
    campaign = published(spring(rounds=[later()]))
    clock.move_to(JUNE - TWO_MINUTES - TICK)
    assert release() == []
    clock.move_to(JUNE - TWO_MINUTES)
    assert release() == ["r2"]
    row = release_row(campaign.release)
    assert (row.released, row.remaining) == (10, 10)
    assert released_fen(campaign, campaign.release, "city") == 10 * 1_000
    assert released_fen(campaign, campaign.release, "jiangcheng") == 10 * 4_000
    assert campaign.pool_fen("city") == 10_000_000 - 10_000


def test_a_round_is_put_on_release_once(clock, app):
    opened()
    assert release() == []


def test_a_round_that_was_missed_is_put_on_release_late(clock, app):
    published()
    clock.move_to(CLOSES - TICK)
    assert release() == ["r1"]


def test_a_round_that_was_missed_altogether_is_closed_without_moving_money(clock, app):
    campaign = published()
    clock.move_to(CLOSES)
    assert release() == []
    assert close() == ["r1"]
    assert release_row(campaign.release).released == 0
    assert campaign.pool_fen("city") == 10_000_000


@pytest.mark.parametrize(("yuan", "released"), [(500, 10), (499, 9), (50, 1), (501, 10)])
def test_a_release_is_as_large_as_the_pool_has_money_for(clock, app, yuan, released):
    document = poor(yuan)
    document["rounds"][0]["releases"][0]["stock"] = min(10, yuan // 50)
    # The second round asks for what the first has left over, and more.
    document["rounds"].append(later(releases=[{"offer": "meal", "stock": min(10, yuan // 50)}]))
    campaign = opened(document)
    assert release_row(campaign.release).released == released
    clock.move_to(JUNE)
    release()
    assert release_row(campaign.releases["r2", "meal"]).released == (yuan // 50) - released


def test_the_poorest_source_limits_a_release(clock, app):
    document = spring(rounds=[later(releases=[{"offer": "meal", "stock": 10}]), a_round()])
    document["sources"][1]["budget_yuan"] = 400
    campaign = opened(document)
    clock.move_to(JUNE)
    release()
    # Jiangcheng pays 40 of each: its 400 are all in the first round, so nothing of the city's is released.
    assert release_row(campaign.releases["r2", "meal"]).released == 0
    assert campaign.pool_fen("city") == 10_000_000 - 10_000


def test_offers_of_one_round_do_not_spend_the_same_money_twice(clock, app):
    offers = [offer(code, funding={"shares": {"city": "100%"}}) for code in ("meal", "lunch", "tea")]
    both = [{"offer": "meal", "stock": 6}, {"offer": "lunch", "stock": 3}]
    document = poor(500, rounds=[a_round(releases=both), a_round("also", releases=[{"offer": "tea", "stock": 4}])])
    document["offers"] = offers
    campaign = opened(document)
    got = [release_row(release_id).released for release_id in campaign.releases.values()]
    assert got == [6, 3, 1]
    assert campaign.pool_fen("city") == 0


def test_closing_recalls_what_was_not_claimed(clock, app):
    campaign = opened()
    for citizen in citizens(3):
        claim(citizen, campaign.release)
    clock.move_to(CLOSES - TICK)
    assert close() == []
    clock.move_to(CLOSES)
    assert close() == ["r1"]
    row = release_row(campaign.release)
    assert (row.released, row.remaining) == (10, 0)
    assert released_fen(campaign, campaign.release) == 0
    assert campaign.pool_fen("city") == 10_000_000 - 3 * 1_000
    assert campaign.outstanding_fen("jiangcheng") == 3 * 4_000


def test_a_round_is_closed_once(clock, app):
    campaign = opened()
    clock.move_to(CLOSES)
    assert close() == ["r1"]
    assert close() == []
    assert campaign.pool_fen("city") == 10_000_000


def test_a_sold_out_round_closes_with_nothing_to_recall(clock, app):
    campaign = opened()
    for citizen in citizens(10):
        claim(citizen, campaign.release)
    clock.move_to(CLOSES)
    assert close() == ["r1"]
    assert campaign.pool_fen("city") == 10_000_000 - 10_000
    assert status() == ["closed"]


def test_money_that_came_back_is_released_again(clock, app):
    campaign = opened(poor(500, rounds=[a_round(), later()]))
    people = citizens(4)
    for citizen in people:
        claim(citizen, campaign.release)
    assert campaign.pool_fen("city") == 0
    clock.move_to(CLOSES)
    close()
    assert campaign.pool_fen("city") == 300_00
    clock.move_to(OPENS + timedelta(days=8))
    assert done(lambda: expire_due(actor=JOB)) == 4
    assert campaign.pool_fen("city") == 500_00
    clock.move_to(JUNE)
    assert release() == ["r2"]
    assert release_row(campaign.releases["r2", "meal"]).released == 10


def test_the_jobs_say_how_many_rounds_they_moved(clock, app):
    published()
    assert release_rounds() == "released 1 rounds"
    clock.move_to(CLOSES)
    assert close_rounds() == "closed 1 rounds"


# --- stock --------------------------------------------------------------------------------------------------


def test_the_database_itself_keeps_stock_from_going_below_zero(clock, app):
    campaign = opened()
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE release SET remaining = -1 WHERE id = :id"), {"id": campaign.release})


def test_what_is_there_is_taken_and_no_more(clock, app):
    campaign = opened()
    for wanted, taken, left in [(-1, 0, 10), (0, 0, 10), (1, 1, 9), (10, 10, 0), (11, 10, 0), (10**6, 10, 0)]:
        with transaction():
            assert rounds.take_stock(campaign.release, wanted) == taken
            assert release_row(campaign.release).remaining == left
            db.session.rollback()


def test_nothing_is_taken_from_a_release_that_does_not_exist(clock, app):
    with transaction():
        assert rounds.take_stock(99, 1) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(stock=st.integers(0, 30), wishes=st.lists(st.integers(-2, 40), max_size=12))
def test_stock_behaves_like_a_counter_that_stops_at_zero(clock, app, stock, wishes):
    if not hasattr(app, "release_id"):
        document = spring()
        document["rounds"][0]["releases"][0]["stock"] = 30
        app.release_id = opened(document).release
    with transaction():
        db.session.execute(text("UPDATE release SET remaining = :n WHERE id = :id"), {"n": stock, "id": app.release_id})
        left = stock
        for wanted in wishes:
            taken = rounds.take_stock(app.release_id, wanted)
            assert taken == max(0, min(wanted, left))
            left -= taken
            assert release_row(app.release_id).remaining == left
        db.session.rollback()
