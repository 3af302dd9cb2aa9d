"""The read side of lotteries: what is published of a draw, what a citizen sees of theirs, whom to notify."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from campaigns.models import Campaign, CampaignRound, Release
from foundation.db import db
from identity.models import Citizen
from voucher import lottery, lottery_order
from voucher.errors import DrawUnknown, NotYetPublished
from voucher.models import LotteryDraw, LotteryEntry

LARGEST_ROW_ID = 2**31 - 1


@dataclass(frozen=True)
class DrawView:
    """One draw as everybody may see it. ``seed`` is empty until it is drawn."""

    id: int
    status: str
    campaign_id: int
    campaign_code: str
    campaign_name: str
    round_name: str
    prize: str
    prizes: int
    opens_at: datetime
    register_until: datetime
    draw_at: datetime
    closes_at: datetime
    take_up_hours: int
    commitment: str
    committed_at: datetime
    seed: str
    list_sha256: str
    drawn_at: datetime | None
    entries: int
    counts: Counter[str]


@dataclass(frozen=True)
class MyEntry:
    """A citizen's own entry. ``outcome``: "waiting", "won" (to be taken up), "granted", "lapsed", "passed_over" or
    "not_drawn"."""

    id: UUID
    draw_id: int
    entry_hash: str
    outcome: str
    rank: int | None
    take_up_until: datetime | None
    prize: str


def draw_view(draw_id: int) -> DrawView:
    """Return what is public of a draw. Refuses DrawUnknown."""
    draw = db.session.get(LotteryDraw, min(draw_id, LARGEST_ROW_ID))
    if draw is None:
        raise DrawUnknown
    return _view(draw)


def all_draws() -> list[DrawView]:
    """Return every draw, the newest first."""
    return [_view(draw) for draw in db.session.scalars(select(LotteryDraw).order_by(LotteryDraw.id.desc()))]


def draws_of_releases(release_ids: Sequence[int]) -> dict[int, int]:
    """Return release id → draw id."""
    statement = select(LotteryDraw.release_id, LotteryDraw.id).where(LotteryDraw.release_id.in_(release_ids))
    return dict(db.session.execute(statement).all())


def _view(draw: LotteryDraw) -> DrawView:
    facts = lottery.facts_of(draw)
    assert facts.lottery is not None
    row = db.session.execute(
        select(Campaign.id, Campaign.code, CampaignRound.name, Release.released, Release.per_pack)
        .join(CampaignRound, CampaignRound.campaign_id == Campaign.id)
        .join(Release, Release.round_id == CampaignRound.id)
        .where(Release.id == draw.release_id)
    ).one()
    by_status = (
        select(LotteryEntry.status, func.count()).where(LotteryEntry.draw_id == draw.id).group_by(LotteryEntry.status)
    )
    counts = Counter(dict(db.session.execute(by_status).all()))
    drawn = draw.status in ("drawn", "finished")
    return DrawView(
        id=draw.id,
        status=draw.status,
        campaign_id=row.id,
        campaign_code=row.code,
        campaign_name=facts.offer.campaign_name,
        round_name=row.name,
        prize=facts.name,
        prizes=row.released // row.per_pack,
        opens_at=facts.opens_at,
        register_until=facts.lottery.register_until,
        draw_at=facts.lottery.draw_at,
        closes_at=facts.closes_at,
        take_up_hours=facts.lottery.take_up_hours,
        commitment=draw.commitment,
        committed_at=draw.committed_at,
        seed=draw.seed if drawn else "",
        list_sha256=draw.list_sha256 or "",
        drawn_at=draw.drawn_at,
        entries=sum(counts.values()),
        counts=counts,
    )


# --- the files ------------------------------------------------------------------------------------------------


def entries_file(draw_id: int) -> str:
    """Return the list of entries once it stands. Refuses DrawUnknown, NotYetPublished."""
    if draw_view(draw_id).status == "committed":
        raise NotYetPublished
    return lottery_order.list_text(lottery.entry_hashes(draw_id))


def draw_file(draw_id: int) -> str:
    """Return commitment, seed, list and prizes as JSON once it is drawn. Refuses DrawUnknown, NotYetPublished."""
    view = _drawn(draw_id)
    return json.dumps(
        {
            "draw": view.id,
            "commitment": view.commitment,
            "committed_at": view.committed_at.isoformat(),
            "seed": view.seed,
            "list_sha256": view.list_sha256,
            "entries": view.entries,
            "prizes": view.prizes,
        },
        indent=2,
    )


def result_file(draw_id: int) -> str:
    """Return rank, entry and outcome of everybody the draw has come to, as CSV. Refuses DrawUnknown,
    NotYetPublished."""
    _drawn(draw_id)
    rows = db.session.execute(
        select(LotteryEntry.rank, LotteryEntry.entry_hash, LotteryEntry.status)
        .where(LotteryEntry.draw_id == draw_id, LotteryEntry.rank.is_not(None))
        .order_by(LotteryEntry.rank)
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rank", "entry", "outcome"])
    writer.writerows(tuple(row) for row in rows)
    return out.getvalue()


def _drawn(draw_id: int) -> DrawView:
    view = draw_view(draw_id)
    if not view.seed:
        raise NotYetPublished
    return view


# --- people ---------------------------------------------------------------------------------------------------


def entries_of(citizen_id: UUID, draw_ids: Sequence[int] | None = None) -> list[MyEntry]:
    """Return a citizen's entries, the latest first; only to these draws, if any are named."""
    statement = (
        select(LotteryEntry, LotteryDraw)
        .join(LotteryDraw, LotteryDraw.id == LotteryEntry.draw_id)
        .where(LotteryEntry.citizen_id == citizen_id)
        .order_by(LotteryEntry.entered_at.desc())
        .limit(50)
    )
    if draw_ids is not None:
        statement = statement.where(LotteryEntry.draw_id.in_(draw_ids))
    return [_mine(entry, draw) for entry, draw in db.session.execute(statement)]


def _mine(entry: LotteryEntry, draw: LotteryDraw) -> MyEntry:
    outcome = entry.status
    if entry.status == "entered":
        outcome = "not_drawn" if draw.status in ("drawn", "finished") else "waiting"
    return MyEntry(
        id=entry.id,
        draw_id=draw.id,
        entry_hash=entry.entry_hash,
        outcome=outcome,
        rank=entry.rank,
        take_up_until=entry.take_up_until,
        prize=lottery.facts_of(draw).name,
    )


@dataclass(frozen=True)
class Winner:
    """Someone the draw has come to, for the bureau; their name and phone are to be shown masked."""

    rank: int
    entry_hash: str
    status: str
    name: str
    phone: str
    take_up_until: datetime | None


def winners_of(draw_id: int, *, page: int, per_page: int) -> list[Winner]:
    """Return one page of those the draw has come to, by rank."""
    rows = db.session.execute(
        select(LotteryEntry, Citizen)
        .join(Citizen, Citizen.id == LotteryEntry.citizen_id)
        .where(LotteryEntry.draw_id == draw_id, LotteryEntry.rank.is_not(None))
        .order_by(LotteryEntry.rank)
        .offset((page - 1) * per_page)
        .limit(per_page)
    )
    return [
        Winner(
            entry.rank or 0,
            entry.entry_hash,
            entry.status,
            citizen.name or "",
            citizen.phone or "",
            entry.take_up_until,
        )
        for entry, citizen in rows
    ]
