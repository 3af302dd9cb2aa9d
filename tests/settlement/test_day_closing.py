"""Closing days: the figures of a day that is over are kept once, and the audit compares them with the ledger."""

import threading
from datetime import date, timedelta

from sqlalchemy import func, select

from foundation.db import db, transaction
from ledger import audit
from settlement.day_closing import close_days, first_open_day
from settlement.jobs import close_day
from settlement.models import ClosedDay, DayFigure, MerchantDayFigure
from tests.ledger.corruptions import corrupted, guards_off
from tests.settlement.small_year import live
from tests.world import at, done, everything


def kept():
    db.session.rollback()
    return {
        model.__tablename__: db.session.scalar(select(func.count()).select_from(model))
        for model in (ClosedDay, DayFigure, MerchantDayFigure)
    }


def test_the_job_closes_every_day_that_is_over_and_not_today(clock, app):
    live(clock)
    assert close_day() == "closed 10 days"
    days = db.session.scalars(select(ClosedDay.bureau_day).order_by(ClosedDay.bureau_day)).all()
    assert days == [date(2023, 5, 8) + timedelta(days=n) for n in range(10)]
    assert first_open_day() == date(2023, 5, 18)
    assert close_day() == "closed 0 days"


def test_nothing_is_closed_before_the_first_movement(clock, app):
    assert first_open_day() is None
    assert close_day() == "closed 0 days"
    assert kept() == {"closed_day": 0, "day_figure": 0, "merchant_day_figure": 0}


def test_a_closed_days_figures_are_kept_by_source_and_by_merchant(clock, app):
    year = live(clock)
    done(close_days)
    city = year.campaign.sources["city"]
    day = (DayFigure.bureau_day == date(2023, 5, 8), DayFigure.fund_source_id == city)
    found = db.session.execute(
        select(
            DayFigure.county, DayFigure.industry, DayFigure.claimed_fen, DayFigure.redeemed_fen, DayFigure.voided_fen
        )
        .where(*day)
        .order_by(DayFigure.county, DayFigure.industry)
    ).all()
    assert found == [
        ("", "retail", 3_336, 0, 0),
        ("441702", "catering", 3_000, 2_000, 1_000),
        ("441704", "retail", 0, 1_668, 0),
    ]
    of_merchants = db.session.execute(
        select(MerchantDayFigure.merchant_id, MerchantDayFigure.redeemed_count, MerchantDayFigure.driven_fen)
        .where(MerchantDayFigure.bureau_day == date(2023, 5, 8), MerchantDayFigure.fund_source_id == city)
        .order_by(MerchantDayFigure.merchant_id)
    ).all()
    assert of_merchants == [(year.restaurant.merchant_id, 2, 4_000), (year.grocer.merchant_id, 1, 5_002)]


def test_a_day_without_movements_is_closed_as_well(clock, sqlite_app):
    live(clock)
    done(close_days)
    assert db.session.get(ClosedDay, date(2023, 5, 12)) is not None
    assert not db.session.scalars(select(DayFigure).where(DayFigure.bureau_day == date(2023, 5, 12))).all()


def test_days_are_closed_in_parts_when_there_are_many(clock, sqlite_app):
    live(clock)
    clock.move_to(at("2024-08-01 00:10"))
    assert done(close_days) == 400
    assert close_day() == "closed 51 days"
    assert first_open_day() == date(2024, 8, 1)


def test_of_several_who_close_days_at_once_each_day_is_closed_once(clock, postgres_app):
    live(clock)
    together, closed, failures = threading.Barrier(4), [], []

    def run():
        with postgres_app.app_context():
            together.wait(timeout=20)
            try:
                with transaction():
                    closed.append(close_days())
            except Exception as failure:  # looked at below, in the test's own thread
                failures.append(failure)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (sum(closed), failures) == (10, [])
    assert kept()["closed_day"] == 10
    assert audit.run() == []


# --- the audit ----------------------------------------------------------------------------------------------


#: What somebody could change so that the sums over everything stay right → the check that still sees it.
QUIET_CORRUPTIONS = (
    # A fen too much here and one too little there: the sum over everything is right.
    (
        "UPDATE day_figure SET claimed_fen = claimed_fen + CASE fund_source_id WHEN 1 THEN 1 ELSE -1 END"
        " WHERE bureau_day = '2023-05-08' AND industry = 'catering'",
        "day_figures_match_the_ledger",
    ),
    (
        "UPDATE day_figure SET redeemed_fen = redeemed_fen"
        " + CASE bureau_day WHEN '2023-05-09' THEN 1 WHEN '2023-05-17' THEN -1 ELSE 0 END"
        " WHERE fund_source_id = 1 AND redeemed_fen > 0",
        "day_figures_match_the_ledger",
    ),
    ("DELETE FROM day_figure WHERE bureau_day = '2023-05-15'", "day_figures_match_the_ledger"),
    ("DELETE FROM merchant_day_figure WHERE merchant_id = 2", "driven_consumption_matches_redemptions"),
    ("UPDATE day_figure SET driven_fen = driven_fen + 1", "driven_consumption_matches_redemptions"),
    ("UPDATE statement SET payable_fen = payable_fen + 1 WHERE id = 1", "statements_match_their_redemptions"),
    (
        "UPDATE statement_line SET amount_fen = amount_fen - 1 WHERE statement_id = 1 AND fund_source_id = 1",
        "statements_match_their_redemptions",
    ),
    ("UPDATE settlement_batch SET status = 'approved' WHERE status = 'paid'", "statements_match_the_ledger"),
    ("UPDATE redemption SET statement_id = 1 WHERE status = 'voided'", "voided_redemptions_are_not_settled"),
)


def test_the_audit_finds_what_somebody_changed_behind_its_back(clock, app, subtests):
    live(clock)
    done(close_days)
    assert audit.run() == []
    with guards_off():
        for corruption, check in QUIET_CORRUPTIONS:
            with subtests.test(corruption=corruption), corrupted([corruption]):
                assert check in {finding.check.name for finding in audit.prove(db.session.connection())}


def test_what_was_kept_is_a_copy_that_can_be_made_again(clock, app):
    live(clock)
    done(close_days)
    before = everything(but=["closed_day"])
    with transaction():
        for model in (DayFigure, MerchantDayFigure, ClosedDay):
            db.session.execute(model.__table__.delete())
    done(close_days)
    assert everything(but=["closed_day"]) == before
