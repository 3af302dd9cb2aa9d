"""The bureau's read side: campaigns with where their money stands, rounds with what became of their stock."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from campaigns.errors import CampaignUnknown, VersionUnknown
from campaigns.models import Campaign, CampaignRound, CampaignVersion, FundSource, Offer, Release
from foundation import clock
from foundation.db import db
from foundation.ids import LARGEST_ROW_ID
from ledger.reading import ReleaseMoney, SourceMoney, money_by_release, money_by_source


@dataclass(frozen=True)
class CampaignLine:
    """One campaign in the list. ``phase``: "draft", "upcoming", "running" or "ended"."""

    campaign: Campaign
    phase: str
    money: Sequence[SourceMoney]
    drafts: int

    @property
    def granted_fen(self) -> int:
        return sum(row.granted_fen for row in self.money)


@dataclass(frozen=True)
class ReleaseLine:
    """One offer of one round: how many were planned, released, claimed and recalled unclaimed. Where money is on
    release, only amounts are known of it."""

    release: Release
    offer: Offer
    money: ReleaseMoney

    @property
    def claimed(self) -> int:
        return self.release.released - self.release.remaining - self.recalled

    @property
    def recalled(self) -> int:
        """Each recalled entitlement takes its whole face back to the pool."""
        return self.money.recalled_fen // self.offer.face_value_fen

    @property
    def is_money(self) -> bool:
        """Whether an amount is on release, of which applications take their awards."""
        return self.release.asked_fen is not None

    @property
    def planned_fen(self) -> int:
        return self.release.stock * self.offer.face_value_fen if not self.is_money else self.release.asked_fen or 0

    @property
    def released_fen(self) -> int:
        return self.release.released_fen if self.is_money else self.release.released * self.offer.face_value_fen

    @property
    def claimed_fen(self) -> int:
        """What was claimed, or is held by applications and was granted to them."""
        return self.money.reserved_fen if self.is_money else self.claimed * self.offer.face_value_fen

    @property
    def left_fen(self) -> int:
        return self.released_fen - self.claimed_fen - self.money.recalled_fen


@dataclass(frozen=True)
class RoundLine:
    """``phase``: "upcoming", "open", "sold_out" or "closed", by the clock."""

    round: CampaignRound
    phase: str
    releases: Sequence[ReleaseLine]

    @property
    def released_fen(self) -> int:
        return sum(line.released_fen for line in self.releases)

    @property
    def planned_fen(self) -> int:
        return sum(line.planned_fen for line in self.releases)

    @property
    def claimed_fen(self) -> int:
        return sum(line.claimed_fen for line in self.releases)

    @property
    def is_money(self) -> bool:
        """Whether amounts are on release in it."""
        return any(line.is_money for line in self.releases)


def campaign(campaign_id: int) -> Campaign:
    """Return a campaign, published or not. Refuses CampaignUnknown."""
    found = db.session.get(Campaign, min(campaign_id, LARGEST_ROW_ID))
    if found is None:
        raise CampaignUnknown
    return found


def version(campaign_id: int, number: int) -> CampaignVersion:
    """Return one version of a campaign. Refuses VersionUnknown."""
    found = db.session.scalar(
        select(CampaignVersion).where(
            CampaignVersion.campaign_id == min(campaign_id, LARGEST_ROW_ID),
            CampaignVersion.number == min(number, LARGEST_ROW_ID),
        )
    )
    if found is None:
        raise VersionUnknown
    return found


def all_campaigns() -> list[CampaignLine]:
    """Return every campaign, those that begin last first."""
    now = clock.now()
    money: dict[int, list[SourceMoney]] = defaultdict(list)
    for row in money_by_source():
        money[row.campaign_id].append(row)
    drafts: dict[int, int] = defaultdict(int)
    for draft in drafts_waiting():
        drafts[draft.campaign_id] += 1
    rows = db.session.scalars(select(Campaign).order_by(Campaign.starts_at.desc(), Campaign.id.desc()))
    return [CampaignLine(row, phase_of(row, now), money[row.id], drafts[row.id]) for row in rows]


def phase_of(found: Campaign, now: datetime) -> str:
    """Return how far a campaign has come: "draft", "upcoming", "running" or "ended"."""
    if found.version_id is None:
        return "draft"
    if now < found.starts_at:
        return "upcoming"
    return "running" if now < found.ends_at else "ended"


def drafts_waiting() -> list[CampaignVersion]:
    """Return the drafts that can still be published, oldest first."""
    return list(
        db.session.scalars(
            select(CampaignVersion)
            .join(Campaign, Campaign.id == CampaignVersion.campaign_id)
            .where(
                CampaignVersion.status == "draft", CampaignVersion.amends_id.is_not_distinct_from(Campaign.version_id)
            )
            .order_by(CampaignVersion.drafted_at)
        )
    )


def rounds_of(campaign_id: int) -> list[RoundLine]:
    """Return the rounds of a campaign in the order they open."""
    return _round_lines(CampaignRound.campaign_id == campaign_id, {campaign_id})


def rounds_open_now() -> list[RoundLine]:
    """Return the rounds of all campaigns whose time it is."""
    now = clock.now()
    ids = set(
        db.session.scalars(
            select(CampaignRound.campaign_id).where(CampaignRound.opens_at <= now, CampaignRound.closes_at > now)
        )
    )
    return [line for line in _round_lines(CampaignRound.closes_at > now, ids) if line.phase in ("open", "sold_out")]


def next_round() -> CampaignRound | None:
    """Return the round that opens next, of all campaigns."""
    return db.session.scalar(
        select(CampaignRound).where(CampaignRound.opens_at > clock.now()).order_by(CampaignRound.opens_at).limit(1)
    )


def source_names(ids: Collection[int]) -> dict[int, str]:
    """Return fund source id → name."""
    return dict(db.session.execute(select(FundSource.id, FundSource.name).where(FundSource.id.in_(ids))).all())


def _round_lines(condition: object, campaign_ids: Collection[int]) -> list[RoundLine]:
    if not campaign_ids:
        return []
    now = clock.now()
    money: dict[int, ReleaseMoney] = {}
    for campaign_id in campaign_ids:
        money |= money_by_release(campaign_id)
    rows = db.session.execute(
        select(CampaignRound, Release, Offer)
        .join(Release, Release.round_id == CampaignRound.id)
        .join(Offer, Offer.id == Release.offer_id)
        .where(condition, CampaignRound.campaign_id.in_(campaign_ids))  # type: ignore[arg-type]
        .order_by(CampaignRound.opens_at, CampaignRound.id, Release.id)
    )
    by_round: dict[int, tuple[CampaignRound, list[ReleaseLine]]] = {}
    for a_round, release, offer in rows:
        line = ReleaseLine(release, offer, money.get(release.id, ReleaseMoney()))
        by_round.setdefault(a_round.id, (a_round, []))[1].append(line)
    return [RoundLine(a_round, _phase(a_round, lines, now), lines) for a_round, lines in by_round.values()]


def _phase(a_round: CampaignRound, lines: Sequence[ReleaseLine], now: datetime) -> str:
    if now >= a_round.closes_at or a_round.status == "closed":
        return "closed"
    if now < a_round.opens_at or a_round.status == "scheduled":
        return "upcoming"
    return "open" if any(line.release.remaining for line in lines) else "sold_out"
