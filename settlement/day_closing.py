"""Closing days: the figures of a day that is over are computed once and kept."""

from dataclasses import asdict
from datetime import date, timedelta

from sqlalchemy import func, select

from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, upsert
from foundation.prepared import insert_rows
from ledger.models import Transfer
from settlement import figures
from settlement.models import ClosedDay, DayFigure, MerchantDayFigure

_DAY_KEYS = ("bureau_day", "campaign_id", "offer_id", "fund_source_id", "county", "industry")
_MERCHANT_KEYS = ("bureau_day", "campaign_id", "merchant_id", "fund_source_id", "county", "industry")


def first_open_day() -> date | None:
    """Return the first day whose figures are not final: the day after the last closed one, or the ledger's first."""
    last = db.session.scalar(select(func.max(ClosedDay.bureau_day)))
    if last is not None:
        return last + timedelta(days=1)
    return db.session.scalar(select(func.min(Transfer.bureau_day)))


def close_days(*, most: int = 400) -> int:
    """Close up to ``most`` days that are over, oldest first, and return how many.

    A day is over when the bureau's clock has left it: nothing is posted into a past day, since every posting
    takes its day from the clock, and a void is refused after its day.
    """
    first = first_open_day()
    if first is None:
        return 0
    last = min(bureau_day(clock.now()) - timedelta(days=1), first + timedelta(days=most - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    mine = _take(days)
    if mine:
        _keep(mine)
    return len(mine)


def _take(days: list[date]) -> list[date]:
    """Mark days as closed and return those that nobody else had."""
    if not days:
        return []
    now = clock.now()
    statement = upsert(ClosedDay).on_conflict_do_nothing().returning(ClosedDay.bureau_day)
    return list(db.session.scalars(statement, [{"bureau_day": day, "closed_at": now} for day in days]))


def _keep(days: list[date]) -> None:
    computed = {
        place: sums for place, sums in figures.compute(min(days), max(days)).items() if place.bureau_day in set(days)
    }
    by_day = figures.gather(computed.items(), *_DAY_KEYS)
    insert_rows(DayFigure, [dict(zip(_DAY_KEYS, key, strict=True)) | asdict(sums) for key, sums in by_day.items()])
    at_merchants = ((place, sums) for place, sums in computed.items() if place.merchant_id)
    by_merchant = figures.gather(at_merchants, *_MERCHANT_KEYS)
    insert_rows(
        MerchantDayFigure,
        [dict(zip(_MERCHANT_KEYS, key, strict=True)) | asdict(sums) for key, sums in by_merchant.items()],
    )
