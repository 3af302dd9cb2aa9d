"""What the bureau offers. Published rows are facts: only a round's state and a release's stock ever change."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaigns.states import ROUND, VERSION
from foundation.db import Base, RowId, UTCDateTime


def _one_of(states: tuple[str, ...]) -> str:
    return "status IN (" + ", ".join(f"'{state}'" for state in states) + ")"


class FundSource(Base):
    """Who pays: a treasury, a bank or a merchant. Its money is kept apart by the ledger."""

    __tablename__ = "fund_source"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    #: central, province, city, county, bank, merchant
    level: Mapped[str] = mapped_column(String(20))
    #: GB/T 2260 code of the county for level county, else empty
    county: Mapped[str] = mapped_column(String(6), default="")


class Campaign(Base):
    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(30))
    #: first four digits of the city's division code
    city: Mapped[str] = mapped_column(String(4))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    notice: Mapped[str] = mapped_column(Text, default="")
    #: the version in force, or null while there are only drafts; versions refer to campaigns, so this one does not
    #: refer back by a constraint
    version_id: Mapped[int | None] = mapped_column(RowId)


class CampaignVersion(Base):
    """One reviewed text of a campaign. Once published it never changes; decisions name it."""

    __tablename__ = "campaign_version"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        CheckConstraint(_one_of(VERSION.states), name="status"),
        CheckConstraint("published_by IS NULL OR published_by <> drafted_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20))
    drafted_by: Mapped[str] = mapped_column(String(60))
    drafted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_by: Mapped[str | None] = mapped_column(String(60))
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: the version in force when it was drafted, which it amends; null for a first version
    amends_id: Mapped[int | None] = mapped_column(RowId)
    #: when an amendment takes effect, null for at once
    effective_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    campaign: Mapped[Campaign] = relationship(foreign_keys=[campaign_id])


class Offer(Base):
    """One kind of voucher of a campaign, with what screens and reports need of its terms."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("campaign_id", "code"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(30))
    face_value_fen: Mapped[int] = mapped_column(BigInteger)
    threshold_fen: Mapped[int] = mapped_column(BigInteger)
    #: the one county or industry it is limited to, or empty when there are several or none
    county: Mapped[str] = mapped_column(String(6), default="")
    industry: Mapped[str] = mapped_column(String(20), default="")

    campaign: Mapped[Campaign] = relationship()


class CampaignRound(Base):
    """A window in which offers may be claimed: [opens_at, closes_at)."""

    __tablename__ = "campaign_round"
    __table_args__ = (
        UniqueConstraint("campaign_id", "code"),
        CheckConstraint(_one_of(ROUND.states), name="status"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    campaign_version_id: Mapped[int] = mapped_column(ForeignKey("campaign_version.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(30))
    opens_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(20), index=True)

    campaign: Mapped[Campaign] = relationship()


class Release(Base):
    """An offer put on release in a round. ``remaining`` is the stock; the database keeps it from going below zero.

    A pack on release is one row for each offer in it, with the code of the pack; their stocks fall together, by
    ``per_pack`` for each pack that is claimed.

    Of subsidies priced when they are applied for, money is on release, and stock is a ceiling beside it.
    """

    __tablename__ = "release"
    __table_args__ = (
        UniqueConstraint("round_id", "offer_id", "pack"),
        CheckConstraint("per_pack > 0", name="per_pack"),
        CheckConstraint("remaining >= 0 AND remaining <= released AND released <= stock", name="stock"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("campaign_round.id"))
    offer_id: Mapped[int] = mapped_column(ForeignKey("offer.id"))
    #: code of the pack it is part of, or empty
    pack: Mapped[str] = mapped_column(String(40), default="")
    #: how many of the offer are in one pack; 1 outside packs
    per_pack: Mapped[int] = mapped_column(default=1)
    #: how many the definition asks for
    stock: Mapped[int]
    #: how many the pool had money for when the round was released
    released: Mapped[int] = mapped_column(default=0)
    remaining: Mapped[int] = mapped_column(default=0)
    #: how much money the definition asks for, where each is priced when it is applied for; else stock × face
    asked_fen: Mapped[int | None] = mapped_column(BigInteger)
    #: how much of that the pool had when the round was released
    released_fen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    round: Mapped[CampaignRound] = relationship()
    offer: Mapped[Offer] = relationship()


class ReleaseTier(Base):
    """What a tier of a release's price table has for itself: money (``pool_fen``), a number (``most``), or both; taken
    by the statement that checks them. ``each_fen``: what each gets of a floating pool, once its round is over."""

    __tablename__ = "release_tier"
    __table_args__ = (
        PrimaryKeyConstraint("release_id", "tier"),
        CheckConstraint("taken_fen >= 0 AND (pool_fen IS NULL OR taken_fen <= pool_fen)", name="money"),
        CheckConstraint("taken >= 0 AND (most IS NULL OR taken <= most)", name="number"),
    )

    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    #: as awards name it: "1" for the lowest prices
    tier: Mapped[str] = mapped_column(String(10))
    pool_fen: Mapped[int | None] = mapped_column(BigInteger)
    most: Mapped[int | None]
    taken_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    taken: Mapped[int] = mapped_column(default=0)
    each_fen: Mapped[int | None] = mapped_column(BigInteger)


class CampaignApart(Base):
    """A published campaign excludes whoever had something of another, which is named by its code."""

    __tablename__ = "campaign_apart"
    __table_args__ = (PrimaryKeyConstraint("campaign_id", "other_code"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    other_code: Mapped[str] = mapped_column(String(40), index=True)
