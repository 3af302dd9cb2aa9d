"""Closing by cadence: each closing day of a campaign is done once, whichever process comes first."""

from datetime import date, timedelta

from sqlalchemy import exists, select, update

from campaigns.models import Campaign
from foundation import clock
from foundation.clock import bureau_day
from foundation.db import db, upsert
from merchants.models import Redemption
from settlement.check_models import ClosingSlot
from settlement.closing import close_period
from settlement.errors import NothingToSettle
from settlement.terms import last_day_of, terms_of

#: Who closes when no officer does.
SETTLE_DUE = "job:settle_due"


def campaigns_to_close() -> list[int]:
    """Return the campaigns that close by themselves, have a closing day up to today that is not done, and have
    redemptions that are on no statement."""
    unsettled = exists().where(
        Redemption.campaign_id == Campaign.id,
        Redemption.statement_id.is_(None),
        Redemption.status != "voided",
        Redemption.payee == "merchant",
    )
    published = select(Campaign).where(Campaign.version_id.is_not(None)).order_by(Campaign.id)
    today = bureau_day(clock.now())
    # The file is asked first, so that nothing is looked for where it says "by hand".
    automatic = [each for each in db.session.scalars(published) if _closing(each, today)]
    if not automatic:
        return []
    waiting = set(
        db.session.scalars(select(Campaign.id).where(Campaign.id.in_([each.id for each in automatic]), unsettled))
    )
    done = {
        (slot.campaign_id, slot.closing_day)
        for slot in db.session.scalars(
            select(ClosingSlot).where(ClosingSlot.campaign_id.in_(waiting), ClosingSlot.closing_day <= today)
        )
    }
    return [each.id for each in automatic if each.id in waiting and (each.id, _closing(each, today)) not in done]


def close_slot(campaign_id: int, *, actor: str) -> int | None:
    """Close what is due of a campaign by its latest closing day, and return the batch; None where that day is done, or
    there was nothing to close. Days that were missed are closed with the latest."""
    now = clock.now()
    today = bureau_day(now)
    closing = _closing(db.session.get_one(Campaign, campaign_id), today)
    if closing is None:
        return None
    slot = {"campaign_id": campaign_id, "closing_day": closing, "done_at": now}
    first = upsert(ClosingSlot).values(slot).on_conflict_do_nothing().returning(ClosingSlot.campaign_id)
    if db.session.scalar(first) is None:
        return None
    try:
        with db.session.begin_nested():
            batch_id = close_period(campaign_id, closing - timedelta(days=1), by=actor).id
    except NothingToSettle:
        return None
    db.session.execute(
        update(ClosingSlot)
        .where(ClosingSlot.campaign_id == campaign_id, ClosingSlot.closing_day == closing)
        .values(batch_id=batch_id)
        .execution_options(synchronize_session=False)
    )
    return batch_id


def _closing(campaign: Campaign, today: date) -> date | None:
    """Return the latest closing day up to today of a campaign that closes by itself."""
    cadence = terms_of(campaign).cadence
    return cadence.latest_closing(today, last_day_of(campaign)) if cadence.automatic else None
