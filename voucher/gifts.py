"""Gifts: an entitlement whose parts are handed out one by one, each once; what a part costs is spent with it.

A gift stays claimed until its last part is handed out, and what was not collected by its end goes back to the pool.
Locks are taken in the order entitlement, handed_part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from campaigns.catalog import OfferFacts, offer_facts
from campaigns.terms.benefit.price_tiers import PriceTiers
from campaigns.terms.gifts import Gift, divide
from foundation.db import db, rows_changed
from foundation.errors import N_
from foundation.prepared import insert_rows
from foundation.states import Step
from voucher import spending
from voucher.errors import GiftEndedMeanwhile, PartHandedOut
from voucher.gift_models import HandedPart
from voucher.models import Entitlement
from voucher.reservation_models import Reservation
from voucher.states import ENTITLEMENT

#: How a part came back whose hand-out was a mistake.
CAME_BACK = {"collected": N_("已从领取人处收回"), "not_given": N_("没有交出")}


@dataclass(frozen=True)
class Part:
    """One part of somebody's gift. number: counted from 1. handed: its row, None while it is not handed out."""

    number: int
    gift: Gift
    handed: HandedPart | None = None


def is_gift(facts: OfferFacts) -> bool:
    """Return whether an offer gives things instead of money."""
    return getattr(facts.terms.benefit, "given_as", "") == "gift"


def parts_of(entitlement_id: UUID) -> list[Part]:
    """Return the parts of a gift in the order of the campaign file; none where the entitlement is no gift."""
    row = db.session.execute(
        select(Entitlement.offer_id, Reservation.tier)
        .join(Reservation, Reservation.id == Entitlement.id)
        .where(Entitlement.id == entitlement_id)
    ).one_or_none()
    if row is None:
        return []
    live = select(HandedPart).where(HandedPart.entitlement_id == entitlement_id, HandedPart.voided_at.is_(None))
    handed = {each.part: each for each in db.session.scalars(live.execution_options(populate_existing=True))}
    return [
        Part(number, gift, handed.get(number)) for number, gift in enumerate(_gifts(offer_facts(row[0]), row[1]), 1)
    ]


def parts_of_hand_outs(redemption_ids: Sequence[UUID]) -> dict[UUID, list[HandedPart]]:
    """Return redemption → its parts in their order, also those that were taken back."""
    found: dict[UUID, list[HandedPart]] = {}
    mine = select(HandedPart).where(HandedPart.redemption_id.in_(redemption_ids)).order_by(HandedPart.part)
    for each in db.session.scalars(mine.execution_options(populate_existing=True)):
        found.setdefault(each.redemption_id, []).append(each)
    return found


def masked(number: str | None) -> str:
    """Return the last four characters of a part's number, "" where it has none."""
    return f"···{number[-4:]}" if number else ""


def splits_of(facts: OfferFacts, parts: Sequence[Part]) -> dict[int, dict[int, int]]:
    """Return part → fund source id → fen; together what was set aside for the gift, to the fen."""
    gifts = [part.gift for part in parts]
    shares = divide(gifts, facts.split_of(sum(gift.cost_fen for gift in gifts)))
    return {part.number: share for part, share in zip(parts, shares, strict=True)}


def hand_out(
    entitlement_id: UUID, redemption_id: UUID, wanted: Mapping[int, tuple[Gift, str]], place: str, step: Step
) -> None:
    """Count parts of a gift as handed out. wanted: part → what it is, and its number in canonical spelling or "".

    With its last part the gift is redeemed. Refuses PartHandedOut, AlreadyRedeemed, VoucherExpired.
    """
    cost_fen = sum(gift.cost_fen for gift, _ in wanted.values())
    counted = db.session.execute(
        update(Entitlement)
        .where(
            Entitlement.id == entitlement_id,
            Entitlement.status == "claimed",
            Entitlement.expires_at > step.at,
            Entitlement.handed_fen + cost_fen <= Entitlement.face_value_fen,
        )
        .values(handed_fen=Entitlement.handed_fen + cost_fen)
        .returning(Entitlement.handed_fen, Entitlement.face_value_fen)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    _require_free(entitlement_id, wanted)
    if counted is None:
        raise spending.why_not_spent(entitlement_id)
    rows = [
        {
            "redemption_id": redemption_id,
            "part": part,
            "entitlement_id": entitlement_id,
            "name": gift.name,
            "cost_fen": gift.cost_fen,
            "advertised_fen": gift.advertised_fen,
            "number_kind": gift.number,
            "number": number or None,
            "place": place,
            "handed_at": step.at,
        }
        for part, (gift, number) in sorted(wanted.items())
    ]
    insert_rows(HandedPart, rows)
    if counted.handed_fen == counted.face_value_fen:
        told = {"redeemed_at": step.at, "redeemed_place": place, "redeemed_bill_fen": 0}
        ENTITLEMENT.apply(
            Entitlement,
            [entitlement_id],
            "redeem",
            step,
            also_set=told | {"redeemed_discount_fen": Entitlement.face_value_fen},
        )


def take_back(redemption_id: UUID, entitlement_id: UUID, came_back: Mapping[int, str], step: Step) -> None:
    """Take a hand-out back: its parts can be handed out again. came_back: part → a key of CAME_BACK, for all of them.

    Refuses GiftEndedMeanwhile where what was not collected has gone back to the pool already.
    """
    cost_fen = sum(
        db.session.scalars(
            select(HandedPart.cost_fen).where(HandedPart.redemption_id == redemption_id, HandedPart.voided_at.is_(None))
        )
    )
    mine = (Entitlement.id == entitlement_id, Entitlement.status.in_(("claimed", "redeemed")))
    less = update(Entitlement).where(*mine).values(handed_fen=Entitlement.handed_fen - cost_fen)
    if not rows_changed(less):
        raise GiftEndedMeanwhile
    spending.restore(entitlement_id, step)
    for part, how in sorted(came_back.items()):
        rows_changed(
            update(HandedPart)
            .where(HandedPart.redemption_id == redemption_id, HandedPart.part == part, HandedPart.voided_at.is_(None))
            .values(voided_at=step.at, came_back=how)
        )


def _require_free(entitlement_id: UUID, wanted: Mapping[int, object]) -> None:
    """Refuse PartHandedOut for what stands already. The gift is locked by whoever counts, so this is no look ahead."""
    there = db.session.scalars(
        select(HandedPart)
        .where(HandedPart.entitlement_id == entitlement_id, HandedPart.part.in_(wanted), HandedPart.voided_at.is_(None))
        .order_by(HandedPart.part)
        .execution_options(populate_existing=True)
    ).first()
    if there is not None:
        raise PartHandedOut(part=there.name, place=there.place, handed_at=there.handed_at, field=f"number_{there.part}")


def _gifts(facts: OfferFacts, tier: str) -> tuple[Gift, ...]:
    benefit = facts.terms.benefit
    if not isinstance(benefit, PriceTiers) or not tier.isdigit():
        return ()
    return benefit.tiers[int(tier) - 1].gifts
