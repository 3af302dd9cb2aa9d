"""Assisted claims (线下代领): staff claim for people without a smartphone and print what they get.

The claim is everybody's (``voucher.claims.grant_to``): limits, persons, stock and money are the same. A printed code
does not change by the minute: it is good until the voucher ends, once, and a reprint retires the former one. It has a
prefix of its own, 97, and can only be tried by a known till; of a code only the keyed hash is kept, so that it can be
printed again but never shown again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update

from campaigns.catalog import ReleaseFacts, release_facts
from campaigns.models import Campaign, CampaignRound, Offer, Release
from foundation import clock
from foundation.crypto import keyed_hash
from foundation.db import db
from foundation.errors import Refusal
from foundation.prepared import insert_rows
from identity.citizens import read_id_number, register_in_person
from identity.models import Citizen
from voucher import claims, codes
from voucher.errors import NotAssisted, ReleaseUnknown, VoucherNotShowable, VoucherUnknown
from voucher.models import Entitlement, PrintedVoucher, VoucherCode

#: Printed codes are bound to no device.
NO_DEVICE = b"\x00" * 32
#: How far back the desk's list goes.
LISTED_FOR = timedelta(days=31)


@dataclass(frozen=True)
class OpenRelease:
    """What staff may claim now: ``remaining`` of ``stock`` vouchers or packs are left."""

    release_id: int
    campaign_name: str
    round_name: str
    name: str
    remaining: int
    stock: int
    closes_at: datetime


@dataclass(frozen=True)
class Printed:
    """A voucher as it is printed. ``digits`` are known at this moment only."""

    entitlement_id: UUID
    number: int
    digits: str
    printed_at: datetime


@dataclass(frozen=True)
class AssistedLine:
    """A voucher that staff have claimed for somebody, for the desk's list; ``times`` it was printed."""

    entitlement: Entitlement
    offer_name: str
    campaign_name: str
    citizen: Citizen
    times: int


def open_releases() -> list[OpenRelease]:
    """Return what is set apart for assisted claims and open now, in the order of rounds."""
    now = clock.now()
    rows = db.session.execute(
        select(Release, CampaignRound, Campaign)
        .join(CampaignRound, CampaignRound.id == Release.round_id)
        .join(Campaign, Campaign.id == CampaignRound.campaign_id)
        .where(CampaignRound.status == "released", CampaignRound.opens_at <= now, CampaignRound.closes_at > now)
        .order_by(CampaignRound.opens_at, Release.id)
    )
    found = []
    for release, a_round, campaign in rows:
        facts = release_facts(release.id)
        if facts is not None and facts.assisted and facts.release_id == release.id:
            left, stock = release.remaining // release.per_pack, release.released // release.per_pack
            found.append(
                OpenRelease(release.id, campaign.name, a_round.name, facts.name, left, stock, a_round.closes_at)
            )
    return found


def claim_for(release_id: int, *, name: str, id_number: str, phone: str, by: str) -> list[Printed]:
    """Claim for somebody who is there in person with their identity card, and return what to print. phone: "" where
    they have none. by: the officer's actor name.

    Refuses ReleaseUnknown, NotAssisted, what ``claim`` refuses, and what ``register_in_person`` refuses.
    """
    now = clock.now()
    facts = _facts(release_id)
    citizen_id = register_in_person(name=name, id_number=id_number, phone=phone)
    closed = claims.closed(facts, now)
    if closed is not None:
        raise closed
    outcome = claims.grant_to(facts, [(0, citizen_id)], now, actor=by)[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return [print_again(entitlement_id, by=by) for entitlement_id in outcome.entitlement_ids]


def _facts(release_id: int) -> ReleaseFacts:
    facts = release_facts(release_id)
    if facts is None or facts.release_id != release_id:
        raise ReleaseUnknown
    if not facts.assisted:
        raise NotAssisted
    return facts


def print_again(entitlement_id: UUID, *, by: str) -> Printed:
    """Print a voucher that staff have claimed; the code of an earlier print is retired by this one.

    Refuses VoucherUnknown, NotAssisted, VoucherNotShowable (used or over).
    """
    now = clock.now()
    # The voucher is locked, so that of two prints at once the second retires the first.
    held = db.session.execute(
        select(Entitlement.release_id, Entitlement.status, Entitlement.expires_at)
        .where(Entitlement.id == entitlement_id)
        .with_for_update()
    ).one_or_none()
    if held is None:
        raise VoucherUnknown
    facts = release_facts(held.release_id)
    if facts is None or not facts.assisted:
        raise NotAssisted
    if held.status != "claimed" or held.expires_at <= now:
        raise VoucherNotShowable
    db.session.execute(
        update(VoucherCode)
        .where(VoucherCode.entitlement_id == entitlement_id, VoucherCode.printed, VoucherCode.retired_at.is_(None))
        .values(retired_at=now)
        .execution_options(synchronize_session=False)
    )
    latest = db.session.scalar(
        select(func.max(PrintedVoucher.number)).where(PrintedVoucher.entitlement_id == entitlement_id)
    )
    printed = Printed(entitlement_id, (latest or 0) + 1, codes.new_digits(codes.PRINTED_PREFIX), now)
    code = {
        "code_hash": codes.code_hash(printed.digits),
        "entitlement_id": entitlement_id,
        "device_hash": NO_DEVICE,
        "shown_at": now,
        "expires_at": held.expires_at,
        "printed": True,
    }
    insert_rows(VoucherCode, [code])
    row = {"entitlement_id": entitlement_id, "number": printed.number, "printed_by": by, "printed_at": now}
    insert_rows(PrintedVoucher, [row])
    return printed


def latest_lines(*, most: int = 100) -> list[AssistedLine]:
    """Return what was claimed for people lately, newest first."""
    since = clock.now() - LISTED_FOR
    statement = _lines().where(Entitlement.claimed_at >= since).order_by(Entitlement.claimed_at.desc(), Entitlement.id)
    return [AssistedLine(*row) for row in db.session.execute(statement.limit(most))]


def lines_of(id_number: str, *, most: int = 50) -> list[AssistedLine]:
    """Return what was claimed for the holder of an identity number, newest first. Refuses IdNumberMalformed."""
    number = read_id_number(id_number)
    statement = _lines().where(Citizen.id_number_hash == keyed_hash("id_number", number))
    return [
        AssistedLine(*row) for row in db.session.execute(statement.order_by(Entitlement.claimed_at.desc()).limit(most))
    ]


def _lines() -> Select[Entitlement, str, str, Citizen, int]:
    times = (
        select(PrintedVoucher.entitlement_id, func.count().label("times"))
        .group_by(PrintedVoucher.entitlement_id)
        .subquery()
    )
    return (
        select(Entitlement, Offer.name, Campaign.name, Citizen, times.c.times)
        .join(times, times.c.entitlement_id == Entitlement.id)
        .join(Offer, Offer.id == Entitlement.offer_id)
        .join(Campaign, Campaign.id == Entitlement.campaign_id)
        .join(Citizen, Citizen.id == Entitlement.citizen_id)
    )


def lines_for_print(entitlement_ids: Sequence[UUID]) -> dict[UUID, AssistedLine]:
    """Return what stands on the paper beside the code."""
    rows = db.session.execute(_lines().where(Entitlement.id.in_(entitlement_ids)))
    return {row[0].id: AssistedLine(*row) for row in rows}
