"""What a round may put on release: the pool, and where it has money of its own, what is left of that.

How much of a round's releases citizens hold or have used is known one floor above; that room registers the count
(``on_count``), as rooms register their audit checks.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select

from campaigns.catalog import offer_facts, planned_round
from campaigns.models import CampaignRound, Release
from campaigns.terms.rollover.own import Own
from foundation.db import db

#: Takes release ids and returns how many entitlements of each are held or used: those whose money has not come back.
Count = Callable[[Sequence[int]], Mapping[int, int]]
_counts: list[Count] = []


def on_count(count: Count) -> None:
    """Have ``count`` asked for what citizens hold or have used of releases."""
    _counts.append(count)


def money_fen(a_round: CampaignRound) -> int | None:
    """Return what a round may release by its own rule, over all sources; None where the pool alone decides."""
    own = planned_round(a_round).rollover
    if not isinstance(own, Own):
        return None
    carried = left_fen(_round_of(a_round, own.carry)) if own.carry else 0
    return own.budget_fen + max(0, carried)


def left_fen(a_round: CampaignRound) -> int:
    """Return what a round has left of its own money: all that it had, less what citizens hold or have used of it."""
    releases = db.session.scalars(select(Release).where(Release.round_id == a_round.id)).all()
    used: Counter[int] = Counter()
    for count in _counts:
        used.update(count([release.id for release in releases]))
    spent = sum(used[release.id] * sum(offer_facts(release.offer_id).split.values()) for release in releases)
    return (money_fen(a_round) or 0) - spent


def _round_of(a_round: CampaignRound, code: str) -> CampaignRound:
    return db.session.scalars(
        select(CampaignRound).where(CampaignRound.campaign_id == a_round.campaign_id, CampaignRound.code == code)
    ).one()
