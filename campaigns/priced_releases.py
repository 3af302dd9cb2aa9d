"""Releases of money: what subsidies that are priced when they are applied for have on release.

A release puts an amount on release instead of stock × face; stock is a ceiling beside it. Each application takes its
own award out of the money (``voucher/reservations.py``), and out of its tier where that has money or a number for
itself. What nobody took goes back to the pools when the round closes, after floating pools have been divided.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, or_, select, update

from campaigns import award_tables
from campaigns.catalog import OfferFacts, offer_facts
from campaigns.consistency import MOST_VOUCHERS
from campaigns.definition import Definition
from campaigns.models import CampaignRound, Release, ReleaseTier
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.price_table import Floating
from foundation.db import db, rows_changed
from foundation.states import Step
from ledger import accounts
from ledger.accounts import AccountKey, Code
from ledger.posting import Posting, balance_fen, post

#: Divides the floating pools of a release whose round closes, and returns what that moves.
Divider = Callable[[Release, Step], Sequence[Posting]]
_dividers: list[Divider] = []


def on_close(divider: Divider) -> None:
    """Have ``divider`` called when a round closes, before what is left of its money goes back to the pools."""
    _dividers.append(divider)


def put(release: Release, before: Sequence[Posting]) -> list[Posting]:
    """Put a release's money on release, as much as it asks for and the pools still have beside what ``before`` takes
    out of them; return what that moves."""
    facts = offer_facts(release.offer_id)
    left = {source: left_fen(accounts.budget(facts.campaign_id, source), before) for source in facts.split}
    parts = affordable(facts, release.asked_fen or 0, left)
    money_fen = sum(parts.values())
    count = min(release.stock, money_fen // award_tables.current(facts).benefit.least_fen)
    if count == 0:
        return []
    db.session.execute(
        update(Release)
        .where(Release.id == release.id)
        .values(released=count, remaining=count, released_fen=money_fen)
        .execution_options(synchronize_session=False)
    )
    return [
        Posting(
            Code.RELEASE,
            accounts.budget(facts.campaign_id, source),
            on_release(facts, release.id, source),
            fen,
            _document(release),
        )
        for source, fen in parts.items()
    ]


def affordable(facts: OfferFacts, asked_fen: int, left: dict[int, int]) -> dict[int, int]:
    """Return source → fen of the largest amount up to ``asked_fen`` whose parts each source still has."""
    weights = facts.terms.funding.shares
    whole = sum(weights.values())
    ids = facts.source_ids
    most = min([asked_fen, *(left[ids[code]] * whole // weights[code] for code in weights if ids[code] in left)])
    # By the largest remainder a part may be one fen above its exact share; a few fen less always fit.
    while most > 0:
        parts = facts.split_of(most)
        if all(fen <= left[source] for source, fen in parts.items()):
            return parts
        most -= 1
    return {}


def fit(offer_id: int, code: str, after: Definition) -> None:
    """Let the releases of an offer that are not closed follow a table whose awards were raised: the ceiling on their
    number follows the least award where the file sets none, and the money asked for follows the number where the file
    sets no money. What is on release already stays the same money."""
    benefit = after.offer(code).terms.benefit
    rounds = {a_round.code: a_round for a_round in after.rounds}
    rows = db.session.execute(
        select(Release, CampaignRound)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .where(Release.offer_id == offer_id, CampaignRound.status.in_(("scheduled", "released")))
        .order_by(CampaignRound.id, Release.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for release, a_round in rows:
        planned = next(each for each in rounds[a_round.code].releases if each.offer == code)
        if a_round.status == "scheduled":
            release.asked_fen = planned.asked_fen(benefit)
        stock = planned.stock or min((release.asked_fen or 0) // benefit.least_fen, MOST_VOUCHERS)
        release.stock = max(release.stock, stock)
        if a_round.status == "released":
            more = max(0, min(release.stock, release.released_fen // benefit.least_fen) - release.released)
            release.released += more
            release.remaining += more
    db.session.flush()


def close(release: Release, step: Step) -> list[Posting]:
    """Return what closing a release moves: floating pools are divided, and the rest goes back to the pools. The
    caller holds the release's row, so that nothing is reserved from it meanwhile."""
    postings = [posting for divider in _dividers for posting in divider(release, step)]
    facts = offer_facts(release.offer_id)
    for source in facts.split:
        key = on_release(facts, release.id, source)
        unused_fen = left_fen(key, postings)
        if unused_fen:
            pool = accounts.budget(facts.campaign_id, source)
            postings.append(Posting(Code.RECALL, key, pool, unused_fen, _document(release)))
    return postings


def on_release(facts: OfferFacts, release_id: int, source: int) -> AccountKey:
    """Return the account of what a source has on release."""
    return accounts.released(facts.campaign_id, source, offer_id=facts.offer_id, release_id=release_id)


def put_more(facts: OfferFacts, release_id: int, parts: Mapping[int, int], at: datetime) -> bool:
    """Put more money on a release that is open, fund source id → fen, for what a raised table gives more; return
    whether the pools had it. It may then be more than the file asked for. Refuses FundsInsufficient where a pool was
    emptied at this moment; the caller undoes it."""
    pools = {source: accounts.budget(facts.campaign_id, source) for source in parts}
    if any(balance_fen(pools[source]) < fen for source, fen in parts.items()):
        return False
    money_fen = sum(parts.values())
    released_fen = Release.released_fen + money_fen
    asked_fen = case((Release.asked_fen < released_fen, released_fen), else_=Release.asked_fen)
    rows_changed(update(Release).where(Release.id == release_id).values(released_fen=released_fen, asked_fen=asked_fen))
    document = ("release", str(release_id))
    post(
        [
            Posting(Code.RELEASE, pools[source], on_release(facts, release_id, source), fen, document)
            for source, fen in sorted(parts.items())
        ],
        at=at,
    )
    return True


def is_open(release_id: int) -> bool:
    """Lock a release and return whether its money may still be taken: put on release and not recalled.

    The state is read after the lock was got, so that a round that closes at this moment is seen closed.
    """
    db.session.execute(select(Release.id).where(Release.id == release_id).with_for_update())
    found = select(CampaignRound.status).join(Release, Release.round_id == CampaignRound.id)
    return db.session.scalar(found.where(Release.id == release_id)) == "released"


def floating_of(facts: OfferFacts, tier: str) -> Floating | None:
    """Return the floating pool of a tier, None where it has fixed amounts."""
    benefit = facts.terms.benefit
    found = benefit.limited_tiers().get(tier) if isinstance(benefit, PriceTiers) else None
    return found.floating if found else None


def floating_least_fen(facts: OfferFacts, tier: str) -> int | None:
    """Return the least that a tier with a floating pool gives, None where it has fixed amounts."""
    pool = floating_of(facts, tier)
    return pool.least_fen if pool else None


def put_back(release_id: int, count: int) -> None:
    """Put stock back on a release that is open."""
    changed = rows_changed(
        update(Release)
        .where(Release.id == release_id, Release.remaining + count <= Release.released)
        .values(remaining=Release.remaining + count)
    )
    if not changed:
        raise StockDoesNotFit(release_id)


def take_of_tier(release_id: int, tier: str, count: int, fen: int) -> bool:
    """Take ``count`` places and ``fen`` of what a tier has for itself; return whether both were there. A tier without
    anything of its own takes all."""
    mine = (ReleaseTier.release_id == release_id, ReleaseTier.tier == tier)
    if db.session.scalar(select(ReleaseTier.tier).where(*mine)) is None:
        return True
    room = (
        or_(ReleaseTier.pool_fen.is_(None), ReleaseTier.taken_fen + fen <= ReleaseTier.pool_fen),
        or_(ReleaseTier.most.is_(None), ReleaseTier.taken + count <= ReleaseTier.most),
    )
    taken = update(ReleaseTier).where(*mine, *room)
    return bool(rows_changed(taken.values(taken=ReleaseTier.taken + count, taken_fen=ReleaseTier.taken_fen + fen)))


def put_back_into_tier(release_id: int, tier: str, count: int, fen: int) -> None:
    """Give a tier back what was taken of it."""
    rows_changed(
        update(ReleaseTier)
        .where(ReleaseTier.release_id == release_id, ReleaseTier.tier == tier)
        .values(taken=ReleaseTier.taken - count, taken_fen=ReleaseTier.taken_fen - fen)
    )


class StockDoesNotFit(RuntimeError):
    """More came back to a release than was taken of it: a fault of ours. The transaction must not go on."""


def left_fen(key: AccountKey, postings: Sequence[Posting]) -> int:
    """Return what is in an account beside what ``postings`` will take out of it."""
    return balance_fen(key) - sum(posting.amount_fen for posting in postings if posting.debit == key)


def _document(release: Release) -> tuple[str, str]:
    return ("release", str(release.id))
