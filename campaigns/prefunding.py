"""Prefunding: where the sources pay to the platform's account first, a round waits for the money that it needs.

What a source has granted is pledged until it has come (``ledger/accounts.py``), so that nothing can be put on release,
claimed or paid that is not there. A round does not open with less than it asks for while the rest is still to come;
once all of it has come, it releases what the pool has, as any other round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from campaigns import rollover
from campaigns.catalog import definition_of, offer_facts
from campaigns.errors import PrefundingShort
from campaigns.models import CampaignRound, Release
from campaigns.units import claimed_together, unit_fen
from foundation.db import db
from foundation.money import format_yuan
from ledger import accounts
from ledger.posting import Posting, balance_fen


def shortage(a_round: CampaignRound, postings: Sequence[Posting] = ()) -> PrefundingShort | None:
    """Return why a round cannot be put on release yet, None where it can. ``postings``: what is taken out of the pools
    before."""
    if not definition_of(a_round.campaign_version_id).settlement.prefunded:
        return None
    missing_fen = sum(missing(a_round, postings).values())
    return PrefundingShort(round=a_round.name, yuan=format_yuan(missing_fen)) if missing_fen else None


def missing(a_round: CampaignRound, postings: Sequence[Posting] = ()) -> Mapping[int, int]:
    """Return fund source id → fen that have to come in before a round is put on release: what it asks for beyond the
    pool, as far as it was granted and has not come. Nothing once it is on release."""
    found: dict[int, int] = {}
    if a_round.status != "scheduled":
        return found
    for source_id, fen in _asked(a_round).items():
        pool = accounts.budget(a_round.campaign_id, source_id)
        there_fen = balance_fen(pool) - sum(each.amount_fen for each in postings if each.debit == pool)
        short_fen = min(fen - there_fen, balance_fen(accounts.pledged(a_round.campaign_id, source_id)))
        if short_fen > 0:
            found[source_id] = short_fen
    return found


def _asked(a_round: CampaignRound) -> Mapping[int, int]:
    """Return fund source id → fen of everything that a round asks for, within its own money where it has some."""
    left_fen = rollover.money_fen(a_round)
    needed: Counter[int] = Counter()
    releases = db.session.scalars(select(Release).where(Release.round_id == a_round.id).order_by(Release.id)).all()
    for together in claimed_together(releases):
        if together[0].asked_fen is not None:
            needed.update(offer_facts(together[0].offer_id).split_of(together[0].asked_fen))
            continue
        units = together[0].stock // together[0].per_pack
        if left_fen is not None:
            units = min(units, max(0, left_fen) // unit_fen(together))
            left_fen -= units * unit_fen(together)
        for release in together:
            for source_id, fen in offer_facts(release.offer_id).split.items():
                needed[source_id] += fen * units * release.per_pack
    return needed
