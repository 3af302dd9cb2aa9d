"""Rounds over time: money is put on release before the opening second, and comes back after the closing one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from campaigns import portions, prefunding, priced_releases, rollover
from campaigns.catalog import OfferFacts, offer_facts, planned_round
from campaigns.models import CampaignRound, Release
from campaigns.states import ROUND
from campaigns.units import claimed_together, unit_fen
from foundation import clock
from foundation.db import db
from foundation.prepared import Prepared
from foundation.states import Step
from ledger import accounts
from ledger.accounts import AccountKey, Code
from ledger.posting import Posting, balance_fen, post

#: How long before it opens a round's stock is put on release. Money that comes back later than that goes into
#: the next round.
RELEASED_BEFORE_OPENING = timedelta(minutes=2)


def release_due_rounds(*, actor: str) -> list[CampaignRound]:
    """Put on release every scheduled round that opens within two minutes or is open; return those rounds."""
    now = clock.now()
    due = _rounds(
        CampaignRound.status == "scheduled",
        CampaignRound.opens_at <= now + RELEASED_BEFORE_OPENING,
        CampaignRound.closes_at > now,
    )
    postings: list[Posting] = []
    released = [a_round for a_round in due if _release(a_round, Step(actor, now), postings)]
    # Posted together, so that all accounts of this transaction are locked in one order.
    post(postings, at=now)
    return released


def close_due_rounds(*, actor: str) -> list[CampaignRound]:
    """Close every round whose time is over, also one that was never released, and recall what was not claimed;
    return those rounds."""
    now = clock.now()
    due = _rounds(CampaignRound.status.in_(("scheduled", "released")), CampaignRound.closes_at <= now)
    postings: list[Posting] = []
    closed = [a_round for a_round in due if _close(a_round, Step(actor, now), postings)]
    post(postings, at=now)
    return closed


def close_all(campaign_id: int, step: Step) -> int:
    """Close every round of a campaign that is not closed yet and recall what was not claimed; return how many."""
    open_ = _rounds(CampaignRound.campaign_id == campaign_id, CampaignRound.status.in_(("scheduled", "released")))
    postings: list[Posting] = []
    closed = [a_round for a_round in open_ if _close(a_round, step, postings)]
    post(postings, at=step.at)
    return len(closed)


def _rounds(*conditions: ColumnElement[bool]) -> list[CampaignRound]:
    statement = select(CampaignRound).where(*conditions)
    return list(db.session.scalars(statement.order_by(CampaignRound.opens_at, CampaignRound.id)))


def release_due_portions(*, actor: str) -> int:
    """Put on release every daily portion whose time has come, each once; return how many there were."""
    now = clock.now()
    postings: list[Posting] = []
    done = 0
    for a_round, number in portions.due(now):
        # Whoever closes the round at this moment comes before or after, and after it nothing more is released.
        still = select(CampaignRound.id).where(CampaignRound.id == a_round.id, CampaignRound.status == "released")
        if db.session.scalar(still.with_for_update()) and portions.take_turn(a_round.id, number, now):
            _put_on_release(a_round, number, postings)
            done += 1
    post(postings, at=now)
    return done


def _release(a_round: CampaignRound, step: Step, postings: list[Posting]) -> bool:
    """Put a round on release and add what that moves to ``postings``; return whether it was still scheduled.

    A round with money of its own of which nothing is left for it is closed before it opens. One whose sources have not
    paid in yet what it needs waits (``prefunding.shortage``).
    """
    step = Step(step.actor, step.at, campaign_version_id=a_round.campaign_version_id)
    money_fen = rollover.money_fen(a_round)
    if money_fen is not None and money_fen < _cheapest_fen(a_round):
        ROUND.apply(CampaignRound, [a_round.id], "close", replace(step, reason="没有结余，提前结束"))
        return False
    if prefunding.shortage(a_round, postings) is not None:
        return False
    if not ROUND.apply(CampaignRound, [a_round.id], "release", step):
        return False
    if planned_round(a_round).daily and not portions.take_turn(a_round.id, 1, step.at):
        return False
    _put_on_release(a_round, 1, postings)
    return True


def _put_on_release(a_round: CampaignRound, number: int, postings: list[Posting]) -> None:
    """Release a portion of every release of a round, of which the first is all there is without daily portions."""
    daily = planned_round(a_round).daily
    left_fen = rollover.money_fen(a_round)
    if left_fen is not None:
        left_fen = rollover.left_fen(a_round) - _on_release_fen(a_round)
    for together in claimed_together(_releases(a_round)):
        if together[0].asked_fen is not None:
            postings += priced_releases.put(together[0], postings)
            continue
        stock = together[0].stock // together[0].per_pack
        wanted = daily.split(stock)[number - 1] if daily else stock
        units = min(wanted, _affordable(together, postings))
        each_fen = unit_fen(together)
        if left_fen is not None:
            units = min(units, max(0, left_fen) // each_fen)
            left_fen -= units * each_fen
        for release in together:
            count = units * release.per_pack
            db.session.execute(
                update(Release)
                .where(Release.id == release.id)
                .values(released=Release.released + count, remaining=Release.remaining + count)
                .execution_options(synchronize_session=False)
            )
            postings += _move(Code.RELEASE, offer_facts(release.offer_id), release, count)


def _cheapest_fen(a_round: CampaignRound) -> int:
    return min(unit_fen(together) for together in claimed_together(_releases(a_round)))


def _on_release_fen(a_round: CampaignRound) -> int:
    """Return what a round has on release and nobody has claimed."""
    return sum(release.remaining * sum(offer_facts(release.offer_id).split.values()) for release in _releases(a_round))


def _close(a_round: CampaignRound, step: Step, postings: list[Posting]) -> bool:
    """Close a round and add what that moves to ``postings``; return whether it was still to be closed."""
    step = replace(step, campaign_version_id=a_round.campaign_version_id)
    if not ROUND.apply(CampaignRound, [a_round.id], "close", step):
        return False
    for release in _releases(a_round):
        unclaimed = take_stock(release.id, release.stock)
        if release.asked_fen is not None:
            postings += priced_releases.close(release, step)
            continue
        postings += _move(Code.RECALL, offer_facts(release.offer_id), release, unclaimed)
    return True


def _releases(a_round: CampaignRound) -> list[Release]:
    statement = select(Release).where(Release.round_id == a_round.id).order_by(Release.id)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def _affordable(together: Sequence[Release], postings: Sequence[Posting]) -> int:
    """Return how many packs (or single vouchers) the campaign's pools still have money for, over all sources that
    share. ``postings``: what this run takes out of the pools before."""
    needed_fen: Counter[AccountKey] = Counter()
    for release in together:
        facts = offer_facts(release.offer_id)
        for source, fen in facts.split.items():
            needed_fen[accounts.budget(facts.campaign_id, source)] += fen * release.per_pack

    def left_fen(pool: AccountKey) -> int:
        return balance_fen(pool) - sum(posting.amount_fen for posting in postings if posting.debit == pool)

    return min(left_fen(pool) // fen for pool, fen in needed_fen.items())


def _move(code: Code, facts: OfferFacts, release: Release, count: int) -> list[Posting]:
    if count == 0:
        return []
    postings = []
    for source, fen in facts.split.items():
        pool = accounts.budget(facts.campaign_id, source)
        on_release = accounts.released(facts.campaign_id, source, offer_id=facts.offer_id, release_id=release.id)
        debit, credit = (pool, on_release) if code is Code.RELEASE else (on_release, pool)
        postings.append(Posting(code, debit, credit, fen * count, ("release", str(release.id))))
    return postings


def take_stock(release_id: int, wanted: int) -> int:
    """Take up to ``wanted`` from a release's stock and return how many were there to take.

    The condition stands in the statement that changes the row. Where fewer are left than wanted, the row is
    locked first and what is left is taken.
    """
    if wanted <= 0:
        return 0
    if _take_exactly(release_id, wanted):
        return wanted
    left = db.session.scalar(select(Release.remaining).where(Release.id == release_id).with_for_update())
    taken = min(wanted, left or 0)
    return taken if taken and _take_exactly(release_id, taken) else 0


def take_packs(parts: Sequence[tuple[int, int]], wanted: int) -> int:
    """Take up to ``wanted`` packs from their stocks and return how many were there to take.

    ``parts``: (release id, vouchers per pack) of each offer in the pack. The first decides, since the stocks of a
    pack fall together; the condition stands in each statement all the same.
    """
    (first, per_pack), *others = parts
    if wanted <= 0:
        return 0
    if _take_exactly(first, wanted * per_pack):
        taken = wanted
    else:
        left = db.session.scalar(select(Release.remaining).where(Release.id == first).with_for_update())
        taken = min(wanted, (left or 0) // per_pack)
        if not taken or not _take_exactly(first, taken * per_pack):
            return 0
    for release_id, count in others:
        if not _take_exactly(release_id, taken * count):
            raise PackTornApart(release_id)
    return taken


class PackTornApart(RuntimeError):
    """The stocks of one pack no longer fit together: a fault of ours. The transaction must not go on."""


def _take_exactly(release_id: int, count: int) -> bool:
    return bool(_TAKE.change([{"release_id": release_id, "count": count}]))


_TAKE = Prepared(
    lambda given: (
        update(Release)
        .where(given.matches(Release.id, "release_id"), Release.remaining >= given["count"])
        .values(remaining=Release.remaining - given["count"])
    ),
    release_id=Release.id,
    count=Release.remaining,
)
