"""Suspicions: what is not wrong by itself, but asks for a closer look. Found when evidence is handed in.

A rule that joins several sales marks all of them that are not decided yet. The thresholds are proposals of the
domain rules A03 to A10.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from evidence.models import EvidenceFile, EvidencePage
from evidence.pictures import differing_bits
from foundation.clock import bureau_day
from foundation.db import db, upsert
from foundation.errors import N_
from foundation.ids import text_id
from foundation.money import format_yuan
from identity.models import Citizen
from merchants.formula import award_fen
from merchants.hand_in_models import HandIn, HandInSuspicion
from merchants.items import held_of
from merchants.models import Redemption, SoldItem
from voucher.models import Entitlement

#: rule of the catalogue → what is suspicious
RULES = {
    "A03": N_("售价高于备案价或补贴前的价格"),
    "A04": N_("同一收货地址有 3 个以上购买人"),
    "A05": N_("发票购买方不是领取补贴的人"),
    "A06": N_("发票号码与本店另一笔相连"),
    "A07": N_("照片与另一笔的照片几乎相同"),
    "A09": N_("超过期限才签收或提交"),
    "A10": N_("补贴额与规则重新计算的不符"),
}
SAME_ADDRESS_BUYERS = 3
LIKE_BITS = 6
#: Of these pictures no two should be alike. Invoices all look alike.
_SLOTS = ("device_photo", "delivery", "old_appliance")
_UNDECIDED = ("awaited", "handed_in", "correction")
_SHOWN = 5

Found = tuple[UUID, str, str]


def find(ids: Sequence[UUID], now: datetime) -> None:
    """Look at hand-ins that were just handed in, and keep what is suspicious about them and about those that they
    make suspicious."""
    rules: tuple[Callable[[Sequence[UUID]], Iterable[Found]], ...] = (
        _same_address,
        _consecutive_invoices,
        _alike_pictures,
        _by_itself,
    )
    found: dict[tuple[UUID, str], str] = {}
    for rule in rules:
        for hand_in_id, code, about in rule(ids):
            found.setdefault((hand_in_id, code), about[:200])
    if found:
        rows = [
            {"hand_in_id": key, "rule": code, "about": about, "found_at": now} for (key, code), about in found.items()
        ]
        for start in range(0, len(rows), 200):
            added = upsert(HandInSuspicion).values(rows[start : start + 200]).on_conflict_do_nothing()
            db.session.execute(added)


def _same_address(ids: Sequence[UUID]) -> Iterable[Found]:
    """A04: one delivery address, three buyers or more."""
    mine = select(HandIn.campaign_id, HandIn.address_hash).where(HandIn.id.in_(ids)).subquery()
    rows = db.session.execute(
        select(HandIn.id, HandIn.status, HandIn.campaign_id, HandIn.address_hash, Entitlement.citizen_id)
        .join(Redemption, Redemption.id == HandIn.id)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .join(mine, (mine.c.campaign_id == HandIn.campaign_id) & (mine.c.address_hash == HandIn.address_hash))
        .where(HandIn.status != "withdrawn")
        .distinct()
    )
    groups: dict[tuple[int, bytes], list[tuple[UUID, str, UUID]]] = defaultdict(list)
    for hand_in_id, status, campaign_id, address, citizen in rows:
        groups[campaign_id, bytes(address or b"")].append((hand_in_id, status, citizen))
    for group in groups.values():
        if len({citizen for _, _, citizen in group}) >= SAME_ADDRESS_BUYERS:
            for hand_in_id, status, _ in group:
                if status in _UNDECIDED:
                    yield hand_in_id, "A04", _others(hand_in_id, (other for other, _, _ in group))


def _consecutive_invoices(ids: Sequence[UUID]) -> Iterable[Found]:
    """A06: the next number, or the one before, at the same merchant."""
    other = aliased(HandIn)
    rows = db.session.execute(
        select(HandIn.id, other.id, other.status)
        .join(
            other,
            (other.invoice_series == HandIn.invoice_series)
            & or_(other.invoice_serial == HandIn.invoice_serial + 1, other.invoice_serial == HandIn.invoice_serial - 1),
        )
        .where(
            HandIn.id.in_(ids),
            HandIn.invoice_series != "",
            other.merchant_id == HandIn.merchant_id,
            other.status != "withdrawn",
        )
    )
    for hand_in_id, neighbour, status in rows:
        yield hand_in_id, "A06", text_id(neighbour)
        if status in _UNDECIDED:
            yield neighbour, "A06", text_id(hand_in_id)


def _alike_pictures(ids: Sequence[UUID]) -> Iterable[Found]:
    """A07: pictures of two sales that differ in at most six places of their likeness."""
    pages = (
        select(EvidenceFile.holder_id, EvidencePage.likeness)
        .join(EvidencePage, EvidencePage.file_id == EvidenceFile.id)
        .where(EvidenceFile.holder_kind == "hand_in", EvidenceFile.slot.in_(_SLOTS))
    )
    mine = db.session.execute(pages.where(EvidenceFile.holder_id.in_([text_id(each) for each in ids]))).all()
    if not mine:
        return
    everyone = db.session.execute(pages).all()
    alike: dict[str, set[str]] = defaultdict(set)
    for holder, likeness in mine:
        for other, of_other in everyone:
            if other != holder and differing_bits(likeness, of_other) <= LIKE_BITS:
                alike[holder].add(other)
                alike[other].add(holder)
    keys = {holder: UUID(holder) for holder in alike}
    undecided = set(
        db.session.scalars(select(HandIn.id).where(HandIn.id.in_(keys.values()), HandIn.status.in_(_UNDECIDED)))
    )
    for holder, others in alike.items():
        if keys[holder] in undecided:
            yield keys[holder], "A07", " ".join(sorted(others)[:_SHOWN])


def _by_itself(ids: Sequence[UUID]) -> Iterable[Found]:
    """A03, A05, A09 and A10: what one sale alone shows."""
    rows = db.session.execute(
        select(HandIn, Redemption, SoldItem, Citizen.name)
        .join(Redemption, Redemption.id == HandIn.id)
        .join(SoldItem, SoldItem.redemption_id == HandIn.id)
        .join(Entitlement, Entitlement.id == Redemption.entitlement_id)
        .join(Citizen, Citizen.id == Entitlement.citizen_id)
        .where(HandIn.id.in_(ids))
        .execution_options(populate_existing=True)
    )
    for row, redemption, item, name in rows:
        if name and row.invoice_buyer and row.invoice_buyer != name:
            yield row.id, "A05", row.invoice_buyer[:1] + "*"
        if item.held_reason:
            judged = held_of(item)
            yield row.id, "A03", judged.sentence if judged else format_yuan(item.price_fen)
        late = _late(row)
        if late:
            yield row.id, "A09", late
        awarded = award_fen(redemption, item, item.price_fen)
        if awarded != redemption.discount_fen:
            yield row.id, "A10", f"{format_yuan(redemption.discount_fen)} ≠ {format_yuan(awarded)}"


def _late(row: HandIn) -> str:
    assert row.handed_in_at is not None
    handed_in_on = bureau_day(row.handed_in_at)
    if handed_in_on > row.due_on:
        return f"{handed_in_on.isoformat()} > {row.due_on.isoformat()}"
    if row.delivered_on and row.delivered_on > row.due_on:
        return f"{row.delivered_on.isoformat()} > {row.due_on.isoformat()}"
    return ""


def _others(hand_in_id: UUID, everyone: Iterable[UUID]) -> str:
    return " ".join(sorted(text_id(other) for other in everyone if other != hand_in_id)[:_SHOWN])
