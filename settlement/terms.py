"""What a campaign's file says of its settlement, and the days that follow from it."""

from datetime import date

from campaigns.catalog import definition_of
from campaigns.models import Campaign
from campaigns.terms.settlement import Settlement
from foundation.clock import TICK, bureau_day


def terms_of(campaign: Campaign) -> Settlement:
    """Return the terms in force; those of a campaign that was never published are the default's."""
    return definition_of(campaign.version_id).settlement if campaign.version_id is not None else Settlement()


def last_day_of(campaign: Campaign) -> date:
    """Return the last bureau day of a campaign."""
    return bureau_day(campaign.ends_at - TICK)


def settles_up_to(campaign: Campaign, today: date) -> date | None:
    """Return the last day whose redemptions may be on a batch that is made ``today``, None for none yet."""
    return terms_of(campaign).settles_up_to(today, last_day_of(campaign))


def closing_day(campaign: Campaign, day: date) -> date:
    """Return the first day on which what was redeemed on ``day`` may be closed."""
    return terms_of(campaign).cadence.closing_day(day, last_day_of(campaign))
